#include "record/checkpoint.h"

#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>

namespace reel {

namespace {

/// Steps [first, first + count) of those of `whole`.
struct Range {
  std::int64_t first, count;
};

Tensor part(const Tensor& sequence, const Range& range) {
  return slice(sequence, 0, range.first, range.first + range.count);
}

/// [chunks * every, ...] -> [chunks, every, ...]
Tensor in_chunks(const Tensor& sequence, std::int64_t every) {
  check_has_room("unroll", sequence);
  const auto steps = sequence.extent(0);
  return reshape(sequence,
                 sequence.shape().without_axis(0).with_axis(0, every).with_axis(0, steps / every).extents());
}

/// [chunks, every, ...] -> [chunks * every, ...]
Tensor out_of_chunks(const Tensor& chunks) {
  const auto step = chunks.shape().without_axis(0).without_axis(0);
  return reshape(chunks, step.with_axis(0, chunks.extent(0) * chunks.extent(1)).extents());
}

/// What a chunk is recorded with, but for its steps.
StepContext like(const StepContext& whole, Tape& outer, const Tensors& sequences, std::int64_t steps,
                 const Tensor& positions) {
  return {outer, steps, sequences, whole.cell, whole.options, whole.key, positions};
}

FlatUnroll unroll_chunks(const StepContext& whole, const Tensors& state, const Range& range,
                         const Tensor& positions, std::int64_t every) {
  Tensors chunks;
  for (const auto& sequence : whole.sequences) chunks.push_back(in_chunks(part(sequence, range), every));
  chunks.push_back(in_chunks(part(positions, range), every));
  const FlatCell chunk = [&](const Tensors& x, const Tensors& s) -> FlatStep {
    const Tensors sequences(x.begin(), x.end() - 1);
    const auto steps = unroll_node(like(whole, destination("unroll", x), sequences, every, x.back()), s);
    return {steps.outputs, steps.state};
  };
  auto options = whole.options;
  options.recompute = true;
  StepContext context{whole.outer, range.count / every, chunks, chunk, options, whole.key};
  context.is_of_chunks = true;
  auto result = unroll_node(context, state);
  for (auto& output : result.outputs) output = out_of_chunks(output);
  return result;
}

FlatUnroll unroll_rest(const StepContext& whole, const Tensors& state, const Range& range,
                       const Tensor& positions) {
  Tensors sequences;
  for (const auto& sequence : whole.sequences) sequences.push_back(part(sequence, range));
  return unroll_node(like(whole, whole.outer, sequences, range.count, part(positions, range)), state);
}

}  // namespace

std::int64_t checkpoint_distance(const UnrollOptions& options, std::int64_t steps) {
  if (options.checkpoint == 0) return steps;
  if (options.checkpoint != CheckpointOption::by_itself) return options.checkpoint;
  return std::max<std::int64_t>(1, std::llround(std::sqrt(static_cast<double>(steps))));
}

FlatUnroll unroll_checkpointed(const StepContext& whole, const Tensors& state, std::int64_t every) {
  const auto left_over = whole.steps % every, in_all = whole.steps - left_over;
  const bool reverse = whole.options.reverse;
  const Range chunked{reverse ? left_over : 0, in_all}, rest{reverse ? 0 : in_all, left_over};
  const auto positions = whole.outer.positions(whole.steps);
  auto result = unroll_chunks(whole, state, chunked, positions, every);
  if (left_over > 0) {
    const auto last = unroll_rest(whole, result.state, rest, positions);
    for (std::size_t i = 0; i < last.outputs.size(); ++i) {
      const auto &early = reverse ? last.outputs[i] : result.outputs[i],
                 &late = reverse ? result.outputs[i] : last.outputs[i];
      result.outputs[i] = concat({early, late}, 0);
    }
    result.state = last.state;
  }
  result.node = {};
  return result;
}

}  // namespace reel
