"""The programs of bench/inference.py: how each is asked for times and logits, a process each time."""
import json
import os
import pathlib
import subprocess
import sys

from inference_works import CHECK, write

HERE = pathlib.Path(__file__).parent / "peers"
PEERS = {"ort": ("ONNX Runtime", ["fp32", "fp32-fused", "int8", "int8-fused"]),
         "openvino": ("OpenVINO", ["fp32", "bf16", "int8", "int8-bf16"]),
         "ct2": ("CTranslate2", ["fp32", "int8"]),
         "pytorch": ("PyTorch", ["fp32", "bf16", "int8"])}
CLOSE = 1e-4  # largest difference of logits in fp32, as a share of the largest logit


class Failed(Exception):
    pass


def hold_back(work):
    """Whatever runs from now on sees a CPU with AVX2 at best, without its VNNI."""
    library = work.resolve() / "avx2_only.so"
    work.mkdir(parents=True, exist_ok=True)
    run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "avx2_only.c"])
    os.environ["LD_PRELOAD"] = str(library)


def run(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def settings_of(args):
    """(side, program, setting) of all; frugal's program is None."""
    # Without instructions for bf16, as far as a program can see, no side is asked for it.
    bf16 = json.loads(run([args.frugal, "bench", "--machine", "--json"]))["peak"]["bf16"] > 0
    every = [("frugal", None, kind) for kind in ("fp32", "bf16", "int8")] + \
        [(PEERS[program][0], program, kind) for program in args.peers for kind in PEERS[program][1]]
    return [setting for setting in every if bf16 or "bf16" not in setting[2]]


def peer(args, program, kind, shape, *more):
    text = run([sys.executable, HERE / f"inference_{program}.py", "--model", args.work / shape, "--precision", kind,
                "--threads", args.threads, *more])
    return json.loads(text.splitlines()[-1])


def times_of(args, program, kind, shape, works):
    """(milliseconds, the least they could be or None) of each work by its name. A process for the fixed shapes, one
    for each file of texts. Only frugal knows the least: the longer of computing at the peak and reading the weights."""
    taken = {}
    for file in dict.fromkeys(work["file"] for work in works):
        some = [work for work in works if work["file"] == file]
        what = ["--ids", file, "--batch", ",".join(str(work["batch"]) for work in some)] if file else \
            ["--work", ",".join(work["name"] for work in some)]
        what += ["--seconds", args.seconds]
        answer = peer(args, program, kind, shape, *what) if program else json.loads(
            run([args.frugal, "bench", "--model", args.work / shape, "--precision", kind, "--threads", args.threads,
                 "--json", *what]))
        found = {(row["batch"], row["tokens"]): (row["milliseconds"], row.get("least_milliseconds"))
                 for row in answer["rows"]}
        taken |= {work["name"]: found[work["batch"], work["tokens"]] for work in some}
    return taken


def frugal_logits(args, shape, rows):
    import numpy as np
    from safetensors.numpy import load_file, save_file
    given, got = (args.work / f"check-{name}.safetensors" for name in ("in", "out"))
    longest = max(map(len, rows))
    save_file({"input_ids": np.array([row + [0] * (longest - len(row)) for row in rows]),
               "attention_mask": np.array([[int(i < len(row)) for i in range(longest)] for row in rows])}, given)
    run([args.frugal, "run", args.work / shape, "--inputs", given, "--outputs", got, "--threads", args.threads])
    return load_file(got)["logits"].tolist()


def difference(found, wanted):
    pairs = [(a, b) for x, y in zip(found, wanted, strict=True) for a, b in zip(x, y, strict=True)]
    return max(abs(a - b) for a, b in pairs) / max(abs(b) for _, b in pairs)


def prepare(args, shape, settings):
    """Makes all files of a shape and compares the logits; returns what was found and the settings that work."""
    run([sys.executable, HERE / "inference_models.py", "--work", args.work, "--shape", shape])
    file = write(args.work / "check.jsonl", CHECK)
    wanted = peer(args, "pytorch", "fp32", shape, "--check", file)["logits"]
    found = {"versions": {"frugal": run([args.frugal, "--version"]).strip()}, "left_out": {},
             "differences": {"frugal fp32": difference(frugal_logits(args, shape, CHECK), wanted)}}
    working = []
    for side, program, kind in settings:
        if program:
            try:
                answer = peer(args, program, kind, shape, *(["--check", file] if kind.startswith("fp32") else []))
            except Failed as problem:  # a peer's tool that does not know this model: tell, go on
                found["left_out"][f"{side} {kind}"] = str(problem).strip().splitlines()[-1]
                print(f"{shape}: {side} {kind} left out\n{problem}", file=sys.stderr, flush=True)
                continue
            found["versions"][side] = answer["version"]
            if "logits" in answer:
                found["differences"][f"{side} {kind}"] = difference(answer["logits"], wanted)
        working.append((side, program, kind))
    for who, value in found["differences"].items():
        if not value <= CLOSE:
            sys.exit(f"{shape}: the logits of {who} differ from PyTorch's by {value:.1e} of the largest")
    return found, working
