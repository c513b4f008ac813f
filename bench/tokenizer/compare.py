"""Compares `frugal tokenize` with Hugging Face's `tokenizers` on a text: every line's ids, and the speed of both.

    python3 bench/tokenizer/compare.py --folder FOLDER [--column N] TEXT...       (pip install tokenizers==0.23.3)

FOLDER holds tokenizer.json, or vocab.txt and perhaps tokenizer_config.json. TEXT is a file of lines; of a table
(--column N, from 1) column N is taken, and a name in .zst is unpacked by the zstd program. NTREX-128
(https://github.com/MicrosoftTranslator/NTREX, CC BY-SA 4.0) is a good choice: 128 languages.

Both sides have one thread and take turns. Ours is timed as a whole process: start, loading, reading, printing. Of
`tokenizers` only the encoding of lines in memory is timed, by the faster of encode_batch and encode_batch_fast.
Exit code 1 when any line differs, 3 when the ratio is below --least.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402  (reads the variable)


def read_lines(path, column):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as file:
            data = file.read()
    lines = data.decode("utf-8").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.split("\t", column - 1)[column - 1] for line in lines] if column else lines


def load_reference(folder):
    path = os.path.join(folder, "tokenizer.json")
    if os.path.exists(path):
        tokenizer = tokenizers.Tokenizer.from_file(path)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
    config = {}
    if os.path.exists(os.path.join(folder, "tokenizer_config.json")):
        with open(os.path.join(folder, "tokenizer_config.json"), encoding="utf-8") as file:
            config = json.load(file)
    wrapped = tokenizers.BertWordPieceTokenizer(
        os.path.join(folder, "vocab.txt"),
        lowercase=config.get("do_lower_case", True),
        strip_accents=config.get("strip_accents"),
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
    )
    return wrapped._tokenizer


def time_reference(encode, lines):
    start = time.perf_counter()
    encodings = encode(lines)
    seconds = time.perf_counter() - start
    return seconds, [encoding.ids for encoding in encodings]


def time_ours(command, path):
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        with open(path, "rb") as text:
            subprocess.run(command, stdin=text, stdout=out, check=True)
        seconds = time.perf_counter() - start
        out.seek(0)
        return seconds, [json.loads(line) for line in out]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal", help="our program")
    parser.add_argument("--folder", required=True, help="the tokenizer's folder")
    parser.add_argument("--column", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="the best time of so many counts")
    parser.add_argument("--least", type=float, default=0, help="the ratio to reach")
    parser.add_argument("text", nargs="+")
    args = parser.parse_args()

    lines = [line for path in args.text for line in read_lines(path, args.column)]
    size = sum(len(line.encode("utf-8")) + 1 for line in lines)
    reference = load_reference(args.folder)
    command = [args.frugal, "tokenize", args.folder]
    theirs, ours = {}, []
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write("".join(line + "\n" for line in lines).encode("utf-8"))
        file.flush()
        for _ in range(args.repeats):
            seconds, our_ids = time_ours(command, file.name)
            ours.append(seconds)
            for name in ("encode_batch", "encode_batch_fast"):
                if hasattr(reference, name):
                    seconds, their_ids = time_reference(getattr(reference, name), lines)
                    theirs[name] = min(theirs.get(name, seconds), seconds)

    different = [i for i, (a, b) in enumerate(zip(our_ids, their_ids)) if a != b]
    if len(our_ids) != len(their_ids):
        sys.exit(f"{len(lines)} lines in, {len(our_ids)} out")
    for i in different[:10]:
        print(f"line {i + 1}: {lines[i]!r}\n  tokenizers {their_ids[i]}\n  frugal     {our_ids[i]}")
    best = min(theirs.values())
    ratio = best / min(ours)
    print(f"{len(lines)} lines, {size} bytes, {sum(map(len, their_ids))} tokens; {len(different)} lines differ")
    for name, seconds in theirs.items():
        print(f"tokenizers {tokenizers.__version__} {name}: {seconds:.2f} s, {size / seconds / 1e6:.1f} MB/s")
    print(f"frugal tokenize, whole process: {min(ours):.2f} s, {size / min(ours) / 1e6:.1f} MB/s; ratio {ratio:.1f}")
    sys.exit(1 if different else 3 if ratio < args.least else 0)


main()
