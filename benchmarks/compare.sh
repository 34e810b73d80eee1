#!/usr/bin/env bash
# Builds two commits and compares their speed: benchmarks/compare.sh OLD NEW [--only PATTERN]
# Prints for every row what the times of NEW are over those of OLD, with intervals. Other options are
# --implementation PATTERN and --pairs N. Without patterns it takes a quarter of an hour: Reel's stock layers,
# and other cells up to 256 units in one thread.
#
# Commits are compared, not what lies uncommitted in the working tree. Both are measured by the benchmarks of
# NEW, so that they are measured alike. The builds are kept in build/compare, one for each commit.
set -euo pipefail
reel=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

stop() {
  echo "compare.sh: $1" >&2
  exit 1
}
if [[ $# -lt 2 || $1 == -* || $2 == -* ]]; then
  stop "usage: benchmarks/compare.sh OLD NEW [--only PATTERN] [--implementation PATTERN] [--pairs N]"
fi

commit_of() {
  git -C "$reel" rev-parse --quiet --verify "$1^{commit}" || stop "there is no commit '$1' in $reel"
}
old=$(commit_of "$1")
new=$(commit_of "$2")
shift 2
for argument in "$@"; do
  [[ $argument != -* || $argument =~ ^--(only|implementation|pairs)(=|$) ]] || stop "there is no option '$argument'"
done
git -C "$reel" cat-file -e "$new:benchmarks/compare.cpp" 2>/dev/null ||
  stop "the benchmarks of $new cannot compare: it has no benchmarks/compare.cpp"
if [[ -n $(git -C "$reel" status --porcelain) ]]; then
  echo "Commits are compared: what is not committed in $reel is in neither." >&2
fi

tree_of() { echo "$reel/build/compare/$1"; }
program_of() { echo "$(tree_of "$1")/build/benchmarks/benchmarks"; }

# Builds the benchmarks of NEW with the library of a commit, in a working tree of its own.
build() {
  local tree
  tree=$(tree_of "$1")
  echo "Building $(git -C "$reel" log -1 --format='%h, %s' "$1")" >&2
  if [[ ! -e $tree/.git ]]; then
    git -C "$reel" worktree add --quiet --force --detach "$tree" "$1"
  fi
  git -C "$tree" checkout --quiet --no-overlay "$new" -- benchmarks
  cmake -S "$tree" -B "$tree/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DREEL_TESTS=OFF -DREEL_EXAMPLES=OFF >/dev/null
  cmake --build "$tree/build" --target benchmarks -- --quiet >&2 ||
    stop "the library of $1 does not build with the benchmarks of $new"
}

"$reel/.ci/install"
build "$old"
build "$new"
exec "$(program_of "$new")" --compare "$(program_of "$old")" "$@"
