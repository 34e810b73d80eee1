// CheckFinite: silent where results are finite, and what it names where they are not.

#include <reel/reel.h>

#include <cmath>
#include <iostream>
#include <sstream>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

using Step = std::function<Tensor(const Tensors&)>;

Model double_model() { return Model(Seed{1}, Device::cpu(1), ElementType::float64); }

/// f(inputs) with CheckFinite.
Array checked(const std::vector<Array>& inputs, const Step& f) {
  Tape tape(ElementType::float64);
  Recording recording(tape);
  Tensors arguments;
  for (const auto& input : inputs) arguments.push_back(tape.argument(input.type()));
  CompileOptions options;
  CheckFinite(options);
  return compile(tape, {bring(tape, f(arguments), "test")}, Device::cpu(1), options).run(inputs)[0];
}

/// What CheckFinite says of f(inputs).
std::string complaint(const std::vector<Array>& inputs, const Step& f) {
  try {
    return "nothing: " + to_string(checked(inputs, f));
  } catch (const RunError& error) {
    return error.what();
  }
}

/// CheckFinite has nothing to say, and the values are those without it.
void is_healthy(const std::vector<Array>& inputs, const Step& f) {
  CHECK(difference(checked(inputs, f),
                   run(inputs, [&](const Tensors& in) -> Tensors { return {f(in)}; })[0]) < 1e-12);
}

Tensor gradient(const Tensor& y, const Tensor& x) { return gradients(sum(y), {x})[0]; }

const Array square_values(Shape{2, 2}, List{1, 2, 3, 4});
const Array mask(Shape{2, 2}, std::vector<bool>{true, false, true, true});
const Array all_masked(Shape{2, 2}, std::vector<bool>{false, true, true, true});

}  // namespace

TEST_CASE("CheckFinite is silent where infinities on the way leave finite results") {
  is_healthy({square_values, mask}, [](const Tensors& in) { return attention(in[0], in[0], in[0], in[1]); });
  is_healthy({square_values, mask}, [](const Tensors& in) {
    return gradient(square(attention(in[0], in[0], in[0], in[1])), in[0]);
  });
  is_healthy({square_values, Array(Shape{2, 2}, std::vector<bool>{true, false, false, false})},
             [](const Tensors& in) { return softmax(masked_fill(in[0], in[1], -INFINITY)); });
  is_healthy({square_values}, [](const Tensors& in) { return dropout(in[0], 0.5); });
  is_healthy({square_values}, [](const Tensors& in) { return max(in[0], {0}) + normal({2}); });
  is_healthy({Array(List{0, 0})}, [](const Tensors& in) { return gradient(norm(in[0]), in[0]); });
  is_healthy({Array(List{0, 1})}, [](const Tensors& in) { return gradient(pow(in[0], 2), in[0]); });
  is_healthy({Array(List{0, 2})}, [](const Tensors& in) { return exp(-1 / square(in[0])); });
  is_healthy({Array(List{0, 2})}, [](const Tensors& in) { return select(in[0] > 0, log(in[0]), in[0]); });
  is_healthy({Array(List{3, 1, 2})}, [](const Tensors& in) {
    const auto cell = [](const Tensor& x, const Tensor& s) { return maximum(x, s); };
    return unroll(cell, in[0], constant(Array(-infinity))).state;
  });
  // What was handed in and is not looked at.
  is_healthy({Array(List{NAN, 2})}, [](const Tensors& in) { return index(in[0], 0, 1); });
  is_healthy({Array(List{-INFINITY, 2})}, [](const Tensors& in) { return sigmoid(in[0]); });
}

