#!/usr/bin/env bash
# Everything that only an NVIDIA GPU can show, in one command of some minutes: tests/gpu.sh [--only PARTS]
# PARTS are of build, tests, sanitizer, benchmarks, with commas between; the build is kept in build/gpu.
#   tests        programs on the GPU against the reference runner and the emulated device
#   sanitizer    a few of them under compute-sanitizer, where there is one: memory, races
#   benchmarks   latencies, then training steps, with PyTorch's beside them where python3 has it
# It prints one table, and writes build/gpu/results.json.
#
# The machine needs the CUDA toolkit, CMake, Ninja and g++, and no network: where the libraries that Reel is
# built with are missing, they come from build/gpu-pack.tar.gz, which `tests/gpu.sh --pack` makes on a Debian
# 12 with a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=build/gpu pack=build/gpu-pack.tar.gz device=${REEL_TEST_GPU:-cuda:0}
stop() {
  echo "gpu.sh: $1" >&2
  exit 1
}

# ---- The pack. ---------------------------------------------------------------------------------------------

make_pack() {
  local packages=(libxtensor-dev xtl-dev libxsimd-dev libxtensor-blas-dev libopenblas-pthread-dev
    libopenblas0-pthread libgfortran5 libquadmath0 libpugixml-dev libpugixml1v5 libcli11-dev
    nlohmann-json3-dev catch2)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && apt-get -qq download "${packages[@]}")
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
  rm -rf "$work"/root/usr/share/doc "$work"/root/usr/lib/x86_64-linux-gnu/openblas-pthread/*.a
  mkdir -p build
  tar -C "$work/root" -czf "$pack.tmp" usr
  (($(stat -c %s "$pack.tmp") <= 40000000)) || stop "the pack is larger than 40 MB"
  mv "$pack.tmp" "$pack"
  echo "$pack: $(du -h "$pack" | cut -f1)"
}

# What CMake and the loader are told where it is used.
use_pack() {
  local root=$PWD/build/gpu-pack libraries
  if [[ ! -d $root || $pack -nt $root ]]; then
    rm -rf "$root" "$root.tmp"
    mkdir -p "$root.tmp"
    tar -C "$root.tmp" -xzf "$pack"
    mv "$root.tmp" "$root"
    touch "$root"
  fi
  libraries=$root/usr/lib/x86_64-linux-gnu
  export CMAKE_PREFIX_PATH=$root/usr CMAKE_LIBRARY_PATH=$libraries/openblas-pthread:$libraries
  export CPATH=$root/usr/include:$root/usr/include/x86_64-linux-gnu/openblas-pthread
  export LD_LIBRARY_PATH=$libraries/openblas-pthread:$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LIBRARY_PATH=$libraries
}

# Whether all that is packed is installed here.
pack_is_needless() {
  local header
  for header in xtensor/xarray.hpp xtensor-blas/xlinalg.hpp xsimd/xsimd.hpp pugixml.hpp CLI/CLI.hpp nlohmann/json.hpp; do
    [[ -e /usr/include/$header ]] || return 1
  done
}

# ---- The parts. --------------------------------------------------------------------------------------------

build() {
  if [[ -e $pack ]] && ! pack_is_needless; then use_pack; fi
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DREEL_EXAMPLES=OFF -DREEL_CUDA=ON >"$folder/cmake.log" ||
    stop "CMake fails, see $folder/cmake.log; --pack gathers what is missing"
  cmake --build "$folder" --target reel_tests device_benchmarks >"$folder/build.log" || {
    tail -n 30 "$folder/build.log"
    stop "the build fails"
  }
}

# Runs a part, for at most so many seconds and not past the end of all, and notes how it ended and how long it
# took.
part() {
  local name=$1 most=$2 began=$SECONDS status=passed
  shift 2
  echo "==== $name"
  most=$((most < deadline - SECONDS ? most : deadline - SECONDS))
  timeout $((most > 1 ? most : 1)) "$@" >"$folder/$name.log" 2>&1 || status=failed
  tail -n 15 "$folder/$name.log"
  printf '{"part": "%s", "status": "%s", "seconds": %d}\n' "$name" "$status" $((SECONDS - began)) >>"$folder/parts.jsonl"
}

run_sanitizer() {
  local tool sanitizer
  sanitizer=$(command -v compute-sanitizer || ls "${CUDA_PATH:-/usr/local/cuda}"/bin/compute-sanitizer 2>/dev/null) || {
    echo "There is no compute-sanitizer here: its part is left out."
    return
  }
  for tool in memcheck racecheck; do
    part "sanitizer-$tool" 45 "$sanitizer" --tool "$tool" --error-exitcode 1 "$folder/tests/reel_tests" "[gpu-small]"
  done
}

run_benchmarks() {
  local python=()
  if python3 -c "import torch" 2>/dev/null; then python=(--python "$(command -v python3)"); fi
  part benchmarks 400 "$folder/benchmarks/device_benchmarks" --device "$device" --json "$folder/benchmarks.json" "${python[@]}"
}

# One file of all that was found, and a table of it.
gather() {
  python3 - "$folder" <<'END'
import datetime, json, pathlib, subprocess, sys

folder = pathlib.Path(sys.argv[1])


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


gpu, _, driver = said("nvidia-smi", "-i", "0", "--query-gpu=name,driver_version", "--format=csv,noheader").partition(", ")
rows = folder / "benchmarks.json"
results = {
    "gpu": gpu,
    "driver": driver,
    "toolkit": said("nvcc", "--version").rpartition("release ")[2].partition(",")[0],
    "date": datetime.date.today().isoformat(),
    "commit": said("git", "rev-parse", "--short", "HEAD"),
    "parts": [json.loads(line) for line in (folder / "parts.jsonl").read_text().splitlines()],
    "rows": json.loads(rows.read_text()) if rows.exists() else [],
}
(folder / "results.json").write_text(json.dumps(results, indent=1))
print(f"==== {gpu}, driver {driver}, toolkit {results['toolkit']}, {results['date']}, {results['commit']}")
for part in results["parts"]:
    print(f"{part['part']:<24} {part['status']:<8} {part['seconds']:>5} s")
for row in results["rows"]:
    if "what" in row:
        print(f"{row['what']:<56} {row['us']:>10.3f} us")
steps, failed = {}, []
for row in results["rows"]:
    if "failed" in row:
        failed.append(row)
    elif "train_ms" in row:
        steps.setdefault((row["workload"], row["precision"]), {})[row["implementation"]] = row
print(f"{'batch, input, hidden, time':<33}{'ms':>28} {'MB':>9}")
for (workload, precision), by in steps.items():
    for name, row in by.items():
        peers = [peer for peer in by if name.startswith("reel") and peer.split("-")[:2] == ("pytorch" + name[4:]).split("-")]
        ratios = [f"{peer} {by[peer]['train_ms'] / row['train_ms']:.2f}" for peer in peers]
        ratios += [f"memory of {peer} {row['memory_mb'] / by[peer]['memory_mb']:.2f}" for peer in peers if by[peer].get("memory_mb")]
        if name.startswith("reel-") and "reel" in by:
            each = row["train_ms"] / row["products"] / (by["reel"]["train_ms"] / by["reel"]["products"])
            ratios.append(f"per product over reel {each:.2f}")
        print(f"{workload:<22} {precision:<5} {name:<28} {row['train_ms']:>9.3f} {row.get('memory_mb') or 0:>9.1f}  {', '.join(ratios)}")
for row in failed:
    print(f"{row['workload']:<22} {row['precision']:<5} {row['implementation']:<28} failed: {row['failed'][:120]}")
print("Wanted: PyTorch's time over Reel's at least 0.6 (LSTM), 10 (eager cells), 2 (compiled ones); per product over")
print("Reel's LSTM at most 1.3; memory over PyTorch's at most 1.1.")
print(f"All of it: {folder / 'results.json'}")
sys.exit(any(part["status"] != "passed" for part in results["parts"]))
END
}

only=build,tests,sanitizer,benchmarks
while (($#)); do
  case $1 in
    --pack)
      make_pack
      exit
      ;;
    --only) only=${2:?gpu.sh: --only takes parts} && shift 2 ;;
    *) stop "there is no option '$1'" ;;
  esac
done
for name in ${only//,/ }; do
  [[ $name =~ ^(build|tests|sanitizer|benchmarks)$ ]] || stop "there is no part '$name'"
done
wanted() { [[ ,$only, == *,$1,* ]]; }

# Kernels of the emulated device are compiled as they are first wanted: not under a sanitizer.
warm_up() { REEL_TEST_GPU=$device "$folder/tests/reel_tests" "threads and blocks may run in any order" >/dev/null; }

deadline=530 # seconds for all of it, the build included
mkdir -p "$folder"
rm -f "$folder/parts.jsonl" "$folder/benchmarks.json"
touch "$folder/parts.jsonl"
export REEL_TEST_GPU=$device REEL_KERNEL_CACHE=$PWD/$folder/kernels
build
if wanted tests; then
  # Most of their time each of them compiles kernels on one processor.
  part tests-gpu 240 "$folder/tests/reel_tests" "[gpu]" &
  part tests-devices 240 "$folder/tests/reel_tests" "[devices]" &
  wait
fi
if wanted sanitizer; then
  warm_up
  run_sanitizer
fi
if wanted benchmarks; then run_benchmarks; fi
gather
