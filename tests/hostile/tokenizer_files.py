"""Hostile tokenizer files for make.py: vocab.json and merges.txt of byte-level BPE, and tokenizer.json."""
import json

VOCAB = {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}  # what the test reads each of MERGES with


def vocab(**changes):
    return json.dumps({**VOCAB, **changes}).encode()


# Each is read with a merges.txt of no merges.
VOCABS = [
    ("empty", b"", "no bytes at all", "is not valid JSON"),
    ("no_pieces", b"{}", "no pieces", "the vocabulary is empty"),
    ("list", b'["a", "b"]', "a list", "expected an object, got array"),
    ("hole", vocab(d=6), "no piece has id 5", "no piece has id 5"),
    ("same_id", vocab(d=4), "an id twice", 'the pieces "abc" and "d" both have id 4'),
    ("same_piece", b'{"a": 0, "b": 1,\n "a": 2}', "a piece twice", ':2:4: the key "a" is given twice'),
    ("negative", vocab(d=-1), "a negative id", 'the piece "d" has id -1'),
    ("fraction", vocab(d=5.5), "an id with a fraction", 'the piece "d" has id 5.5'),
    ("text", vocab(d="5"), "an id that is text", 'the piece "d" has id "5"'),
    ("huge", vocab(d=2**40), "an id beyond 32 bits", 'the piece "d" has id 1099511627776'),
    ("far", vocab(d=2**31 - 1), "an id that asks for 2 billion pieces", "no piece has id 5"),
    ("cut", vocab()[:-4], "ends within a key", "is not valid JSON"),
    ("bad_utf8", b'{"\xff": 0}', "broken UTF-8", "is not valid JSON"),
]

MERGES = [
    ("left_unknown", b"#version: 0.2\na b\nx c\n", "a piece that the vocabulary lacks", ':3: the piece "x" is not in the vocabulary'),
    ("right_unknown", b"a x\n", "a piece that the vocabulary lacks", ':1: the piece "x" is not in the vocabulary'),
    ("result_unknown", b"a b\n\nb c\n", "pieces that make no piece", ':3: the piece "bc" is not in the vocabulary'),
    ("one_piece", b"a b\nab\n", "a line of one piece", ':2: "ab" is not two pieces'),
    ("three_pieces", b"a b c\n", "a line of three pieces", ':1: "a b c" is not two pieces'),
    ("two_blanks", b"a  b\n", "two blanks", ':1: "a  b" is not two pieces'),
    ("blank_first", b" b\n", "nothing before the blank", ':1: " b" is not two pieces'),
    ("blank_last", b"a \r\n", "nothing after the blank", ':1: "a " is not two pieces'),
    ("blank_line", b"a b\n \n", "a line that is a blank", ':2: " " is not two pieces'),
    ("tab", b"a\tb\n", "a tab in place of the blank", ':1: "a\\tb" is not two pieces'),
    ("nul", b"a b\0\n", "a NUL byte", ':1: the piece "b\\u0000" is not in the vocabulary'),
    ("bad_utf8", b"a \xff\n", "broken UTF-8", ":1: the piece"),
    ("terminal", b"a \x1b[2J\n", "a terminal escape", ':1: the piece "\\u001b[2J" is not in the vocabulary'),
    ("json", b'{"merges": []}\n', "JSON in place of lines", "is not in the vocabulary"),
    ("long_line", b"a " + b"b" * 100000 + b"\n", "a piece of 100 kB", "bbb...\" is not in the vocabulary"),
    ("binary", bytes(range(256)), "bytes of any kind", "is not two pieces"),
]


