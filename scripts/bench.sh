#!/usr/bin/env bash
# Runs both sides of every figure in docs/RESULTS.md on this machine and writes that file. The peers live in a virtual
# environment of their own (.venv; PyTorch alone is several GB), which frugal never needs.
set -euo pipefail
if [ ! -e .venv/ready ]; then
  python3 -m venv .venv 2>/dev/null || { echo "the peers need a virtual environment: apt-get install python3-venv" >&2; exit 1; }
  .venv/bin/pip install --quiet -r bench/peers/requirements.txt
  touch .venv/ready
fi
exec .venv/bin/python bench/compare.py "$@"
