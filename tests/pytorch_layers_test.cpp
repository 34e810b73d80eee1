// Layers of several cells on sequences of different lengths, and losses, against PyTorch: the references were
// made by pytorch/make_references.py.

#include <reel/reel.h>

#include "catch.h"
#include "pytorch_references.h"

using namespace reel;
using namespace reel::test;

namespace {

Model float64_model() { return Model(Seed{1}, Device::cpu(), ElementType::float64); }

Array transposed(const Array& x) {
  Array y(Shape{x.shape()[1], x.shape()[0]}, ElementType::float64);
  for (std::int64_t i = 0; i < x.shape()[0]; ++i)
    for (std::int64_t j = 0; j < x.shape()[1]; ++j)
      y.data<double>()[j * x.shape()[0] + i] = x.at(i * x.shape()[1] + j);
  return y;
}

/// Part k of `count` equal ones along the first axis.
Array part_of(const Array& x, std::size_t k, std::size_t count) {
  std::vector<std::int64_t> extents(x.shape().begin(), x.shape().end());
  extents[0] /= static_cast<std::int64_t>(count);
  Array y(Shape(extents), ElementType::float64);
  std::copy_n(x.data<double>() + static_cast<std::int64_t>(k) * y.size(), y.size(), y.data<double>());
  return y;
}

/// A parameter of Reel's, and the array of PyTorch's that it is a part of, transposed where it is a matrix.
struct Counterpart {
  Parameter parameter;
  std::string name;
  std::size_t part, of;

