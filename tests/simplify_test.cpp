// What the pass makes of a tape: rule by rule, and what it must leave alone.

#include <passes/liveness.h>
#include <passes/simplify/simplify.h>
#include <reel/reel.h>

#include <iostream>
#include <sstream>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto d = ElementType::float64;

/// What is left to compute once a tape is simplified, in order: "reshape tanh".
std::string simplified(const std::vector<TensorType>& types, const std::function<Tensor(const Tensors&)>& f) {
  Tape tape(d);
  Recording recording(tape);
  Tensors arguments;
  for (const auto& type : types) arguments.push_back(tape.argument(type));
  const auto simple = passes::simplify(tape, {bring(tape, f(arguments), "test").id()});
  const auto live = passes::find_live(*simple.tape, simple.outputs);
  std::string names;
  for (NodeId id = 0; id < simple.tape->size(); ++id) {
    if (!live.nodes[id] || simple.tape->node(id).operation == &argument_operation()) continue;
    names += (names.empty() ? "" : " ") + simple.tape->node(id).operation->name;
  }
  return names;
}

const TensorType x23{d, {2, 3}}, x32{d, {3, 2}};

/// The only unroll of a simplified tape.
UnrollNode only_unroll(const Tape& tape) {
  for (NodeId id = 0; id < tape.size(); ++id)
    if (tape.node(id).operation == &unroll_operation()) return UnrollNode::of(tape.node(id).attributes);
  throw Error("no unroll");
}

}  // namespace

TEST_CASE("what is chosen under one condition is added up as one choice") {
  const TensorType b{ElementType::boolean, {2, 3}};
  const auto of = [&](const std::function<Tensor(const Tensors&)>& f) {
    return simplified({b, x23, x23}, f);
  };
  CHECK(of([](const Tensors& in) { return select(in[0], in[1], 0) + select(in[0], in[2], 0); }) ==
        "fill add select");
  CHECK(of([](const Tensors& in) { return select(in[0], 0, in[1]) + select(in[0], 0, in[2]); }) ==
        "fill add select");
  CHECK(of([](const Tensors& in) { return select(in[0], in[1], 0) + select(in[0], 0, in[2]); }) == "select");
  CHECK(of([](const Tensors& in) { return select(in[0], 0, in[1]) + select(in[0], in[2], 0); }) == "select");
  CHECK(of([](const Tensors& in) { return select(in[0], in[1], 1) + select(in[0], in[2], 0); }) ==
        "fill select fill select add");
  CHECK(of([](const Tensors& in) {
          return select(in[0], in[1], 0) + select(!in[0], in[2], 0);
        }).find("add") != std::string::npos);
}

TEST_CASE("units, identities and involutions vanish") {
  CHECK(simplified({x23}, [](const Tensors& in) { return in[0] + 0; }) == "");
  for (const auto& f : std::vector<std::function<Tensor(const Tensors&)>>{
           [](const Tensors& in) { return tanh(in[0] + 0); },
           [](const Tensors& in) { return tanh(0 + in[0]); },
           [](const Tensors& in) { return tanh(in[0] - 0); },
           [](const Tensors& in) { return tanh(1 * in[0]); },
           [](const Tensors& in) { return tanh(in[0] / 1); },
           [](const Tensors& in) { return tanh(pow(in[0], 1)); },
           [](const Tensors& in) { return tanh(-(-in[0])); },
           [](const Tensors& in) { return tanh(stop_gradient(in[0])); },
           [](const Tensors& in) { return tanh(select(in[0] > 0, in[0], in[0])); }}) {
    const auto names = simplified({x23}, f);
    INFO(names);
    CHECK(names.find("tanh") != std::string::npos);
    for (const auto* gone : {"add", "sub", "mul", "div", "pow", "neg", "stop_gradient", "select"})
      CHECK(names.find(gone) == std::string::npos);
  }
}

TEST_CASE("what is no identity stays: 0 x may be NaN, 0 - x is not x") {
  CHECK(simplified({x23}, [](const Tensors& in) { return 0 * in[0]; }) == "fill mul");
  CHECK(simplified({x23}, [](const Tensors& in) { return 0 - in[0]; }) == "fill sub");
  CHECK(simplified({x23}, [](const Tensors& in) { return in[0] - in[0]; }) == "sub");
  CHECK(simplified({x23}, [](const Tensors& in) { return pad(in[0], 0, 1, 1); }) == "pad");
}

