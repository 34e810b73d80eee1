#!/usr/bin/env bash
# Trainings that are interrupted, and ones whose files cannot be written: test.sh PROGRAM TEXTS FOLDER. The text
# of each is printed; the last line says what was not as it must be.
set -euo pipefail
program=$1 texts=$2 folder=$3
rm -rf "$folder"
mkdir -p "$folder/kept"
cd "$folder"

# begin NAME [OPTION...]: a training whose number is then in $training, with what it prints in NAME.txt.
begin() {
  local name=$1
  shift
  "$program" "$texts" --hidden 16 --embedding 8 --minutes 0 --steps 500 --samples 1 --sample-length 40 "$@" \
    >"$name.txt" 2>&1 &
  training=$!
}
# The same to its end.
train() {
  begin "$@"
  wait "$training"
}
fail() {
  tail -n 20 ./*.txt
  echo "$1"
  exit 1
}
# Waits until a training has written a file, which it does after a twentieth of its steps.
wait_for() {
  until [ -e "$1" ]; do
    kill -0 "$training" || fail "a training ended before $1 was there"
    sleep 0.01
  done
}

train whole --save whole.xml || fail "a training failed"

begin interrupted --save parts.xml --checkpoint kept/checkpoint
wait_for kept/checkpoint
kill -INT "$training" || fail "the training to be interrupted has ended"
wait "$training" || fail "an interrupted training is no failure"
grep -q "The same command goes on from there" interrupted.txt || fail "nothing tells how to go on"
steps=$(sed -n 's/^Interrupted after step \([0-9]*\)\..*/\1/p' interrupted.txt)
[ "$steps" -ge 25 ] && [ "$steps" -lt 500 ] || fail "interrupted after step '$steps'"
train resumed --save parts.xml --checkpoint kept/checkpoint || fail "a training cannot go on"
grep -q "Goes on after step $steps" resumed.txt || fail "it does not go on where it was"
cmp whole.xml parts.xml || fail "a training that was interrupted ends with other weights"

if train started --start whole.xml --checkpoint kept/checkpoint; then fail "weights to start from were forgotten"; fi
grep -q "kept/start is '' and must be 'whole.xml'" started.txt || fail "another reason was given"

# A folder that is written to may not be empty any more when it is removed: it is moved away in one step.
begin unkept --checkpoint kept/other
wait_for kept/other
mv kept away
if wait "$training"; then fail "a training that could not be kept is a success"; fi
grep -q "The training goes on, and it is tried again" unkept.txt || fail "nothing told that it could not be kept"
grep -q "Sample 1" unkept.txt || fail "the training did not go on to its end"
tail -n 1 unkept.txt | grep -q "the checkpoint could not be written: .*kept/other" || fail "the last line is another"

mkdir kept
begin unsaved --save kept/model.xml
wait_for kept/model.xml
mv kept away_too
if wait "$training"; then fail "a training whose weights could not be saved is a success"; fi
tail -n 1 unsaved.txt | grep -q "the model could not be written: .*kept/model" || fail "the last line is another"
echo "All as it must be: interrupted after step $steps of 500."