def bpe(**changes):
    """A good tokenizer.json, but for the changes: model__merges=... changes "merges" of "model"."""
    whole = {
        "added_tokens": [{"id": 5, "content": "<s>", "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": VOCAB, "merges": ["a b", ["ab", "c"]]},
    }
    for key, value in changes.items():
        part, _, name = key.partition("__")
        if name:
            whole[part] = {**(whole[part] or {}), name: value}
        else:
            whole[part] = value
    return json.dumps(whole).encode()


def added(**changes):
    return bpe(added_tokens=[{"id": 5, "content": "<s>", "special": True, **changes}])


SPLIT = {"type": "Split", "pattern": {"Regex": "\\d"}, "behavior": "Isolated", "invert": False}

TOKENIZERS = [
    ("bpe_merge_unknown", bpe(model__merges=["a b", "b c"]), "a merge that makes no piece",
     ': merge 1: the piece "bc" is not in the vocabulary'),
    ("bpe_merge_number", bpe(model__merges=["a b", 3]), "a merge that is a number", ": merge 1: is neither"),
    ("bpe_merge_triple", bpe(model__merges=[["a", "b", "c"]]), "a merge of three", ": merge 0: is neither"),
    ("bpe_merges_object", bpe(model__merges={}), "merges that are no list", '"merges" of the model must be a list'),
    ("bpe_hole", bpe(model__vocab={"a": 0, "b": 2}, model__merges=[]), "a hole in the vocabulary", "no piece has id 1"),
    ("bpe_vocab_list", bpe(model__vocab=[["a", 0.0]]), "a vocabulary that is a list", '"vocab" must be an object'),
    ("bpe_added_id", added(content="a"), "an added token that is a piece of another id", "the vocabulary gives it 0"),
    ("bpe_added_far", added(id=2**31 - 1), "an added token far beyond the vocabulary", "no piece has id 5"),
    ("bpe_added_negative", added(id=-1), "an added token of negative id", '"id"'),
    ("bpe_dropout", bpe(model__dropout=0.1), "dropout in use", "dropout is not supported"),
    ("bpe_prefix", bpe(model__continuing_subword_prefix="##"), "a prefix", 'continuing_subword_prefix "##"'),
    ("bpe_suffix", bpe(model__end_of_word_suffix="</w>"), "a suffix", 'end_of_word_suffix "</w>"'),
    ("bpe_byte_fallback", bpe(model__byte_fallback=True), "bytes spelled out", "byte_fallback"),
    ("bpe_unknown_token", bpe(model__unk_token="<unk>"), "an unknown token that is no piece", 'unknown token "<unk>"'),
    ("bpe_normalizer", bpe(normalizer={"type": "NFKC"}), "a normalizer", 'the normalizer "NFKC" is not supported'),
    ("bpe_split", bpe(pre_tokenizer={"type": "Sequence", "pretokenizers": [SPLIT, {"type": "ByteLevel"}]}),
     "another pattern", 'the pre-tokenizer "Split" by "\\\\d" is not supported'),
    ("bpe_digits", bpe(pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "Digits"}, {"type": "ByteLevel"}]}),
     "another pre-tokenizer", 'the pre-tokenizer "Digits" is not supported'),
    ("bpe_sequence_number", bpe(pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, 1]}),
     "a pre-tokenizer that is a number", "tokenizer_json/bpe_sequence_number.json"),
    ("bpe_processor", bpe(post_processor={"type": "Magic"}), "an unknown post-processor", 'the post-processor "Magic"'),
    ("bpe_two_templates",
     bpe(post_processor={"type": "Sequence", "processors": [{"type": "RobertaProcessing", "sep": ["b", 1], "cls": ["a", 0]}] * 2}),
     "two templates", "more than one template"),
    ("bpe_template_id", bpe(post_processor={"type": "RobertaProcessing", "sep": ["x", 9], "cls": ["a", 0]}),
     "a template's token beyond the vocabulary", "the template adds token 9, the vocabulary has 6"),
    ("bpe_decoder", bpe(decoder={"type": "Metaspace"}), "another decoder", 'the decoder "Metaspace" is not supported'),
    ("bpe_flag", bpe(model__fuse_unk="yes"), "a flag that is text", '"fuse_unk" must be true or false'),
    ("no_model", b'{"version": "1.0"}', "no model", '"model" is missing'),
    ("model_type", bpe(model__type="WordLevel"), "another model", 'the model type "WordLevel" is not supported'),
    ("list", b"[]", "a list", "expected an object, got array"),
]
