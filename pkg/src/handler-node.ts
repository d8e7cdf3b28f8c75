import "./node-platform.js";

export * from "./handler.js";
