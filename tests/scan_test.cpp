// Linear recurrences: found in cells of any form, run as scans, right to the third derivative.

#include <reel/check_gradients.h>
#include <reel/reel.h>

#include "catch.h"
#include "passes/pipeline.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

using Step = std::function<Tensor(const Tensors& x, const Tensor& h)>;

// So many units that a mask of sequences, repeated along them, is much smaller than a state.
constexpr std::int64_t steps = 5, batch = 3, hidden = 6;

/// Sequences a and b [steps, batch, hidden], an initial state, a row [hidden], lengths.
std::vector<Array> inputs() {
  std::mt19937_64 random(11);
  const auto d = ElementType::float64;
  return {random_array({d, {steps, batch, hidden}}, random, -1.2, 1.2),
          random_array({d, {steps, batch, hidden}}, random, -1, 1),
          random_array({d, {batch, hidden}}, random, -1, 1), random_array({d, {hidden}}, random, -1, 1),
          Array(std::vector<std::int64_t>{5, 2, 4})};
}

/// Outputs, last state, gradients by all, and gradients of those.
template <class... Options>
Tensors computed(const Tensors& in, const Step& step, const Options&... options) {
  const auto cell = [&](const std::pair<Tensor, Tensor>& x, const Tensor& h) {
    return step({x.first, x.second, in[3]}, h);
  };
  const auto [y, last] = unroll(cell, std::pair(in[0], in[1]), in[2], options...);
  const Tensors sources{in[0], in[1], in[2], in[3]};
  const auto total = sum(sin(y)) + sum(cos(last));
  Tensors all{y, last};
  Tensor slopes = 0;
  for (const auto& d : gradients_or_absent(total, sources))
    if (d.defined()) {
      all.push_back(d);
      slopes = slopes + sum(d * d);
    }
  for (const auto& d : gradients_or_absent(slopes, sources))
    if (d.defined()) all.push_back(d);
  return all;
}

/// How many unrolls are left of what is computed, and scans.
struct Left {
  int unrolls = 0, scans = 0;
};
template <class... Options>
Left left_of(const Step& step, const Options&... options) {
  Tape tape(ElementType::float64);
  Tensors outputs;
  {
    Recording recording(tape);
    Tensors arguments;
    for (const auto& input : inputs()) arguments.push_back(tape.argument(input.type()));
    outputs = computed(arguments, step, options...);
    for (auto& output : outputs) output = bring(tape, output, "test");
  }
  const auto improved = passes::improve(tape, passes::nodes_of("test", tape, outputs), {});
  Left left;
  for (NodeId id = 0; id < improved.tape->size(); ++id) {
    left.unrolls += improved.tape->node(id).operation->kind == Kind::unroll;
    left.scans += improved.tape->node(id).operation == &linear_scan_operation();
  }
  return left;
}

template <class... Options>
void check_same(const Step& step, const Options&... options) {
  const auto expected =
      run(inputs(), [&](const Tensors& in) { return computed(in, step, options..., Expanded); });
  const auto found = run(inputs(), [&](const Tensors& in) { return computed(in, step, options...); });
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("result " << i);
    CHECK(difference(found[i], expected[i]) < 1e-11 * std::max(1.0, largest(expected[i])));
  }
}

/// No loop is left, also with options, and all is what it is step by step.
void check_scanned(const char* what, const Step& step) {
  INFO(what);
  const auto left = left_of(step);
  CHECK(left.unrolls == 0);
  CHECK(left.scans >= 2);
  check_same(step);
  check_same(step, Reverse);
  const auto with_options = [&](auto... options) {
    const auto lengths = [](UnrollOptions& o) { Lengths{constant(inputs()[4])}(o); };
    CHECK(left_of(step, lengths, options...).unrolls == 0);
    check_same(step, lengths, options...);
  };
  with_options();
  with_options(Reverse);
  // An adjoint that ends is forgotten, so that derivatives stay loops.
  CHECK(left_of(step, Truncate(2)).scans >= 1);
  check_same(step, Truncate(2), Reverse);
  check_same(step, Checkpoint(2));
}

}  // namespace

