import "../platform/node.js";

export * from "./handler.js";
