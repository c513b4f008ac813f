#!/usr/bin/env python3
"""Makes the hostile files of this folder and the table of README.md. Needs no packages: python3 make.py"""
import json
import pathlib
import struct

import tokenizer_files
import torch_files

HERE = pathlib.Path(__file__).parent
BIG = 2**63


def file(header, data=b"", length=None):
    if not isinstance(header, bytes):
        header = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(shape, begin, end, dtype="F32", **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def one(entry, data=b"", name="a"):
    return file({name: entry}, data)


good = tensor([2], 0, 8)
eight = bytes(8)

SAFETENSORS = [
    ("empty", b"", "no bytes at all", "too few for a header"),
    ("seven_bytes", bytes(7), "shorter than the length field", "too few for a header"),
    ("header_beyond_file", file({"a": good}, eight, 1000), "header length beyond the file", "is cut off"),
    ("header_length_max", file({"a": good}, eight, 2**64 - 1), "header length + 8 overflows", "is cut off"),
    ("header_length_zero", file(b""), "no header", "does not start with '{'"),
    ("git_lfs_pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
     "a pointer in place of the file", "git lfs pull"),
    ("pytorch_zip", b"PK\x03\x04" + bytes(60), "a PyTorch archive under this name", "name it pytorch_model.bin"),
    ("leading_space", file(b" {}"), "header starts with a space", "does not start with '{'"),
    ("header_array", file(b"[]"), "header is a list", "does not start with '{'"),
    ("header_not_json", file(b"{\"a\": }"), "broken JSON", "is not valid JSON"),
    ("header_cut_json", file(b"{\"a\":{\"dtype\":\"F32\""), "JSON ends early", "is not valid JSON"),
    ("header_trailing_text", file(b"{} {}"), "text behind the object", "is not valid JSON"),
    ("header_nul", file(b"{}\0\0\0\0\0\0"), "NUL padding, where some parsers stop reading", "NUL byte"),
    ("header_bad_utf8", file(b"{\"\xff\":1}"), "name is not UTF-8", "is not valid JSON"),
    ("header_deep", file(b"{\"a\":" + b"[" * 1000 + b"]" * 1000 + b"}"), "1000 nested lists", "nested deeper than 3"),
    ("duplicate_tensor", file(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
                              b'"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}', eight * 2),
     "a tensor twice", 'the key "a" is given twice'),
    ("duplicate_field", file(b'{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}', eight),
     "an element type twice", 'the key "dtype" is given twice'),
    ("metadata_number", file({"__metadata__": {"a": 1}}), "metadata that is no string", "is not a string"),
    ("metadata_list", file({"__metadata__": []}), "metadata that is no object", "__metadata__ is not an object"),
    ("entry_not_object", file({"a": 1}), "an entry that is a number", "its entry is not an object"),
    ("no_dtype", one({"shape": [2], "data_offsets": [0, 8]}, eight), "no element type", "dtype is missing"),
    ("dtype_number", one({**good, "dtype": 1}, eight), "element type is a number", "dtype is missing or not a string"),
    ("dtype_unknown", one({**good, "dtype": "F8_E4M3"}, eight), "an element type that frugal has not",
     'element type "F8_E4M3" is not supported'),
    ("no_shape", one({"dtype": "F32", "data_offsets": [0, 8]}, eight), "no shape", "shape is missing"),
    ("shape_string", one({**good, "shape": "2"}, eight), "shape is text", "shape is missing or not a list"),
    ("shape_negative", one({**good, "shape": [-2]}, eight), "a negative dimension", "no whole number"),
    ("shape_float", one({**good, "shape": [2.0]}, eight), "a dimension with a fraction", "no whole number"),
    ("shape_two_to_63", one(tensor([BIG], 0, 8), eight), "a dimension that no int64 holds", "is too large"),
    ("shape_above_u64", one(tensor([2**64 + 2], 0, 8), eight), "a dimension above 2^64", "no whole number"),
    ("shape_overflow", one(tensor([2**62 + 1, 4], 0, 16), eight * 2), "product wraps to the span", "overflows"),
    ("shape_overflow_bytes", one(tensor([2**62], 0, 0)), "product times 4 bytes wraps to 0", "overflows"),
    ("shape_zero_overflow", one(tensor([0, 2**62, 2**62], 0, 0)), "a zero hides an overflow", "overflows"),
    ("rank_nine", one(tensor([1] * 9, 0, 4), eight[:4]), "nine dimensions", "at most 8 are allowed"),
    ("no_offsets", one({"dtype": "F32", "shape": [2]}, eight), "no offsets", "data_offsets is missing"),
    ("offsets_one", one({**good, "data_offsets": [8]}, eight), "one offset", "data_offsets is not a pair"),
    ("offsets_three", one({**good, "data_offsets": [0, 8, 8]}, eight), "three offsets", "at most 2 are allowed"),
    ("offsets_negative", one({**good, "data_offsets": [-8, 0]}, eight), "a negative offset", "no whole number"),
    ("offsets_backwards", one(tensor([2], 8, 0), eight), "end before begin", "ends before it begins"),
    ("offsets_wrap", one(tensor([2], 2**64 - 8, 0), eight), "end - begin wraps to the size", "ends before it begins"),
    ("span_too_short", one(tensor([2], 0, 4), eight[:4]), "fewer bytes than the shape", "takes 8 bytes"),
    ("span_too_long", one(tensor([2], 0, 16), eight * 2), "more bytes than the shape", "span 16"),
    ("hole_at_start", one(tensor([2], 8, 16), eight * 2), "data that starts late", "leaves a hole"),
    ("hole_between", file({"a": good, "b": tensor([2], 16, 24)}, eight * 3), "a hole between two", "leaves a hole"),
    ("overlap", file({"a": good, "b": tensor([2], 4, 12)}, bytes(12)), "two share four bytes", "overlaps another tensor"),
    ("same_data_twice", file({"a": good, "b": good}, eight), "two share all bytes", "overlaps another tensor"),
    ("beyond_file", one(tensor([4], 0, 16), eight), "offsets beyond the file", "is cut off"),
    ("far_beyond_file", one(tensor([2**60], 0, 2**62), eight), "asks for 4 EiB", "is cut off"),
    ("trailing_bytes", one(good, eight + b"x"), "a byte behind the last tensor", "1 bytes behind the last tensor"),
    ("data_without_tensors", file({}, eight), "data that no tensor names", "8 bytes behind the last tensor"),
    ("name_control", one(good, eight, "a\x1b[2J"), "a terminal escape in a name", "control character"),
    ("name_long", one(good, eight, "n" * 513), "a name of 513 bytes", "the limit is 512"),
]

JSON = [
    ("empty", b"", "no bytes at all", "is not valid JSON"),
    ("cut", b'{"hidden_size": 384, "num', "ends within a key", "is not valid JSON"),
    ("deep", b"[" * 10000, "10,000 open lists", "nested deeper than"),
    ("deep_objects", b'{"a":' * 5000, "5,000 open objects", "nested deeper than"),
    ("duplicate", b'{"hidden_size": 384,\n "hidden_size": 768}', "a key twice", ':2:14: the key "hidden_size" is given twice'),
    ("nul", b'{"a": 1}\0{"a": 2}', "text hidden behind a NUL", "NUL byte"),
    ("number_overflow", b'{"layer_norm_eps": 1e999}', "a number above every double", "number overflow"),
    ("not_a_number", b'{"dropout": NaN}', "NaN, as Python writes it", "is not valid JSON"),
    ("bad_utf8", b'{"a": "\xc3\x28"}', "broken UTF-8", "is not valid JSON"),
    ("lone_surrogate", b'{"a": "\\ud800"}', "half a character", "is not valid JSON"),
    ("utf16", '{"a": 1}'.encode("utf-16"), "another encoding", "is not valid JSON"),
    ("comment", b'{"a": 1} // no', "a comment", "is not valid JSON"),
]


def main():
    lines = ["# Files that must be refused", "",
             "Each is read by a test, which expects an error that contains the last column. `make.py` writes them",
             "and this page.", "", "| file | what is wrong with it | the error says |", "|---|---|---|"]
    for folder, ending, cases in (("safetensors", "safetensors", SAFETENSORS), ("json", "json", JSON),
                                  ("torch_file", "bin", torch_files.ARCHIVES),
                                  ("torch_pickle", "pkl", torch_files.PICKLES),
                                  ("bpe_vocab", "json", tokenizer_files.VOCABS),
                                  ("bpe_merges", "txt", tokenizer_files.MERGES),
                                  ("tokenizer_json", "json", tokenizer_files.TOKENIZERS)):
        (HERE / folder).mkdir(exist_ok=True)
        for name, content, wrong, error in cases:
            path = f"{folder}/{name}.{ending}"
            (HERE / path).write_bytes(content)
            lines.append(f"| `{path}` | {wrong} | {error} |")
    (HERE / "README.md").write_text("\n".join(lines) + "\n")


main()