TEST_CASE("a state that is multiplied and added to alone is a scan, however it is written", "[scan]") {
  check_scanned("a h + b", [](const Tensors& x, const Tensor& h) { return x[0] * h + x[1]; });
  check_scanned("minGRU", [](const Tensors& x, const Tensor& h) {
    const auto z = sigmoid(x[0]);
    return (1 - z) * h + z * x[1];
  });
  check_scanned("a running sum", [](const Tensors& x, const Tensor& h) { return h + x[1]; });
  check_scanned("an average with a rate for each unit", [](const Tensors& x, const Tensor& h) {
    const auto keep = sigmoid(x[2]);
    return keep * h + (1 - keep) * x[1];
  });
  check_scanned("subtracted and negated",
                [](const Tensors& x, const Tensor& h) { return x[1] - (-h) * x[0]; });
  const Step subtracted_first = [](const Tensors& x, const Tensor& h) { return x[0] * (x[1] - h); };
  CHECK(left_of(subtracted_first).unrolls == 0);
  check_same(subtracted_first);
  // With lengths what is added first and multiplied is no single factor and term.
  const Step added_first = [](const Tensors& x, const Tensor& h) { return x[0] * (h + x[1]); };
  CHECK(left_of(added_first).unrolls == 0);
  check_same(added_first);
  // With lengths that would be a choice within a choice.
  const Step chosen = [](const Tensors& x, const Tensor& h) { return select(x[0] > 0, h * x[0], h + x[1]); };
  CHECK(left_of(chosen).unrolls == 0);
  check_same(chosen);
}

namespace {

/// A cell of random elementwise operations that are linear in the state.
struct RandomLinear {
  std::uint64_t seed;

  Tensor operator()(const Tensors& x, const Tensor& h) const {
    std::mt19937_64 random(seed * 77 + 5);
    const auto pick = [&](std::size_t count) { return random() % count; };
    Tensors cycle{h};
    const Tensors outside{x[0],    x[1], tanh(x[0]), sigmoid(x[1]), broadcast_to(x[2], {batch, hidden}),
                          1 - x[0]};
    const auto count = 1 + pick(5);
    for (std::size_t i = 0; i < count; ++i) {
      const auto &a = cycle[pick(cycle.size())], &b = cycle[pick(cycle.size())],
                 &o = outside[pick(outside.size())], &q = outside[pick(outside.size())];
      switch (pick(11)) {
        case 0:
        case 1:
          cycle.push_back(a * o);
          break;
        case 2:
          cycle.push_back(o * a);
          break;
        case 3:
          cycle.push_back(a + o);
          break;
        case 4:
          cycle.push_back(o - a);
          break;
        case 5:
          cycle.push_back(a - o);
          break;
        case 6:
          cycle.push_back(-a);
          break;
        case 7:
          cycle.push_back(a + b);
          break;
        case 8:
          cycle.push_back(select(o > q, a, b));
          break;
        case 9:
          cycle.push_back(select(o > q, a, 0) + select(o > q, 0, b));
          break;
        default:
          cycle.push_back(a / (2 + o * o));
      }
    }
    return cycle.back();
  }
};

}  // namespace

TEST_CASE("Reel's linear layers are scans, in training and with lengths", "[scan]") {
  Model model(Seed{1});
  const MinGRU gru(model / "gru", 6, 6);
  const IndRNN average(model / "average", 6, 6, {});
  const auto explained = [&](const auto& cell, const auto&... options) {
    Function f(model, [&](const Tensor& x, const Tensor& lengths) {
      const auto with = [&](UnrollOptions& all) {
        if (sizeof...(options) > 0) Lengths{lengths}(all);
        (options(all), ...);
      };
      const auto y = unroll(cell, x, cell.initial_state(3), with).outputs;
      return gradients(sum(square(y)), {x});
    });
    return f.program(Array(Shape{5, 3, 6}, ElementType::float32), Array(std::vector<std::int64_t>{5, 2, 4}))
        .explain();
  };
  const auto no_option = [](UnrollOptions&) {};
  for (const auto& text : {explained(gru), explained(gru, no_option), explained(gru, Reverse),
                           explained(average), explained(average, no_option)}) {
    CHECK(text.find("loop of") == std::string::npos);
    CHECK_THAT(text, ContainsSubstring("linear_scan"));
  }
}

TEST_CASE("random linear cells, as scans and as loops, are what they are step by step", "[scan]") {
  int scanned = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    INFO("seed " << seed);
    const RandomLinear step{seed};
    scanned += left_of(step).scans > 0;
    const auto lengths = [](UnrollOptions& o) { Lengths{constant(inputs()[4])}(o); };
    if (seed % 3 == 0)
      check_same(step, Reverse);
    else if (seed % 3 == 1)
      check_same(step, lengths);
    else
      check_same(step, lengths, Truncate(2));
  }
  CHECK(scanned > 30);
}

