// Lengths, truncation, restarts and checkpoints against plain loops over one sequence at a time.

#include <reel/reel.h>

#include "catch.h"
#include "refusals.h"
#include "run.h"
#include "walk.h"

using namespace reel;
using namespace reel::test;

namespace {

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

TEST_CASE("a restart gives a sequence its initial state again, and only it", "[sequences]") {
  std::vector<bool> flags(steps * batch);
  for (const auto& [t, b] : {std::pair{0, 0}, {2, 1}, {3, 3}, {4, 0}, {4, 1}, {6, 1}})
    flags[t * batch + b] = true;
  Array restarts(Shape{steps, batch}, ElementType::boolean);
  std::copy(flags.begin(), flags.end(), restarts.data<bool>());
  const bool reverse = GENERATE(false, true);
  const auto results =
      run({inputs(1), weights(), restarts, Array(lengths)}, [&](const Tensors& in) -> Tensors {
        const Walk walk{in[1]};
        const auto start = walk.start(batch);
        const auto way = [&](UnrollOptions& options) { options.reverse = reverse; };
        Tensors found;
        const auto add = [&](const auto& unrolled) {
          found.push_back(unrolled.outputs.y);
          found.push_back(unrolled.state.h);
          found.push_back(unrolled.state.count);
          found.push_back(gradients(total(unrolled.outputs.y, unrolled.state.h), {in[1]})[0]);
        };
        add(unroll(walk, in[0], start, RestartWhere(in[2]), way));
        add(unroll(walk, in[0], start, RestartWhere(in[2]), way, Checkpoint(2)));
        add(unroll(walk, in[0], start, way, RestartWhere(in[2]), Expanded));
        // By hand.
        auto s = start;
        Tensors y(steps, Tensor());
        for (std::int64_t i = 0; i < steps; ++i) {
          const auto t = reverse ? steps - 1 - i : i;
          for (std::int64_t b = 0; b < batch; ++b)
            if (reverse ? t + 1 < steps && flags[(t + 1) * batch + b] : bool(flags[t * batch + b])) {
              const auto put = [&](const Tensor& all, const Tensor& first) {
                return concat({slice(all, 0, 0, b), slice(first, 0, b, b + 1), slice(all, 0, b + 1, batch)},
                              0);
              };
              s = {put(s.h, start.h), put(s.seen, start.seen), put(s.count, start.count), s.all};
            }
          const auto [out, next] = walk(index(in[0], 0, t), s);
          y[t] = out.y;
          s = next;
        }
        const auto all = stack(y);
        found.insert(found.end(), {all, s.h, s.count, gradients(total(all, s.h), {in[1]})[0]});
        return found;
      });
  for (int form = 0; form < 3; ++form)
    for (int k = 0; k < 4; ++k) {
      INFO("form " << form << ", value " << k);
      CHECK(difference(results[4 * form + k], results[12 + k]) < 1e-12);
    }
}

TEST_CASE("a restart by flags of all sequences resets what they share, and initial states get gradients",
          "[sequences]") {
  const auto flags = [] {
    Array flags(Shape{4}, ElementType::boolean);
    flags.data<bool>()[2] = true;
    return flags;
  }();
  const auto results =
      run({doubles({4}, {1, 2, 3, 4}), doubles({}, {10}), flags}, [](const Tensors& in) -> Tensors {
        const auto cell = [](const Tensor& x, const Tensor& s) { return 2 * s + x; };
        const auto y = unroll(cell, in[0], in[1], RestartWhere(in[2])).outputs;
        return {y, gradients(index(y, 0, 3), {in[1]})[0], gradients(sum(y), {in[0]})[0]};
      });
  CHECK(values(results[0]) == List{21, 44, 23, 50});
  CHECK(values(results[1]) == List{4});
  CHECK(values(results[2]) == List{3, 1, 3, 1});
}

TEST_CASE("random choices are those of the plain unroll, however it is checkpointed", "[sequences]") {
  const bool reverse = GENERATE(false, true);
  const auto noisy = [&](auto option) {
    Model model(Seed{5});
    Function f(model, [&](const Tensor& x) {
      const auto way = [&](UnrollOptions& options) { options.reverse = reverse; };
      const auto cell = [](const Tensor& x, const Tensor& s) {
        // A nested unroll that draws too.
        const auto inner = unroll([](const Tensor& s) { return s + normal({2}); }, 3, zeros({2}));
        return dropout(s, 0.3) + x + inner.state;
      };
      const auto y = unroll(cell, x, zeros({2}), way, option).outputs;
      return std::pair(y, gradients(sum(square(y)), {x})[0]);
    });
    std::mt19937_64 random(2);
    return f(random_array({ElementType::float32, {10, 2}}, random));
  };
  const auto plain = noisy([](UnrollOptions&) {});
  const auto agrees = [&](const auto& found) {
    CHECK(found.first == plain.first);
    CHECK(difference(found.second, plain.second) < 1e-4 * largest(plain.second));
  };
  agrees(noisy(Checkpoint));
  agrees(noisy(Checkpoint(4)));
  agrees(noisy(Checkpoint(10)));
  agrees(noisy(Checkpoint(1)));
  agrees(noisy(Expanded));
}

TEST_CASE("a checkpointed unroll stores the states of chunks alone", "[sequences]") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 8, 16);
  const auto bytes = [&](auto option) {
    Function f(model, [&](const Tensor& x) {
      const auto state = unroll(cell, x, cell.initial_state(4), option).state;
      return gradients(sum(square(state.h)), {cell.input.W, cell.forget.U});
    });
    const Array x({ElementType::float32, {900, 4, 8}}, 0.1);
    f(x);
    return static_cast<double>(f.program(x).arena_bytes());
  };
  const auto stored = bytes([](UnrollOptions&) {});
  CHECK(bytes(Checkpoint) < 0.15 * stored);
  CHECK(bytes(Checkpoint(300)) < 0.5 * stored);
}

