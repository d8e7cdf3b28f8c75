import "../platform/workerd.js";

export * from "./handler.js";
