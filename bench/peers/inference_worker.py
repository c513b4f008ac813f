"""What the peers of bench/inference.py share: files made once, reading the ids, timing them, the answer.

Options are those of `frugal bench`: --work 8x128 for one batch, or --ids FILE --batch N for a list of ids a line in
batches in their order, all of which are one pass. Batches are padded to their longest row beforehand.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing to look up

import numpy as np

LONG_PASS = 2.0  # seconds; one pass of this length is enough


def options(description, precisions):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", type=pathlib.Path, required=True, help="Hugging Face folder")
    parser.add_argument("--precision", choices=precisions, required=True)
    parser.add_argument("--work", help="batch x tokens, as 1x8,8x128")
    parser.add_argument("--ids", type=pathlib.Path, help="file of JSON lists of ids")
    parser.add_argument("--batch", default="1,64", help="with --ids: rows in a batch")
    parser.add_argument("--check", type=pathlib.Path, help="file of ids, one batch, whose logits are wanted")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each figure")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def padded(rows):
    """ids and mask, int64[rows, longest]; the padding's id is 0."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = row
        mask[i, :len(row)] = 1
    return ids, mask


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def works_of(args):
    """(batch, tokens, padded batches); tokens are 0 where the lengths differ."""
    for batch, tokens in (map(int, one.split("x")) for one in (args.work.split(",") if args.work else [])):
        yield batch, tokens, [padded([range(tokens)] * batch)]
    for batch in map(int, args.batch.split(",") if args.ids else []):
        rows = rows_of(args.ids)
        yield batch, 0, [padded(rows[i:i + batch]) for i in range(0, len(rows), batch)]


def once(folder, make):
    """Calls make(scratch) unless the folder is there, and renames."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        make(scratch)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def milliseconds(one_pass, seconds):
    """The median pass of `seconds` after one unmeasured pass and a fifth of that time: three at least, but one where a
    pass is long."""
    begin = time.perf_counter()
    while True:
        one_pass()
        if time.perf_counter() - begin >= seconds / 5:
            break
    times, begin = [], time.perf_counter()
    while True:
        start = time.perf_counter()
        one_pass()
        now = time.perf_counter()
        times.append(now - start)
        if now - begin >= seconds and (len(times) >= 3 or times[-1] >= LONG_PASS):
            return 1e3 * statistics.median(times)


def serve(args, runner_of, version):
    """runner_of(shape) gives (feeds(ids, mask), run(feeds) -> logits). `shape` is (batch, tokens), or None for batches of
    any: a peer that compiles for one shape may. feeds() is not timed."""
    result = {"version": version, "rows": []}
    if args.check:
        feeds, run = runner_of(None)
        result["logits"] = np.asarray(run(feeds(*padded(rows_of(args.check)))), np.float64).tolist()
    for batch, tokens, batches in works_of(args):
        feeds, run = runner_of((batch, tokens) if tokens else None)
        ready = [feeds(ids, mask) for ids, mask in batches]

        def one_pass():
            for one in ready:
                run(one)

        result["rows"].append({"batch": batch, "tokens": tokens, "milliseconds": milliseconds(one_pass, args.seconds)})
    print(json.dumps(result))
