"""onnxruntime sessions that serve as the reference for the export and for the goldens of tests/fixtures.

A module of its own, because tests/fixtures imports it without torch."""

import onnxruntime


def float32_session(path):
    """A session whose results are the same bits on any number of cores, and that adds no quantisation to the graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Otherwise onnxruntime fuses DequantizeLinear + MatMul into MatMulNBits, which quantises activations too.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
