"""onnxruntime as a reference: for the export and for the goldens of tests/fixtures, which need no torch."""

import onnxruntime


def float32_session(path):
    """The same bits on any number of cores, and no arithmetic but the graph's own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Otherwise onnxruntime fuses DequantizeLinear + MatMul into MatMulNBits, which quantises activations too.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
