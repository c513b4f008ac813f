"""Makes tests/cases/wordpiece: texts and what Hugging Face's `tokenizers` makes of them.

    python3 tests/cases/make_wordpiece_cases.py NTREX.tsv     (pip install tokenizers==0.23.3)

NTREX.tsv has the columns language, line number and text (NTREX-128, see tests/cases/wordpiece/README.md). The
vocabularies are those in tests/cases/wordpiece/{uncased,cased}. The same input gives the same files.
"""

import os
import sys

import tokenizers
from tokenizer_cases import byte_offsets, decode_cases, pair_cases, sample, write, write_texts

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


def load(kind):
    folder = os.path.join(HERE, kind)
    return tokenizers.BertWordPieceTokenizer(os.path.join(folder, "vocab.txt"), lowercase=kind == "uncased")


def main():
    texts = EDGES + sample(sys.argv[1], 0, LINES)
    write_texts(os.path.join(HERE, "texts.json"), texts)
    for kind in ["uncased", "cased"]:
        tokenizer = load(kind)
        encodings = [tokenizer.encode(text) for text in texts]
        parts = {"ids": [e.ids for e in encodings]}
        # Offsets of every fourth text, the edges all.
        parts["offsets"] = [[i, byte_offsets(texts[i], encodings[i])] for i in range(len(texts))
                            if i < len(EDGES) or i % 4 == 0]
        parts["pairs"] = pair_cases(tokenizer, PAIRS, [0, 3, 4, 5, 8, 9, 12, 17])
        parts["decoded"] = decode_cases(tokenizer, texts[: len(EDGES) + 20])
        write(os.path.join(HERE, f"{kind}.json"), parts)


main()
