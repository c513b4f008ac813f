"""Makes tests/cases/bpe: texts and what Hugging Face's `tokenizers` makes of them, byte-level BPE.

    python3 tests/cases/make_bpe_cases.py GPT2_FOLDER NTREX.tsv     (pip install tokenizers==0.23.3)

GPT2_FOLDER holds GPT-2's vocab.json and merges.txt; NTREX.tsv has the columns language, line number and text
(NTREX-128, see tests/cases/bpe/README.md). The same input gives the same files.
"""

import json
import os
import sys

from tokenizer_cases import byte_offsets, decode_cases, pair_cases, sample, write, write_texts
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe")
MERGES = 2500
LINES = 128

# Each rule at least once; NTREX has few of these.
EDGES = [
    "",
    " ",
    "Hello world",
    " Hello  world \n\n  and\tso  on \n",
    "\n a\n\nb \n",
    "a \u3000b\u3000 c\u00a0d\u2028\u2028e \u1680",
    "I'm you're he's we'll they've she'd don't 'tis '' 'S 'LL 'l 'r 'v' 's",
    "it''s can't've 'sting 'red 'llama",
    "1234567890 3.14 10,000 \u00bd\u2460\u0663\u0967 x2y3 2nd",
    "!?... -- (a)[b]{c} <d> #e @f $g %h ^i &j *k _l_ ~m `n` \\o | \u00ab\u00bb \u2026 \u20ac5",
    "e\u0301 \u00e9 \u1e69 A\u030angstr\u00f6m \u0130\u0131\u01c5\u1e9e\u00df",
    "\u4e2d\u6587\u548cEnglish\uff0c\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8\u3002\ud55c\uad6d\uc5b4",
    "\u0915\u094d\u0937 \u0e01\u0e33\u0e19\u0e49\u0e33 \u0639\u064e\u0631\u064e\u0628\u064a \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9",
    "\U0001f600 \U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\u2764\ufe0f x\U0001f600y",
    "a\u0000b c\u200bd e\u00adf g\ufeffh i\ufffdj k\u0007l \u0120the",
    "x" * 47,
    "x" * 48,
    "x" * 49,
    "the" * 100,
    "a<mask> b <mask>c\u3000 <mask> <s>d</s><pad><unk>< mask>",
    "<|endoftext|>a <|endoftext|><|endoftext|> b<|endoftext|",
    "  <mask>  <mask>  ",
    "It'S HE'D we'LL 'RE'VE 'M 'T x'\u017fy 'K 'sure THEY'RE",
    "a\r\nb \r\n  c\n\n \n d!\n\n?\r \t\te\t!  \n\t f\u00a0g\u3000h (i)\u3000!",
    "12 123 1234 12345678 3.141592 \u0663\u0664\u0665\u0666 \u00bd\u00bc\u00be\u2153 v2x10",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8 e\u0301\u0323x \u212b\u2126 \u09c7\u09be\u09be q\u0307\u0323 \uf900\u2f801",
]
PAIRS = [("The first text, a long one with many words.", "The second."), ("Short.", " But this one is long, is it not?"),
         ("Both are of the same size", "Both are of the same size"), ("", "Only the second"), ("Only the first", "")]
# Texts that a vocabulary is learned from: what one piece can arise from in two ways is in the last two.
CORPORA = {
    "words": ["the cat sat on the mat", "the dog sat on the log", " that hat, that mat", "don't, can't, won't: 12 124 1245"],
    "runs": ["a" * n for n in range(1, 40)] + ["ab" * n for n in range(1, 20)],
}


def load_pieces(folder):
    """The bytes and the first merges of GPT-2: a vocabulary of its own."""
    with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as file:
        ids = json.load(file)
    with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as file:
        lines = file.read().split("\n")
    merges = [tuple(line.split(" ")) for line in lines[1:MERGES + 1]]
    return sorted(ids, key=ids.get)[:256] + [a + b for a, b in merges], merges


