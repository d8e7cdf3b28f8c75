"""The folder as its users get it: tokenizer.json and model.onnx, run by onnxruntime in float32."""

import numpy as np
import onnxruntime
from tokenizers import Tokenizer


def float32_session(path):
    """The same bits on any number of cores, and no arithmetic but the graph's own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Otherwise onnxruntime fuses DequantizeLinear + MatMul into MatMulNBits, which quantises activations too.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class Shipped:
    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.session = float32_session(folder / "model.onnx")

    def logits(self, texts):
        """[texts, labels], each text alone."""
        rows = []
        for encoding in self.tokenizer.encode_batch(texts):
            ids = np.array([encoding.ids], np.int64)
            rows.append(self.session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
        return np.array(rows)