  Array of_torch(const References& torch, const std::string& prefix = "") const {
    const auto own = part_of(torch(prefix + name), part, of);
    return own.shape().rank() == 2 ? transposed(own) : own;
  }
};

/// PyTorch's names of the parameters of direction `suffix`, such as "_l0_reverse".
std::vector<Counterpart> counterparts(const std::vector<Gate>& gates, const std::string& suffix) {
  std::vector<Counterpart> all;
  for (std::size_t k = 0; k < gates.size(); ++k) {
    all.push_back({gates[k].W, "weight_ih" + suffix, k, gates.size()});
    all.push_back({gates[k].U, "weight_hh" + suffix, k, gates.size()});
    all.push_back({gates[k].b, "bias" + suffix, k, gates.size()});
  }
  return all;
}
std::vector<Counterpart> counterparts(const LSTM& lstm, const std::string& suffix) {
  auto all = counterparts({lstm.input, lstm.forget, lstm.candidate, lstm.output}, suffix);
  if (lstm.projection.variable()) all.push_back({lstm.projection, "weight_hr" + suffix, 0, 1});
  return all;
}
std::vector<Counterpart> counterparts(const GRU& gru, const std::string& suffix) {
  return counterparts({gru.reset, gru.update, gru.candidate}, suffix);
}
std::vector<Counterpart> counterparts(const RNN& rnn, const std::string& suffix) {
  return counterparts({rnn.gate}, suffix);
}

std::vector<Counterpart> joined(std::vector<std::vector<Counterpart>> lists) {
  std::vector<Counterpart> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// The tensors h, and c where there are any, of all directions of all layers.
struct States {
  Tensors h, c;
};
void collect(const LSTMState& s, States& all) {
  all.h.push_back(s.h);
  all.c.push_back(s.c);
}
void collect(const Tensor& s, States& all) { all.h.push_back(s); }
template <class A, class B>
void collect(const std::pair<A, B>& s, States& all) {
  collect(s.first, all);
  collect(s.second, all);
}
template <class... S>
void collect(const std::tuple<S...>& s, States& all) {
  std::apply([&](const auto&... each) { (collect(each, all), ...); }, s);
}

/// A stack of the parameters of PyTorch's, on sequences of lengths 6, 2 and 4: outputs, final states and all
/// gradients. What PyTorch has in the padding is nothing of it.
template <class Stack>
void check_deep(const std::string& name, Model& model, const Stack& stack,
                const std::vector<Counterpart>& parameters) {
  const References torch{name};
  for (const auto& p : parameters) p.parameter.assign(p.of_torch(torch));
  const bool has_memory = name.find("lstm") == 0;
  Function run(model, [&](const Tensor& x, const Tensor& lengths, const Tensor& weight_y,
                          const Tensor& weight_h, const Tensor& weight_c) {
    const auto [y, state] = unroll(stack, x, stack.initial_state(x.extent(1)), Lengths(lengths));
    States states;
    collect(state, states);
    const auto h = reel::stack(states.h), c = has_memory ? reel::stack(states.c) : Tensor(0.0);
    auto loss = sum(y * weight_y) + sum(h * weight_h);
    if (has_memory) loss = loss + sum(c * weight_c);
    Tensors sources{x};
    for (const auto& p : parameters) sources.push_back(p.parameter);
    return std::tuple(y, h, c, gradients(loss, sources));
  });
  const auto weight_h = torch("weight_of_h_last");
  const auto [y, h, c, slopes] = run(torch("x"), torch.integers("lengths"), torch("weight_of_y"), weight_h,
                                     has_memory ? torch("weight_of_c_last") : weight_h);
  CHECK(relative_error(y, torch("y")) <= tolerance);
  CHECK(relative_error(h, torch("h_last")) <= tolerance);
  if (has_memory) CHECK(relative_error(c, torch("c_last")) <= tolerance);
  CHECK(relative_error(slopes[0], torch("grad_x")) <= tolerance);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    INFO(parameters[i].name << ", part " << parameters[i].part);
    CHECK(relative_error(slopes[i + 1], parameters[i].of_torch(torch, "grad_")) <= tolerance);
  }
}

template <class Cell, class... Options>
void check_both_ways(const std::string& name, std::int64_t width, const Options&... options) {
  auto model = float64_model();
  const Cell first(model / "first", 4, 5, options...), back(model / "first back", 4, 5, options...),
      second(model / "second", 2 * width, 5, options...),
      second_back(model / "second back", 2 * width, 5, options...);
  check_deep(name, model, Stack(Bidirectional(first, back), Bidirectional(second, second_back)),
             joined({counterparts(first, "_l0"), counterparts(back, "_l0_reverse"),
                     counterparts(second, "_l1"), counterparts(second_back, "_l1_reverse")}));
}

/// A cell beside its equations in PyTorch, parameters by their names: outputs, last states and all gradients.
template <class MakeCell>
void check_equations(const std::string& name, const MakeCell& make_cell) {
  INFO(name);
  const References torch{name};
  auto model = float64_model();
  const auto cell = make_cell(model / "cell");
  std::vector<std::string> sources{"x"};
  Tensors parameters(model.parameters().begin(), model.parameters().end());
  auto first = host_state(model, cell.initial_state(3));
  std::vector<std::string> states;
  structure::for_each_leaf(first, [&](Array& leaf) {
    states.push_back(states.empty() ? "h" : "c");
    leaf = torch(states.back() + "0");
    sources.push_back(states.back() + "0");
  });
  for (const auto& parameter : model.parameters()) {
    auto own = parameter.name().substr(std::string("cell/").size());
    std::replace(own.begin(), own.end(), '/', '.');
    sources.push_back(own);
    parameter.assign(torch(own));
  }
  std::vector<Array> weights{torch("weight_of_y")};
  for (const auto& state : states) weights.push_back(torch("weight_of_" + state + "_last"));
  Function run(model,
               [&](const Tensor& x, const decltype(cell.initial_state(3))& state, const Tensors& weight) {
                 const auto [y, last] = unroll(cell, x, state);
                 const auto lasts = structure::flatten(last);
                 auto loss = sum(y * weight[0]);
                 for (std::size_t k = 0; k < lasts.size(); ++k) loss = loss + sum(lasts[k] * weight[k + 1]);
                 Tensors by{x};
                 for (const auto& leaf : structure::flatten(state)) by.push_back(leaf);
                 by.insert(by.end(), parameters.begin(), parameters.end());
                 return std::tuple(y, lasts, gradients(loss, by));
               });
  const auto [y, lasts, slopes] = run(torch("x"), first, weights);
  CHECK(relative_error(y, torch("y")) <= tolerance);
  for (std::size_t k = 0; k < states.size(); ++k)
    CHECK(relative_error(lasts[k], torch(states[k] + "_last")) <= tolerance);
  REQUIRE(slopes.size() == sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    INFO("gradient by " << sources[i]);
    CHECK(relative_error(slopes[i], torch("grad_" + sources[i])) <= tolerance);
  }
}

/// A loss and its gradient by the first of `values`.
template <class Loss>
void check_loss(const std::string& name, const std::vector<Array>& values, const Loss& loss) {
  const References torch{name};
  auto model = float64_model();
  Function run(model, [&](const Tensors& in) {
    const auto found = loss(in);
    return std::pair(found, gradients(found, {in[0]})[0]);
  });
  const auto [found, slope] = run(values);
  CHECK(relative_error(found, torch("loss")) <= tolerance);
  CHECK(relative_error(slope, torch("grad_y")) <= tolerance);
}

}  // namespace

TEST_CASE("stacks on sequences of different lengths agree with PyTorch's packed ones", "[pytorch]") {
  SECTION("two layers") {
    auto model = float64_model();
    const LSTM first(model / "first", 4, 5), second(model / "second", 5, 5);
    check_deep("lstm_deep", model, Stack(first, second),
               joined({counterparts(first, "_l0"), counterparts(second, "_l1")}));
  }
  SECTION("two layers in both directions") { check_both_ways<LSTM>("lstm_both", 5); }
  SECTION("projected") { check_both_ways<LSTM>("lstm_projected", 3, ProjectedTo(3)); }
  SECTION("plain cells") { check_both_ways<RNN>("rnn_both", 5); }
  SECTION("gated recurrent units") { check_both_ways<GRU>("gru_both", 5); }
  SECTION("one layer in both directions") {
    auto model = float64_model();
    const LSTM forward(model / "forward", 4, 5), back(model / "back", 4, 5);
    check_deep("lstm_one_layer", model, Bidirectional(forward, back),
               joined({counterparts(forward, "_l0"), counterparts(back, "_l0_reverse")}));
  }
}

