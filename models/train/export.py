"""The stage `export`: writes the trained student as a Hugging Face folder: config.json, tokenizer.json, model.onnx,
litmus.json, and a file for each head in heads/."""

import numpy as np
import onnx
import torch
from calibrate import student_file
from encoder import MASKED, TASKS
from files import atomic_file, read_arrays, read_json, sha256, write_json, write_text
from heads import KINDS, SENTIMENT, encoder_id, label_names, read_head, write_embedding, write_head
from quantisation import BLOCK
from rounding import TABLE, runtime_network
from session import float32_session
from tokens import as_json, pad
from vocabulary import load_cut_tokenizer, tokenizer_path

from graph import MICROSOFT, Graph

LICENSE = "Apache-2.0"
FLOAT32 = 1  # MatMulNBits' accuracy_level: activations stay f32
FILES = ["config.json", "tokenizer.json", "model.onnx"]
# Limits of the check of the exported folder. Largest difference of logits between onnxruntime, in f32, and the network
# of training, with our runtime's rounding:
MAX_LOGIT_ERROR = 0.6
# Largest difference of logits between the head file and the graph, both on onnxruntime's features:
MAX_HEAD_ERROR = 1e-4
# Least cosine between the embedding of the head file, on onnxruntime's features, and that of the network of training:
MIN_EMBEDDING_COSINE = 0.98


class Weights:
    """Adds arrays to the graph, and the ops that read its 4-bit weights. Names in the graph are those of the arrays."""

    def __init__(self, graph, arrays):
        self.graph, self.arrays = graph, arrays
        for name, array in arrays.items():
            graph.constant(name, array)

    def linear(self, name, x, output=None, bias=True):
        """x [batch, sequence, in] → [batch, sequence, out]. `output`: the name of the node, if it is not that of the
        layer."""
        weight = f"{name}.weight"
        rows, blocks, _ = self.arrays[weight].shape
        sizes = {"N": rows, "K": blocks * BLOCK, "bits": 4, "block_size": BLOCK, "accuracy_level": FLOAT32}
        # The two empty inputs are zero points and g_idx, the group of each column.
        inputs = [x, weight, f"{weight}.scale", *(["", "", f"{name}.bias"] if bias else [])]
        return self.graph.op("MatMulNBits", output or name, *inputs, domain=MICROSOFT, **sizes)

    def rows(self, name, table, ids):
        """Looks up rows of a table: ids [batch, sequence] → [batch, sequence, hidden]."""
        form = {"bits": 4, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1}
        return self.graph.op("GatherBlockQuantized", name, table, ids, f"{table}.scale", domain=MICROSOFT, **form)


def graph_arrays(arrays):
    """The student's arrays that are stored in model.onnx: the encoder and the sentiment head."""
    kept = {name: array for name, array in arrays.items() if name.startswith(("embeddings.", "encoder."))}
    kept["classifier.weight"] = np.ascontiguousarray(arrays["heads.sentiment.weight"].T)
    kept["classifier.bias"] = arrays["heads.sentiment.bias"]
    return kept


