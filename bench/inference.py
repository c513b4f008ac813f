#!/usr/bin/env python3
"""Inference of frugal against ONNX Runtime, OpenVINO, CTranslate2 and PyTorch on classifiers of real shapes.

    .venv/bin/python bench/inference.py [--frugal build/bin/frugal] [--rounds 3] [--shapes MiniLM-L6,...] [--quick]

All sides read the same ids, tokenized beforehand. First the logits in fp32 must agree with PyTorch's. Then every
setting (fp32, bf16, int8, ...) of every side gets a process of its own a round, one after the other, so that one model
is in memory at a time; the best setting of each side counts, by the median of the rounds. A setting three times slower
than the best peer's in the first round, and not its own side's best, is left out of the others.

Writes inference.json, inference.md and inference.svg in --out; shapes and works
not measured this time are kept from there, works if they were measured in the same way on the same processor.
"""
import argparse
import json
import pathlib
import statistics
import sys

from inference_chart import chart
from inference_sides import PEERS, Failed, hold_back, prepare, settings_of, times_of
from inference_table import markdown, spread
from inference_works import works_of
from processor import cpu_name

SHAPES = "TinyBERT4,MiniLM-L6,DistilBERT,BERT-base,BERT-large"
WORKS = "1x8,1x32,1x128,1x512,8x128,64x128,BANKING77,SST-2"
TEXT_SHAPES = ("MiniLM-L6", "DistilBERT")  # those that BANKING77 and SST-2 are for
SLOW = 3


def slow(times, side, kind, work):
    """Whether to leave a setting out after the first round."""
    first = {setting: found[work][0] for setting, found in times.items()}
    peers = [one for (other, _), one in first.items() if other != "frugal"]
    own = min(one for (other, _), one in first.items() if other == side)
    return own < first[side, kind] and SLOW * min(peers, default=own) < first[side, kind]


def row_of(work, times, least, rounds):
    """Of each side the best of those settings that had all rounds, and how many times frugal's time that is."""
    row = {"name": work["name"], "texts": work["texts"], "sides": {}, "settings": {}}
    for (side, kind), found in times.items():
        row["settings"].setdefault(side, {})[kind] = found[work["name"]]
    for side, kinds in row["settings"].items():
        whole = [(kind, one) for kind, one in kinds.items() if len(one) == rounds]
        kind, best = min(whole, key=lambda pair: statistics.median(pair[1]))
        if side == "frugal":
            ours = best
            row["least"] = least[kind, work["name"]]
        row["sides"][side] = {"setting": kind, "milliseconds": spread(best),
                              "ratio": spread([a / b for a, b in zip(best, ours)])}
    return row


def compare(args, shape, works):
    """All rounds of one shape."""
    found, settings = prepare(args, shape, settings_of(args))
    times = {(side, kind): {work["name"]: [] for work in works} for side, _, kind in settings}
    least = {}  # of frugal's settings; of the rounds that with the highest peak counts
    for turn in range(args.rounds):
        for side, program, kind in settings:
            left = [work for work in works if turn == 0 or not slow(times, side, kind, work["name"])]
            taken = times_of(args, program, kind, shape, left)
            for name, (value, limit) in taken.items():
                times[side, kind][name].append(value)
                if limit:
                    least[kind, name] = min(limit, least.get((kind, name), limit))
            print(f"{shape}, round {turn + 1}, {side} {kind}, ms: " +
                  (", ".join(f"{name} {value:.4g}" for name, (value, _) in taken.items()) or "left out"),
                  file=sys.stderr, flush=True)
    return found | {"threads": args.threads, "rounds": args.rounds,
                    "rows": [row_of(work, times, least, args.rounds) for work in works]}


def joined(old, new):
    """The new rows of a shape among the old ones of works that were not measured again."""
    if any(old.get(key) != new[key] for key in ("cpu", "versions", "threads", "rounds")):
        return new
    names = [row["name"] for row in new["rows"]]
    rows = [row for row in old["rows"] if row["name"] not in names] + new["rows"]
    works = WORKS.split(",")
    rows.sort(key=lambda row: next(i for i, work in enumerate(works) if row["name"].startswith(work)))
    return new | {"rows": rows, "differences": old["differences"] | new["differences"]}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/bench-models/inference"))
    parser.add_argument("--out", type=pathlib.Path, help="folder of the results (default docs; --quick: --work)")
    parser.add_argument("--shapes", help=f"default {SHAPES}")
    parser.add_argument("--works", help=f"default {WORKS}; texts: of {' and '.join(TEXT_SHAPES)} only")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, help="default 3")
    parser.add_argument("--seconds", type=float, help="time for each figure (default 0.5)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa", choices=["avx2"],
                        help="hold all sides to it (bench/peers/avx2_only.c); the results go to inference_held_to_avx2.*")
    parser.add_argument("--banking77", type=pathlib.Path, default=pathlib.Path("examples/banking77/test.tsv"))
    parser.add_argument("--sst2", type=pathlib.Path, help="SST-2's dev.tsv: a header, then sentence TAB label")
    parser.add_argument("--texts", type=int, help="so many of each file (default 640)")
    parser.add_argument("--vocabulary", type=pathlib.Path, default=pathlib.Path("models/all-MiniLM-L6-v2/vocab.txt"),
                        help="BERT's, uncased, for the texts")
    parser.add_argument("--quick", action="store_true",
                        help="only whether it works: one small shape, one short round")
    args = parser.parse_args()
    full = {"out": pathlib.Path("docs"), "shapes": SHAPES, "works": WORKS, "rounds": 3, "seconds": 0.5,
            "texts": 640}
    quick = {"out": args.work, "shapes": "TinyBERT4", "works": "1x8,8x128", "rounds": 1, "seconds": 0.1,
             "texts": 128}
    for name, value in (quick if args.quick else full).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    for name in ("shapes", "works", "peers"):
        setattr(args, name, getattr(args, name).split(","))
    return args


def main():
    args = options()
    cpu = cpu_name()
    fixed, texts = works_of(args)
    args.out.mkdir(parents=True, exist_ok=True)
    name = "inference" + (f"_held_to_{args.isa}" if args.isa else "")
    if args.isa:
        cpu += f", held to {args.isa}"
        hold_back(args.work)
    store = args.out / f"{name}.json"
    result = json.loads(store.read_text()) if store.exists() else {}
    for shape in args.shapes:
        try:
            measured = {"cpu": cpu} | compare(args, shape, fixed + (texts if shape in TEXT_SHAPES else []))
            result[shape] = joined(result.get(shape, {}), measured)
        except Failed as problem:
            sys.exit(str(problem))
        result = {one: result[one] for one in SHAPES.split(",") if one in result}
        store.write_text(json.dumps(result, indent=1) + "\n")
        (args.out / f"{name}.md").write_text(markdown(result))
        (args.out / f"{name}.svg").write_text(chart(result))
    print(markdown(result), end="")


main()
