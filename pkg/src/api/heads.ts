// What only heads need: a script of its own, which is loaded when a page first teaches, loads a head, or asks for a task
// or embeddings.
export { embed } from "./embed.js";
export { taskClassifier, taskPool } from "./tasks.js";
export { loadHead, teach } from "./teach.js";
