"""Compares `frugal tokenize` with Hugging Face's `tokenizers` on a text: every line's ids, and the speed of both.

    python3 bench/tokenizer/compare.py --folder FOLDER [--column N] TEXT...       (pip install tokenizers==0.23.3)

FOLDER holds tokenizer.json; or vocab.txt (WordPiece) or vocab.json and merges.txt (byte-level BPE), perhaps with
tokenizer_config.json. --roberta takes the vocabulary of GPT-2's files with RoBERTa's special tokens, template and
mask. TEXT is a file of lines; of a table (--column N, from 1) column N is taken, and a name in .zst is unpacked by the
zstd program; --bytes N takes about the first N bytes. NTREX-128 (https://github.com/MicrosoftTranslator/NTREX, CC BY-SA
4.0) is a good choice: 128 languages. --save FILE only writes the reference as tokenizer.json.

Both sides have one thread and take turns. Two times of each: the processor time of encoding lines that are in memory,
without reading and printing (of `tokenizers` the faster of encode_batch and encode_batch_fast), whose ratio counts; and
the time of our whole process. Exit code 1 when any line differs, 3 when the ratio is below --least.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import tokenizers  # noqa: E402  (reads the variable)
from texts import read_lines  # noqa: E402
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors  # noqa: E402


def load_json(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_wordpiece(folder):
    config = load_json(folder, "tokenizer_config.json")
    return tokenizers.BertWordPieceTokenizer(
        os.path.join(folder, "vocab.txt"),
        lowercase=config.get("do_lower_case", True),
        strip_accents=config.get("strip_accents"),
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
    )._tokenizer


def load_bpe(folder, roberta=False):
    """GPT-2's pipeline, or RoBERTa's."""
    config = load_json(folder, "tokenizer_config.json")
    vocab, merges = models.BPE.read_file(os.path.join(folder, "vocab.json"), os.path.join(folder, "merges.txt"))
    prefix = config.get("add_prefix_space", False)
    if roberta:
        pieces = sorted(vocab, key=vocab.get)
        pieces = ["<s>", "<pad>", "</s>", "<unk>"] + pieces[:-1] + ["<mask>"]  # GPT-2's own special token is its last
        vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    if roberta:
        tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, prefix)
    else:
        tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def load_reference(folder):
    """The reference for a folder, by the file that we choose too."""
    path = os.path.join(folder, "tokenizer.json")
    if os.path.exists(path):
        tokenizer = Tokenizer.from_file(path)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
    if os.path.exists(os.path.join(folder, "vocab.txt")):
        return load_wordpiece(folder)
    return load_bpe(folder)


def time_reference(encode, lines):
    start = time.process_time()
    encodings = encode(lines)
    seconds = time.process_time() - start
    return seconds, [encoding.ids for encoding in encodings]


def time_ours(command, path):
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        with open(path, "rb") as text:
            said = subprocess.run(command, stdin=text, stdout=out, stderr=subprocess.PIPE, check=True).stderr
        whole = time.perf_counter() - start
        seconds = float(re.search(rb"encoded in ([0-9.]+) s", said).group(1))
        out.seek(0)
        return seconds, whole, [json.loads(line) for line in out]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default="build/bin/frugal", help="our program")
    parser.add_argument("--folder", required=True, help="the tokenizer's folder")
    parser.add_argument("--roberta", action="store_true")
    parser.add_argument("--column", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="the best time of so many counts")
    parser.add_argument("--least", type=float, default=0, help="the ratio to reach")
    parser.add_argument("--save", help="write the reference there, and end")
    parser.add_argument("text", nargs="*")
    args = parser.parse_args()
    if bool(args.text) == bool(args.save):
        parser.error("either --save or a text")
    if args.save:
        return (load_bpe(args.folder, roberta=True) if args.roberta else load_reference(args.folder)).save(args.save)

    lines = [line for path in args.text for line in read_lines(path, args.column, args.bytes)]
    size = sum(len(line.encode("utf-8")) + 1 for line in lines)
    folder, made = args.folder, None
    if args.roberta:
        made = tempfile.TemporaryDirectory()
        folder = made.name
        load_bpe(args.folder, roberta=True).save(os.path.join(folder, "tokenizer.json"))
    reference = load_reference(folder)
    command = [args.frugal, "tokenize", folder, "--time"]
    theirs, ours = {}, []
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write("".join(line + "\n" for line in lines).encode("utf-8"))
        file.flush()
        for _ in range(args.repeats):
            seconds, whole, our_ids = time_ours(command, file.name)
            ours.append((seconds, whole))
            for name in ("encode_batch", "encode_batch_fast"):
                if hasattr(reference, name):
                    seconds, their_ids = time_reference(getattr(reference, name), lines)
                    theirs[name] = min(theirs.get(name, seconds), seconds)

    if len(our_ids) != len(their_ids):
        sys.exit(f"{len(lines)} lines in, {len(our_ids)} out")
    different = [i for i, (a, b) in enumerate(zip(our_ids, their_ids)) if a != b]
    for i in different[:10]:
        print(f"line {i + 1}: {lines[i]!r}\n  tokenizers {their_ids[i]}\n  frugal     {our_ids[i]}")
    best, whole = min(seconds for seconds, _ in ours), min(whole for _, whole in ours)
    ratio = min(theirs.values()) / best
    print(f"{len(lines)} lines, {size} bytes, {sum(map(len, their_ids))} tokens; {len(different)} lines differ")
    for name, seconds in theirs.items():
        print(f"tokenizers {tokenizers.__version__} {name}: {seconds:.2f} s, {size / seconds / 1e6:.1f} MB/s")
    print(f"frugal: {best:.2f} s, {size / best / 1e6:.1f} MB/s; ratio {ratio:.1f}")
    print(f"frugal tokenize, whole process: {whole:.2f} s, {size / whole / 1e6:.1f} MB/s")
    sys.exit(1 if different else 3 if ratio < args.least else 0)


main()
