"""How long a cold process takes to answer one line: `frugal classify`, and ONNX Runtime in Python.

    python3 bench/start.py MODEL ... [--onnx FILE.onnx --python VENV/bin/python]

MODEL: a folder that `frugal classify` takes; `frugal quantize` makes its int8 form. With --onnx, the first folder's
tokenizer.json feeds that file (bench/peers/inference_ort.py makes one), in a Python with onnxruntime and tokenizers.
The sides take turns; the files are in the page cache from the second round on, and the first is left out. Prints the
least, the quartiles and the median in milliseconds, from before the process starts until it has ended.
"""
import argparse
import pathlib
import statistics
import subprocess
import time

LINE = b"I lost my card on the way home, what should I do?\n"
ONNX = """
import sys, numpy, onnxruntime, tokenizers
tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
ids = numpy.array([tokenizer.encode(sys.stdin.readline().strip()).ids])
feeds = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
print(session.run(None, {one.name: feeds[one.name] for one in session.get_inputs()})[0].argmax())
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--frugal", default="build/bin/frugal")
    parser.add_argument("--onnx")
    parser.add_argument("--python", default="python3")
    args = parser.parse_args()
    sides = {f"frugal, {model}": [args.frugal, "classify", str(model)] for model in args.models}
    if args.onnx:
        tokenizer = str(args.models[0] / "tokenizer.json")
        sides[f"ONNX Runtime, {args.onnx}"] = [args.python, "-c", ONNX, tokenizer, args.onnx]
    taken = {name: [] for name in sides}
    for _ in range(args.rounds + 1):
        for name, command in sides.items():
            begin = time.perf_counter()
            done = subprocess.run(command, input=LINE, capture_output=True)
            taken[name].append((time.perf_counter() - begin) * 1e3)
            if done.returncode != 0:
                raise SystemExit(f"{name}: {done.stderr.decode()}")
    for name, all_times in taken.items():
        times = sorted(all_times[1:])
        low, middle, high = statistics.quantiles(times, n=4)
        print(f"{name}: least {times[0]:.1f}, quartiles {low:.1f} to {high:.1f}, median {middle:.1f} ms",
              f"({len(times)} starts)")


if __name__ == "__main__":
    main()
