import { useWorkerd } from "../platform/workerd.js";

export * from "./index.js";

useWorkerd();
