#!/usr/bin/env python3
"""Generation speed of `frugal generate` against CTranslate2 on models of real shapes and random weights; for GPT-2
against llama.cpp too where its Python package xllamacpp is there.

    .venv/bin/python bench/generate.py [--frugal build/bin/frugal] [--rounds 3] [--shapes gpt2,bart-base,t5-base]

All sides get the same ids, load once in a process of their own, are warm, and make the same number of tokens, no end
token before the last. Decoding is what a run of all tokens takes beyond a run of one: (N - 1) * prompts tokens. The
sides take turns (A B A B); the median of the rounds is quoted with the least and the most. Models are made once, in
--work, except frugal's int8 folders: `frugal quantize` makes them anew. Writes generate.json and generate.md there.
"""
import argparse
import importlib.util
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

from generation_table import bytes_a_token, markdown, spread
from processor import cpu_name

PEERS = pathlib.Path(__file__).parent / "peers"
SHAPES = {"gpt2": {"prompts": 1, "given": 128, "new": 128, "beams": 1, "vocabulary": 50257},
          "bart-base": {"prompts": 8, "given": 128, "new": 64, "beams": 4, "vocabulary": 50265},
          "t5-base": {"prompts": 8, "given": 128, "new": 64, "beams": 4, "vocabulary": 32128}}


def run(command, text=None):
    done = subprocess.run([str(c) for c in command], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def make(args, name, precision):
    """The models that are not there yet, and frugal's int8 folder by the frugal that is measured."""
    run([sys.executable, PEERS / "generation_models.py", "--work", args.work, "--shape", name])
    if precision == "int8":
        shutil.rmtree(args.work / f"{name}-int8", ignore_errors=True)
        run([args.frugal, "quantize", args.work / name, "--out", args.work / f"{name}-int8"])


def gb_per_second(args):
    machine = json.loads(run([args.frugal, "bench", "--machine", "--json", "--threads", args.threads]))
    return machine["peak"]["bytes_per_second"] / 1e9


def prompts_of(shape):
    """Lines of ids; none of the first hundred, among which the special ones are, nor of the last."""
    draw = random.Random(0)
    return "".join(json.dumps([draw.randrange(100, shape["vocabulary"] - 200) for _ in range(shape["given"])]) + "\n"
                   for _ in range(shape["prompts"]))


def time_frugal(args, folder, shape):
    """`frugal generate` answers what it gets on a pipe before it reads on, so one process gives many warm runs."""
    lines, result = prompts_of(shape), {}
    for key, new in (("one", 1), ("all", shape["new"])):
        command = [args.frugal, "generate", folder, "--input-ids", "--threads", args.threads, "--num-beams",
                   shape["beams"], "--max-new-tokens", new, "--min-new-tokens", new]
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        result[key] = []
        for turn in range(args.repeats + 1):
            start = time.perf_counter()
            process.stdin.write(lines)
            process.stdin.flush()
            ids = [json.loads(process.stdout.readline() or "[]") for _ in range(shape["prompts"])]
            taken = time.perf_counter() - start
            if [len(one) for one in ids] != [new] * shape["prompts"]:
                sys.exit(f"{' '.join(map(str, command))}\nasked for {new} tokens, got {[len(one) for one in ids]}")
            if turn > 0:
                result[key].append(taken)
        process.communicate()
    return result | {"ids": ids, "version": run([args.frugal, "--version"]).strip()}


def time_peer(args, program, model, precision, shape):
    return json.loads(run([sys.executable, PEERS / f"generate_{program}.py", "--model", model, "--type", precision,
                           "--beams", shape["beams"], "--new", shape["new"], "--threads", args.threads, "--repeats",
                           args.repeats], prompts_of(shape)))


def compare(args, name, precision):
    """One row: all rounds of one model in one type."""
    shape, folder = SHAPES[name], args.work / name
    ours = folder if precision == "fp32" else args.work / f"{name}-int8"
    sides = {"frugal": lambda: time_frugal(args, ours, shape),
             "CTranslate2": lambda: time_peer(args, "ct2", args.work / f"{name}-ct2", precision, shape)}
    if name == "gpt2" and importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("gguf"):
        sides["llama.cpp"] = lambda: time_peer(args, "llama", folder, precision, shape)
    rounds, last = {side: [] for side in sides}, {}
    for _ in range(args.rounds):
        for side, measure in sides.items():
            last[side] = measure()
            one, whole = statistics.median(last[side]["one"]), statistics.median(last[side]["all"])
            rounds[side].append({"one": one, "all": whole, "rate": (shape["new"] - 1) * shape["prompts"] / (whole - one)})
    row = {"shape": name, "type": precision, "sides": {}} | {k: shape[k] for k in ("prompts", "given", "new", "beams")}
    for side, found in rounds.items():
        made = row["sides"][side] = {key: spread([f[key] for f in found]) for key in ("rate", "one", "all")}
        made["version"] = last[side]["version"]
        for key, power in (("rate", 1), ("one", -1), ("all", -1)):
            made[f"{key}_ratio"] = spread([(a[key] / b[key]) ** power for a, b in zip(rounds["frugal"], found)])
        made["equal"] = [next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), len(a))
                         for a, b in zip(last["frugal"]["ids"], last[side]["ids"])]
        made["different_ids"] = len(set(sum(last[side]["ids"], [])))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/bench-models"))
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--types", default="fp32,int8")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="measured runs of each length in a round")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    work = [(shape, precision) for shape in args.shapes.split(",") for precision in args.types.split(",")]
    for shape, precision in work:
        make(args, shape, precision)
    result = {"cpu": cpu_name(), "threads": args.threads, "rounds": args.rounds, "rows": []}
    bandwidth = [gb_per_second(args)]
    for shape, precision in work:
        result["rows"].append(compare(args, shape, precision))
        bandwidth.append(gb_per_second(args))
        result["gb_per_second"] = spread(bandwidth)
        if shape == "gpt2":
            result["gpt2_int8_bytes"] = bytes_a_token(args.work / shape)
        (args.work / "generate.json").write_text(json.dumps(result, indent=1) + "\n")
        (args.work / "generate.md").write_text(markdown(result))
        print(f"{shape} {precision} done", file=sys.stderr, flush=True)
    print(markdown(result), end="")


main()
