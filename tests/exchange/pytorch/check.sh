#!/bin/sh
# Has PyTorch read what Reel writes, where PYTHON has torch and safetensors: check.sh REEL_TESTS FOLDER PYTHON
set -eu
"$3" -c "import torch, safetensors" 2>/dev/null || {
  echo "$3 has no PyTorch, or no safetensors: skipped."
  exit 77
}
rm -rf "$2"
mkdir -p "$2"
REEL_PYTORCH_FILES=$2 "$1" "models trained in PyTorch give the same outputs*" >/dev/null
exec "$3" "$(dirname "$0")/make_files.py" --check "$2"
