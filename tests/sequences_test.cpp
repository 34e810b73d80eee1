// Lengths, truncation, restarts and checkpoints against plain loops over one sequence at a time.

#include <reel/reel.h>

#include "catch.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A cell with states of every type: a running value, a flag and a counter of each sequence, and a counter of
/// all. Past the padding's NaN nothing of it could be finite.
struct Walk {
  Tensor weight;

  struct State {
    Tensor h, seen, count, all;
    REEL_MEMBERS(h, seen, count, all)
  };
  struct Output {
    Tensor y, seen;
    REEL_MEMBERS(y, seen)
  };

  State start(std::int64_t batch) const {
    return {zeros({batch, 2}), full({batch}, 0, ElementType::boolean), full({batch}, 0, ElementType::int32),
            full({}, 0, ElementType::int64)};
  }

  std::pair<Output, State> operator()(const Tensor& x, const State& s) const {
    // The logarithm of a padding of zeros would be infinite, and so would the gradient of the weight.
    const auto h = tanh(matmul(concat({log(x), s.h}), weight));
    const auto seen = s.seen || any(x > 1.5, {1});
    return {{h * cast(unsqueeze(s.count, 1), h.element()), seen},
            {h, seen, s.count + cast(seen, ElementType::int32), s.all + 1}};
  }
};

constexpr std::int64_t steps = 7, batch = 4;
const std::vector<std::int64_t> lengths{7, 3, 0, 5};

/// Inputs [steps, batch, 2]; past the ends `padding`.
Array inputs(double padding, const std::vector<std::int64_t>& ends = lengths) {
  std::mt19937_64 random(3);
  auto x = random_array({ElementType::float64, {steps, batch, 2}}, random, 0.5, 2);
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t b = 0; b < batch; ++b)
      for (int i = 0; i < 2; ++i)
        if (t >= ends[b]) x.data<double>()[(t * batch + b) * 2 + i] = padding;
  return x;
}

Array weights() {
  std::mt19937_64 random(4);
  return random_array({ElementType::float64, {4, 2}}, random);
}

/// What is compared: outputs of all steps, the final state, and gradients by weight and input.
struct Outcome {
  Array y, seen, h, count, all, dweight, dx;
};

/// A total in which every output and final state has another weight.
Tensor total(const Tensor& y, const Tensor& h) {
  const auto ramp = [](const Tensor& like) {
    return reshape(cast(iota(like.shape().size()), ElementType::float64), like.shape().extents());
  };
  return sum(sin(y + 0.1 * ramp(y))) + sum(cos(h + ramp(h)));
}

template <class... Options>
Outcome unrolled(const Array& x, const Options&... options) {
  const auto results = run({x, weights(), Array(lengths)}, [&](const Tensors& in) -> Tensors {
    const Walk walk{in[1]};
    const auto apply = [&](const auto& option) {
      if constexpr (std::is_invocable_v<decltype(option), const Tensor&>)
        return option(in[2]);
      else
        return option;
    };
    const auto [out, s] = unroll(walk, in[0], walk.start(batch), apply(options)...);
    const auto d = gradients(total(out.y, s.h), {in[1], in[0]});
    return {out.y, out.seen, s.h, s.count, s.all, d[0], d[1]};
  });
  return {results[0], results[1], results[2], results[3], results[4], results[5], results[6]};
}

const auto with_lengths = [](const Tensor& lengths) { return Lengths(lengths); };

void require_same(const Outcome& a, const Outcome& b) {
  CHECK(difference(a.y, b.y) < 1e-13);
  CHECK(a.seen == b.seen);
  CHECK(difference(a.h, b.h) < 1e-13);
  CHECK(a.count == b.count);
  CHECK(a.all == b.all);
  CHECK(difference(a.dweight, b.dweight) < 1e-12);
  CHECK(difference(a.dx, b.dx) < 1e-12);
}

/// The sequences one by one, each step by step, only as far as it goes.
Outcome one_by_one(const Array& x, bool reverse, std::int64_t truncate) {
  const auto results = run({x, weights()}, [&](const Tensors& in) -> Tensors {
    const Walk walk{in[1]};
    Tensors ys, seens, hs, counts;
    for (std::int64_t b = 0; b < batch; ++b) {
      auto s = walk.start(1);
      Tensors y(steps, zeros({1, 2})), seen(steps, full({1}, 0, ElementType::boolean));
      for (std::int64_t i = 0; i < lengths[b]; ++i) {
        const auto t = reverse ? lengths[b] - 1 - i : i;
        if (truncate > 0 && i > 0 && i % truncate == 0) s.h = stop_gradient(s.h);
        const auto [out, next] = walk(slice(index(in[0], 0, t), 0, b, b + 1), s);
        s = next;
        y[t] = out.y;
        seen[t] = out.seen;
      }
      ys.push_back(stack(y));
      seens.push_back(stack(seen));
      hs.push_back(s.h);
      counts.push_back(s.count);
    }
    const auto y = concat(ys, 1), seen = concat(seens, 1), h = concat(hs, 0), count = concat(counts, 0);
    const auto d = gradients(total(y, h), {in[1], in[0]});
    return {y, seen, h, count, full({}, steps, ElementType::int64), d[0], d[1]};
  });
  return {results[0], results[1], results[2], results[3], results[4], results[5], results[6]};
}

}  // namespace

TEST_CASE("lengths: as if each sequence ran by itself, whatever the padding is", "[sequences]") {
  const auto expected = one_by_one(inputs(1), false, 0);
  for (const double padding : {1.0, 0.0, double(NAN), infinity, -infinity}) {
    INFO("padding " << padding);
    const auto x = inputs(padding);
    require_same(unrolled(x, with_lengths), expected);
    require_same(unrolled(x, with_lengths, Expanded), expected);
    require_same(unrolled(x, with_lengths, Recompute), expected);
    require_same(unrolled(x, with_lengths, Checkpoint), expected);
    require_same(unrolled(x, with_lengths, Checkpoint(2)), expected);
    require_same(unrolled(x, with_lengths, Truncate(100)), expected);
  }
}

TEST_CASE("lengths in reverse: each sequence starts at its own end", "[sequences]") {
  const auto expected = one_by_one(inputs(1), true, 0), cut = one_by_one(inputs(1), true, 2);
  CHECK(difference(expected.dweight, cut.dweight) > 1e-6);
  for (const double padding : {1.0, double(NAN)}) {
    const auto x = inputs(padding);
    require_same(unrolled(x, with_lengths, Reverse), expected);
    require_same(unrolled(x, Reverse, Expanded, with_lengths), expected);
    require_same(unrolled(x, Checkpoint(3), Reverse, with_lengths), expected);
    require_same(unrolled(x, with_lengths, Reverse, Truncate(2)), cut);
    require_same(unrolled(x, Truncate(2), with_lengths, Reverse, Checkpoint(3)), cut);
    require_same(unrolled(x, Truncate(2), with_lengths, Reverse, Expanded), cut);
  }
}

TEST_CASE("truncation cuts the derivative at every k-th step and leaves values as they are", "[sequences]") {
  const auto whole = one_by_one(inputs(1), false, 0);
  for (const std::int64_t k : {1, 2, 3, 6}) {
    INFO("every " << k);
    const auto expected = one_by_one(inputs(1), false, k);
    CHECK(expected.y == whole.y);
    CHECK(difference(expected.dweight, whole.dweight) > 1e-6);
    require_same(unrolled(inputs(NAN), with_lengths, Truncate(k)), expected);
    require_same(unrolled(inputs(NAN), with_lengths, Truncate(k), Checkpoint(3), Recompute), expected);
  }
}
