"""Reads the weights of an exported model folder, for a teacher or for further training."""

import onnx
from heads import read_head


def initializers(graph):
    """{name: array} of the weights in the graph of model.onnx."""
    return {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}


def read_folder(folder):
    """The arrays of model.onnx and of the head files, in the form of `rounding.shipped_arrays`."""
    arrays = initializers(onnx.load(folder / "model.onnx").graph)
    arrays = {name: array for name, array in arrays.items() if name.startswith(("embeddings.", "encoder."))}
    for path in sorted((folder / "heads").glob("*.head")):
        prefix = "embedding" if path.stem == "embedding" else f"heads.{path.stem}"
        _, arrays[f"{prefix}.weight"], arrays[f"{prefix}.bias"] = read_head(path)
    return arrays
