"""Writes the weights of our model in the formats that the peers read: models.py MODEL_FOLDER OUT_FOLDER

For onnxruntime-web f32 and dynamic int8, each as exported and as fused by onnxruntime's transformer optimizer, and a
folder for transformers.js. A second folder for transformers.js has a network of DistilBERT's size, which is its default
for sentiment, with random weights. made.json lists the files; it is written last.
"""

import collections
import json
import logging
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models/train"))
from graph import Graph

MASKED = -10000  # additive attention mask of BERT exports
MAX_LOGIT_ERROR = 1e-4  # between formats of the same f32 graph, whose sums have another order

# What differs from our config.json in a network of DistilBERT's size.
DISTILBERT = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
    "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
}
DEVIATION = 0.02  # standard deviation of random weights, as BERT initialises them

TOKENIZER_CONFIG = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": 512,
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
}


def count_ops(model):
    return collections.Counter(node.op_type for node in model.graph.node)


def four_bits(packed, scales):
    """Unpacks uint8 with two values each, the low one first, and scales [rows, blocks] to f32 [rows, columns]."""
    values = np.stack([packed & 15, packed >> 4], -1).astype(np.float32) - 8
    return (values.reshape(*scales.shape, -1) * scales[..., None]).reshape(len(scales), -1)


def float_weights(source):
    """The weights of our graph in f32. A matrix has the shape [outputs, inputs]."""
    arrays = {each.name: numpy_helper.to_array(each) for each in source.graph.initializer}
    weights = {
        name: four_bits(array, arrays[f"{name}.scale"]) if f"{name}.scale" in arrays else array
        for name, array in arrays.items()
        if name.endswith((".weight", ".bias"))
    }
    return weights | {"classifier.weight": weights["classifier.weight"].T}


def random_weights(config):
    """Weights of the same names for a network of the sizes in `config`, as BERT initialises them."""
    random = np.random.default_rng(0)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    weights = {}

    def matrix(name, *shape):
        weights[f"{name}.weight"] = random.normal(0, DEVIATION, shape).astype(np.float32)

    def linear(name, outputs, inputs):
        matrix(name, outputs, inputs)
        weights[f"{name}.bias"] = np.zeros(outputs, np.float32)

    def norm(name):
        weights[f"{name}.weight"] = np.ones(hidden, np.float32)
        weights[f"{name}.bias"] = np.zeros(hidden, np.float32)

    matrix("embeddings.word", config["vocab_size"], hidden)
    matrix("embeddings.position", config["max_position_embeddings"], hidden)
    norm("embeddings.norm")
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value", "output"):
            linear(f"{prefix}.attention.{part}", hidden, hidden)
        norm(f"{prefix}.attention.norm")
        linear(f"{prefix}.intermediate", inner, hidden)
        linear(f"{prefix}.output", hidden, inner)
        norm(f"{prefix}.norm")
    linear("classifier", len(config["id2label"]), hidden)
    return weights


