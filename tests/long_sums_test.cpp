// Sums of very many float32 numbers, by loops and by operations: within 1e-6 of the sum of the magnitudes.

#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/structure.h>
#include <reel/unroll.h>

#include <cmath>

#include "catch.h"

using namespace reel;

namespace {

using Floats = std::vector<float>;

struct Exact {
  double value = 0, magnitude = 0;
  void add(double term) {
    value += term;
    magnitude += std::abs(term);
  }
};

bool is_close(double found, const Exact& sum) {
  UNSCOPED_INFO("found " << found << ", exact " << sum.value << ", of the magnitudes "
                         << std::abs(found - sum.value) / sum.magnitude);
  return std::abs(found - sum.value) <= 1e-6 * sum.magnitude;
}

/// f(inputs) in float32.
Array run_on(const Device& device, const std::vector<Array>& inputs,
             const std::function<Tensor(const Tensors&)>& f, const CompileOptions& options = {}) {
  Tape tape(ElementType::float32);
  const Recording recording(tape);
  Tensors arguments;
  for (const auto& input : inputs) arguments.push_back(tape.argument(input.type()));
  return compile(tape, {f(arguments)}, device, options).run(inputs)[0];
}

const Device& fast() {
  static const Device device = Device::cpu(2);
  return device;
}
const Device& plain() {
  static const Device device = Device::reference();
  return device;
}

/// The gradient of sum_t weight_t h_t by the bias of h_t = h_t-1 / 2 + bias: a sum of adjoints a_t = weight_t
/// + a_t+1 / 2, which a loop adds up as they come.
template <class... Options>
double bias_gradient(const Device& device, const Floats& weights, const Options&... options) {
  return run_on(device, {Array(0.0f), Array(weights)},
                [&](const Tensors& in) {
                  const auto cell = [&](const Tensor& h) { return 0.5 * h + in[0]; };
                  const auto steps = static_cast<std::int64_t>(weights.size());
                  const auto outputs = unroll(cell, steps, zeros({}), options...).outputs;
                  return gradients(sum(outputs * in[1]), {in[0]})[0];
                })
      .item();
}

Exact sum_of_adjoints(const Floats& weights, bool reverse = false) {
  Exact sum;
  float adjoint = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    adjoint = weights[reverse ? i : weights.size() - 1 - i] + 0.5f * adjoint;
    sum.add(adjoint);
  }
  return sum;
}

constexpr std::int64_t million = 1000000;
/// How often the reference runner does a step: AddressSanitizer looks at the same code in fewer.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t many = million / 20;
#else
constexpr std::int64_t many = million;
#endif

}  // namespace

TEST_CASE("a bias' gradient over a million steps is exact, backwards and forwards", "[long-sums]") {
  const Floats weights(many, 0.1f);
  for (const auto* device : {&fast(), &plain()}) {
    CAPTURE(device->name());
    CHECK(is_close(bias_gradient(*device, weights), sum_of_adjoints(weights)));
    CHECK(is_close(bias_gradient(*device, weights, Reverse), sum_of_adjoints(weights, true)));
    CHECK(is_close(bias_gradient(*device, weights, Recompute), sum_of_adjoints(weights)));
  }
}

TEST_CASE("small terms between large ones that cancel, and ones beside a number that swallows each, count",
          "[long-sums]") {
  Floats alternating(200001, 0.3f), swallowed(200001, 1);
  for (int i = 0; i <= 200000; i += 40000) alternating[i] = i % 80000 == 0 ? 3e4f : -3e4f;
  swallowed.back() = 0x1p24f;
  for (const auto* device : {&fast(), &plain()})
    for (const auto* weights : {&alternating, &swallowed}) {
      CAPTURE(device->name(), weights->size());
      CHECK(is_close(bias_gradient(*device, *weights), sum_of_adjoints(*weights)));
    }
}

