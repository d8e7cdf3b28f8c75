import { useNode } from "../platform/node.js";

export * from "./embedded.js";

useNode();
