import { readLeb128 } from "./leb128.js";

// A large model.onnx stores its weights in other files of the same folder. Its protobuf message has their names.

/** The numbers of the fields that lead to a file's name: of ModelProto, GraphProto, TensorProto, and two of StringStringEntryProto. */
const [GRAPH, INITIALIZER, EXTERNAL_DATA, KEY, VALUE] = [7, 5, 13, 1, 2];

/** The contents of a message's length-delimited fields with this number. */
function* fields(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  for (let offset = 0; offset < message.length; ) {
    const tag = readLeb128(message, offset);
    const type = tag.value % 8;
    if (type === 1 || type === 5) {
      offset = tag.next + (type === 1 ? 8 : 4);
      continue;
    }
    const { value, next } = readLeb128(message, tag.next);
    offset = type === 2 ? next + value : next;
    if (type === 2 && tag.value >> 3 === wanted) yield message.subarray(next, offset);
  }
}

/** The path of the file with this name in the same folder as the file at `path`. */
export const siblingPath = (path: string, name: string): string => path.replace(/[^/]*$/, () => name);

/**
 * The names of the files in which an ONNX file stores weights. Names with a path are left out, and those after damage in the file:
 * loading the model reports both.
 */
export function externalFiles(onnx: Uint8Array): string[] {
  const names = new Set<string>();
  const text = (message: Uint8Array, field: number) => new TextDecoder().decode([...fields(message, field)].at(-1));
  try {
    for (const graph of fields(onnx, GRAPH))
      for (const tensor of fields(graph, INITIALIZER))
        for (const entry of fields(tensor, EXTERNAL_DATA))
          if (text(entry, KEY) === "location") names.add(text(entry, VALUE).replace(/^\.\//, ""));
  } catch {
    // The file is damaged.
  }
  return [...names].filter((name) => /^(?!\.{0,2}$)[^/\\:]+$/.test(name));
}
