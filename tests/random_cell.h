#pragma once
#include <reel/check_operation.h>
#include <reel/ops.h>
#include <reel/record.h>
#include <reel/sequences.h>

#include "values.h"

/// Random recurrent programs: an outer tape with arguments, and on it an unroll of a cell made of random
/// operations with random captures, carries, outputs, nested unrolls and direction. One seed is one program;
/// it is recorded as an unroll node or Expanded, and must mean the same.
namespace reel::test {

class RandomProgram {
 public:
  explicit RandomProgram(std::uint64_t seed) : seed_(seed) {
    Draw draw(seed);
    batch_ = draw.between(1, 2);
    hidden_ = draw.between(1, 3);
    steps_ = draw.chance(0.05) ? 0 : draw.between(1, 4);
    sequences_ = draw.between(0, 2);
    carries_ = draw.between(0, 3);
    outputs_ = draw.between(1, 3);
    sums_ = draw.between(0, 2);
    reverse_ = draw.chance(0.4);
    recompute_ = draw.chance(0.3);
    captures_ = draw.between(1, 3);
    symbols_ = draw.chance(0.3);
    checkpoint_ = draw.chance(0.2) ? draw.between(1, 3) : 0;
    truncate_ = draw.chance(0.2) ? draw.between(1, 3) : 0;
    if (draw.chance(0.2))
      for (int b = 0; b < batch_; ++b) lengths_.push_back(draw.between(0, steps_));
    if (draw.chance(0.2))
      for (int i = 0; i < steps_ * batch_; ++i) restarts_.push_back(draw.chance(0.3));
  }

  /// Values for the arguments, in the order in which record() makes them.
  std::vector<Array> arguments() const {
    std::mt19937_64 random(seed_ ^ 0x9e3779b97f4a7c15);
    std::vector<Array> values;
    for (const auto& type : argument_types()) {
      const bool symbols = type.element == ElementType::int64;
      values.push_back(random_array(type, random, symbols ? 0 : -1.5, symbols ? rows : 1.5));
    }
    return values;
  }

  std::vector<TensorType> argument_types() const {
    std::vector<TensorType> types;
    const auto d = ElementType::float64;
    for (int i = 0; i < sequences_; ++i) types.push_back({d, {steps_, batch_, hidden_}});
    if (symbols_) types.push_back({ElementType::int64, {steps_, batch_}});
    for (int i = 0; i < carries_; ++i) types.push_back({d, {batch_, hidden_}});
    for (int i = 0; i < captures_; ++i) types.push_back({d, {batch_, hidden_}});
    types.push_back({d, {hidden_, hidden_}});  // weights
    types.push_back({d, {hidden_}});           // a bias
    types.push_back({d, {rows, hidden_}});     // a table
    return types;
  }

  /// What the program computes, from its arguments on the tape being recorded: outputs of all steps, sums
  /// over the steps, the final state.
  Tensors record(const Tensors& arguments, bool expanded) const {
    Tensors sequences, state, pool;
    std::size_t next = 0;
    const int all_sequences = sequences_ + (symbols_ ? 1 : 0);
    for (int i = 0; i < all_sequences; ++i) sequences.push_back(arguments[next++]);
    for (int i = 0; i < carries_; ++i) state.push_back(arguments[next++]);
    for (int i = 0; i < captures_; ++i) pool.push_back(arguments[next++]);
    const Weights weights{arguments[next], arguments[next + 1], arguments[next + 2]};
    // Captures are values computed outside as well as arguments.
    pool.push_back(tanh(pool[0] + weights.bias));

    UnrollOptions options;
    options.reverse = reverse_;
    options.recompute = recompute_;
    options.expanded = expanded;
    add_sequence_options(options);
    std::vector<Tensor> probes;
    const auto cell = [&](const Tensors& x, const Tensors& s) -> FlatStep {
      Draw draw(seed_ + 1);  // the same choices at every step
      auto values = pool;
      for (int i = 0; i < sequences_; ++i) values.push_back(x[i]);
      if (symbols_) values.push_back(gather(weights.table, x[sequences_]));
      values.insert(values.end(), s.begin(), s.end());
      grow(values, weights, draw, draw.between(3, 12), 0, expanded);
      FlatStep step;
      // Where there is no body to project from, what is summed is an output.
      for (int i = 0; i < outputs_; ++i) step.outputs.push_back(draw.pick(values));
      probes.clear();
      // Times one: the pick may be a value from outside, and only one of the step can be projected.
      for (int i = 0; i < sums_; ++i) probes.push_back(draw.pick(values) * 1);
      if (!has_node(expanded)) step.outputs.insert(step.outputs.end(), probes.begin(), probes.end());
      for (int i = 0; i < carries_; ++i) step.state.push_back(draw.pick(values));
      return step;
    };
    auto result = unroll_flat(steps_, sequences, state, cell, options);
    Tensors all = result.outputs;
    if (!has_node(expanded))
      for (int i = 0; i < sums_; ++i) all[outputs_ + i] = sum(all[outputs_ + i], {0});
    else
      for (const auto& probe : probes) all.push_back(result.node.summed(probe));
    // Not every final state: a carry may matter only through what it does to the outputs, or to other
    // carries.
    Draw draw(seed_ + 2);
    for (const auto& final_state : result.state)
      if (draw.chance(0.4)) all.push_back(final_state);
    return all;
  }

