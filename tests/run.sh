#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. Arguments go to ctest, such as -R quick.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

.ci/install
echo "Building in build/release: minutes the first time, then only what has changed."
cmake --preset release >/dev/null
cmake --build --preset release -- --quiet
ctest --preset release "$@"
