// Hostile ONNX models of a few hundred bytes, which need minutes or gigabytes.

/** Encodes a field of a protobuf message: an integer, a string, bytes or a message. */
function field(number, value) {
  if (typeof value === "number") return [...varint(number << 3), ...varint(value)];
  const bytes = typeof value === "string" ? [...Buffer.from(value)] : value;
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
}

function varint(value) {
  const bytes = [];
  for (let left = BigInt.asUintN(64, BigInt(value)); ; left >>= 7n) {
    if (left < 128n) return [...bytes, Number(left)];
    bytes.push(Number(left & 127n) | 128);
  }
}

const message = (fields) => fields.flatMap(([number, value]) => field(number, value));

const FLOAT = 1;
const INT64 = 7;

const tensor = (name, type, dims, numbers) => {
  const raw = type === FLOAT ? new Float32Array(numbers) : new BigInt64Array(numbers.map(BigInt));
  return message([...dims.map((dim) => [1, dim]), [2, type], [8, name], [9, [...new Uint8Array(raw.buffer)]]]);
};

/** A graph from `input_ids` to two `logits`. Each op has one output, named like the op. */
class Graph {
  #nodes = [];
  #constants = [];

  op(type, output, inputs, attributes = {}) {
    const attribute = ([name, value]) => {
      if (typeof value === "number")
        return message([
          [1, name],
          [3, value],
          [20, 2],
        ]);
      if (Array.isArray(value[0]))
        return message([
          [1, name],
          [5, value[0]],
          [20, 4],
        ]);
      return message([[1, name], ...value.map((each) => [8, each]), [20, 7]]);
    };
    const fields = [...inputs.map((input) => [1, input]), [2, output], [4, type]];
    this.#nodes.push(message([...fields, ...Object.entries(attributes).map((entry) => [5, attribute(entry)])]));
    return output;
  }

  integers(name, numbers) {
    this.#constants.push(tensor(name, INT64, [numbers.length], numbers));
    return name;
  }

  /** A constant tensor of any size in a few bytes. */
  filled(name, shape, value) {
    return this.op("ConstantOfShape", name, [this.integers(`${name}.shape`, shape)], {
      value: [tensor("", FLOAT, [1], [value])],
    });
  }

  /** The token ids as f32, each repeated in `width` columns. */
  wide(width) {
    const ids = this.op("Cast", "ids", ["input_ids"], { to: FLOAT });
    return this.op("Mul", "wide", [
      this.op("Unsqueeze", "column", [ids, this.integers("last", [2])]),
      this.filled("ones", [1, 1, width], 0.001),
    ]);
  }

  /** The file: the mean of `value` scores two labels. */
  bytes(value) {
    const mean = this.op("ReduceMean", "mean", [value], { axes: [1, 2], keepdims: 0 });
    const pair = this.filled("pair", [1, 2], 1);
    this.op("Mul", "logits", [this.op("Unsqueeze", "mean column", [mean, this.integers("second", [1])]), pair]);
    const nodes = this.#nodes.map((node) => [1, node]);
    const constants = this.#constants.map((constant) => [5, constant]);
    const ids = message([
      [1, "input_ids"],
      [2, message([[1, message([[1, INT64]])]])],
    ]);
    const graph = [...nodes, [2, "hostile"], ...constants, [11, ids], [12, message([[1, "logits"]])]];
    return Uint8Array.from(
      message([
        [1, 8],
        [7, message(graph)],
        [
          8,
          message([
            [1, ""],
            [2, 13],
          ]),
        ],
      ]),
    );
  }
}

/** Loads fast, and computes for half a minute on a sentence. */
export function slow() {
  const graph = new Graph();
  let value = graph.wide(130_000);
  for (let i = 0; i < 300; i++) value = graph.op("Tanh", `t${i}`, [value]);
  return graph.bytes(value);
}

/** Multiplies 40 matrices of 16 MB while it is loaded. */
export function slowToLoad() {
  const graph = new Graph();
  let value = graph.filled("m", [2000, 2000], 1e-4);
  for (let i = 0; i < 40; i++)
    value = graph.op("MatMul", `p${i}`, [value, graph.filled(`m${i}`, [2000, 2000], 1e-4 * (i + 1))]);
  const all = graph.op("ReduceMean", "all", [value], { axes: [0, 1], keepdims: 1 });
  return graph.bytes(graph.op("Mul", "scaled", [graph.wide(1), all]));
}

/** Needs half a megabyte per token, so that a long text exhausts the memory. */
export function hungry() {
  const graph = new Graph();
  return graph.bytes(graph.op("Tanh", "t", [graph.wide(130_000)]));
}

/** Needs gigabytes in many tensors, each below the limit, and all alive until the end. */
export function hoarding() {
  const graph = new Graph();
  const values = [graph.wide(130_000)];
  for (let i = 0; i < 8; i++) values.push(graph.op("Mul", `v${i}`, [values.at(-1), values[0]]));
  let value = values.pop();
  // In reverse order, so that none can be freed early.
  for (const [i, each] of values.reverse().entries()) value = graph.op("Mul", `back ${i}`, [value, each]);
  return graph.bytes(value);
}
