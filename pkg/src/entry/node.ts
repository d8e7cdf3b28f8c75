import { useNode } from "../platform/node.js";

export * from "./index.js";

useNode();
