/** A length-delimited protobuf field. */
const field = (number, content) => Buffer.concat([Buffer.from([number * 8 + 2, content.length]), Buffer.from(content)]);

/** The text of an ONNX file whose tensors are in these files. */
export const graphWithWeightsIn = (...names) =>
  field(
    7,
    Buffer.concat(names.map((name) => field(5, field(13, Buffer.concat([field(1, "location"), field(2, name)]))))),
  ).toString();