 private:
  static constexpr int rows = 4;

  struct Weights {
    Tensor matrix, bias, table;
  };

  class Draw {
   public:
    explicit Draw(std::uint64_t seed) : random_(seed * 2654435761u + 12345) {}
    int between(int low, int high) {
      return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
    }
    bool chance(double p) { return static_cast<double>(random_() >> 11) * 0x1p-53 < p; }
    const Tensor& pick(const Tensors& pool) { return pool[random_() % pool.size()]; }

   private:
    std::mt19937_64 random_;
  };

  /// No steps are recorded as a node in either form. With lengths, what is summed is an output in both: it is
  /// zero past the ends.
  bool has_node(bool expanded) const {
    return lengths_.empty() && (steps_ == 0 || (!expanded && checkpoint_ == 0));
  }

  void add_sequence_options(UnrollOptions& options) const {
    options.checkpoint = checkpoint_;
    if (truncate_ > 0) Truncate{truncate_}(options);
    if (!lengths_.empty()) Lengths{constant(Array(lengths_))}(options);
    if (!restarts_.empty()) {
      Array flags(Shape{steps_, batch_}, ElementType::boolean);
      std::copy(restarts_.begin(), restarts_.end(), flags.data<bool>());
      RestartWhere{constant(flags)}(options);
    }
  }

  /// Appends `count` values [batch, hidden], each a random operation on earlier ones.
  void grow(Tensors& values, const Weights& w, Draw& draw, int count, int depth, bool expanded) const {
    for (int i = 0; i < count; ++i) values.push_back(operation(values, w, draw, depth, expanded));
  }

  Tensor operation(const Tensors& values, const Weights& w, Draw& draw, int depth, bool expanded) const {
    const auto &a = draw.pick(values), &b = draw.pick(values);
    // Half of the time any operation of the table.
    if (draw.chance(0.5)) return from_table(values, draw);
    switch (draw.between(0, depth < 2 ? 24 : 22)) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return a * tanh(b);
      case 3:
        return a / (2 + tanh(b));
      case 4:
        return tanh(a);
      case 5:
        return sigmoid(a + w.bias);
      case 6:
        return exp(-square(a));
      case 7:
        return log(0.5 + sigmoid(a));
      case 8:
        return sqrt(0.5 + sigmoid(a));
      case 9:
        return relu(a);
      case 10:
        return select(less(a, b), a, tanh(b));
      case 11:
        return tanh(matmul(a, w.matrix));
      case 12:
        return tanh(matmul(a, transpose(w.matrix)));
      case 13:
        return slice(concat({a, b}, 1), 1, 1, 1 + hidden_);
      case 14:
        return slice(pad(a, 0, 1, 0), 0, 0, batch_);
      case 15:
        return a - mean(b, {1}, true);
      case 16:
        return a * max(tanh(b), {0}, true);
      case 17:
        return softmax(a);
      case 18:
        return stop_gradient(a) * sigmoid(b);
      case 19:
        return transpose(reshape(transpose(a), {hidden_, batch_}));
      case 20:
        return broadcast_to(sum(tanh(a), {0}), {batch_, hidden_});
      case 21:
        return cast(greater(a, b), ElementType::float64) * a;
      case 22:
        return tanh(matmul(matmul(a, transpose(b)), tanh(a)));
      default:
        return nested(values, w, draw, depth, expanded);
    }
  }

