import { useNode } from "../platform/node.js";

export * from "./handler.js";

useNode();
