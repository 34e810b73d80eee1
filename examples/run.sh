#!/usr/bin/env bash
# Installs what is missing, builds the examples, and runs the character model on the files and folders
# given: without any, on Reel's own sources (without the tests' tables of numbers).
set -euo pipefail
reel=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ $# == 0 ]]; then set -- "$reel"/{README.md,engine,ops,layers,examples} "$reel"/tests/*.{h,cpp}; fi

"$reel/.ci/install"
echo "Building in $reel/build/release: minutes the first time, then only what has changed."
cmake -S "$reel" --preset release >/dev/null
cmake --build "$reel/build/release" --target examples/all -- --quiet
exec "$reel/build/release/examples/char_lm" "$@"