TEST_CASE("the same computation is one node") {
  CHECK(simplified({x23}, [](const Tensors& in) { return tanh(in[0]) * tanh(in[0]); }) == "tanh mul");
  CHECK(simplified({x23}, [](const Tensors& in) { return (in[0] + 2) * (in[0] + 2); }) == "fill add mul");
  // Zeros of different sign are different numbers.
  CHECK(simplified({x23}, [](const Tensors& in) { return in[0] / 0.0 + in[0] / -0.0; }) ==
        "fill div fill div add");
}

TEST_CASE("values that are the same everywhere are computed when compiling") {
  CHECK(simplified({x23}, [](const Tensors& in) { return in[0] + exp(full({3}, 2, d)) * 3; }).find("exp") ==
        std::string::npos);
  CHECK(simplified({}, [](const Tensors&) {
          return transpose(full({2, 3}, 2, d));
        }).find("permute") == std::string::npos);
  CHECK(simplified({}, [](const Tensors&) { return pad(full({2}, 1, d), 0, 1, 0); }) == "fill pad");
}

TEST_CASE("what is repeated alike is computed before it is repeated") {
  const TensorType column{d, {2, 1}};
  CHECK(simplified({column}, [](const Tensors& in) {
          return tanh(broadcast_to(in[0], {2, 3})) * 2;
        }) == "tanh fill mul broadcast");
  CHECK(simplified({column, column}, [](const Tensors& in) {
          return broadcast_to(in[0], {2, 3}) + broadcast_to(in[1], {2, 3});
        }) == "add broadcast");
  CHECK(simplified({column, {d, {1, 3}}}, [](const Tensors& in) {
          return broadcast_to(in[0], {2, 3}) + broadcast_to(in[1], {2, 3});
        }) == "broadcast broadcast add");
  CHECK(simplified({column}, [](const Tensors& in) {
          return slice(broadcast_to(in[0], {2, 3}), 1, 1, 3);
        }) == "broadcast");
  CHECK(simplified({column}, [](const Tensors& in) {
          return slice(broadcast_to(in[0], {2, 3}), 0, 1, 2);
        }) == "slice broadcast");
}

TEST_CASE("a sum of terms scaled alike is scaled after it") {
  CHECK(simplified({x23}, [](const Tensors& in) { return sum(-in[0], {1}); }) == "sum neg");
  CHECK(simplified({x23}, [](const Tensors& in) { return sum(in[0] / 3, {0}); }) == "sum fill div");
  CHECK(simplified({x23}, [](const Tensors& in) { return sum(in[0] / 0.0, {0}); }) == "fill div sum");
  CHECK(simplified({x23}, [](const Tensors& in) { return sum(in[0] * INFINITY, {0}); }) == "fill mul sum");
  CHECK(simplified({{d, {0, 3}}}, [](const Tensors& in) { return sum(-in[0], {0}); }) == "neg sum");
  CHECK(simplified({x23}, [](const Tensors& in) { return sum(in[0] + 1, {1}); }) == "fill add sum");
}

TEST_CASE("index maps of index maps are one") {
  CHECK(simplified({x23}, [](const Tensors& in) {
          return reshape(reshape(in[0], {6}), {3, 2});
        }) == "reshape");
  CHECK(simplified({x23}, [](const Tensors& in) { return reshape(reshape(in[0], {6}), {2, 3}); }) == "");
  CHECK(simplified({x23}, [](const Tensors& in) { return transpose(transpose(in[0])); }) == "");
  CHECK(simplified({{d, {1, 1}}}, [](const Tensors& in) {
          return broadcast_to(broadcast_to(in[0], {2, 1}), {2, 3});
        }) == "broadcast");
  CHECK(simplified({x23}, [](const Tensors& in) { return slice(slice(in[0], 1, 1, 3), 1, 1, 2); }) ==
        "slice");
  CHECK(simplified({x23, x23}, [](const Tensors& in) { return slice(concat(in, 1), 1, 3, 6); }) == "");
  CHECK(simplified({x23, x23}, [](const Tensors& in) { return slice(concat(in, 1), 1, 4, 6); }) == "slice");
  CHECK(simplified({x23, x23}, [](const Tensors& in) { return slice(concat(in, 1), 1, 2, 4); }) ==
        "concat slice");
  CHECK(simplified({x23}, [](const Tensors& in) { return slice(pad(in[0], 0, 1, 1), 0, 1, 3); }) == "");
  CHECK(simplified({x23}, [](const Tensors& in) { return slice(pad(in[0], 0, 2, 1), 0, 0, 2); }) == "fill");
  CHECK(simplified({x23}, [](const Tensors& in) { return concat(split(in[0], 3), 1); }) == "");
}

