// What helps to find mistakes in a model: check_finite, to_dot, print.

#include <reel/reel.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "catch.h"
#include "devices.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const RunError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("run-time errors in an expanded unroll name the step", "[devices]") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const auto rooted = [](const Tensor& xt, const Tensor& s) {
    const ScopeGuard guard("cell");
    return s + sqrt(xt);
  };
  Function f(
      model,
      [&](Tensor x) {
        return unroll(rooted, x, zeros({1, 2}), Expanded).state;
      },
      CheckFinite);
  CHECK(message([&] {
          f(doubles({3, 1, 2}, {1, 2, 3, -1, 5, 6}));
        }) ==
        "[sqrt] gives nan at [0, 1] of float64[1, 2]; operands: float64[1, 2]; in scope cell; at step 1");
  TrainingStep step(
      model, SGD{0.1},
      [&, w = (model / "net").parameter("w", {2}, constant_init(1))](Tensor x) {
        return sum(unroll(rooted, x * w, zeros({1, 2}), Expanded).state);
      },
      CheckFinite);
  const auto derived = message([&] { step(doubles({3, 1, 2}, {1, 2, 3, 4, 5, 0})); });
  CHECK_THAT(derived, ContainsSubstring("derivative of sqrt") &&
                          Catch::Matchers::EndsWith("; in scope cell; at step 2"));
  for (const auto& device : devices()) {
    Model other(Seed{1}, device);
    const auto chosen = [](const Tensor& i, const Tensor& s) { return s + gather(iota(3), i); };
    const auto rows = [&](const Tensor& i, const Tensor& s) { return unroll(chosen, i, s, Expanded).state; };
    const Array bad(Shape{3, 2}, std::vector<std::int64_t>{0, 1, 2, 7, 0, 0});
    Function twice(other, [&](Tensor i) { return unroll(rows, i, 0, Expanded).state; });
    CHECK_THAT(
        message([&] { twice(bad); }),
        ContainsSubstring("index 7") && Catch::Matchers::EndsWith("; at step 1 of the outer and step 1"));
    Function within(
        other, [&](Tensor i) { return unroll(rows, i, 0).state; }, AsRecorded);
    CHECK_THAT(
        message([&] { within(bad); }),
        ContainsSubstring("index 7") && ContainsSubstring("; at step 1 of what is expanded; at step 1"));
  }
}

TEST_CASE("CheckFinite names the first operation, its scope and its step, and the model is unchanged") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const Linear layer(model / "net", 2, 2);
  TrainingStep step(
      model, SGD{0.1},
      [&](Tensor x) {
        const auto cell = [&](const Tensor& xt, const Tensor& s) {
          const ScopeGuard guard("cell");
          return s + log(xt);
        };
        return sum(layer(unroll(cell, x, zeros({1, 2})).state));
      },
      CheckFinite);
  const auto good = doubles({3, 1, 2}, {1, 2, 3, 4, 5, 6});
  CHECK_NOTHROW(step(good));
  const auto before = layer.weight.value();
  const auto bad = doubles({3, 1, 2}, {1, 2, 3, 0, 5, 6});
  CHECK(message([&] { step(bad); }) ==
        "[log] gives -inf at [0, 1] of float64[1, 2]; operands: float64[1, 2] "
        "(step of float64[3, 1, 2] (argument 0)); in scope cell; at step 1");
  CHECK(layer.weight.value() == before);
  auto not_a_number = good;
  not_a_number.data<double>()[3] = NAN;
  CHECK(message([&] { step(not_a_number); }) ==
        "[check_finite] argument 0 holds nan at [1, 0, 1] of float64[3, 1, 2]");
  auto broken = before;
  broken.data<double>()[0] = INFINITY;
  layer.weight.assign(broken);
  CHECK(message([&] { step(good); }) ==
        "[check_finite] parameter net/weight holds inf at [0, 0] of float64[2, 2]");
}

TEST_CASE("CheckFinite names the scope of an operation whose derivative is not finite") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  Function f(
      model,
      [](Tensor x) {
        const auto cell = [](const Tensor& xt, const Tensor& s) {
          const ScopeGuard guard("cell");
          return s + sqrt(xt);
        };
        return gradients(unroll(cell, x, zeros({})).state, {x});
      },
      CheckFinite);
  const auto text = message([&] { f(doubles({3}, {4, 0, 1})); });
  CHECK_THAT(text, ContainsSubstring("gives inf") && ContainsSubstring("in scope cell") &&
                       ContainsSubstring("at step 1"));
}

TEST_CASE("without CheckFinite infinities pass") {
  Model model(Seed{1});
  Function f(model, [](Tensor x) { return log(x); });
  CHECK(std::isinf(f(0.0).item()));
}

TEST_CASE("print shows a value as the program runs, in nested unrolls with all steps") {
  std::ostringstream captured;
  auto* const before = std::cerr.rdbuf(captured.rdbuf());
  Model model(Seed{1});
  Function f(model, [](Tensor x) {
    const auto outer = [](const Tensor& xt, const Tensor& s) {
      return s + unroll([](const Tensor& q) { return print(q + 1, "q"); }, 2, xt).state;
    };
    return print(unroll(outer, x, zeros({})).state, "sum");
  });
  f(Array(std::vector<float>{10, 20}));
  std::cerr.rdbuf(before);
  CHECK(captured.str() ==
        "q [step 0] [step 0] = float32[] {11}\nq [step 0] [step 1] = float32[] {12}\n"
        "q [step 1] [step 0] = float32[] {21}\nq [step 1] [step 1] = float32[] {22}\nsum = float32[] {34}\n");
}

TEST_CASE("to_dot draws names, shapes and nested unrolls, and Graphviz renders it") {
  Model model(Seed{1});
  const LSTM cell(model / "cell \"quoted\"", 2, 3);
  Tape tape;
  {
    Recording recording(tape);
    const auto x = tape.argument({ElementType::float32, {4, 1, 2}}, "x");
    const auto outer = [&](const Tensor& s) {
      return s + sum(unroll(cell, x, cell.initial_state(1)).outputs);
    };
    gradients(unroll(outer, 2, zeros({})).state, {x});
  }
  const auto dot = to_dot(tape);
  for (const auto* part :
       {"digraph", "argument\\nx\\nfloat32[4, 1, 2]", "2 steps", "4 steps, from the last to the first",
        "sigmoid\\nfloat32[1, 3]", "parameter cell \\\"quoted\\\"/forget/U", "next step"}) {
    INFO(part);
    CHECK(dot.find(part) != std::string::npos);
  }
  if (std::system("dot -V > /dev/null 2>&1") != 0) {
    WARN("skipped: Graphviz is not installed");
    return;
  }
  std::ofstream("to_dot_test.dot") << dot;
  REQUIRE(std::system("dot -Tsvg to_dot_test.dot -o to_dot_test.svg") == 0);
  std::stringstream svg;
  svg << std::ifstream("to_dot_test.svg").rdbuf();
  CHECK(svg.str().find("</svg>") != std::string::npos);
  CHECK(svg.str().find("sigmoid") != std::string::npos);
  std::remove("to_dot_test.dot");
  std::remove("to_dot_test.svg");
}
