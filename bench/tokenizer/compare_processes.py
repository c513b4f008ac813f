"""Times `frugal tokenize` against the same work by a Python process, both whole: start, loading, reading, printing ids.

    python3 bench/tokenizer/compare_processes.py --folder FOLDER --reference FILE TEXT
        (pip install sentencepiece==0.2.3 tokenizers==0.23.3)

FILE is tokenizer.json, for `tokenizers` (compare.py and compare_sentencepiece.py make it with --save), or a
SentencePiece model, for the sentencepiece library. TEXT is a file of lines. --fast: encode_batch_fast in place of
encode_batch.

All sides have one thread and take turns; the median of --repeats counts, of the clock and of processor time (which
other programs on the machine disturb less). Printing is slow in Python, so theirs is told without it too; ours always
prints. Exit code 1 when any line differs, 3 when the ratio by the clock, theirs without printing, is below --least.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def be_reference(path, fast):
    """The other side: lines in, ids out; and on standard error, when it began to print."""
    lines = sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").split("\n")
    if path.endswith(".json"):
        from tokenizers import Tokenizer
        tokenizer = Tokenizer.from_file(path)
        encode = tokenizer.encode_batch_fast if fast else tokenizer.encode_batch
        ids = [encoding.ids for encoding in encode(lines, add_special_tokens=False)]
    else:
        from sentencepiece import SentencePieceProcessor
        ids = SentencePieceProcessor(model_file=path).encode(lines, num_threads=1)
    print(json.dumps({"clock": time.monotonic(), "processor": time.process_time()}), file=sys.stderr, flush=True)
    sys.stdout.write("".join(f"{line}\n" for line in ids))


def run(command, path):
    """Clock and processor seconds, the same until printing began, and the ids."""
    with open(path, "rb") as text, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=text, stdout=out, stderr=said, env=os.environ | ONE_THREAD)
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        if process.returncode != 0:
            sys.exit(said.read().decode())
        printed = said.read().splitlines()
        times = {"clock": clock, "processor": usage.ru_utime + usage.ru_stime}
        if printed:
            mark = json.loads(printed[-1])
            times |= {"clock, no printing": mark["clock"] - start, "processor, no printing": mark["processor"]}
        out.seek(0)
        return times, [json.loads(line) for line in out]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal", help="our program")
    parser.add_argument("--folder", help="our tokenizer's folder")
    parser.add_argument("--reference", required=True, help="tokenizer.json or a SentencePiece model")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--least", type=float, default=0, help="the ratio to reach")
    parser.add_argument("text", nargs="?", help="none: be the other side")
    args = parser.parse_args()
    if args.text is None:
        return be_reference(args.reference, args.fast)

    theirs = [sys.executable, os.path.abspath(__file__), "--reference", args.reference] + ["--fast"] * args.fast
    ours = [args.frugal, "tokenize", args.folder, "--no-special"]
    all_times = ([], [])
    for _ in range(args.repeats):
        results = [run(ours, args.text), run(theirs, args.text)]
        for side, (times, _) in zip(all_times, results):
            side.append(times)
    (_, our_ids), (_, their_ids) = results
    different = sum(a != b for a, b in zip(our_ids, their_ids)) + abs(len(our_ids) - len(their_ids))
    print(f"{len(their_ids)} lines, {os.path.getsize(args.text)} bytes, {sum(map(len, their_ids))} tokens; "
          f"{different} lines differ")
    for name in all_times[1][0]:
        mine = [times[name.split(",")[0]] for times in all_times[0]]
        other = [times[name] for times in all_times[1]]
        ratio = statistics.median(other) / statistics.median(mine)
        print(f"{name}: frugal {statistics.median(mine):.2f} s ({min(mine):.2f} to {max(mine):.2f}), theirs "
              f"{statistics.median(other):.2f} s ({min(other):.2f} to {max(other):.2f}); ratio {ratio:.1f}")
        if name == "clock, no printing":
            counted = ratio
    return 1 if different else 3 if counted < args.least else 0


sys.exit(main())
