"""Compares `frugal tokenize --train` with the trainers of Hugging Face's `tokenizers` on a text.

    python3 bench/tokenizer/compare_training.py --kind bpe --vocab-size 16000 --bytes 10000000 TEXT

TEXT is a file of lines (.zst is unpacked by the zstd program); --bytes N takes about the first N bytes. Byte-level BPE
must give the same merges and ids. WordPiece must give the same pieces but for ties: `tokenizers` numbers the pieces
inside words in the order of a hash map that differs from run to run, and equally frequent pairs by these numbers, so it
is run --repeats times and the closest run counts. Ours also loads into `tokenizers` and Transformers there, to the same
ids. Times are processor time of both whole trainings, reading included. Exit code 1 when anything differs.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402  (reads the variable)
from texts import read_lines  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: E402


def train_bpe(lines, args):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=args.vocab_size, min_frequency=args.min_frequency, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(tokenizer.to_str())["model"]


def train_wordpiece(lines, args):
    tokenizer = tokenizers.BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(lines, vocab_size=args.vocab_size, min_frequency=args.min_frequency,
                                  limit_alphabet=1000, show_progress=False)
    return json.loads(tokenizer.to_str())["model"]


def train_ours(path, folder, args):
    command = [args.frugal, "tokenize", "--train", args.kind, "--vocab-size", str(args.vocab_size), "--min-frequency",
               str(args.min_frequency), "--out", folder, "--quiet"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(path, "rb") as text:
        subprocess.run(command, stdin=text, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.path.join(folder, "tokenizer.json"), encoding="utf-8") as file:
        model = json.load(file)["model"]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, model


def reads_the_same(folder, lines, args):
    """What is written, read by us and by others."""
    sample = lines[:: max(1, len(lines) // 500)]
    text = "".join(line + "\n" for line in sample).encode("utf-8")
    out = subprocess.run([args.frugal, "tokenize", folder], input=text, stdout=subprocess.PIPE, check=True).stdout
    ours = [json.loads(line) for line in out.splitlines()]
    library = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    same = {"tokenizers": [library.encode(line).ids for line in sample] == ours}
    try:
        from transformers import AutoTokenizer
    except ImportError:
        return same
    same["transformers"] = AutoTokenizer.from_pretrained(folder)(sample)["input_ids"] == ours
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal", help="our program")
    parser.add_argument("--kind", choices=["bpe", "wordpiece"], default="bpe")
    parser.add_argument("--vocab-size", type=int, default=16000)
    parser.add_argument("--min-frequency", type=int, default=2)
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("text")
    args = parser.parse_args()

    lines = read_lines(args.text, most=args.bytes)
    theirs, ours, differences = [], [], []
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write("".join(line + "\n" for line in lines).encode("utf-8"))
        file.flush()
        for _ in range(args.repeats):
            seconds, mine = train_ours(file.name, folder, args)
            ours.append(seconds)
            start = time.process_time()
            other = (train_bpe if args.kind == "bpe" else train_wordpiece)(lines, args)
            theirs.append(time.process_time() - start)
            if args.kind == "bpe":
                merges = [a != b for a, b in zip(mine["merges"], other["merges"])]
                differences.append(sum(merges) + abs(len(mine["merges"]) - len(other["merges"]))
                                   + (mine["vocab"] != other["vocab"]))
            else:
                differences.append(len(mine["vocab"].keys() ^ other["vocab"].keys()))
        same = reads_the_same(folder, lines, args)
    print(f"{args.kind}: {len(lines)} lines, {sum(len(line.encode()) + 1 for line in lines)} bytes, "
          f"{len(mine['vocab'])} pieces; differences of each run: {differences}")
    print(f"tokenizers {tokenizers.__version__}: {min(theirs):.2f} s; frugal: {min(ours):.2f} s; "
          f"ratio {min(theirs) / min(ours):.1f}")
    print("our files give the same ids in " + ", ".join(f"{name}: {good}" for name, good in same.items()))
    sys.exit(1 if min(differences) > 0 or not all(same.values()) else 0)


main()