TEST_CASE("a state of which the last value alone is wanted, or that reads what is large, is not stored",
          "[scan]") {
  const auto bytes = [](const auto& f) {
    Model model(Seed{1});
    Function function(model, f);
    const Array x({ElementType::float32, {500, 16}}, 0.5);
    function(x);
    return function.program(x).arena_bytes();
  };
  CHECK(bytes([](const Tensor& x) {
          return unroll([](const Tensor& x, const Tensor& h) { return 0.9 * h + x; }, x, zeros({16})).state;
        }) < 500 * 16);
  CHECK(bytes([](const Tensor& x) {
          Tensor next;
          const auto cell = [&](const Tensor& x, const Tensor& h) { return next = 0.9 * h + x; };
          const auto unrolled = unroll(cell, x, zeros({16}));
          return unrolled.node.summed(next);
        }) < 500 * 16);
  // Every step adds an outer product.
  CHECK(bytes([](const Tensor& x) {
          const auto cell = [](const Tensor& x, const Tensor& s) {
            const auto next = 0.9 * s + unsqueeze(x, 0) * unsqueeze(x, 1);
            return std::pair(matmul(next, x), next);
          };
          return unroll(cell, x, zeros({16, 16})).outputs;
        }) < 1.2 * 500 * 16 * 16 * 4);
}

TEST_CASE("values of the recurrence beside what is handed on", "[scan]") {
  const auto found = run(inputs(), [](const Tensors& in) -> Tensors {
    Tensors all;
    for (const bool expanded : {false, true}) {
      const auto cell = [&](const std::pair<Tensor, Tensor>& x, const Tensor& h) {
        const auto kept = x.first * h, next = kept + x.second;
        return std::pair(std::tuple(kept, h, next * next, sum(kept, {1})), next);
      };
      const auto way = [&](UnrollOptions& options) { options.expanded = expanded; };
      const auto [y, last] = unroll(cell, std::pair(in[0], in[1]), in[2], way);
      const auto& [kept, before, squared, row] = y;
      const auto d =
          gradients(sum(kept * before) + sum(squared) + sum(sin(row)) + sum(last), {in[0], in[1], in[2]});
      all.insert(all.end(), {kept, before, squared, row, last, d[0], d[1], d[2]});
    }
    return all;
  });
  for (int i = 0; i < 8; ++i) {
    INFO("value " << i);
    CHECK(difference(found[i], found[8 + i]) < 1e-12);
  }
}

TEST_CASE("what is no linear recurrence stays a loop, and what forgets stays one that can", "[scan]") {
  CHECK(left_of([](const Tensors& x, const Tensor& h) { return tanh(x[0] * h + x[1]); }).unrolls > 0);
  CHECK(left_of([](const Tensors& x, const Tensor& h) { return h * h + x[1]; }).unrolls > 0);
  CHECK(left_of([](const Tensors& x, const Tensor& h) { return h * sum(h, {1}, true) + x[1]; }).unrolls > 0);
  // Factors that would be rounded, or overflow, where the step's values are not.
  const std::vector<Step> rounded{[](const Tensors& x, const Tensor& h) { return h + x[2] * (x[1] - h); },
                                  [](const Tensors& x, const Tensor& h) { return x[0] * (h - x[1]) + x[1]; },
                                  [](const Tensors& x, const Tensor& h) { return h * x[0] * x[1]; },
                                  [](const Tensors& x, const Tensor& h) { return h / (2 + x[0]); }};
  for (const auto& step : rounded) {
    CHECK(left_of(step).unrolls > 0);
    check_same(step);
  }
  // NaN of before is gone where the state is chosen anew: as a factor of 0 it would stay.
  const Step forgets = [](const Tensors& x, const Tensor& h) { return select(x[0] > 0, x[1], h * x[0]); };
  CHECK(left_of(forgets).unrolls > 0);
  check_same(forgets);
  const auto y = run({doubles({3}, {-1, 1, -1}), doubles({3}, {2, 3, 4}), doubles({}, {NAN})},
                     [](const Tensors& in) -> Tensors {
                       const auto cell = [](const std::pair<Tensor, Tensor>& x, const Tensor& h) {
                         return select(x.first > 0, x.second, h * x.first);
                       };
                       return {unroll(cell, std::pair(in[0], in[1]), in[2]).outputs};
                     })[0];
  CHECK(std::isnan(y.at(0)));
  CHECK(y.at(2) == -3);
}