TEST_CASE("nested loops add up as exactly", "[long-sums]") {
  constexpr std::int64_t outer = 30, inner = 10000;
  const Floats weights(outer * inner, 0.1f);
  for (const auto* device : {&fast(), &plain()}) {
    CAPTURE(device->name());
    const auto gradient =
        run_on(*device, {Array(0.0f), Array({outer, inner}, weights)}, [&](const Tensors& in) {
          const auto step = [&](const Tensor& h) { return 0.5 * h + in[0]; };
          const auto cell = [&](const Tensor& w, const Tensor& h) {
            const auto [outputs, state] = unroll(step, inner, h);
            return std::tuple(sum(outputs * w), state);
          };
          return gradients(sum(unroll(cell, in[1], zeros({})).outputs), {in[0]})[0];
        });
    CHECK(is_close(gradient.item(), sum_of_adjoints(weights)));
  }
}

namespace {

/// f(in) in an element type.
double value_in(ElementType element, const Device& device, double in,
                const std::function<Tensor(const Tensor&)>& f) {
  Tape tape(element);
  const Recording recording(tape);
  const auto x = tape.argument({element, {}});
  return compile(tape, {f(x)}, device).run({Array(in).cast(element)})[0].item();
}

/// Holds the gradient of a loss by `b`, at 0.1, in float32 against that in float64. All its terms are
/// positive.
void check_against_double(const std::string& what, const std::function<Tensor(const Tensor&)>& loss) {
  const auto gradient = [&](const Tensor& b) { return gradients(loss(b), {b})[0]; };
  const double exact = value_in(ElementType::float64, fast(), 0.1f, gradient);
  for (const auto* device : {&fast(), &plain()}) {
    CAPTURE(what, device->name());
    CHECK(is_close(value_in(ElementType::float32, *device, 0.1f, gradient), {exact, exact}));
  }
}

struct HeldBias {
  Tensor h, w;
  REEL_MEMBERS(h, w)
};

}  // namespace

TEST_CASE("a bias that the state hands on as it is gets as exact a gradient", "[long-sums]") {
  const auto cell = [](const HeldBias& s) {
    const auto h = tanh(0.5 * s.h) + s.w;
    return std::tuple(h, HeldBias{h, s.w});
  };
  const auto outputs = [&](const Tensor& b, std::int64_t steps, auto... options) {
    return unroll(cell, steps, HeldBias{zeros({}), b}, options...);
  };
  constexpr std::int64_t steps = many * 3 / 10;
  check_against_double("a million steps",
                       [&](const Tensor& b) { return 0.1 * sum(outputs(b, many).outputs); });
  check_against_double("reverse",
                       [&](const Tensor& b) { return 0.1 * sum(outputs(b, steps, Reverse).outputs); });
  check_against_double("recomputed",
                       [&](const Tensor& b) { return 0.1 * sum(outputs(b, steps, Recompute).outputs); });
  check_against_double("read after the last step", [&](const Tensor& b) {
    const auto [each, last] = outputs(b, steps);
    return 0.1 * sum(each) + 3 * square(last.w);
  });
  check_against_double("by way of a loop inside, which keeps it too", [&](const Tensor& b) {
    const auto step = [&](const HeldBias& s) {
      const auto [each, last] = outputs(s.w, 3);
      return std::tuple(sum(each) + 0.1 * s.h, HeldBias{last.h, last.w});
    };
    return 0.1 * sum(unroll(step, steps, HeldBias{zeros({}), b}).outputs);
  });
  check_against_double("as a factor made anew at each step", [&](const Tensor& b) {
    const auto step = [&](const HeldBias& s) {
      const auto h = 0.5 * s.h + exp(s.w);
      return std::tuple(h * s.w, HeldBias{h, s.w});
    };
    return 0.1 * sum(unroll(step, steps, HeldBias{zeros({}), b}).outputs);
  });
  check_against_double("a second derivative", [&](const Tensor& b) {
    return gradients(0.1 * sum(square(outputs(b, steps).outputs)), {b})[0];
  });
}

