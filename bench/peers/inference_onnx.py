"""The ONNX files of a classifier's folder, made once: plain, fused for BERT, and both in int8.

PyTorch's classic exporter is asked: ONNX Runtime's fusion tool knows its graphs, of the newer one's it fuses no
attention (seen with torch 2.15 and onnxruntime 1.32). int8 is dynamic, weights a scale a channel.
"""
import os
import pathlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a folder is given: nothing to look up

import onnx
import torch
from onnxruntime.quantization import QuantType, quant_pre_process, quantize_dynamic
from onnxruntime.transformers import optimizer
from transformers import AutoModelForSequenceClassification

from inference_worker import once

NAMES = ["input_ids", "attention_mask", "token_type_ids"]  # DistilBERT has not the last; BERT's fusion asks for it


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        more = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **more).logits


def load(folder, attention):
    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32,
                                                              attn_implementation=attention).eval()


def export(folder, path):
    # SDPA's mask shortcuts look at values, which the exporter cannot follow.
    model = load(folder, "eager")
    names = NAMES if model.config.model_type == "bert" else NAMES[:2]
    axes = {name: {0: "batch", 1: "length"} for name in names} | {"logits": {0: "batch"}}
    torch.onnx.export(Logits(model), (torch.ones(2, 16, dtype=torch.long),) * len(names), path, input_names=names,
                      output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False)


def fuse(folder, source, path):
    config = load(folder, "eager").config
    made = optimizer.optimize_model(str(source), model_type="bert", num_heads=config.num_attention_heads,
                                    hidden_size=config.hidden_size, opt_level=0)
    made.save_model_to_file(str(path))


def quantize(source, path):
    quantize_dynamic(source, path, per_channel=True, weight_type=QuantType.QInt8,
                     extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})


def onnx_file(folder, kind):
    """The path of `kind`: fp32, fp32-fused, int8 or int8-fused."""
    place = folder.with_name(f"{folder.name}-onnx")

    def make(scratch):
        scratch.mkdir()
        target = scratch / "model.onnx"
        if kind == "fp32":
            export(folder, target)
        elif kind == "fp32-fused":
            fuse(folder, onnx_file(folder, "fp32"), target)
        elif kind == "int8":
            prepared = scratch / "prepared.onnx"
            quant_pre_process(onnx_file(folder, "fp32"), prepared, skip_symbolic_shape=True)
            quantize(prepared, target)
            pathlib.Path(prepared).unlink()
        else:
            quantize(onnx_file(folder, "fp32-fused"), target)

    once(place / kind, make)
    return place / kind / "model.onnx"
