#!/usr/bin/env bash
# Runs every fuzz target of a build folder for so many seconds (or FUZZ_RUNS runs), seeded from tests/corpus.
set -euo pipefail
build=$1 seconds=$2
for target in "$build"/bin/*_fuzz; do
  name=$(basename "$target" _fuzz)
  corpus=$(mktemp -d)
  for seeds in tests/corpus/"$name" tests/hostile/"$name"; do
    [ -d "$seeds" ] && cp -r "$seeds"/. "$corpus" || true
  done
  echo "== $name"
  limit=(-max_total_time="$seconds")
  [ -n "${FUZZ_RUNS:-}" ] && limit=(-runs="$FUZZ_RUNS")
  "$target" "${limit[@]}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "$corpus" 2>&1 | tail -n 8
  rm -rf "$corpus"
done
