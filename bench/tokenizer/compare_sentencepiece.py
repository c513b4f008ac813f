"""Compares `frugal tokenize` on SentencePiece models with their references: every line's ids, and the speed.

    python3 bench/tokenizer/compare_sentencepiece.py KIND --model FILE [--column N] TEXT...
        (pip install sentencepiece==0.2.3 tokenizers==0.23.3)

KIND says what the ids are compared with, without special tokens:
    t5      the sentencepiece library (as for any plain model)
    xlnet   XLNet's published code around the library
    albert  ALBERT's, uncased (make_albert_model.py makes the model)
The speed is compared with the Unigram model of `tokenizers` in the pipeline that Transformers builds for the family.
TEXT as in compare.py: a file of lines, perhaps .zst; --column N takes a column of a table.

Both sides have one thread and take turns. Ours is timed as a whole process: start, loading, reading, printing. Of
`tokenizers` only the encoding of lines in memory is timed, by the faster of encode_batch and encode_batch_fast, on the
first --timed bytes of the text; so is ours then. --save FILE only writes that pipeline as tokenizer.json. Exit code 1
when any line differs, 3 when the ratio is below --least.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import sentencepiece  # noqa: E402
import tokenizers  # noqa: E402  (reads the variable)
from sentencepiece import sentencepiece_model_pb2 as pb  # noqa: E402
from texts import read_lines  # noqa: E402
from tokenizers import models, normalizers, pre_tokenizers  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "cases"))
import published_sentencepiece as published  # noqa: E402

CLASSES = {"t5": "T5Tokenizer", "xlnet": "XLNetTokenizer", "albert": "AlbertTokenizer"}


def hugging_face(kind, proto):
    """The pipeline of Transformers 5."""
    unknown = [piece.type for piece in proto.pieces].index(pb.ModelProto.SentencePiece.UNKNOWN)
    tokenizer = tokenizers.Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=unknown))
    steps = []
    if kind != "t5":
        steps += [normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(),
                  normalizers.StripAccents()]
    if kind == "albert":
        steps.append(normalizers.Lowercase())
    steps.append(normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    return tokenizer


def run_ours(command, path):
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        with open(path, "rb") as text:
            subprocess.run(command, stdin=text, stdout=out, check=True)
        seconds = time.perf_counter() - start
        out.seek(0)
        return seconds, [json.loads(line) for line in out]


def first_lines(lines, size):
    for count, line in enumerate(lines):
        size -= len(line.encode("utf-8")) + 1
        if size < 0:
            return lines[:max(count, 1)]
    return lines


def write_lines(path, lines):
    with open(path, "wb") as file:
        file.write("".join(line + "\n" for line in lines).encode("utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=CLASSES)
    parser.add_argument("--frugal", default="build/bin/frugal", help="our program")
    parser.add_argument("--model", required=True, help="spiece.model")
    parser.add_argument("--column", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="the best time of so many counts")
    parser.add_argument("--timed", type=float, default=5e6, help="bytes of the text for the comparison of speed")
    parser.add_argument("--least", type=float, default=0, help="the ratio to reach")
    parser.add_argument("--save", help="write the pipeline there, and end")
    parser.add_argument("text", nargs="*")
    args = parser.parse_args()
    if bool(args.text) == bool(args.save):
        parser.error("either --save or a text")

    proto = pb.ModelProto()
    with open(args.model, "rb") as file:
        proto.ParseFromString(file.read())
    if args.save:
        return hugging_face(args.kind, proto).save(args.save)
    lines = [line for path in args.text for line in read_lines(path, args.column, errors="ignore")]
    model = sentencepiece.SentencePieceProcessor(model_file=args.model)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(args.model, os.path.join(folder, "spiece.model"))
        with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
            json.dump({"tokenizer_class": CLASSES[args.kind]}, file)
        command = [args.frugal, "tokenize", folder, "--no-special"]
        text = os.path.join(folder, "text")

        write_lines(text, lines)
        _, ours = run_ours(command, text)
        if len(ours) != len(lines):
            sys.exit(f"{len(lines)} lines in, {len(ours)} out")
        different = tokens = 0
        for number, (line, ids) in enumerate(zip(lines, ours), 1):
            expected = (model.encode(line) if args.kind == "t5" else
                        published.encode(model, line, lower=args.kind == "albert"))
            tokens += len(ids)
            if ids != expected:
                different += 1
                if different <= 10:
                    print(f"line {number}: {line!r}\n  reference {expected}\n  frugal    {ids}")

        timed = first_lines(lines, args.timed)
        write_lines(text, timed)
        size = os.path.getsize(text)
        reference = hugging_face(args.kind, proto)
        mine, theirs = [], []
        for _ in range(args.repeats):
            mine.append(run_ours(command, text)[0])
            for encode in (reference.encode_batch, reference.encode_batch_fast):
                start = time.perf_counter()
                encode(timed)
                theirs.append(time.perf_counter() - start)
    ratio = min(theirs) / min(mine)
    total = sum(len(line.encode("utf-8")) + 1 for line in lines)
    print(f"{args.kind}: {len(lines)} lines, {total} bytes, {tokens} tokens; {different} lines differ")
    print(f"first {size} bytes: tokenizers {tokenizers.__version__} Unigram {size / min(theirs) / 1e6:.2f} MB/s, "
          f"frugal tokenize, whole process, {size / min(mine) / 1e6:.1f} MB/s; ratio {ratio:.1f}")
    sys.exit(1 if different else 3 if ratio < args.least else 0)


main()