TEST_CASE("several recurrences, one on the other, and few of many small ones are scans", "[scan]") {
  const auto found = run(inputs(), [](const Tensors& in) -> Tensors {
    Tensors all;
    for (const bool expanded : {false, true}) {
      const auto way = [&](UnrollOptions& options) { options.expanded = expanded; };
      const auto cell = [](const std::pair<Tensor, Tensor>& x, const std::vector<Tensor>& s) {
        std::vector<Tensor> next;
        auto input = x.second;
        for (const auto& h : s) next.push_back(input = x.first * h + input);
        return std::pair(input, next);
      };
      const auto [y, last] = unroll(cell, std::pair(in[0], in[1]), std::vector<Tensor>(20, in[2]), way);
      all.insert(all.end(), {y, last[19], gradients(sum(y), {in[0]})[0]});
    }
    return all;
  });
  for (int i = 0; i < 3; ++i) CHECK(difference(found[i], found[3 + i]) < 1e-10 * largest(found[3 + i]));
}

TEST_CASE("the scan's derivatives to the third order", "[scan]") {
  for (const bool after : {false, true})
    for (const bool reverse : {false, true}) {
      const bool of_adjoints = after == reverse;  // each with and without
      INFO("after " << after << ", reverse " << reverse << ", of adjoints " << of_adjoints);
      std::mt19937_64 random(5);
      const auto d = ElementType::float64;
      const std::vector<Array> in{random_array({d, {4, 2}}, random), random_array({d, {4, 2}}, random),
                                  random_array({d, {2}}, random)};
      const auto scanned = [&](const Tensors& x) {
        return sum(sin(linear_scan(x[0], x[1], x[2], LinearScan{0, reverse, after, of_adjoints})));
      };
      const auto squares = [](const Tensor& y, const Tensors& x) {
        Tensor total = 0;
        for (const auto& d : gradients(y, x)) total = total + sum(square(d));
        return total;
      };
      CHECK(check_gradients(scanned, in).passes());
      CHECK(check_gradients([&](const Tensors& x) { return squares(scanned(x), x); }, in).passes());
      CHECK(
          check_gradients([&](const Tensors& x) { return squares(squares(scanned(x), x), x); }, in).passes());
    }
}

TEST_CASE("the fast scan is the plain one, in any layout and number of threads", "[scan]") {
  std::mt19937_64 random(9);
  const auto f = ElementType::float32;
  for (const auto& shape : {Shape{7, 3, 5}, Shape{6, 130, 70}, Shape{200}, Shape{3, 1, 2, 4}, Shape{2, 5000}})
    for (int axis = 0; axis < shape.rank(); ++axis) {
      INFO(to_string(shape) << " along " << axis);
      const auto a = random_array({f, shape}, random), b = random_array({f, shape}, random),
                 row = random_array({f, shape.without_axis(axis)}, random);
      const auto along = [&](const Device& device) {
        Model model(Seed{1}, device);
        Function scans(model, [&](const Tensor& a, const Tensor& b, const Tensor& row) {
          Tensors all;
          for (const bool after : {false, true})
            for (const bool reverse : {false, true})
              for (const bool of_adjoints : {false, true}) {
                const LinearScan scan{axis, reverse, after, of_adjoints};
                all.push_back(linear_scan(a, b, row, scan));
                all.push_back(linear_scan(a, b, Tensor(), scan));
                // The same factor at every step, every other term, and axes exchanged.
                const auto same = broadcast_to(unsqueeze(row, axis), shape);
                all.push_back(linear_scan(same, same, row, scan));
                Axes turned;
                for (int i = shape.rank(); i-- > 0;) turned.push_back(i);
                const LinearScan other{shape.rank() - 1 - axis, reverse, after, of_adjoints};
                all.push_back(linear_scan(permute(a, turned), permute(b, turned), Tensor(), other));
              }
          return all;
        });
        return scans(a, b, row);
      };
      const auto plain = along(Device::reference()), one = along(Device::cpu(1)), two = along(Device::cpu(2));
      for (std::size_t i = 0; i < plain.size(); ++i) {
        CHECK(difference(one[i], plain[i]) <= 1e-6 * largest(plain[i]));
        CHECK(one[i] == two[i]);
      }
    }
}

TEST_CASE("an adjoint of 0 stays 0 beside an infinite factor, in a scan too", "[scan]") {
  const auto found =
      run({doubles({3}, {2, INFINITY, 3}), doubles({3}, {1, 0, 1})}, [](const Tensors& in) -> Tensors {
        const auto y = linear_scan(in[0], in[1], Tensor(0.0), LinearScan{});
        // Nothing arrives behind the infinite factor.
        return {gradients(index(y, 0, 0), {in[1]})[0],
                linear_scan(in[0], zeros({3}), Tensor(0.0), LinearScan{0, false, false, true})};
      });
  CHECK(values(found[0]) == List{1, 0, 0});
  CHECK(values(found[1]) == List{0, 0, 0});
}
