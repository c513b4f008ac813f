#!/usr/bin/env python3
"""Measures frugal and its peers in turn on this machine and writes docs/RESULTS.md.

    .venv/bin/python bench/compare.py [--frugal build/bin/frugal] [--rounds 3] [--only training,inference,...]

Every figure is a ratio of two programs that ran one after the other, in A B A B order; the median of the rounds is
quoted with its smallest and largest value. Results are kept in docs/results.json by section and processor, so that
sections can be measured one at a time, and on several machines.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

from inference_sides import hold_back
from inference_table import spread
from processor import cpu_name

MODEL = "models/all-MiniLM-L6-v2"
DATA = "examples/banking77"
# What the other scripts here have measured, perhaps on other machines: docs/ file, title, command.
OTHERS = [("inference.md", "Inference", "bench/inference.py"),
          ("inference_openvino.md", "Inference against OpenVINO, the nearest",
           "bench/inference.py --shapes MiniLM-L6,TinyBERT4,DistilBERT,BERT-base "
           "--works 1x8,1x32,1x128,1x512,8x128,64x128 --peers openvino --rounds 2 --seconds 0.3"),
          ("inference_avx2.md", "Inference on a processor with AVX2 only",
           "bench/inference.py --peers ort,openvino,ct2 --rounds 2 --sst2 dev.tsv --out avx2"),
          ("generation.md", "Generation against CTranslate2 and llama.cpp", "bench/generate.py --rounds 3"),
          ("tokenizers.md", "Tokenizers, one thread, whole processes on 20 MB of Wikipedia",
           "bench/tokenizer/compare_processes.py")]
LAYERS = {6: "0,1,2,3,4,5", 3: "0,2,5", 2: "0,5", 1: "0"}


def run(command, **kwargs):
    """Runs a command; returns its output and the peak resident bytes of that process alone."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=subprocess.PIPE, **kwargs)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{errors.decode()}")
        out.seek(0)
        return out.read().decode(), usage.ru_maxrss * 1024


def show(s, digits=2):
    return f"{s['median']:.{digits}f} ({s['least']:.{digits}f} to {s['most']:.{digits}f})"


def training(args):
    """Tokens a second and peak memory of fine-tuning, against PyTorch eager fp32 with its default and fused AdamW.

    Of all steps on both sides, the first ones, which compile and allocate, among them."""
    rows = []
    for layers, chosen in LAYERS.items():
        ours, peers, fused, our_memory, peer_memory = [], [], [], [], []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as folder:
                text, memory = run([args.frugal, "train", "--model", MODEL, "--data", f"{DATA}/train.tsv", "--layers",
                                    chosen, "--max-steps", args.steps, "--checkpoint-seconds", 1e6, "--threads", 2,
                                    "--quiet", "--json", "--out", f"{folder}/out"])
            ours.append(json.loads(text)["tokens_per_second"])
            our_memory.append(memory)
            for kind, rates in (("default", peers), ("fused", fused)):
                text, _ = run([sys.executable, "bench/peers/train_pytorch.py", "--model", MODEL, "--train",
                               f"{DATA}/train.tsv", "--layers", chosen, "--max-steps", args.steps, "--threads", 2,
                               "--optimizer", kind])
                result = json.loads(text)
                rates.append(result["tokens_per_second"])
                if kind == "default":
                    peer_memory.append(result["peak_rss_bytes"])
        rows.append({"layers": layers, "frugal": spread(ours), "pytorch": spread(peers), "pytorch_fused": spread(fused),
                     "ratio": spread([a / b for a, b in zip(ours, peers)]),
                     "ratio_fused": spread([a / b for a, b in zip(ours, fused)]),
                     "memory": max(our_memory), "peer_memory": max(peer_memory)})
        print(rows[-1], flush=True)
    return rows


def inference(args):
    """The shape of MiniLM with a classifier against ONNX Runtime, precision by precision, by bench/inference.py."""
    folder = pathlib.Path("build/bench-models/inference/compare")
    run([sys.executable, "bench/inference.py", "--frugal", args.frugal, "--rounds", args.rounds, "--shapes", "MiniLM-L6",
         "--works", "1x8,1x32,1x128,8x128", "--peers", "ort", "--out", folder])
    rows = []
    for row in json.loads((folder / "inference.json").read_text())["MiniLM-L6"]["rows"]:
        settings = row["settings"]
        for precision in ("fp32", "int8"):
            mine = settings["frugal"][precision]
            kinds = [settings["ONNX Runtime"].get(kind, []) for kind in (precision, f"{precision}-fused")]
            # A setting far behind has one round only.
            turns = min(len(mine), max(map(len, kinds)))
            mine, best = mine[:turns], [min(kind[i] for kind in kinds if i < len(kind)) for i in range(turns)]
            rows.append({"work": row["name"], "precision": precision, "frugal": spread(mine), "ort": spread(best),
                         "ratio": spread([b / a for a, b in zip(mine, best)])})
            print(rows[-1], flush=True)
    return rows


def machine(args):
    text, _ = run([args.frugal, "bench", "--machine", "--json", "--threads", 2])
    return json.loads(text) | {"system": platform.system()}


