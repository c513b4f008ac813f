"""The chart of bench/inference.py, of its JSON file: a panel a model, a group of bars a work, a bar a peer.

    python bench/inference_chart.py docs/inference.json > docs/inference.svg

A bar is the peer's time as a multiple of frugal's, each in its best setting, on a logarithmic scale; 1 is frugal. Thin
lines are the least and the most of the rounds.
"""
import html
import json
import math
import pathlib
import sys

from inference_table import is_text, number

WIDTH, LEFT, RIGHT, TOP = 1120, 52, 16, 92
PLOT, PANEL = 150, 236  # heights: of the bars, of a whole panel
BAR, GAP = 30, 4
COLOURS = {"ONNX Runtime": "#0072b2", "OpenVINO": "#e69f00", "CTranslate2": "#009e73", "PyTorch": "#cc79a7"}
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def text(x, y, words, size=12, anchor="middle", fill="#222", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line(x1, y1, x2, y2, colour="#ddd", width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def range_of(rows):
    """The ticks around all ratios and 1."""
    ends = [found["ratio"][key] for row in rows for found in row["sides"].values() for key in ("least", "most")]
    low = max((t for t in TICKS if t <= min(ends + [1])), default=TICKS[0])
    return low, min((t for t in TICKS if t >= max(ends + [2])), default=TICKS[-1])


def bar(x, ratio, y_of, colour):
    top, base = y_of(ratio["median"]), y_of(1)
    least, most, middle = y_of(ratio["least"]), y_of(ratio["most"]), x + BAR / 2
    return [f'<rect x="{x:.1f}" y="{min(top, base):.1f}" width="{BAR}" height="{max(abs(base - top), 1):.1f}" '
            f'fill="{colour}"/>', line(middle, least, middle, most, "#222"),
            text(middle, min(top, most, base) - 4, number(ratio["median"]), 11)]


def panel(shape, rows, top):
    low, high = range_of(rows)

    def y_of(ratio):
        share = (math.log(min(max(ratio, low), high)) - math.log(low)) / (math.log(high) - math.log(low))
        return top + PLOT * (1 - share)

    out = [text(LEFT, top - 24, shape, 15, "start", weight="bold")]
    for tick in (t for t in TICKS if low <= t <= high):
        out += [line(LEFT, y_of(tick), WIDTH - RIGHT, y_of(tick), "#555" if tick == 1 else "#ddd"),
                text(LEFT - 6, y_of(tick) + 4, f"{tick:g}x", 11, "end", "#555")]
    group = (WIDTH - LEFT - RIGHT) / len(rows)
    for i, row in enumerate(rows):
        middle, ours = LEFT + group * (i + 0.5), row["sides"]["frugal"]
        peers = [side for side in COLOURS if side in row["sides"]]
        x = middle - (len(peers) * (BAR + GAP) - GAP) / 2
        for k, side in enumerate(peers):
            out += bar(x + k * (BAR + GAP), row["sides"][side]["ratio"], y_of, COLOURS[side])
        time = ours["milliseconds"]["median"] / (row["texts"] if is_text(row) else 1)
        out += [text(middle, top + PLOT + 18, row["name"], 12, weight="bold"),
                text(middle, top + PLOT + 33, f"frugal {number(time)} ms, {ours['setting']}", 11, fill="#555")]
    return out


def panels(result):
    """A panel of batches for each model, then one of texts for each that has them."""
    for texts in (False, True):
        for shape, one in result.items():
            rows = [row for row in one["rows"] if is_text(row) == texts]
            if rows:
                yield f"{shape}, texts as they come (ms a text)" if texts else f"{shape}, batch x tokens", rows


def chart(result):
    every, one = list(panels(result)), next(iter(result.values()))
    height = TOP + PANEL * len(every)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           f'font-family="Helvetica, Arial, sans-serif">', f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
           text(LEFT, 24, "Time of each engine's best setting as a multiple of frugal's; above 1x frugal is faster", 16,
                "start", weight="bold")]
    x = LEFT
    for side, colour in COLOURS.items():
        out += [f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>', text(x + 18, 47, side, 12, "start")]
        x += 130
    out.append(text(x, 47, f"{one['cpu']}, {one['threads']} threads", 12, "start", "#555"))
    for i, (title, rows) in enumerate(every):
        out += panel(title, rows, TOP + PANEL * i + 10)
    return "\n".join(out + ["</svg>"]) + "\n"


if __name__ == "__main__":
    print(chart(json.loads(pathlib.Path(sys.argv[1]).read_text())), end="")
