#!/usr/bin/env bash
# Shows that tests/run.sh and examples/run.sh are all a bare Debian needs: installs the smallest Debian
# of a suite (bookworm unless given) into a temporary folder, puts the committed files there, and runs
# both twice, the second time with no network. MIRROR tells where to take Debian from.
set -euo pipefail
suite=${1:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ $(id -u) != 0 ]]; then
  echo "Only root can install a Debian into a folder." >&2
  exit 1
fi
for tool in debootstrap git unshare; do
  command -v "$tool" >/dev/null || { echo "This needs $tool." >&2; exit 1; }
done

folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT
root=$folder/debian log=$folder/log

# Mounts and processes of a name space end with its first process: whatever happens, none stays behind.
apart() { unshare --mount --pid --fork --kill-child "$@"; }

echo "Installing $suite from $mirror"
apart debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$log" 2>&1 || { tail -n 20 "$log" && exit 1; }
cp --dereference /etc/resolv.conf /etc/hosts "$root/etc/"
find /etc/apt/apt.conf.d -name '*proxy*' -exec cp -t "$root/etc/apt/apt.conf.d" {} +
mkdir "$root/reel"
git -C "$source" archive HEAD | tar -x -C "$root/reel"

# Of this machine's settings, only how to reach the network, and what its processor needs of OpenBLAS.
mapfile -t settings < <(env | grep -E '^(https?_proxy|OPENBLAS_[A-Z0-9_]+)=')
settings+=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8)

times=()
run() {
  local began=$SECONDS network=$1 script=$2
  echo "==== $suite: $script, $network"
  local without=()
  if [[ $network == "without a network" ]]; then without=(--net); fi
  apart "${without[@]}" --mount-proc="$root/proc" chroot "$root" env -i "${settings[@]}" "/reel/$script" </dev/null
  times+=("$(printf '%5d s  %-15s  %s' $((SECONDS - began)) "$script" "$network")")
}
for network in "with a network" "without a network"; do
  for script in tests/run.sh examples/run.sh; do run "$network" "$script"; done
done

echo "==== $suite"
printf '%s\n' "${times[@]}"