TEST_CASE("slices of slices with steps pick the same elements") {
  const Array x(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  for (std::int64_t start = 0; start < 4; ++start)
    for (std::int64_t stop = start; stop <= 12; ++stop)
      for (std::int64_t step = 1; step <= 3; ++step) {
        const auto f = [&](const Tensor& in) {
          const auto once = slice(in, 0, start, stop, step);
          const auto count = once.extent(0);
          return Tensors{slice(once, 0, count / 3, count, 2), slice(once, 0, count / 2, count / 2)};
        };
        Tape tape(d);
        const auto outputs = f(tape.argument({d, {12}}));
        CompileOptions as_recorded;
        AsRecorded(as_recorded);
        CHECK(compile(tape, outputs).run({x}) == compile(tape, outputs, Device::cpu(), as_recorded).run({x}));
      }
}

TEST_CASE("a product takes a transposed operand as it is") {
  CHECK(simplified({x23, x23}, [](const Tensors& in) { return matmul(in[0], transpose(in[1])); }) ==
        "matmul");
  CHECK(simplified({x23, x23}, [](const Tensors& in) { return matmul(transpose(in[0]), in[1]); }) ==
        "matmul");
}

TEST_CASE(
    "in a body: constants inside, captures once, carries that do not change are invariants, dead ones gone") {
  Tape tape(d);
  Recording recording(tape);
  const auto x = tape.argument({d, {4, 2}}), w = tape.argument({d, {2}});
  const auto cell = [&](const Tensor& xt, const std::vector<Tensor>& s) {
    return std::vector<Tensor>{s[0] * w + xt, s[1], s[2] + 1, s[3] * s[1]};
  };
  const std::vector<Tensor> initial{zeros({2}), tape.argument({d, {2}}), zeros({2}), ones({2})};
  const auto result = unroll(cell, x, initial).state;
  const auto simple = passes::simplify(tape, {result[0].id(), result[1].id(), result[3].id()});
  const auto node = only_unroll(*simple.tape);
  CHECK(node.body->carries.size() == 2);     // the first and the last
  CHECK(node.body->invariants.size() == 2);  // w, and the carry that does not change
  // The final value of that one is its initial value.
  CHECK(simple.tape->node(simple.outputs[1]).operation == &argument_operation());
}

TEST_CASE("effects and updates stay, in their order") {
  Model model(Seed{1}, Device::cpu(), d);
  const auto p = (model / "s").parameter("p", {}, constant_init(1)),
             q = (model / "s").parameter("q", {}, constant_init(2));
  Function f(model, [&](Tensor x) {
    print(x + 0, "x");
    update(p, q);
    update(q, p);
    return x + p;
  });
  std::ostringstream captured;
  auto* const before = std::cerr.rdbuf(captured.rdbuf());
  const auto y = f(5.0);
  std::cerr.rdbuf(before);
  CHECK(captured.str() == "x = float64[] {5}\n");
  CHECK(y.item() == 6);
  CHECK(p.value().item() == 2);
  CHECK(q.value().item() == 1);
}

TEST_CASE("a simplified LSTM step computes nothing twice") {
  Model model(Seed{1});
  const LSTM cell(model / "cell", 4, 8);
  Tape tape;
  Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {5, 2, 4}});
  const auto y = sum(unroll(cell, x, cell.initial_state(2)).outputs);
  Tensors outputs{y};
  for (const auto& g : gradients(y, {cell.input.W, cell.forget.U, cell.candidate.b})) outputs.push_back(g);
  CompileOptions simplified, as_recorded;
  Without("split")(simplified);
  AsRecorded(as_recorded);
  const auto reference = Device::reference();
  CHECK(compile(tape, outputs, reference, simplified).instruction_count() <
        compile(tape, outputs, reference, as_recorded).instruction_count());
}