TEST_CASE("what lengths, restarts and truncation cannot be is refused by name", "[sequences]") {
  const auto refused = [](auto make) {
    return message_of([&] {
      run({inputs(1), weights(), Array(lengths)}, [&](const Tensors& in) -> Tensors {
        const Walk walk{in[1]};
        return {make(walk, in)};
      });
    });
  };
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Lengths(in[0])).state.h;
                }),
                {"[unroll]", "lengths are integers [batch]", "float64[7, 4, 2]"});
  require_parts(
      refused([](const Walk& walk, const Tensors& in) {
        return unroll(walk, in[0], walk.start(batch), Lengths(slice(in[2], 0, 0, 3))).state.h;
      }),
      {"[unroll]", "an input has 4 sequences along its first axis in a step, Lengths or RestartWhere 3"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Lengths(in[2] + 1)).state.h;
                }),
                {"Lengths: length 8", "outside [0, 8)"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), RestartWhere(in[2] > 0)).state.h;
                }),
                {"[unroll]", "flags that restart sequences are bool [7, batch] or [7]", "bool[4]"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Truncate(0)).state.h;
                }),
                {"[Truncate]", "1 step or more, not 0"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Checkpoint(-2)).state.h;
                }),
                {"[unroll]", "Checkpoint needs a number of steps from 1 on"});
  require_parts(refused([](const Walk&, const Tensors& in) {
                  return unroll([](const Tensor& x, const Tensor& s) { return s + sum(x, {0}); }, in[0],
                                zeros({2}), Lengths(in[2]))
                      .outputs;
                }),
                {"[unroll]", "an output has 2 sequences", "Lengths or RestartWhere 4"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Lengths(in[2]), Lengths(in[2])).state.h;
                }),
                {"[unroll]", "the option Lengths is given twice"});
  require_parts(refused([](const Walk& walk, const Tensors& in) {
                  return unroll(walk, in[0], walk.start(batch), Checkpoint, Checkpoint(2)).state.h;
                }),
                {"[unroll]", "the option Checkpoint is given twice"});
}

