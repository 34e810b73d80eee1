#pragma once
#include <passes/liveness.h>
#include <passes/pipeline.h>
#include <reel/reel.h>

#include <set>

#include "../benchmarks/cells.h"
#include "catch.h"
#include "values.h"

/// What the passes make of a computation, in numbers, and that it stays the same.
namespace reel::test {

constexpr auto d = ElementType::float64;
constexpr std::int64_t T = 7, B = 2, I = 3, H = 5;

/// One loop of an improved tape.
struct LoopCounts {
  bool reverse;
  int products = 0;
  int carries = 0;
  /// Elements that a step reads of sequences, and writes of values of all steps.
  std::int64_t read = 0, written = 0;
  int nested = 0;
};

/// What the improved tape of a computation consists of.
struct Counts {
  std::vector<LoopCounts> loops;
  int products = 0;  // outside of loops
  /// Elements of the largest value, in a loop or outside.
  std::int64_t largest = 0;
};

inline void count(const Tape& tape, const passes::Live& live, Counts& counts, LoopCounts* loop) {
  for (NodeId id = 0; id < tape.size(); ++id) {
    if (!live.nodes[id]) continue;
    const auto& node = tape.node(id);
    if (node.operation->has_value() && node.operation->kind != Kind::leaf)
      counts.largest = std::max(counts.largest, node.type.shape.size());
    if (node.operation == &matmul_operation()) ++(loop ? loop->products : counts.products);
    if (node.operation->kind != Kind::unroll) continue;
    const auto unroll = UnrollNode::of(node.attributes);
    const auto& inside = live.loops.at(id);
    const auto& step = *unroll.body->tape;
    if (loop) ++loop->nested;
    LoopCounts found{unroll.reverse};
    for (auto input : unroll.body->sequences)
      if (inside.body.nodes[input]) found.read += step.node(input).type.shape.size();
    for (bool carried : inside.body.carries) found.carries += carried;
    std::set<NodeId> stacked;
    for (auto projection : inside.projections)
      if (tape.node(projection).operation == &stacked_operation())
        stacked.insert(static_cast<NodeId>(tape.node(projection).attributes.integer("value")));
    for (auto value : stacked) found.written += step.node(value).type.shape.size();
    count(step, inside.body, counts, &found);
    counts.loops.push_back(found);
  }
}

inline Counts counts_of(const Tape& tape, const Tensors& outputs, const CompileOptions& options = {}) {
  std::vector<NodeId> ids;
  for (const auto& output : outputs) ids.push_back(output.id());
  const auto improved = passes::improve(tape, ids, options);
  Counts counts;
  count(*improved.tape, passes::find_live(*improved.tape, improved.outputs), counts, nullptr);
  return counts;
}

/// A recorded computation and arguments to run it on.
struct Recorder {
  Tape tape{d};
  Recording recording{tape};
  std::vector<Array> inputs;
  std::mt19937_64 random{3};

  Tensor input(const Shape& shape) {
    inputs.push_back(random_array({d, shape}, random));
    return tape.argument({d, shape});
  }
  /// The improved program against the tape as it was recorded, and without each of the passes.
  void check(const Tensors& outputs) {
    const auto run = [&](auto option) {
      CompileOptions options;
      option(options);
      return compile(tape, outputs, Device::cpu(), options).run(inputs);
    };
    const auto expected = run(AsRecorded);
    const auto compare = [&](const char* what, const std::vector<Array>& found) {
      for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO(what << ", output " << i);
        CHECK(difference(found[i], expected[i]) <= 1e-10 * std::max(1.0, largest(expected[i])));
      }
    };
    compare("all passes", run([](CompileOptions&) {}));
    for (const auto& pass : all_passes()) compare(pass.name, run(Without(pass.name)));
  }
};

/// A training step of a cell over a sequence: outputs, the last state, gradients of everything.
template <class Cell, class State>
struct Training {
  Model model{Seed{3}, Device::cpu(), d};
  Cell cell{model / "cell", I, H};
  Recorder r;
  Tensors forward, all;

  template <class... Options>
  explicit Training(const State& state, const Options&... options) {
    const auto x = r.input({T, B, I}), dy = r.input({T, B, H});
    const auto [outputs, last] = unroll(cell, x, state, options...);
    forward = {outputs};
    structure::for_each_leaf(last, [&](const Tensor& leaf) { forward.push_back(leaf); });
    Tensors wanted{x};
    for (const auto& parameter : model.parameters()) wanted.push_back(parameter);
    all = forward;
    for (const auto& gradient : gradients(sum(outputs * dy), wanted)) all.push_back(gradient);
  }
};

inline LSTMState lstm_state() { return {zeros({B, H}, d), zeros({B, H}, d)}; }

}  // namespace reel::test
