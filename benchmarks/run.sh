#!/usr/bin/env bash
# Installs what is missing, builds the benchmarks and runs them; other arguments are theirs, such as
# --json FILE, --markdown FILE or --only PATTERN (--help lists them). With --peers PyTorch and JAX are
# measured too: they are installed from PyPI into build/peers, several GB, once. --device NAME times training
# steps on a device instead, such as cuda; --recurrence what options of unroll, stacks and linear recurrences
# cost, as ratios.
set -euo pipefail
reel=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

arguments=() peers=0 program=benchmarks
for argument; do
  case $argument in
    --peers) peers=1 ;;
    --recurrence) program=recurrence_benchmark ;;
    *) arguments+=("$argument") ;;
  esac
done

"$reel/.ci/install"
echo "Building in $reel/build/release: minutes the first time, then only what has changed."
cmake -S "$reel" --preset release >/dev/null
if [[ " ${arguments[*]}" == *" --device"* ]]; then program=device_benchmarks; fi
cmake --build "$reel/build/release" --target "$program" -- --quiet

if [[ $peers == 1 ]]; then
  folder=$reel/build/peers
  if ! "$folder/bin/python" -c "import torch, jax" 2>/dev/null; then
    echo "Installing PyTorch and JAX into $folder."
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet torch jax
  fi
  "$folder/bin/python" -c 'import jax, platform, torch
print(f"PyTorch {torch.__version__}, JAX {jax.__version__}, Python {platform.python_version()}.")'
  arguments+=(--python "$folder/bin/python")
fi
exec "$reel/build/release/benchmarks/$program" "${arguments[@]}"