TEST_CASE("one sequence without a batch, no steps, and no sequences", "[sequences]") {
  const auto cell = [](const Tensor& x, const Tensor& s) { return s + x; };
  const auto each_one = Array({ElementType::float64, {5, 2}}, 1);
  const auto alone = run({each_one, Array(std::int64_t{3})}, [&](const Tensors& in) -> Tensors {
    const auto [y, s] = unroll(cell, in[0], zeros({2}), Lengths(in[1]));
    const auto back = unroll(cell, in[0], zeros({2}), Lengths(in[1]), Reverse).outputs;
    return {y, s, back};
  });
  CHECK(values(alone[0]) == List{1, 1, 2, 2, 3, 3, 0, 0, 0, 0});
  CHECK(values(alone[1]) == List{3, 3});
  CHECK(values(alone[2]) == List{3, 3, 2, 2, 1, 1, 0, 0, 0, 0});
  for (const auto& shape : {Shape{0, 3, 2}, Shape{5, 0, 2}}) {
    const auto batch = shape[1];
    const auto none = run(
        {Array(shape, ElementType::float64), Array({ElementType::int64, {batch}}, 0)},
        [&](const Tensors& in) -> Tensors {
          const auto [y, s] = unroll(cell, in[0], zeros({batch, 2}), Lengths(in[1]), Truncate(2), Checkpoint);
          const auto restarts = full({shape[0], batch}, 1, ElementType::boolean);
          const auto packed = unroll(cell, in[0], ones({batch, 2}), RestartWhere(restarts), Truncate(2));
          return {y, s, gradients(sum(y), {in[0]})[0], packed.state};
        });
    CHECK(none[0].shape() == shape);
    CHECK(largest(none[1]) == 0);
    CHECK(none[2].shape() == shape);
    CHECK(none[3] == Array({ElementType::float64, {batch, 2}}, 1));
  }
}

TEST_CASE("packed streams in both directions: each sequence by itself", "[sequences]") {
  Array begins(Shape{4}, ElementType::boolean);
  begins.data<bool>()[0] = begins.data<bool>()[2] = true;
  const auto found = run({doubles({4, 1, 1}, {1, 2, 10, 20}), begins}, [](const Tensors& in) -> Tensors {
    const auto sum_up = [](const Tensor& x, const Tensor& s) { return s + x; };
    const Bidirectional both(sum_up, sum_up);
    const auto zero = zeros({1, 1});
    return {unroll(both, in[0], std::pair(zero, zero), RestartWhere(in[1])).outputs};
  });
  CHECK(values(found[0]) == List{1, 3, 3, 2, 10, 30, 30, 20});
}

TEST_CASE("truncation counts from the first step of each packed sequence", "[sequences]") {
  const bool reverse = GENERATE(false, true);
  // Forwards it begins at steps 0 and 1, backwards at 3 and 2.
  Array begins(Shape{4}, ElementType::boolean);
  begins.data<bool>()[reverse ? 3 : 1] = true;
  const auto found = run({doubles({4}, {1, 1, 1, 1}), begins}, [&](const Tensors& in) -> Tensors {
    const auto way = [&](UnrollOptions& options) { options.reverse = reverse; };
    const auto cell = [](const Tensor& x, const Tensor& s) { return tanh(s + x); };
    const auto y = unroll(cell, in[0], zeros({}), way, Truncate(2), RestartWhere(in[1])).outputs;
    const auto slope = [&](int t) {
      return cast(gradients(index(y, 0, t), {in[0]})[0] != 0, ElementType::float64);
    };
    return {slope(0), slope(1), slope(2), slope(3)};
  });
  if (reverse) {
    CHECK(values(found[3]) == List{0, 0, 0, 1});
    CHECK(values(found[2]) == List{0, 0, 1, 0});
    CHECK(values(found[1]) == List{0, 1, 1, 0});
    CHECK(values(found[0]) == List{1, 0, 0, 0});
  } else {
    CHECK(values(found[0]) == List{1, 0, 0, 0});
    CHECK(values(found[1]) == List{0, 1, 0, 0});
    CHECK(values(found[2]) == List{0, 1, 1, 0});
    CHECK(values(found[3]) == List{0, 0, 0, 1});
  }
}