TEST_CASE("layers that PyTorch does not have agree with their equations in it", "[pytorch]") {
  const auto lstm = [](const auto&... options) {
    return [=](const Scope& in) { return LSTM(in, 4, 5, options...); };
  };
  check_equations("lstm_peepholes", lstm(Peepholes));
  check_equations("lstm_coupled", lstm(CoupledGates, ForgetBias(3)));
  check_equations("lstm_normalised", lstm(Normalised));
  check_equations("lstm_all", lstm(Peepholes, CoupledGates, Normalised, ProjectedTo(3)));
  check_equations("mgu", [](const Scope& in) { return MGU(in, 4, 5); });
  check_equations("indrnn", [](const Scope& in) { return IndRNN(in, 4, 5); });
  check_equations("indrnn_linear", [](const Scope& in) { return IndRNN(in, 4, 5, {}); });
  check_equations("mingru", [](const Scope& in) { return MinGRU(in, 4, 5); });
}

TEST_CASE("an LSTM begins as its options say", "[layers]") {
  auto model = float64_model();
  const LSTM cell(model / "cell", 2, 3, ForgetBias(2.5),
                  InitialisedBy(CellInit{constant_init(0.5), constant_init(-1)}), ProjectedTo(2));
  const auto all_are = [](const Parameter& parameter, double value) {
    return parameter.value() == Array({ElementType::float64, parameter.shape()}, value);
  };
  CHECK(all_are(cell.forget.b, 2.5));
  CHECK(all_are(cell.input.b, 0));
  CHECK(all_are(cell.candidate.W, 0.5));
  CHECK(all_are(cell.output.U, -1));
  CHECK(all_are(cell.projection, 0.5));
}

TEST_CASE("a LayerNorm agrees with PyTorch", "[pytorch]") {
  const References torch{"layer_norm"};
  auto model = float64_model();
  const LayerNorm norm(model / "norm", 4);
  norm.scale.assign(torch("scale"));
  norm.shift.assign(torch("shift"));
  Function run(model, [&](const Tensor& x, const Tensor& weight) {
    const auto y = norm(x);
    return std::pair(y, gradients(sum(y * weight), {x, norm.scale, norm.shift}));
  });
  const auto [y, slopes] = run(torch("x"), torch("weight_of_y"));
  CHECK(relative_error(y, torch("y")) <= tolerance);
  CHECK(relative_error(slopes[0], torch("grad_x")) <= tolerance);
  CHECK(relative_error(slopes[1], torch("grad_scale")) <= tolerance);
  CHECK(relative_error(slopes[2], torch("grad_shift")) <= tolerance);
}

TEST_CASE("losses agree with PyTorch", "[pytorch]") {
  const auto with_target = [](const References& torch) { return std::vector{torch("y"), torch("target")}; };
  SECTION("cross-entropy with an ignored target, smoothing and weights of classes") {
    const auto check = [](const std::string& name, bool smoothed, double part, bool weighted) {
      const References torch{name};
      check_loss(name, {torch("y"), torch.integers("targets"), torch("weights")}, [&](const Tensors& in) {
        CrossEntropyOptions options;
        IgnoredIndex{-7}(options);
        if (smoothed) LabelSmoothing{part}(options);
        if (weighted) ClassWeights{in[2]}(options);
        return cross_entropy(in[0], in[1], options);
      });
    };
    check("cross_entropy_smoothed", true, 0.2, false);
    check("cross_entropy_weighted", false, 0, true);
    check("cross_entropy_both", true, 0.3, true);
  }
  SECTION("of two classes") {
    check_loss("binary", with_target({"binary"}),
               [](const Tensors& in) { return binary_cross_entropy(in[0], in[1]); });
    const References torch{"binary_weighted"};
    check_loss("binary_weighted", {torch("y"), torch("target"), torch("weights")},
               [](const Tensors& in) { return binary_cross_entropy(in[0], in[1], in[2]); });
  }
  SECTION("errors") {
    check_loss("absolute", with_target({"absolute"}),
               [](const Tensors& in) { return mean_absolute_error(in[0], in[1]); });
    check_loss("huber", with_target({"huber"}),
               [](const Tensors& in) { return huber_loss(in[0], in[1], 0.7); });
  }
  SECTION("connectionist temporal classification") {
    const References torch{"ctc"};
    check_loss("ctc",
               {torch("y"), torch.integers("labels"), torch.integers("steps"), torch.integers("counts")},
               [](const Tensors& in) { return ctc_loss(in[0], in[1], in[2], in[3]); });
    auto model = float64_model();
    Function each(model, [](const Tensors& in) { return ctc_losses(in[0], in[1], in[2], in[3]); });
    const auto losses = each(
        std::vector{torch("y"), torch.integers("labels"), torch.integers("steps"), torch.integers("counts")});
    CHECK(relative_error(losses, torch("losses")) <= tolerance);
    const References last{"ctc_last_blank"};
    check_loss("ctc_last_blank",
               {last("y"), last.integers("labels"), last.integers("steps"), last.integers("counts")},
               [](const Tensors& in) { return ctc_loss(in[0], in[1], in[2], in[3], 5); });
  }
}