TEST_CASE("CheckFinite names the first operation on the way to what is not finite") {
  const auto zero = Array(List{1, 0});
  CHECK(complaint({zero}, [](const Tensors& in) { return 2 * (1 - log(in[0])); }) ==
        "[log] gives -inf at [1] of float64[2]; operands: float64[2] (argument 0)");
  // In single precision too, and where infinities become NaN later.
  CHECK_THAT(complaint({Array(std::vector<float>{1000, 1})},
                       [](const Tensors& in) {
                         const auto e = exp(in[0]);
                         return e / sum(e);
                       }),
             ContainsSubstring("[exp] gives inf at [0] of float32[2]"));
  // Of two, the one that is executed first.
  CHECK_THAT(complaint({zero},
                       [](const Tensors& in) {
                         const auto first = sum(1 / in[0]);
                         return first + sum(log(in[0]));
                       }),
             ContainsSubstring("[div] gives inf at [1]"));
  // Through products, gathers and scans.
  CHECK_THAT(complaint({square_values}, [](const Tensors& in) { return matmul(in[0], log(in[0] - 1)); }),
             ContainsSubstring("[log] gives -inf at [0, 0]"));
  CHECK_THAT(complaint({zero}, [](const Tensors& in) { return gather(cumsum(log(in[0]), 0), iota(2)); }),
             ContainsSubstring("[log] gives -inf at [1]"));
}

TEST_CASE("CheckFinite does not name what is not on the way") {
  // Both branches are NaN; the second one is taken.
  const Array negative(List{-1, -2});
  CHECK_THAT(
      complaint({negative}, [](const Tensors& in) { return select(in[0] > 0, log(in[0]), sqrt(in[0])); }),
      ContainsSubstring("[sqrt] gives nan at [0] of float64[2]"));
  // The first element of the logarithm is cut off, or becomes finite.
  const Array zeros(List{0, 0});
  CHECK_THAT(complaint({zeros},
                       [](const Tensors& in) {
                         return slice(concat({log(in[0]), 1 / in[0]}), 0, 1, 4, 2);
                       }),
             ContainsSubstring("[div] gives inf") || ContainsSubstring("[log] gives -inf at [0]"));
  CHECK_THAT(complaint({zeros},
                       [](const Tensors& in) {
                         return slice(flip(concat({log(in[0]), 1 / in[0]}), {0}), 0, 0, 2);
                       }),
             ContainsSubstring("[div] gives inf"));
  CHECK_THAT(complaint({zeros}, [](const Tensors& in) { return exp(log(in[0])) + 1 / in[0]; }),
             ContainsSubstring("[div] gives inf"));
  CHECK_THAT(complaint({zeros, Array(List{NAN, 1})},
                       [](const Tensors& in) { return index(log(in[0]) * in[1], 0, 1); }),
             ContainsSubstring("[log] gives -inf"));
}

TEST_CASE("CheckFinite names what was handed in") {
  const Array bad(List{1, NAN}), infinite(List{-INFINITY, 1});
  CHECK(complaint({square_values, bad}, [](const Tensors& in) { return sum(in[1] * 2) + sum(in[0]); }) ==
        "[check_finite] argument 1 holds nan at [1] of float64[2]");
  CHECK(complaint({infinite}, [](const Tensors& in) { return in[0]; }) ==
        "[check_finite] argument 0 holds -inf at [0] of float64[2]");
  CHECK_THAT(complaint({infinite},
                       [](const Tensors& in) {
                         return in[0] + constant(Array(List{1, NAN}));
                       }),
             ContainsSubstring("a constant holds nan at [1]"));
  CHECK_THAT(complaint({square_values},
                       [](const Tensors& in) {
                         return in[0] * constant(Array(List{1, NAN}));
                       }),
             ContainsSubstring("[check_finite] a constant holds nan at [1]"));
  CHECK_THAT(
      complaint({square_values}, [](const Tensors& in) { return select(in[0] > 1, in[0], -INFINITY); }),
      ContainsSubstring("[fill] gives -inf"));
}

TEST_CASE("CheckFinite names the operation that makes a NaN of a mask") {
  // A row of which everything is masked.
  const auto masked = [](const Tensors& in) {
    const auto scores = masked_fill(in[0], in[1], -INFINITY);
    const auto shifted = scores - max(scores, {1}, true);
    return shifted / sum(exp(shifted), {1}, true);
  };
  CHECK_THAT(
      complaint({square_values, Array(Shape{2, 2}, std::vector<bool>{false, false, true, true})}, masked),
      ContainsSubstring("[sub] gives nan at [1, 0] of float64[2, 2]") && !ContainsSubstring("holds"));
  const Array added(Shape{2, 2}, List{0, 0, -infinity, -infinity});
  CHECK_THAT(complaint({square_values, added},
                       [](const Tensors& in) {
                         const auto scores = in[0] + in[1];
                         return scores - max(scores, {1}, true);
                       }),
             ContainsSubstring("[sub] gives nan at [1, 0] of float64[2, 2]") &&
                 ContainsSubstring("; argument 1 holds -inf at [1, 0] of float64[2, 2]"));
  CHECK_THAT(complaint({Array(List{0, 1})}, [](const Tensors& in) { return in[0] * infinity; }),
             ContainsSubstring("[mul] gives nan at [0]"));
}

