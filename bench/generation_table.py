"""The Markdown table of bench/generate.py, of its JSON file.

    python bench/generation_table.py build/bench-models/generate.json
"""
import json
import pathlib
import struct
import sys

from inference_table import spread


def show(s, digits=1, scale=1):
    return f"{scale * s['median']:.{digits}f} ({scale * s['least']:.{digits}f} to {scale * s['most']:.{digits}f})"


def bytes_a_token(folder):
    """What int8 reads a token of a GPT-2 folder, whose file is in float32: a byte for each weight of a matrix, the
    embedding (it is the head) among them, positions not; four for each bias and norm."""
    with open(folder / "model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    shapes = [v["shape"] for k, v in header.items() if k != "__metadata__" and not k.endswith("wpe.weight")]
    return sum(s[0] * s[1] if len(s) == 2 else 4 * s[0] for s in shapes if len(s) in (1, 2))


def markdown(result):
    lines = [f"{result['cpu']}, {result['threads']} threads; memory {show(result['gb_per_second'])} GB/s. Median (least to "
             f"most) of {result['rounds']} rounds; ratios above 1 are in frugal's favour.", "",
             "| model | work | type | program | decoding, tokens/s | ratio | all tokens, ms | ratio | first token, ms | ratio "
             "| same ids from the start |", "|---" * 11 + "|"]
    for row in result["rows"]:
        for side, found in row["sides"].items():
            cells = [row["shape"], f"{row['prompts']} x {row['given']} in, {row['new']} out, {row['beams']} beams",
                     row["type"], side]
            for key, digits, scale in (("rate", 1, 1), ("all", 0, 1e3), ("one", 0, 1e3)):
                cells += [show(found[key], digits, scale),
                          "" if side == "frugal" else show(found[f"{key}_ratio"], 2)]
            cells.append("" if side == "frugal" else f"{sum(found['equal'])} of {row['prompts'] * row['new']}")
            lines.append(f"| {' | '.join(cells)} |")
    for row in (r for r in result["rows"] if (r["shape"], r["type"]) == ("gpt2", "int8")):
        limit = 1e9 * result["gb_per_second"]["median"] / result["gpt2_int8_bytes"]
        shares = (f"{side} {100 * found['rate']['median'] / limit:.0f} %" for side, found in row["sides"].items())
        lines += ["", f"GPT-2 in int8 reads {result['gpt2_int8_bytes'] / 1e6:.1f} MB of weights a token, so memory allows "
                  f"{limit:.0f} tokens/s. Of that reach: {', '.join(shares)}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(json.loads(pathlib.Path(sys.argv[1]).read_text())), end="")
