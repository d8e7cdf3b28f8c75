import "./node-platform.js";

export * from "./embedded.js";
