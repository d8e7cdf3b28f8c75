"""Builds an ONNX graph node by node. Unlike torch's exporter, it lets us choose the ops, and names for nodes and
weights that say what they are. tests/fixtures and benches/peers use it too."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
# The domain of onnxruntime's own ops: fused ones, and those with 4-bit weights.
MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and constants are known by their names, which the methods return."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, array, dtype=None):
        """Adds an initializer."""
        self.constants[name] = np.asarray(array, dtype)
        return name

    def op(self, kind, name, *inputs, **attributes):
        """Adds a node of this op type. Its only output has the name of the node."""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def gelu(self, name, x):
        """Exact GELU as exporters write it, for runtimes that look for the pattern."""
        sqrt2 = self.constant("gelu.sqrt2", 2**0.5, np.float32)
        one = self.constant("gelu.one", 1, np.float32)
        half = self.constant("gelu.half", 0.5, np.float32)
        erf = self.op("Erf", f"{name}.erf", self.op("Div", f"{name}.scaled", x, sqrt2))
        return self.op("Mul", name, self.op("Mul", f"{name}.gated", x, self.op("Add", f"{name}.gate", erf, one)), half)

    def norm(self, name, x, epsilon):
        """LayerNormalization over the last axis, with the constants NAME.weight and NAME.bias."""
        return self.op("LayerNormalization", name, x, f"{name}.weight", f"{name}.bias", axis=-1, epsilon=epsilon)

    def model(self, name, inputs, outputs):
        """The onnx.ModelProto. inputs (int64) and outputs (f32): {name: dimensions}."""

        def values(kind, named):
            return [helper.make_tensor_value_info(n, kind, d) for n, d in named.items()]

        graph = helper.make_graph(
            self.nodes,
            name,
            values(TensorProto.INT64, inputs),
            values(TensorProto.FLOAT, outputs),
            [numpy_helper.from_array(array, n) for n, array in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        if any(node.domain == MICROSOFT for node in self.nodes):
            opsets.append(helper.make_opsetid(MICROSOFT, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="litmus-text")