TEST_CASE("restarts beside lengths: flags past the end restart nothing", "[sequences]") {
  Array begins(Shape{5, 2}, ElementType::boolean);
  for (const auto at : {2, 3, 6, 8}) begins.data<bool>()[at] = true;  // sequence 0 at 1, 3, 4; 1 at 1
  const auto found =
      run({Array({ElementType::float64, {5, 2}}, 1), begins, Array(std::vector<std::int64_t>{4, 3})},
          [](const Tensors& in) -> Tensors {
            const auto sum_up = [](const Tensor& x, const Tensor& s) { return s + x; };
            const auto [y, last] = unroll(sum_up, in[0], zeros({2}), RestartWhere(in[1]), Lengths(in[2]));
            return {y, last};
          });
  CHECK(values(found[0]) == List{1, 1, 1, 1, 2, 2, 1, 0, 0, 0});
  CHECK(values(found[1]) == List{1, 2});
}

TEST_CASE("second gradients do not see the padding either", "[sequences]") {
  const auto second = [](double padding, auto... options) {
    return run({inputs(padding), weights(), Array(lengths)}, [&](const Tensors& in) -> Tensors {
      const Walk walk{in[1]};
      const auto [out, s] = unroll(walk, in[0], walk.start(batch), Lengths(in[2]), options...);
      const auto d = gradients(total(out.y, s.h), {in[1], in[0]});
      return gradients(sum(square(d[0])) + sum(sin(d[1])), {in[1], in[0]});
    });
  };
  const auto expected = second(1, Expanded);
  CHECK(std::isfinite(largest(expected[0])));
  const auto agrees = [&](const std::vector<Array>& found) {
    CHECK(difference(found[0], expected[0]) < 1e-10 * largest(expected[0]));
    CHECK(difference(found[1], expected[1]) < 1e-10 * largest(expected[1]));
  };
  agrees(second(NAN));
  agrees(second(infinity, Checkpoint(2)));
  agrees(second(NAN, Recompute));
}

TEST_CASE("no step of a sequence, or of all, leaves gradients finite", "[sequences]") {
  const auto cell = [](const Tensor& w) {
    return [w](const Tensor& x, const Tensor& h) { return h + matmul(log(x), w); };
  };
  const auto alone =
      run({Array({ElementType::float64, {3, 1, 1}}, NAN), doubles({1, 1}, {2}), Array(std::int64_t{0})},
          [&](const Tensors& in) -> Tensors {
            const auto y = unroll(cell(in[1]), in[0], zeros({1, 1}), Lengths(in[2])).state;
            return {y, gradients(sum(y), {in[1]})[0]};
          });
  CHECK(alone[0].item() == 0);
  CHECK(alone[1].item() == 0);
  const auto all = run({Array({ElementType::float64, {3, 2, 1}}, NAN), doubles({1, 1}, {2}),
                        Array(std::vector<std::int64_t>{0, 0})},
                       [&](const Tensors& in) -> Tensors {
                         const auto y = unroll(cell(in[1]), in[0], zeros({2, 1}), Lengths(in[2])).state;
                         return {y, gradients(sum(y), {in[1]})[0]};
                       });
  CHECK(largest(all[0]) == 0);
  CHECK(all[1].item() == 0);
}