  /// Any operation, on one of its samples: values are cut and repeated to fill the shapes it wants and
  /// squeezed into the range it accepts, and its result is brought back to [batch, hidden].
  Tensor from_table(const Tensors& values, Draw& draw) const {
    static const auto table = [] {
      std::vector<const Operation*> found;
      for (const auto* operation : operations())
        if (operation->samples) found.push_back(operation);
      return found;
    }();
    const auto& operation = *table[draw.between(0, static_cast<int>(table.size()) - 1)];
    const auto samples = operation.samples();
    const auto& sample = samples[draw.between(0, static_cast<int>(samples.size()) - 1)];
    const auto numbers = sample_values(sample, draw.between(0, 1000));
    Tensors operands;
    for (std::size_t i = 0; i < sample.operands.size(); ++i) {
      const auto& [type, low, high] = sample.operands[i];
      operands.push_back(is_floating(type.element)
                             ? low + (high - low) * sigmoid(fitted(draw.pick(values), type.shape))
                             : constant(numbers[i]));
    }
    auto result = reel::record(operation, operands, sample.attributes);
    if (result.element() != ElementType::float64) result = cast(result, ElementType::float64);
    return tanh(fitted(result, {batch_, hidden_}));
  }

  /// The elements of `x` in order, repeated or cut to fill `shape`.
  static Tensor fitted(const Tensor& x, const Shape& shape) {
    const auto count = x.shape().size();
    if (count == 0) return full(shape, 0.25, ElementType::float64);
    std::vector<std::int64_t> positions(shape.size());
    for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<std::int64_t>(i) % count;
    return reshape(gather(reshape(x, {count}), constant(Array(positions))), shape);
  }

  /// An unroll inside the step, over a sequence of values or none.
  Tensor nested(const Tensors& values, const Weights& w, Draw& draw, int depth, bool expanded) const {
    const int steps = draw.between(1, 3), carries = draw.between(1, 2), what = draw.between(0, 2);
    const bool has_sequence = draw.chance(0.6);
    Tensors sequences, state;
    if (has_sequence) {
      Tensors parts;
      for (int t = 0; t < steps; ++t) parts.push_back(draw.pick(values));
      sequences.push_back(stack(parts));
    }
    for (int k = 0; k < carries; ++k) state.push_back(draw.pick(values));
    UnrollOptions options;
    options.reverse = draw.chance(0.5);
    options.recompute = draw.chance(0.2);
    options.expanded = draw.chance(0.7) && expanded;
    const auto inner_seed = seed_ * 31 + draw.between(0, 1 << 20);
    const auto result = unroll_flat(
        steps, sequences, state,
        [&](const Tensors& x, const Tensors& s) -> FlatStep {
          Draw inner(inner_seed);
          auto pool = values;
          pool.insert(pool.end(), x.begin(), x.end());
          pool.insert(pool.end(), s.begin(), s.end());
          grow(pool, w, inner, inner.between(1, 5), depth + 1, expanded);
          FlatStep step{{pool.back()}, {}};
          for (int k = 0; k < carries; ++k) step.state.push_back(inner.pick(pool));
          return step;
        },
        options);
    if (what == 0) return result.state[0];
    if (what == 1) return sum(result.outputs[0], {0});
    return max(result.outputs[0], {0});
  }

  std::uint64_t seed_;
  int batch_, hidden_, steps_, sequences_, carries_, outputs_, sums_, captures_;
  bool reverse_, recompute_, symbols_;
  int checkpoint_, truncate_;
  std::vector<std::int64_t> lengths_;  // of each sequence; empty where all have all steps
  std::vector<bool> restarts_;         // [steps, batch]; empty where there are none
};

}  // namespace reel::test
