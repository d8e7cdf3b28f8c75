import "./node-files.js";

export * from "./index.js";
