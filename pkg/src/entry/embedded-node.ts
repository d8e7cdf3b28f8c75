import "../platform/node.js";

export * from "./embedded.js";
