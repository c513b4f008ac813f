"""Checks that Transformers loads what frugal saves, with the same numbers.

    python check_saved.py [--frugal ../../build/bin/frugal]

Every reference case's folder goes through `frugal convert`; Transformers loads both folders, and all weights must be
the same bits, none missing and none unexpected, so that the logits are the same too.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

CASES = pathlib.Path(__file__).parent
# Without tied tables the reference gives each stack one that its own checkpoint does not store: random ones.
UNSTORED = {"switch/untied": ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")}


def problems(case, frugal):
    kind = getattr(transformers, json.loads((case / "config.json").read_text())["architectures"][0])
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([frugal, "convert", case, "--out", f"{folder}/out"], capture_output=True, text=True)
        if done.returncode:
            return [done.stderr]
        original = kind.from_pretrained(case).state_dict()
        saved, notes = kind.from_pretrained(f"{folder}/out", output_loading_info=True)
    found = [f"{key}: {sorted(names)}" for key, names in notes.items() if names]
    saved, unstored = saved.state_dict(), UNSTORED.get(f"{case.parent.name}/{case.name}", ())
    return found + [f"{name} differs" for name, value in original.items()
                    if name not in unstored and not torch.equal(value, saved[name])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frugal", default=CASES.parent.parent / "build/bin/frugal")
    frugal = parser.parse_args().frugal
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    cases = [file.parent for file in sorted(CASES.glob("*/*/inputs.safetensors"))]
    bad = {case: found for case in cases if (found := problems(case, frugal))}
    for case, found in bad.items():
        print(f"{case.parent.name}/{case.name}: {'; '.join(found)}")
    print(f"{len(cases)} folders, {len(bad)} differ")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
