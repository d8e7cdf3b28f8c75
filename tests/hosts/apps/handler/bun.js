import { createHandler } from "litmus-text/handler";

const { url } = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: createHandler() });
console.log(url.href);
