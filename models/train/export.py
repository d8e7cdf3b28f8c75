"""Stage 3: the quantised weights become a Hugging Face folder: config.json, tokenizer.json, model.onnx, litmus.json."""

import numpy as np
import onnx

import sources
from encoder import MASKED, Config
from files import read_arrays, sha256, whole, write_json, write_text
from graph import Graph
from tokens import tokenizer_json

NAME, VERSION, LICENSE = "litmus-text/sentiment", "1.0.0", "Apache-2.0"
FILES = ["config.json", "tokenizer.json", "model.onnx"]


def build(weights, config):
    """The network of encoder.py as ONNX, weights dequantised in the graph."""
    g = Graph()
    for name, array in weights.items():
        g.constant(name, array.T if name == "classifier.weight" else array)
        if name.endswith(".scale"):
            g.constant(name.replace(".scale", ".zero_point"), np.zeros(array.shape, np.int8))

    def dequantised(name, axis):
        return g.op("DequantizeLinear", f"{name}.float", name, f"{name}.scale", f"{name}.zero_point", axis=axis)

    def linear(name, x):
        product = g.op("MatMul", f"{name}.matmul", x, dequantised(f"{name}.weight", axis=1))
        return g.op("Add", name, product, f"{name}.bias")

    # Mask: one multiply-add on [batch, sequence], which keeps both dimensions symbolic in every runtime.
    mask = g.op("Cast", "mask", "attention_mask", to=onnx.TensorProto.FLOAT)
    minus_padded = g.op("Sub", "mask.minus_padded", mask, g.constant("mask.one", 1, np.float32))
    bias = g.op("Mul", "mask.bias", minus_padded, g.constant("mask.scale", -MASKED, np.float32))
    bias = g.op("Unsqueeze", "mask.bias.heads", bias, g.constant("mask.bias.axes", [1, 2], np.int64))

    shape = g.op("Shape", "shape", "input_ids")
    length = g.op("Gather", "length", shape, g.constant("length.axis", 1, np.int64), axis=0)
    zero = g.constant("zero", [0], np.int64)
    words = g.op("Gather", "embeddings.word", dequantised("embeddings.word.weight", axis=0), "input_ids", axis=0)
    end = g.op("Unsqueeze", "length.end", length, zero)
    positions = g.op("Slice", "embeddings.position", "embeddings.position.weight", zero, end, zero)
    x = g.norm("embeddings.norm", g.op("Add", "embeddings.sum", words, positions), config.norm_epsilon)

    head_size = config.hidden // config.heads
    split = g.constant("heads.split", [0, 0, config.heads, head_size], np.int64)
    merge = g.constant("heads.merge", [0, 0, config.hidden], np.int64)
    scale = g.constant("attention.scale", head_size**-0.5, np.float32)

    def heads(name, x, order):
        return g.op("Transpose", f"{name}.heads", g.op("Reshape", f"{name}.split", linear(name, x), split), perm=order)

    for layer in range(config.layers):
        prefix = f"encoder.layer.{layer}"
        attention = f"{prefix}.attention"
        query = heads(f"{attention}.query", x, [0, 2, 1, 3])
        key = heads(f"{attention}.key", x, [0, 2, 3, 1])
        value = heads(f"{attention}.value", x, [0, 2, 1, 3])
        scores = g.op("Mul", f"{attention}.scores", g.op("MatMul", f"{attention}.scores.matmul", query, key), scale)
        shares = g.op("Softmax", f"{attention}.shares", g.op("Add", f"{attention}.masked", scores, bias), axis=-1)
        mixed = g.op("MatMul", f"{attention}.mixed.heads", shares, value)
        mixed = g.op("Transpose", f"{attention}.mixed", mixed, perm=[0, 2, 1, 3])
        attended = linear(f"{attention}.output", g.op("Reshape", f"{attention}.merged", mixed, merge))
        x = g.norm(f"{attention}.norm", g.op("Add", f"{attention}.residual", attended, x), config.norm_epsilon)
        grown = g.gelu(f"{prefix}.gelu", linear(f"{prefix}.intermediate", x))
        residual = g.op("Add", f"{prefix}.residual", linear(f"{prefix}.output", grown), x)
        x = g.norm(f"{prefix}.norm", residual, config.norm_epsilon)

    # Mean over real tokens: padding adds exactly zero above and below the line.
    sequence_axis = g.constant("pool.axis", [1], np.int64)
    column = g.op("Unsqueeze", "pool.mask", mask, g.constant("pool.mask.axes", [2], np.int64))
    kept = g.op("Mul", "pool.kept", x, column)
    total = g.op("ReduceSum", "pool.sum", kept, sequence_axis, keepdims=0)
    pooled = g.op("Div", "pool", total, g.op("ReduceSum", "pool.count", mask, sequence_axis, keepdims=1))
    g.op("Add", "logits", g.op("MatMul", "classifier.matmul", pooled, "classifier.weight"), "classifier.bias")

    ids = ["batch", "sequence"]
    model = g.model("sentiment", {"input_ids": ids, "attention_mask": ids}, {"logits": ["batch", len(config.labels)]})
    onnx.checker.check_model(model, full_check=True)
    return model


def hugging_face_config(config):
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "problem_type": "single_label_classification",
        "id2label": {str(i): label for i, label in enumerate(config.labels)},
        "label2id": {label: i for i, label in enumerate(config.labels)},
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
        "pad_token_id": 0,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
    }


def export(args):
    config = Config()
    weights = read_arrays(args.work / "quantised.npz")
    args.out.mkdir(parents=True, exist_ok=True)
    write_json(args.out / "config.json", hugging_face_config(config))
    write_text(args.out / "tokenizer.json", tokenizer_json())
    with whole(args.out / "model.onnx") as file:
        onnx.save(build(weights, config), file)
    files = {name: {"bytes": (args.out / name).stat().st_size, "sha256": sha256(args.out / name)} for name in FILES}
    litmus = {
        "format": 1,
        "name": NAME,
        "version": VERSION,
        "license": LICENSE,
        "files": files,
        "temperature": 1.0,  # calibrate replaces it
        "provenance": {
            "weights": sources.WEIGHTS,
            "tokenizer": sources.TOKENIZER,
            "train": sources.TRAIN,
            "calibration": sources.DEV,
        },
        "metrics": {},  # evaluate fills it
    }
    write_json(args.out / "litmus.json", litmus)
    for name, file in files.items():
        print(f"{name}: {file['bytes']:,} bytes")
