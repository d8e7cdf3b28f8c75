"""Reads the weights of an exported model folder, for a teacher or for further training."""

import onnx
from heads import read_head


def read_initializers(path):
    """{name: array} of the weights in model.onnx."""
    return {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def read_folder(folder):
    """The arrays of model.onnx and of the head files, in the form of `rounding.shipped_arrays`."""
    arrays = read_initializers(folder / "model.onnx")
    arrays = {name: array for name, array in arrays.items() if name.startswith(("embeddings.", "encoder."))}
    for path in sorted((folder / "heads").glob("*.head")):
        prefix = "embedding" if path.stem == "embedding" else f"heads.{path.stem}"
        _, arrays[f"{prefix}.weight"], arrays[f"{prefix}.bias"] = read_head(path)
    return arrays