TEST_CASE("CheckFinite names the derivative an operation is part of, its scope and its steps") {
  const auto scoped_sqrt = [](const Tensor& x) {
    const ScopeGuard guard("head");
    return sqrt(x);
  };
  CHECK_THAT(
      complaint({Array(List{4, 0})}, [&](const Tensors& in) { return gradient(scoped_sqrt(in[0]), in[0]); }),
      ContainsSubstring(" gives inf at [1] of float64[2]; derivative of sqrt; operands: ") &&
          ContainsSubstring("; in scope head"));
  CHECK_THAT(complaint({Array(List{4, 0})},
                       [&](const Tensors& in) {
                         return gradient(gradient(sqrt(in[0]) * square(in[0]) * in[0], in[0]) * 1, in[0]) +
                                gradient(pow(in[0], 1.5), in[0]);
                       }),
             ContainsSubstring("derivative of "));
  CHECK_THAT(complaint({Array(List{0, 1})},
                       [](const Tensors& in) { return gradient(gradient(pow(in[0], 1.5), in[0]), in[0]); }),
             ContainsSubstring("second derivative of pow"));
  // In nested unrolls, whose derivatives run backwards: the root of 0 is at the outer step 1, inner step 2.
  const Array x(Shape{2, 3}, List{1, 2, 3, 4, 5, 0});
  const auto text = complaint({x}, [&](const Tensors& in) {
    const auto outer = [&](const Tensor& row, const Tensor& s) {
      return s +
             unroll([&](const Tensor& xt, const Tensor& q) { return q + scoped_sqrt(xt); }, row, zeros({}))
                 .state;
    };
    return gradient(unroll(outer, in[0], zeros({})).state, in[0]);
  });
  CHECK_THAT(text, ContainsSubstring("derivative of sqrt") && ContainsSubstring("in scope head") &&
                       ContainsSubstring("at step 1 of the outer and step 2"));
}

TEST_CASE("CheckFinite names the step at which a state or a sum stops being finite") {
  const Array x(List{3, 2, 0, 1, 0});
  CHECK_THAT(complaint({x},
                       [](const Tensors& in) {
                         const auto cell = [](const Tensor& xt, const Tensor& s) { return s + log(xt); };
                         return unroll(cell, in[0], zeros({})).state;
                       }),
             ContainsSubstring("[log] gives -inf") && ContainsSubstring("at step 2"));
  CHECK_THAT(complaint({x},
                       [](const Tensors& in) {
                         const auto cell = [](const Tensor& xt, const Tensor& s) { return s + log(xt); };
                         return unroll(cell, in[0], zeros({}), Reverse).state;
                       }),
             ContainsSubstring("[log] gives -inf") && ContainsSubstring("at step 4"));
  // The gradient of what is the same at every step is a sum over them.
  CHECK_THAT(complaint({x, Array(2.0)},
                       [](const Tensors& in) {
                         const auto cell = [&](const Tensor& xt, const Tensor& s) { return s + in[1] / xt; };
                         return gradient(unroll(cell, in[0], zeros({})).state, in[1]);
                       }),
             ContainsSubstring("derivative of div") && ContainsSubstring("at step 4"));
  // It was infinite at step 2, where nobody looks.
  CHECK_THAT(complaint({x},
                       [](const Tensors& in) {
                         const auto cell = [](const Tensor& xt, const Tensor& s) { return 0 * s + xt; };
                         return log(unroll(cell, in[0], zeros({})).outputs);
                       }),
             ContainsSubstring("[log] gives -inf at [2] of float64[5]"));
}