def float_graph(weights, config):
    """The f32 graph as PyTorch's exporter would write it: float weights, and mask and scale in the patterns of the
    optimizer, Mul(Sub(1, Cast(Unsqueeze(Unsqueeze(mask)))), MASKED) and Div(scores, √head_size)."""
    hidden, count_of_heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]
    g = Graph()
    for name, array in weights.items():
        if array.ndim == 1 or name.startswith("embeddings."):
            g.constant(name, array)

    def linear(name, x, output=None):
        g.constant(f"{name}.weight", np.ascontiguousarray(weights[f"{name}.weight"].T))
        product = g.op("MatMul", f"{name}.matmul", x, f"{name}.weight")
        return g.op("Add", output or name, product, f"{name}.bias")

    def axes(name, *values):
        return g.constant(name, values, np.int64)

    mask = g.op("Unsqueeze", "mask.heads", "attention_mask", axes("axis.1", 1))
    mask = g.op("Unsqueeze", "mask.queries", mask, axes("axis.2", 2))
    mask = g.op("Cast", "mask.float", mask, to=TensorProto.FLOAT)
    padding = g.op("Sub", "mask.padding", g.constant("mask.one", 1, np.float32), mask)
    bias = g.op("Mul", "mask.bias", padding, g.constant("mask.scale", MASKED, np.float32))

    words = g.op("Gather", "embeddings.word", "embeddings.word.weight", "input_ids", axis=0)
    zero = axes("zero", 0)
    length = g.op(
        "Gather", "length", g.op("Shape", "shape", "input_ids"), g.constant("length.axis", 1, np.int64), axis=0
    )
    end = g.op("Unsqueeze", "length.end", length, zero)
    positions = g.op("Slice", "embeddings.position", "embeddings.position.weight", zero, end, zero)
    x = g.norm("embeddings.norm", g.op("Add", "embeddings.sum", words, positions), epsilon)

    split = axes("heads.split", 0, 0, count_of_heads, hidden // count_of_heads)
    merge = axes("heads.merge", 0, 0, hidden)
    root = g.constant("attention.root", (hidden // count_of_heads) ** 0.5, np.float32)

    def heads(name, x, order):
        return g.op("Transpose", f"{name}.heads", g.op("Reshape", f"{name}.split", linear(name, x), split), perm=order)

    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        attention = f"{prefix}.attention"
        query = heads(f"{attention}.query", x, [0, 2, 1, 3])
        key = heads(f"{attention}.key", x, [0, 2, 3, 1])
        value = heads(f"{attention}.value", x, [0, 2, 1, 3])
        scores = g.op("Div", f"{attention}.scores", g.op("MatMul", f"{attention}.scores.matmul", query, key), root)
        attention_weights = g.op(
            "Softmax", f"{attention}.weights", g.op("Add", f"{attention}.masked", scores, bias), axis=-1
        )
        context = g.op("MatMul", f"{attention}.context.heads", attention_weights, value)
        context = g.op("Transpose", f"{attention}.context", context, perm=[0, 2, 1, 3])
        attended = linear(f"{attention}.output", g.op("Reshape", f"{attention}.merged", context, merge))
        x = g.norm(f"{attention}.norm", g.op("Add", f"{attention}.residual", attended, x), epsilon)
        inner = g.gelu(f"{prefix}.gelu", linear(f"{prefix}.intermediate", x))
        x = g.norm(f"{prefix}.norm", g.op("Add", f"{prefix}.residual", linear(f"{prefix}.output", inner), x), epsilon)

    features = g.op("Gather", "features", x, g.constant("first.index", 0, np.int64), axis=1)
    linear("classifier", features, output="logits")
    ids = ["batch", "sequence"]
    outputs = {"logits": ["batch", len(config["id2label"])], "features": ["batch", hidden]}
    model = g.model("plain", {"input_ids": ids, "attention_mask": ids}, outputs)
    onnx.checker.check_model(model, full_check=True)
    return model


def fuse(path, out, config):
    fused = optimizer.optimize_model(
        str(path),
        model_type="bert",
        num_heads=config["num_attention_heads"],
        hidden_size=config["hidden_size"],
        opt_level=0,
        optimization_options=FusionOptions("bert"),
    )
    layers, found = config["num_hidden_layers"], count_ops(fused.model)
    for kind, expected in {"Attention": layers, "BiasGelu": layers, "SkipLayerNormalization": 2 * layers}.items():
        assert found[kind] == expected, f"{expected} {kind} expected of the optimizer, not {found[kind]}"
    fused.save_model_to_file(str(out))


def quantise(path, out, expected, **options):
    quantize_dynamic(path, out, extra_options={"DefaultTensorType": TensorProto.FLOAT}, **options)
    found = count_ops(onnx.load(out))
    for kind, least in expected.items():
        assert found[kind] >= least, f"{out.name}: at least {least} {kind} expected, not {found[kind]}"


def logits(path, vocabulary):
    """The logits of two random texts, one of them padded, in float32."""
    options = onnxruntime.SessionOptions()
    # Otherwise onnxruntime also quantises the activations of our file.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(0).integers(1000, vocabulary, (2, 24))
    mask = np.ones_like(ids)
    mask[1, 10:] = 0
    return session.run(["logits"], {"input_ids": ids * mask, "attention_mask": mask})[0]


def macs_per_token(graph, layers):
    """Multiply-adds per token that our runtime needs for the linear layers of the f32 graph. Of the last layer, only
    keys and values count: the rest is computed for the first position alone, which the classifier reads."""
    shapes = {each.name: each.dims for each in graph.graph.initializer}
    once = re.compile(rf"encoder\.layer\.{layers - 1}\.(?!attention\.(key|value)\.)")
    weights = [node.input[1] for node in graph.graph.node if node.op_type == "MatMul" and node.input[1] in shapes]
    assert len(weights) == 6 * layers + 1, weights
    return sum(int(np.prod(shapes[name])) for name in weights if name.startswith("encoder.") and not once.match(name))


def transformers_folder(folder, graph, config, tokenizer):
    """A folder as the conversion script of transformers.js makes it from an f32 graph of BERT: 7-bit weights,
    a scale per channel."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    for name, content in {"config": config, "tokenizer_config": TOKENIZER_CONFIG}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    options = {"weight_type": QuantType.QInt8, "per_channel": True, "reduce_range": True}
    expected = {"MatMulInteger": 6 * config["num_hidden_layers"]}
    quantise(graph, folder / "onnx" / "model_quantized.onnx", expected, **options)


def write_models(folder, out):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers, vocabulary = config["num_hidden_layers"], config["vocab_size"]
    source = onnx.load(folder / "model.onnx")
    out.mkdir(parents=True, exist_ok=True)

    onnx.save(float_graph(float_weights(source), config), out / "f32.onnx")
    fuse(out / "f32.onnx", out / "f32-fused.onnx", config)
    for name in ("f32.onnx", "f32-fused.onnx"):
        error = np.abs(logits(out / name, vocabulary) - logits(folder / "model.onnx", vocabulary)).max()
        assert error <= MAX_LOGIT_ERROR, f"{name} is off by {error}"

    forms = {"": {"MatMulInteger": 6 * layers}, "-fused": {"QAttention": layers, "MatMulInteger": 3 * layers}}
    signs = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}
    for form, expected in forms.items():
        for sign, weight_type in signs.items():
            quantise(out / f"f32{form}.onnx", out / f"{sign}{form}.onnx", expected, weight_type=weight_type)

    transformers = out / "transformers"
    transformers_folder(transformers / "sentiment", out / "f32.onnx", config, folder / "tokenizer.json")
    larger = config | DISTILBERT
    onnx.save(float_graph(random_weights(larger), larger), out / "distilbert.onnx")
    transformers_folder(transformers / "distilbert", out / "distilbert.onnx", larger, folder / "tokenizer.json")
    (out / "distilbert.onnx").unlink()

    made = {
        "float32": ["f32", "f32-fused"],
        "int8": [f"{sign}{form}" for form in forms for sign in signs],
        "macsPerToken": macs_per_token(onnx.load(out / "f32.onnx"), layers),
        "onnxruntime": onnxruntime.__version__,
    }
    (out / "made.json").write_text(json.dumps(made, indent=2) + "\n")


logging.disable(logging.WARNING)  # its advice on preparing the graph: the optimizer above does that
write_models(Path(sys.argv[1]), Path(sys.argv[2]))