TEST_CASE("a weight's gradient is as exact, in the loop and taken out of it", "[long-sums]") {
  // 0.1 is no number of float32: every addition rounds, and the same way.
  const Floats inputs(million, 0.1f);
  Exact exact;
  for (auto x : inputs) exact.add(x);
  for (const auto* device : {&fast(), &plain()})
    for (const bool split : {true, false}) {
      CAPTURE(device->name(), split);
      CompileOptions options;
      if (!split) Without("split")(options);
      const auto gradient = run_on(
          *device, {Array({1, 1}, Floats{1}), Array({million, 1, 1}, inputs)},
          [&](const Tensors& in) {
            const auto cell = [&](const Tensor& x, const Tensor& h) {
              return std::tuple(matmul(x, in[0]), h);
            };
            return gradients(sum(unroll(cell, in[1], zeros({})).outputs), {in[0]})[0];
          },
          options);
      CHECK(is_close(gradient.item(), exact));
    }
}

TEST_CASE("sums, means and scans of arrays, and what is scattered to one place, are as exact",
          "[long-sums]") {
  const auto count = 3 * million;
  const Floats numbers(count, 0.1f);
  Exact sum_of_all, of_a_third;
  for (auto x : numbers) sum_of_all.add(x);
  for (std::int64_t i = 0; i < million; ++i) of_a_third.add(0.1f);
  const Array line(numbers), tall({million, 3}, numbers), wide({3, million}, numbers),
      cube({100, 10000, 3}, numbers);
  const Array zeros_of_line(std::vector<std::int64_t>(count, 0));
  for (const auto* device : {&fast(), &plain()}) {
    CAPTURE(device->name());
    const auto of = [&](const Array& x, const std::function<Tensor(const Tensor&)>& f) {
      return run_on(*device, {x}, [&](const Tensors& in) { return f(in[0]); });
    };
    const auto total = [](const Tensor& x) { return sum(x); };
    for (const auto* x : {&line, &tall, &wide, &cube}) CHECK(is_close(of(*x, total).item(), sum_of_all));
    CHECK(is_close(of(line, [](const Tensor& x) { return mean(x); }).item() * static_cast<double>(count),
                   sum_of_all));
    const auto thirds = [&](const Array& x, const Axes& axes) {
      const auto sums = of(x, [&](const Tensor& in) { return sum(in, axes); });
      for (std::int64_t i = 0; i < 3; ++i) CHECK(is_close(sums.at(i), of_a_third));
    };
    thirds(tall, {0});
    thirds(wide, {1});
    thirds(cube, {0, 1});
    // In one pass with what makes them.
    CHECK(is_close(of(line, [](const Tensor& x) { return sum(abs(-x)); }).item(), sum_of_all));
    const auto last = [&](const Array& scan) { return scan.at(count - 1); };
    CHECK(is_close(last(of(line, [](const Tensor& x) { return cumsum(x, 0); })), sum_of_all));
    CHECK(is_close(of(line, [](const Tensor& x) { return cumsum(x, 0, true); }).at(0), sum_of_all));
    CHECK(is_close(last(of(line, [](const Tensor& x) { return linear_scan(full({x.extent(0)}, 1), x, 0); })),
                   sum_of_all));
    for (const bool along_axis : {false, true}) {
      const auto scattered = run_on(*device, {zeros_of_line, line}, [&](const Tensors& in) {
        return along_axis ? scatter_add_along_axis(in[0], in[1], 2) : scatter_add(in[0], in[1], 2);
      });
      CHECK(is_close(scattered.at(0), sum_of_all));
      CHECK(scattered.at(1) == 0);
    }
    const auto product = run_on(*device, {wide, Array({million, 1}, Floats(million, 1))},
                                [](const Tensors& in) { return matmul(in[0], in[1]); });
    CHECK(is_close(product.at(2), of_a_third));
  }
}