TEST_CASE("CheckFinite leaves parameters and states of the optimiser as they were") {
  const auto train = [](bool fails) {
    auto model = double_model();
    const Linear layer(model / "net", 2, 1);
    TrainingStep step(
        model, Adam(0.1), [&](Tensor x) { return sum(sqrt(layer(x) - layer(x) + sum(x))); }, CheckFinite);
    step(doubles({1, 2}, {1, 2}));
    if (fails) CHECK_THROWS_AS(step(doubles({1, 2}, {1, -1})), RunError);
    step(doubles({1, 2}, {3, 4}));
    return std::pair(layer.weight.value(), layer.bias.value());
  };
  CHECK(train(true) == train(false));
  // Finite results, an update that is not.
  auto model = double_model();
  const auto w = (model / "cell").parameter("w", {2}, constant_init(1));
  Function f(
      model,
      [&](Tensor x) {
        update(w, w / x);
        return sum(x);
      },
      CheckFinite);
  CHECK_THROWS_WITH(f(Array(List{1, 0})),
                    ContainsSubstring("[div] gives inf at [1]") && ContainsSubstring("(parameter cell/w)"));
  CHECK(w.value() == Array(List{1, 1}));
  f(Array(List{1, 2}));
  CHECK(w.value() == Array(List{1, 0.5}));
  w.assign(Array(List{1, INFINITY}));
  CHECK_THROWS_WITH(f(Array(List{1, 2})), "[check_finite] parameter cell/w holds inf at [1] of float64[2]");
}

TEST_CASE("CheckFinite looks again at the same random values, and repeats no effect") {
  const auto inverse = [](Tensor x) {
    return print(1 / cast(bernoulli(x.shape(), 0.7), x.element()), "inverse");
  };
  auto model = double_model(), same = double_model();
  Function plain(model, inverse), checks(same, inverse, CheckFinite);
  const Array x(Shape{20}, ElementType::float64);
  for (int i = 0; i < 3; ++i) {
    std::ostringstream captured;
    auto* const before = std::cerr.rdbuf(captured.rdbuf());
    const auto y = values(plain(x));
    captured.str("");
    std::string text;
    try {
      checks(x);
    } catch (const RunError& error) {
      text = error.what();
    }
    std::cerr.rdbuf(before);
    const auto first = std::find(y.begin(), y.end(), infinity) - y.begin();
    CHECK_THAT(text, ContainsSubstring("[div] gives inf at [" + std::to_string(first) + "] of float64[20]"));
    const auto printed = captured.str();
    CHECK(printed.find("inverse") != std::string::npos);
    CHECK(printed.find("inverse") == printed.rfind("inverse"));
  }
}

TEST_CASE("errors while a program runs say which derivative they are part of") {
  // A derivative whose kernel refuses its values.
  const Operation refusing{"refusing",
                           Kind::map,
                           [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
                           Derivative::none(),
                           {[](const KernelCall&) { throw RunError("does not like them"); }},
                           {}};
  const Operation twice{
      "twice",
      Kind::map,
      [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
      {[&](const Recorded&, const Tensor& dy) -> Tensors { return {record(refusing, {dy})}; }},
      {[](const KernelCall& call) {
        std::copy_n(call.inputs[0].as<double>(), call.output.shape().size(), call.output.as<double>());
      }},
      {}};
  for (const auto& device : {Device::reference(), Device::cpu(1)}) {
    Model model(Seed{1}, device, ElementType::float64);
    Function f(model, [&](Tensor x) {
      const ScopeGuard guard("head");
      return gradients(sum(square(record(twice, {x}))), {x})[0];
    });
    CHECK_THROWS_WITH(f(Array(List{1, 2})),
                      ContainsSubstring("[refusing] does not like them; derivative of twice") &&
                          ContainsSubstring("in scope head"));
  }
  Tape tape(ElementType::float64);
  const auto x = tape.argument({ElementType::float64, {2}}, "x");
  const Operation misshapen{"misshapen",
                            Kind::map,
                            [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
                            {[](const Recorded&, const Tensor& dy) -> Tensors {
                              return {matmul(dy, concat({dy, dy}))};
                            }},
                            {},
                            {}};
  CHECK_THROWS_WITH(gradients(sum(record(misshapen, {x})), {x}),
                    ContainsSubstring("derivative of misshapen"));
  gradients(sum(sqrt(x)), {x});
  CHECK_THAT(to_dot(tape), ContainsSubstring("derivative of sqrt"));
}