def build(arrays, config, name):
    """The network of encoder.py as ONNX with two outputs: the features, and the sentiment head's logits, so that other
    runtimes read the folder as a classifier. It consists of onnxruntime's fused ops, so that our runtime has no
    patterns to find. `arrays` are those of `graph_arrays`."""
    g = Graph()
    weights = Weights(g, arrays)

    def normalised_sum(name, a, b):
        inputs = [a, b, f"{name}.weight", f"{name}.bias"]
        return g.op("SkipLayerNormalization", name, *inputs, domain=MICROSOFT, epsilon=config.norm_epsilon)

    # Set explicitly to what training adds to masked scores.
    mask = g.op("Cast", "mask", "attention_mask", to=onnx.TensorProto.INT32)
    heads = {"num_heads": config.heads, "scale": (config.hidden // config.heads) ** -0.5, "mask_filter_value": MASKED}

    first, second = g.constant("first", [0], np.int64), g.constant("second", [1], np.int64)
    words = weights.rows("embeddings.word", "embeddings.word.weight", "input_ids")
    length = g.op("Shape", "length", "input_ids", start=1, end=2)
    positions = g.op("Slice", "embeddings.position", "embeddings.position.weight", first, length, first)
    x = g.norm("embeddings.norm", g.op("Add", "embeddings.sum", words, positions), config.norm_epsilon)

    for layer in range(config.layers):
        prefix = f"encoder.layer.{layer}"
        attention = f"{prefix}.attention"
        # The last layer computes the first position alone.
        last = layer == config.layers - 1
        query_input = g.op("Slice", f"{prefix}.first", x, first, second, second) if last else x
        query = weights.linear(f"{attention}.query", query_input)
        key, value = weights.linear(f"{attention}.key", x), weights.linear(f"{attention}.value", x)
        inputs = [query, key, value, "", mask]
        context = g.op("MultiHeadAttention", f"{attention}.context", *inputs, domain=MICROSOFT, **heads)
        x = normalised_sum(f"{attention}.norm", weights.linear(f"{attention}.output", context), query_input)
        inner = weights.linear(f"{prefix}.intermediate", x, output=f"{prefix}.intermediate.product", bias=False)
        inner = g.op("BiasGelu", f"{prefix}.gelu", inner, f"{prefix}.intermediate.bias", domain=MICROSOFT)
        x = normalised_sum(f"{prefix}.norm", weights.linear(f"{prefix}.output", inner), x)

    features = g.op("Squeeze", "features", x, second)
    g.op("Gemm", "logits", features, "classifier.weight", "classifier.bias")

    ids = ["batch", "sequence"]
    outputs = {"logits": ["batch", TASKS["sentiment"]], "features": ["batch", config.hidden]}
    model = g.model(name, {"input_ids": ids, "attention_mask": ids}, outputs)
    onnx.checker.check_model(model, full_check=True)
    return model


def hugging_face_config(config, padding):
    """The content of config.json. `padding`: id of the padding token."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "problem_type": "single_label_classification",
        "id2label": {str(i): label for i, label in enumerate(SENTIMENT)},
        "label2id": {label: i for i, label in enumerate(SENTIMENT)},
        "vocab_size": config.vocab,
        "hidden_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.intermediate,
        "hidden_act": "gelu",
        "layer_norm_eps": config.norm_epsilon,
        "max_position_embeddings": config.positions,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "pad_token_id": padding,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
    }


def check(folder, network, tokenizer, texts):
    """Stops the run if the exported folder computes something else than the network of training: by the logits and the
    embedding that onnxruntime gives of `texts`. The rounding of our runtime, which onnxruntime does not do, is
    tolerated."""
    session = float32_session(folder / "model.onnx")
    heads = {path.stem: read_head(path) for path in (folder / "heads").glob("*.head")}
    for encoding in tokenizer.encode_batch(texts):
        ids, mask = pad([encoding.ids])
        shipped, features = session.run(["logits", "features"], {"input_ids": ids, "attention_mask": mask})
        with torch.no_grad():
            expected = network(torch.from_numpy(ids), torch.from_numpy(mask))
        logits = expected.logits["sentiment"].numpy()
        if np.abs(shipped - logits).max() > MAX_LOGIT_ERROR:
            raise SystemExit(f"{folder}: onnxruntime gives logits {shipped[0]}, training has {logits[0]}")
        _, weight, bias = heads["sentiment"]
        if np.abs(features @ weight.T + bias - shipped).max() > MAX_HEAD_ERROR:
            raise SystemExit(f"{folder}/heads/sentiment.head gives other logits than model.onnx")
        if "embedding" not in heads:
            continue
        _, weight, bias = heads["embedding"]
        ours = features[0] @ weight.T + bias
        exact = expected.embedding[0].numpy()
        if not ours @ exact > MIN_EMBEDDING_COSINE * np.linalg.norm(ours) * np.linalg.norm(exact):
            raise SystemExit(f"{folder}/heads/embedding.head gives another embedding than training")


def write_heads(folder, heads, encoder, arrays, calibration, data):
    """Writes a file for each of the `heads`: tasks, and "embedding"."""
    for name in heads:
        path = folder / "heads" / f"{name}.head"
        if name == "embedding":
            write_embedding(path, encoder, arrays["embedding.weight"], arrays["embedding.bias"])
            continue
        header = {"task": name, "kind": KINDS[name], "labels": label_names(name, data), **calibration[name]}
        weight, bias = (arrays[f"heads.{name}.{part}"] for part in ("weight", "bias"))
        write_head(path, {**header, "encoder": encoder}, weight, bias)


def export(args):
    """The stage: writes the folder that `--out` names. `npm run evaluate` adds its measurements to litmus.json."""
    folder, arrays = args.out, read_arrays(args.student.with_suffix(".npz"))
    calibration = read_json(student_file(args, "calibration.json"))
    description, network = args.description, runtime_network(arrays)
    config = description.config(len(arrays[TABLE]), args.layers)
    write_json(folder / "config.json", hugging_face_config(config, description.PADDING))
    write_text(folder / "tokenizer.json", as_json(read_json(tokenizer_path(args))["tokenizer"]))
    with atomic_file(folder / "model.onnx") as file:
        onnx.save(build(graph_arrays(arrays), config, description.NAME), file)
    encoder = encoder_id(folder)
    write_heads(folder, description.HEADS, encoder, arrays, calibration, args.data)
    check(folder, network, load_cut_tokenizer(args), description.EXAMPLES)
    names = [*FILES, *(f"heads/{head}.head" for head in description.HEADS)]
    name = f"litmus-text/{description.NAME}"
    litmus = {
        "format": 1,
        "name": name if args.layers == 6 else f"{name}-{args.layers}",
        "version": description.VERSION,
        "license": LICENSE,
        "languages": description.LANGUAGES,
        "pairs": False,
        "files": {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names},
        "encoder": encoder,
        "task": "sentiment",
        "temperature": calibration["sentiment"]["temperature"],
        "provenance": description.PROVENANCE,
    }
    write_json(folder / "litmus.json", litmus)
    print(f"{folder}: " + ", ".join(f"{name} {file['bytes']:,} bytes" for name, file in litmus["files"].items()))
