"""Makes tests/cases/sentencepiece: small models, and what the sentencepiece library makes of texts with them.

    python3 tests/cases/make_sentencepiece_cases.py     (pip install sentencepiece==0.2.3 tokenizers==0.23.3)

The texts are those of tests/cases/wordpiece/texts.json and EDGES. The library trains with one thread here, so the
same versions give the same files.
"""

import base64
import io
import json
import os

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2 as pb
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

import published_sentencepiece as published

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "sentencepiece")

EDGES = [
    "  two  blanks \t and\n a tab ",
    "\u2581 \u2581\u2581a mark \u2581",
    "I was born in 92000, and in 2,000, 1,5 or 12,345,678, \u0663\u0664, \u00b2, x2, ,2, 7,",
    "``quotes'' '''three''' ` ' ```",
    "hip-hop (e.g.) <eop>. <mask> [MASK] </s> <unk> <s> <extra_id_0> <extra_id_99>. <extra_id_0>",
    "fals\u00e9 fa\u0301lse \u0130I\u0131i \ufb01n \u00bd \u2460 \uff21\uff22\uff0c \u1e9b\u0323 \ud55c\uad6d \ufdfa",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03a3 \u03a3 A\u03a3. A\u03a3b \u03a3\u03a3 \u0391'\u03a3",
    "a\u200bb c\u0001d e\x1cf g\x85h i\u00a0j k\u3000l m\ufffdn",
    "\U0001f600\U0001f600 \u4e2d\u6587 \U00020000x \u0915\u094d\u0937",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa AAA 000 0000000 \\\\\\ ========",
    "the the the thethe thatthis another\u2581one",
]

# Characters that a SentencePiece model of these cases replaces: a few of each kind that nmt_nfkc has.
RULES = {"\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "\u2003": " ", "\u200b": " ", "\x01": "", "\x7f": "",
         "\ufb01": "fi", "\u00bd": "1\u20442", "\u2460": "1", "e\u0301": "\u00e9", "a\u0301": "\u00e1", "\u2026": "...",
         "\u1112\u1161\u11ab": "\ud55c", "\u1112\u1161": "\ud558", "\ufdfa": "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647", "\u00a8": " \u0308",
         **{chr(c + 0xfee0): chr(c) for c in range(0x21, 0x7f)}}

MODELS = {
    # Serves T5, XLNet and ALBERT: has the tokens of all.
    "unigram": dict(model_type="unigram", vocab_size=420, control_symbols="<pad>,<cls>,<sep>,<mask>,<eod>,[CLS],[SEP],[MASK]",
                    user_defined_symbols="<eop>,.,(,),-", rules=True),
    "unigram_bytes": dict(model_type="unigram", vocab_size=460, byte_fallback=True, add_dummy_prefix=False,
                          remove_extra_whitespaces=False, split_digits=True, user_defined_symbols="th,tha,is ,\u2581a\u2581"),
    "suffix": dict(model_type="unigram", vocab_size=300, treat_whitespace_as_suffix=True, rules=True),
    "bpe": dict(model_type="bpe", vocab_size=420, rules=True),
    # As Llama's.
    "bpe_bytes": dict(model_type="bpe", vocab_size=520, byte_fallback=True, remove_extra_whitespaces=False,
                      split_by_whitespace=True, allow_whitespace_only_pieces=True, user_defined_symbols="tha,\u2581wh"),
    "bpe_across_words": dict(model_type="bpe", vocab_size=420, split_by_whitespace=False, rules=True),
}


def train(name, texts, rules_path, rules=False, **options):
    model = io.BytesIO()
    options["normalization_rule_tsv" if rules else "normalization_rule_name"] = rules_path if rules else "identity"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, num_threads=1, minloglevel=2, character_coverage=0.98,
        hard_vocab_limit=True, **options)
    proto = pb.ModelProto()
    proto.ParseFromString(model.getvalue())
    # Where the rules were written is nobody's business.
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    if name == "bpe":  # two that are never to come out
        for piece in proto.pieces:
            if piece.piece in ("th", "\u2581the", "er"):
                piece.type = piece.UNUSED
    os.makedirs(os.path.join(OUT, name), exist_ok=True)
    with open(os.path.join(OUT, name, "spiece.model"), "wb") as file:
        file.write(proto.SerializeToString())
    return sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString()), proto


def spans(model, text):
    return [[piece.begin, piece.end] for piece in model.encode(text, return_type="proto").pieces]


def write(name, parts):
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8", newline="\n") as file:
        file.write("{\n")
        for i, (part, cases) in enumerate(parts.items()):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            file.write(f'"{part}": [\n{lines}\n]' + (",\n" if i + 1 < len(parts) else "\n"))
        file.write("}\n")


def write_json_folder(name, tokenizer, **config):
    folder = os.path.join(OUT, name)
    os.makedirs(folder, exist_ok=True)
    tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    if config:
        with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(config) + "\n")


def xlnet_json(proto):
    """As Transformers writes it for XLNet: other scores for pieces of digits and a comma, marks as added tokens."""
    def score(piece):
        text = piece.piece
        return piece.score - 100 if len(text) > 1 and text[-1] == "," and text[-2].isdigit() else piece.score
    tokenizer = tokenizers.Tokenizer(models.Unigram([(p.piece, score(p)) for p in proto.pieces], unk_id=0))
    chars_map = proto.normalizer_spec.precompiled_charsmap
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(),
         normalizers.Precompiled(chars_map), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2", pair="$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2",
        special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("<sep>", "<cls>")])
    tokenizer.add_special_tokens([p.piece for p in proto.pieces if p.type in (p.CONTROL, p.USER_DEFINED)])
    return tokenizer


def metaspace_bpe(texts):
    """A BPE of the `tokenizers` library: only the merges that it lists are made."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>", "<s>"], limit_alphabet=60, show_progress=False))
    return tokenizer


def main():
    with open(os.path.join(HERE, "wordpiece", "texts.json"), encoding="utf-8") as file:
        texts = EDGES + json.load(file)[::3]
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "edges.json"), "w", encoding="utf-8", newline="\n") as file:
        file.write("[\n" + ",\n".join(json.dumps(text) for text in EDGES) + "\n]\n")
    rules_path = os.path.join(OUT, "rules.tsv")
    with open(rules_path, "w", encoding="utf-8") as file:
        for source, target in RULES.items():
            file.write("\t".join(" ".join(f"{ord(c):X}" for c in side) for side in (source, target)) + "\n")

    learn = [text for text in texts if sum(c < "\u0250" for c in text) > 0.9 * len(text)] * 2
    for name, options in MODELS.items():
        model, proto = train(name, learn, rules_path, **options)
        parts = {"ids": [model.encode(text) for text in texts]}
        parts["offsets"] = [spans(model, text) for text in texts[: len(EDGES) + 30]]
        parts["decoded"] = [model.decode(ids) for ids in parts["ids"][: len(EDGES) + 30]]
        if name == "unigram":
            for family in ("xlnet", "albert"):
                parts[family] = [published.encode(model, text, family == "albert") for text in texts]
            write_json_folder("xlnet_json", xlnet_json(proto), tokenizer_class="XLNetTokenizerFast")
        write(name, parts)
    os.remove(rules_path)

    bpe = metaspace_bpe(learn)
    write_json_folder("bpe_json", bpe)
    plain = [text for text in texts if "  " not in text and "<" not in text and "\u2581" not in text and text.strip() == text]
    write("bpe_json", {"texts": plain, "ids": [bpe.encode(text).ids for text in plain]})


main()
