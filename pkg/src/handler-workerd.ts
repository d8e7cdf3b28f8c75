import "./workerd.js";

export * from "./handler.js";
