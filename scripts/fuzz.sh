#!/usr/bin/env bash
# Runs every fuzz target of a build folder for so many seconds (or FUZZ_RUNS runs), seeded from tests/corpus, as many
# at a time as there are cores. Ends with a line for each; fails when one found something.
set -euo pipefail
build=$1 seconds=$2
limit=-max_total_time=$seconds
[ -n "${FUZZ_RUNS:-}" ] && limit=-runs=$FUZZ_RUNS
logs=$(mktemp -d)
export build limit logs

fuzz_one() {
  name=$(basename "$1" _fuzz)
  mkdir "$logs/$name.corpus"
  for seeds in tests/corpus/"$name" tests/hostile/"$name"; do
    [ -d "$seeds" ] && cp -r "$seeds"/. "$logs/$name.corpus" || true
  done
  if "$1" "$limit" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/$name-" \
    "$logs/$name.corpus" > "$logs/$name.log" 2>&1; then
    echo "== $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$name.log") runs, nothing found"
  else
    tail -n 40 "$logs/$name.log"
    echo "== $name: FAILED (input in $build/$name-*)"
    return 1
  fi
}
export -f fuzz_one
status=0
printf '%s\n' "$build"/bin/*_fuzz | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}' || status=1
rm -rf "$logs"
exit $status
