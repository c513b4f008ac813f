#!/usr/bin/env python3
"""Fails when a room includes a header of a room above it (see ARCHITECTURE.md)."""
import pathlib
import re
import sys

LAYERS = [
    {"base", "tensor"},
    {"cost"},
    {"io", "text", "data"},
    {"graph", "ops"},
    {"passes", "runtime"},
    {"nn", "models"},
    {"predict", "eval", "train", "shrink", "generate"},
    {"serve", "cli", "python"},
]
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
INCLUDE = re.compile(r'#include "frugal/([a-z]+)/')

problems = []
for path in sorted(pathlib.Path("frugal").rglob("*.*")):
    if path.suffix not in {".h", ".cc"}:
        continue
    room = path.parts[1]
    if room not in LEVEL:
        problems.append(f"{path}: room '{room}' is in no layer")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match and LEVEL.get(match[1], 99) > LEVEL[room]:
            problems.append(f"{path}:{number}: {room} includes {match[1]}, which lies above it")
print("\n".join(problems) if problems else "layers: every include goes downwards or stays level")
sys.exit(bool(problems))
