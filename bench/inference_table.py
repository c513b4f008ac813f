"""The Markdown tables of bench/inference.py, of its JSON file.

    python bench/inference_table.py docs/inference.json
"""
import json
import math
import pathlib
import statistics
import sys


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def number(value):
    """Three digits."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def show(s, scale=1):
    middle, least, most = (number(scale * s[key]) for key in ("median", "least", "most"))
    return middle if least == most else f"{middle} ({least} to {most})"


def is_text(row):
    """Texts as they come, not one batch of a fixed shape."""
    return "batch" in row["name"]


def best_peer(row):
    """The ratio to the best peer, None without peers."""
    ratios = [found["ratio"] for side, found in row["sides"].items() if side != "frugal"]
    return min(ratios, key=lambda one: one["median"], default=None)


def least(row, scale):
    """The time that the machine's peaks allow at best, and its share of frugal's time."""
    if "least" not in row:
        return ""
    return f"{number(scale * row['least'])} ({row['least'] / row['sides']['frugal']['milliseconds']['median']:.0%})"


def at_the_least(row):
    """The ratio to the best peer that frugal would have at that time: no program of this setting goes beyond it."""
    peers = [found["milliseconds"]["median"] for side, found in row["sides"].items() if side != "frugal"]
    return number(min(peers) / row["least"]) if "least" in row and peers else ""


def table(result, text):
    sides = list(dict.fromkeys(side for one in result.values() for row in one["rows"] for side in row["sides"]))
    peers = [side for side in sides if side != "frugal"]
    lines = ["| model | work | frugal | least | " + "".join(f"{side} | ratio | " for side in peers) +
             "ratio to the best | at the least |", "|---" * (2 * len(peers) + 6) + "|"]
    for shape, one in result.items():
        for row in (r for r in one["rows"] if is_text(r) == text):
            cells = [shape, row["name"]]
            for side in sides:
                found = row["sides"].get(side)
                scale = 1 / row["texts"] if text else 1
                cells.append(f"{show(found['milliseconds'], scale)} {found['setting']}" if found else "")
                if side == "frugal":
                    cells.append(least(row, scale))
                else:
                    cells.append(show(found["ratio"]) if found else "")
            cells += [show(best_peer(row)) if peers else "", at_the_least(row) if peers else ""]
            lines.append(f"| {' | '.join(cells)} |")
    return lines if len(lines) > 2 else []


def summary(rows):
    ratios = [ratio["median"] for ratio in map(best_peer, rows) if ratio]
    if not ratios:
        return []
    ahead = sum(ratio > 1 for ratio in ratios)
    return [f"frugal is ahead of the best of the others in {ahead} of {len(ratios)} rows; ratio to it "
            f"{number(min(ratios))} to {number(max(ratios))}, median {number(statistics.median(ratios))}.", ""]


def markdown(result):
    ones = list(result.values())
    rows = [row for one in ones for row in one["rows"]]
    versions = {side: version for one in ones for side, version in one["versions"].items()}
    fixed, texts = table(result, False), table(result, True)
    largest = max(value for one in ones for value in one["differences"].values())
    rounds = "/".join(dict.fromkeys(str(one["rounds"]) for one in ones))
    lines = [f"{', '.join(dict.fromkeys(one['cpu'] for one in ones))}, {ones[0]['threads']} threads. "
             f"{'; '.join(versions.values())}.",
             f"Each side in its best setting, which is named. Median (least to most) of {rounds} rounds; ratios above 1",
             f"are in frugal's favour. Logits in fp32 differ from PyTorch's by at most {largest:.0e} of the largest.",
             "CTranslate2 has no classifier: its time ends with the encoder.",
             "Least: the longer of the operations at the peak of this machine in frugal's setting and of reading the weights",
             "once, both measured beside (`frugal bench`), and its share of frugal's time; at the least: the ratio to the",
             "best peer which that would be.", ""] + summary(rows)
    lines += (["Milliseconds of a batch, batch x tokens:", ""] + fixed + [""]) * bool(fixed)
    lines += (["Milliseconds a text, texts as they come; frugal packs the rows, the others pad a batch to its longest:",
               ""] + texts + [""]) * bool(texts)
    left = [f"{shape}: {what} ({why})" for shape, one in result.items() for what, why in one["left_out"].items()]
    lines += [f"Not measured: {'; '.join(left)}.", ""] * bool(left)
    return "\n".join(lines[:-1]) + "\n"


if __name__ == "__main__":
    print(markdown(json.loads(pathlib.Path(sys.argv[1]).read_text())), end="")