def dump(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump(value, file, ensure_ascii=False)
        file.write("\n")


def make_gpt2(pieces, merges):
    """Written as vocab.json and merges.txt; offsets are not trimmed, nothing is added."""
    vocab = {piece: i for i, piece in enumerate(pieces + ["<|endoftext|>"])}
    dump(os.path.join(HERE, "gpt2", "vocab.json"), vocab)
    dump(os.path.join(HERE, "gpt2", "tokenizer_config.json"),
         {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 1024})
    with open(os.path.join(HERE, "gpt2", "merges.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def make_roberta(pieces, merges, prefix):
    """Written as tokenizer.json."""
    names = ["<s>", "<pad>", "</s>", "<unk>"]
    vocab = {piece: i for i, piece in enumerate(names + pieces + ["<mask>"])}
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, prefix)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(names + [AddedToken("<mask>", lstrip=True, special=True)])
    folder = os.path.join(HERE, "roberta_prefix" if prefix else "roberta")
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    return tokenizer


def gpt4_pattern(number):
    """Of tiktoken's cl100k_base, as the tokenizer.json of Llama 3 (1 to 3 digits) and of Qwen2 (1 digit) have it."""
    return ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + number +
            "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def make_gpt4(name, pieces, merges):
    """As Llama 3's and Qwen2's tokenizer.json are."""
    llama = name == "llama3"
    names = ["<|begin_of_text|>", "<|end_of_text|>"] if llama else ["<|endoftext|>", "<|im_start|>"]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab, merges, ignore_merges=llama))
    if not llama:
        tokenizer.normalizer = normalizers.NFC()
    number = "\\p{N}{1,3}" if llama else "\\p{N}"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(gpt4_pattern(number)), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(names)
    trim = processors.ByteLevel(trim_offsets=llama)
    start = tokenizer.token_to_id(names[0])
    tokenizer.post_processor = trim if not llama else processors.Sequence([trim, processors.TemplateProcessing(
        f"{names[0]} $A", f"{names[0]} $A {names[0]}:1 $B:1", [(names[0], start)])])
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    return tokenizer


def cut_cases(tokenizer):
    """Begun and ended in the middle of characters."""
    ids = tokenizer.encode(EDGES[13], add_special_tokens=False).ids
    return [{"ids": ids[cut:-1], "skip": True, "text": tokenizer.decode(ids[cut:-1])} for cut in range(1, 12)]


def train(lines, size, minimum):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, min_frequency=minimum, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(tokenizer.to_str())["model"]["merges"]


def main():
    pieces, merges = load_pieces(sys.argv[1])
    texts = EDGES + sample(sys.argv[2], 1, LINES)
    os.makedirs(HERE, exist_ok=True)
    write_texts(os.path.join(HERE, "texts.json"), texts)
    for name, tokenizer in [("gpt2", make_gpt2(pieces, merges)), ("roberta", make_roberta(pieces, merges, False)),
                            ("roberta_prefix", make_roberta(pieces, merges, True)),
                            ("llama3", make_gpt4("llama3", pieces, merges)),
                            ("qwen2", make_gpt4("qwen2", pieces, merges))]:
        # The prefix changes beginnings only: the edges are enough.
        count = len(EDGES) + 8 if name == "roberta_prefix" else len(texts)
        encodings = [tokenizer.encode(text) for text in texts[:count]]
        parts = {"ids": [e.ids for e in encodings]}
        parts["offsets"] = [[i, byte_offsets(texts[i], encodings[i])] for i in range(count)
                            if i < len(EDGES) or i % 8 == 0]
        parts["pairs"] = pair_cases(tokenizer, PAIRS, [0, 4, 5, 8, 9, 12, 17])
        parts["decoded"] = decode_cases(tokenizer, texts[: len(EDGES) + 8]) + cut_cases(tokenizer)
        write(os.path.join(HERE, f"{name}.json"), parts)
    cases = [{"lines": lines, "vocab_size": size, "min_frequency": minimum, "merges": train(lines, size, minimum)}
             for lines in [*CORPORA.values(), texts[len(EDGES):]] for size, minimum in [(320, 2), (10000, 3), (400, 1)]]
    # The text of each large case once is enough.
    write(os.path.join(HERE, "training.json"), {"cases": [case for case in cases if len(case["merges"]) < 400]})


main()
