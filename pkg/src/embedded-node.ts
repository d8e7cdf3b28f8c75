import "./node-files.js";

export * from "./embedded.js";
