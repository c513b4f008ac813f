#!/usr/bin/env bash
# Installs the Debian packages that the build needs and that are missing. `--fuzz` adds clang's fuzzer, `--coverage`
# the program that sums up line coverage.
set -euo pipefail
packages=(g++ cmake ninja-build pkg-config ccache libhwy-dev nlohmann-json3-dev libsimdjson-dev
  libtomlplusplus-dev libcli11-dev libfmt-dev libutf8proc-dev libboost-dev libgtest-dev libprotobuf-dev
  protobuf-compiler libsentencepiece-dev python3 python3-pip)
[ "${1:-}" = --fuzz ] && packages+=(clang libclang-rt-dev)
[ "${1:-}" = --coverage ] && packages+=(gcovr)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing: ${missing[*]}"
sudo=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "run this as root, or install sudo: packages are missing" >&2; exit 1; }
  sudo=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
