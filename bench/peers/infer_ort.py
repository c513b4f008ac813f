"""Times MiniLM with a 77-way classifier in ONNX Runtime: the peer for inference.

The folder is exported by torch.onnx; a BertModel folder gets a random classifier, which costs
the same as a trained one. fp32 runs with every graph optimisation, once as ONNX Runtime does it
by itself and once after its own BERT fusion tool; int8 is its dynamic quantization, weights per
channel. All variants take turns, so that a noisy moment hits them alike; the median is told.

    python infer_ort.py --model models/all-MiniLM-L6-v2 --out result.json
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a folder is given: nothing to look up

import numpy as np
import onnx
import onnxruntime as ort
import torch
import transformers
from onnxruntime.quantization import QuantType, quant_pre_process, quantize_dynamic
from transformers import AutoConfig, AutoModelForSequenceClassification

try:
    from onnxruntime.transformers import optimizer as bert_fusion
except ImportError:
    bert_fusion = None

SHAPES = [(1, 8), (1, 32), (1, 128), (8, 128)]
BLOCK = 5  # measured runs of one variant in a row
NAMES = ["input_ids", "attention_mask", "token_type_ids"]


class Logits(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask,
                          token_type_ids=token_type_ids).logits


def load(folder):
    config = AutoConfig.from_pretrained(folder)
    trained = "BertForSequenceClassification" in (config.architectures or [])
    if not trained:
        torch.manual_seed(0)
        config.num_labels = 77
    # SDPA's mask shortcuts look at values, which an exporter cannot follow.
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def feeds_of(vocabulary, batch, length, seed=0):
    rng = np.random.default_rng(seed)
    return {"input_ids": rng.integers(1, vocabulary, (batch, length), dtype=np.int64),
            "attention_mask": np.ones((batch, length), np.int64),
            "token_type_ids": np.zeros((batch, length), np.int64)}


def export(model, path):
    """By the classic exporter: the fusion tool knows its graphs, of the newer one's it fuses no
    attention (seen with torch 2.15 and onnxruntime 1.32)."""
    sample = feeds_of(model.config.vocab_size, 2, 16)
    axes = {name: {0: "batch", 1: "length"} for name in NAMES} | {"logits": {0: "batch"}}
    torch.onnx.export(Logits(model).eval(), tuple(torch.from_numpy(sample[n]) for n in NAMES),
                      path, input_names=NAMES, output_names=["logits"], dynamic_axes=axes,
                      opset_version=17, dynamo=False)


def make_variants(model, folder):
    """Returns {name: path} of the ONNX files, and what could not be made."""
    paths, missing = {"fp32": f"{folder}/fp32.onnx"}, {}
    export(model, paths["fp32"])
    base = paths["fp32"]
    if bert_fusion is None:
        missing["fp32_fused"] = "onnxruntime.transformers is not there"
    else:
        try:
            config = model.config
            fused = bert_fusion.optimize_model(base, model_type="bert",
                                               num_heads=config.num_attention_heads,
                                               hidden_size=config.hidden_size, opt_level=0)
            paths["fp32_fused"] = f"{folder}/fp32_fused.onnx"
            fused.save_model_to_file(paths["fp32_fused"])
        except Exception as error:  # the tool is bound to graph patterns: tell, go on
            missing["fp32_fused"] = f"{type(error).__name__}: {error}"
    for source in list(paths):
        name = source.replace("fp32", "int8")
        try:
            prepared = paths[source]
            if source == "fp32":
                prepared = f"{folder}/{name}_prepared.onnx"
                quant_pre_process(paths[source], prepared, skip_symbolic_shape=True)
            target = f"{folder}/{name}.onnx"
            quantize_dynamic(prepared, target, per_channel=True, weight_type=QuantType.QInt8,
                             extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
            paths[name] = target
        except Exception as error:
            missing[name] = f"{type(error).__name__}: {error}"
    return paths, missing


def session_of(path, threads):
    settings = ort.SessionOptions()
    settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    return ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])


def measure(sessions, feeds, repeats):
    """Milliseconds by variant. The turns are blocks, each begun with three unmeasured runs: the
    workers of the session before go on spinning for a while, and would steal its core."""
    times = {name: [] for name in sessions}
    for _ in range(-(-repeats // BLOCK)):
        for name, session in sessions.items():
            time.sleep(0.02)
            for run in range(-3, BLOCK):
                start = time.perf_counter()
                session.run(None, feeds)
                if run >= 0:
                    times[name].append(1e3 * (time.perf_counter() - start))
    return times


def ops_of(path):
    counts = {}
    for node in onnx.load(path).graph.node:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return dict(sorted(counts.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="BertModel or fine-tuned folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--out", help="file for the result (default: standard output)")
    args = parser.parse_args()

    model = load(args.model)
    with tempfile.TemporaryDirectory() as folder:
        paths, missing = make_variants(model, folder)
        sessions = {name: session_of(path, args.threads) for name, path in paths.items()}
        result = {
            "peer": "onnxruntime", "onnxruntime": ort.__version__, "onnx": onnx.__version__,
            "torch": torch.__version__, "transformers": transformers.__version__,
            "python": platform.python_version(), "threads": args.threads,
            "repeats": args.repeats, "not_made": missing, "variants": {},
        }
        check = feeds_of(model.config.vocab_size, 3, 17, seed=1)
        check["attention_mask"][1, 9:] = 0
        with torch.no_grad():
            wanted = Logits(model)(*(torch.from_numpy(check[name]) for name in NAMES)).numpy()
        for name, session in sessions.items():
            got = session.run(None, check)[0]
            result["variants"][name] = {
                "bytes": os.path.getsize(paths[name]), "ops": ops_of(paths[name]),
                "largest_logit_difference_to_pytorch": float(np.abs(got - wanted).max()),
                "median_ms": {}, "fastest_ms": {}}
        for batch, length in SHAPES:
            feeds = feeds_of(model.config.vocab_size, batch, length)
            for name, times in measure(sessions, feeds, args.repeats).items():
                variant = result["variants"][name]
                variant["median_ms"][f"{batch}x{length}"] = round(statistics.median(times), 3)
                variant["fastest_ms"][f"{batch}x{length}"] = round(min(times), 3)
    text = json.dumps(result, indent=2)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
