// A large model.onnx stores its weights in a second file in the same folder, and names it in its protobuf message.

/** The numbers of the fields on the way to a file's name: ModelProto, GraphProto, TensorProto, StringStringEntryProto. */
const [GRAPH, INITIALIZER, EXTERNAL_DATA, KEY, VALUE] = [7, 5, 13, 1, 2];

/** The contents of a message's fields of this number that have a length. Ends where the message is damaged. */
function* fields(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++] as number;
      value += (byte % 128) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const type = tag % 8;
    if (type === 0) varint();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = varint();
      if (Math.floor(tag / 8) === wanted) yield message.subarray(at, at + length);
      at += length;
    } else return;
  }
}

/** The names of the files in which an ONNX file stores weights. The engine refuses a damaged file, and names with a path. */
export function externalFiles(onnx: Uint8Array): string[] {
  const names = new Set<string>();
  const text = (message: Uint8Array, field: number) => new TextDecoder().decode([...fields(message, field)].at(-1));
  for (const graph of fields(onnx, GRAPH))
    for (const tensor of fields(graph, INITIALIZER))
      for (const entry of fields(tensor, EXTERNAL_DATA))
        if (text(entry, KEY) === "location") names.add(text(entry, VALUE).replace(/^\.\//, ""));
  return [...names].filter((name) => /^(?!\.{0,2}$)[^/\\:]+$/.test(name));
}