def accuracy(args):
    """The teacher's recipe in frugal, three seeds; PyTorch's three seeds take an hour and are asked for by name."""
    values = []
    for seed in range(3):
        with tempfile.TemporaryDirectory() as folder:
            text, _ = run([args.frugal, "train", "--model", MODEL, "--data", f"{DATA}/train.tsv", "--test",
                           f"{DATA}/test.tsv", "--seed", seed, "--threads", 2, "--quiet", "--json", "--out", f"{folder}/out"])
        values.append(json.loads(text)["test"]["value"])
        print(values[-1], flush=True)
    return {"values": values, "mean": statistics.mean(values), "rows": 3080}


def accuracy_pytorch(args):
    values = []
    for seed in range(3):
        text, _ = run([sys.executable, "bench/peers/train_pytorch.py", "--model", MODEL, "--train", f"{DATA}/train.tsv",
                       "--test", f"{DATA}/test.tsv", "--seed", seed, "--threads", 2, "--optimizer", "fused"])
        values.append(json.loads(text)["test_accuracy"])
        print(values[-1], flush=True)
    return {"values": values, "mean": statistics.mean(values), "rows": 3080}


def shrink(args):
    """The main job as `make demo` runs it."""
    folder = pathlib.Path("out/banking77")
    run([args.frugal, "shrink", "--model", MODEL, "--data", f"{DATA}/train.tsv", "--test", f"{DATA}/test.tsv",
         "--target", 0.99, "--quiet", "--out", folder])
    report = json.loads((folder / "report.json").read_text())
    return {key: report[key] for key in ("main_result", "machine")}


SECTIONS = {"machine": machine, "training": training, "inference": inference, "accuracy": accuracy,
            "accuracy_pytorch": accuracy_pytorch, "shrink": shrink}


def markdown(results):
    lines = ["# Results", "", "Made by `make bench` (`bench/compare.py`); two threads on each side, programs in turn (A B A B),",
             "median of the rounds with the least and the most. Ratios above 1 are in frugal's favour.", ""]
    for cpu, m in results.get("machine", {}).items():
        lines += [f"{cpu}: {m['cores']} cores, {m['used']}; {m['system']}. Measured peak, two threads: "
                  f"fp32 {m['peak']['fp32'] / 1e9:.0f} GFLOP/s, bf16 {m['peak']['bf16'] / 1e9:.0f} GFLOP/s, "
                  f"int8 {m['peak']['int8'] / 1e9:.0f} GOP/s, memory {m['peak']['bytes_per_second'] / 1e9:.0f} GB/s.", ""]
    for cpu, rows in results.get("training", {}).items():
        lines += [f"## Fine-tuning MiniLM on BANKING77, batch 32; {cpu}", "",
                  "| layers | frugal tokens/s | PyTorch eager fp32 | ratio | PyTorch, fused AdamW | ratio | peak memory, frugal / PyTorch |",
                  "|---|---|---|---|---|---|---|"]
        for r in rows:
            lines.append(f"| {r['layers']} | {show(r['frugal'], 0)} | {show(r['pytorch'], 0)} | {show(r['ratio'])} | "
                         f"{show(r['pytorch_fused'], 0)} | {show(r['ratio_fused'])} | "
                         f"{r['memory'] / 1e9:.2f} / {r['peer_memory'] / 1e9:.2f} GB |")
        lines.append("")
    for cpu, rows in results.get("inference", {}).items():
        lines += [f"## MiniLM inference with a classifier, ms; {cpu}", "",
                  "| batch x tokens | type | frugal | ONNX Runtime, best of plain and fused | ratio |", "|---|---|---|---|---|"]
        for r in rows:
            lines.append(f"| {r['work']} | {r['precision']} | {show(r['frugal'])} | {show(r['ort'])} | {show(r['ratio'])} |")
        lines.append("")
    for key, title in (("accuracy", "frugal"), ("accuracy_pytorch", "PyTorch")):
        for cpu, a in results.get(key, {}).items():
            lines += [f"Teacher's test accuracy, {title}, seeds 0 to 2, n = {a['rows']}: "
                      + ", ".join(f"{100 * v:.2f} %" for v in a["values"]) + f"; mean {100 * a['mean']:.2f} % ({cpu}).", ""]
    if "shrink" in results:
        lines += ["## The main job", ""]
        for cpu, job in results["shrink"].items():
            lines += [f"{job['main_result']} ({cpu}, {job['machine']['instruction set']}, {job['machine']['threads']} threads.)", ""]
    for file, title, script in OTHERS:
        path = pathlib.Path("docs") / file
        if path.exists():
            picture = path.with_suffix(".svg")
            shown = f"; as a picture: [{picture.name}]({picture.name})" if picture.exists() else ""
            lines += [f"## {title}", "", f"`{script}`{shown}.", "", path.read_text()]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--only", default="machine,training,inference,accuracy,shrink", help="sections: " + ", ".join(SECTIONS))
    parser.add_argument("--isa", choices=["avx2"], help="hold both sides to it (bench/peers/avx2_only.c); nothing is written")
    args = parser.parse_args()
    if args.isa:
        hold_back(pathlib.Path("build/bench-models"))
    store = pathlib.Path("docs/results.json")
    results = json.loads(store.read_text()) if store.exists() else {}
    for name in args.only.split(","):
        if name not in SECTIONS:
            sys.exit(f"unknown section {name}; known: {', '.join(SECTIONS)}")
        print(f"== {name}", flush=True)
        found = SECTIONS[name](args)
        if args.isa:
            print(json.dumps(found, indent=1))
            continue
        results.setdefault(name, {})[cpu_name()] = found
        store.write_text(json.dumps(results, indent=1) + "\n")
        pathlib.Path("docs/RESULTS.md").write_text(markdown(results))


main()
