"""Makes tests/cases/wordpiece: texts and what Hugging Face's `tokenizers` makes of them.

    python3 tests/cases/make_wordpiece_cases.py NTREX.tsv     (pip install tokenizers==0.23.3)

NTREX.tsv has the columns language, line number and text (NTREX-128, see tests/cases/wordpiece/README.md). The
vocabularies are those in tests/cases/wordpiece/{uncased,cased}. The same input gives the same files.
"""

import json
import os
import random
import sys

import tokenizers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wordpiece")
LINES = 300

# Each rule at least once; NTREX has few of these.
EDGES = [
    "",
    " \t \u00a0 \u3000 ",
    "a [MASK] b[MASK]c [mask] [SEP]",
    "e\u0301 \u00e9 e\u0316\u0301 \u1e69 A\u030angstr\u00f6m \u0130I\u0131i \u01c5 \u1e9e\u00df \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3",
    "\u4e2d\u6587\u548c English\uff0c\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8\u3002 \U0002f804\U0002b820\U0002b920 \ufa0e",
    "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab",
    "a\u0000b c\u200bd e\u00adf g\ufeffh i\ufffdj k\u0007l m\u0085n o\u2028p",
    "\U0001f600 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f x\U0001f600y",
    "x" * 100,
    "x" * 101,
    "\u00e9" * 100 + " " + "\u00e9" * 101,
    "$1,000.00 = \u20ac900?! (it's) don't #tag @user a_b \u00ab\u00bb \u2026 \u061d \u166d \u2260 \u037e \u1fef",
    "\U0001d15e\U0001d16d \ua953\u0334 \u302e\u08d4\u302f a\u0334\u1dfb\u302e",
    "\u0915\u094d\u0937 \u0e01\u0e33 \u0e19\u0e49\u0e33 \u0639\u064e\u0631\u064e\u0628\u064a \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd",
]
PAIRS = [("The first text, a long one with many words.", "The second."), ("Short.", "But this one is long, is it not?"),
         ("Both are of the same size", "Both are of the same size"), ("", "Only the second"), ("Only the first", "")]


def byte_offsets(text, encoding):
    ends = [0]
    for c in text:
        ends.append(ends[-1] + len(c.encode("utf-8")))
    return [[ends[a], ends[b]] for a, b in encoding.offsets]


def sample(path):
    by_language = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            language, _, text = line.rstrip("\n").split("\t", 2)
            by_language.setdefault(language, []).append(text)
    rng = random.Random(0)
    texts = []
    while len(texts) < LINES:
        for language in sorted(by_language):
            texts.append(rng.choice(by_language[language]))
    return texts[:LINES]


def load(kind):
    folder = os.path.join(HERE, kind)
    return tokenizers.BertWordPieceTokenizer(os.path.join(folder, "vocab.txt"), lowercase=kind == "uncased")


def pair_cases(tokenizer):
    cases = []
    for first, second in PAIRS:
        for limit in [0, 3, 4, 5, 8, 9, 12, 17]:
            if limit:
                tokenizer.enable_truncation(limit)
            else:
                tokenizer.no_truncation()
            found = tokenizer.encode(first, second)
            cases.append({"first": first, "second": second, "max_length": limit, "ids": found.ids,
                          "types": found.type_ids})
    tokenizer.no_truncation()
    return cases


def decode_cases(tokenizer, texts):
    cases = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        for skip in [True, False]:
            cases.append({"ids": ids, "skip": skip, "text": tokenizer.decode(ids, skip_special_tokens=skip)})
    return cases


def write(path, parts):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("{\n")
        for i, (name, cases) in enumerate(parts.items()):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            file.write(f'"{name}": [\n{lines}\n]' + (",\n" if i + 1 < len(parts) else "\n"))
        file.write("}\n")


def main():
    texts = EDGES + sample(sys.argv[1])
    with open(os.path.join(HERE, "texts.json"), "w", encoding="utf-8", newline="\n") as file:
        file.write("[\n" + ",\n".join(json.dumps(text, ensure_ascii=False) for text in texts) + "\n]\n")
    for kind in ["uncased", "cased"]:
        tokenizer = load(kind)
        encodings = [tokenizer.encode(text) for text in texts]
        parts = {"ids": [e.ids for e in encodings]}
        # Offsets of every fourth text, the edges all.
        parts["offsets"] = [[i, byte_offsets(texts[i], encodings[i])] for i in range(len(texts))
                            if i < len(EDGES) or i % 4 == 0]
        parts["pairs"] = pair_cases(tokenizer)
        parts["decoded"] = decode_cases(tokenizer, texts[: len(EDGES) + 20])
        write(os.path.join(HERE, f"{kind}.json"), parts)


main()
