import { useWorkerd } from "../platform/workerd.js";

export * from "./handler.js";

useWorkerd();
