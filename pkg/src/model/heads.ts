// The heads of a model are files of their own in its folder: heads/NAME.head.

/** The name of the head that gives embeddings. The others are tasks. */
export const EMBEDDING = "embedding";

const HEAD = /^heads\/([^/]+)\.head$/;

export const isHead = (path: string): boolean => HEAD.test(path);

/** The name of the head in a file. */
export const headName = (path: string): string => path.replace(HEAD, "$1");
