// A device that is none of Reel's own: what it has no kernel for, where variables have their newest value,
// and errors that are told after a run.

#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "models.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

Array vector_of(const std::vector<float>& elements) { return Array(elements); }

}  // namespace

TEST_CASE("a device without a kernel for an operation refuses it when a program is compiled") {
  const auto far = far_device({{"tanh"}});
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {3}});
  const Tensors y{tanh(x) + 1};
  CHECK_THROWS_WITH(compile(tape, y, far), ContainsSubstring("[tanh] has no kernel for far") &&
                                               ContainsSubstring("OnHost({\"tanh\"})"));
  // Not where it is not needed.
  CHECK_NOTHROW(compile(tape, {x + 1}, far));
  CompileOptions options;
  OnHost({"exp"})(options);
  CHECK_THROWS_AS(compile(tape, y, far, options), RecordError);
  OnHost({"tanh"})(options);
  const std::vector<Array> values{vector_of({-1, 0, 2})};
  CHECK(compile(tape, y, far, options).run(values) == compile(tape, y, Device::reference()).run(values));
}

TEST_CASE("what a loop adds up needs kernels too") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {20, 3}});
  const auto w = tape.argument({ElementType::float32, {3}});
  // The gradient by what is the same at every step is a sum over the steps.
  const auto cell = [&](const Tensor& xt, const Tensor& h) { return tanh(h * w + xt); };
  const Tensors outputs = gradients(sum(unroll(cell, x, zeros({3})).outputs), {w});
  CompileOptions whole;
  Without("split")(whole);
  for (const std::string name : {"add", "cast"}) {
    const auto far = far_device({{name}});
    CHECK_THROWS_WITH(compile(tape, outputs, far, whole),
                      ContainsSubstring("[" + name + "] has no kernel for far"));
    auto options = whole;
    OnHost({name})(options);
    std::mt19937_64 random(3);
    const std::vector<Array> values{random_array(x.type(), random), random_array(w.type(), random)};
    CHECK(difference(compile(tape, outputs, far, options).run(values)[0],
                     compile(tape, outputs, Device::reference()).run(values)[0]) <= 1e-6);
  }
}

TEST_CASE("an operation without any kernel cannot run on the host either") {
  const Operation nothing{
      "nothing",          Kind::map, [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
      Derivative::none(), {},        nullptr};
  Tape tape;
  const Recording recording(tape);
  const Tensors y{record(nothing, {tape.argument({ElementType::float32, {3}})})};
  CompileOptions options;
  OnHost({"nothing"})(options);
  for (const auto& device : {Device::cpu(1), far_device()})
    CHECK_THROWS_WITH(compile(tape, y, device, options), ContainsSubstring("[nothing] has no kernel for"));
}

TEST_CASE(
    "on the host an operation is told of its steps, and what it refuses is an error with scope and step") {
  const auto far = far_device({{"gather"}});
  Tape tape;
  const Recording recording(tape);
  const auto table = tape.argument({ElementType::float32, {4, 3}}),
             symbols = tape.argument({ElementType::int64, {5, 2}});
  const ScopeGuard scope("lookup");
  const auto y = unroll([&](Tensor s, Tensor h) { return h + gather(table, s); }, symbols, zeros({2, 3}));
  CompileOptions options;
  OnHost({"gather"})(options);
  // Not lifted out of the loop.
  Without("split")(options);
  const auto wrong = Array(Shape{5, 2}, std::vector<std::int64_t>{0, 1, 2, 3, 0, 1, 9, 0, 8, 0});
  const Array rows({ElementType::float32, {4, 3}}, 1.0);
  for (const auto& device : {far, Device::cpu(1), Device::reference()}) {
    INFO(device.name());
    auto program = compile(tape, {y.outputs}, device, options);
    CHECK_THROWS_WITH(program.run({rows, wrong}),
                      ContainsSubstring("[gather] index 9 at [0] is outside [0, 4)") &&
                          ContainsSubstring("in scope lookup") && ContainsSubstring("at step 3"));
    CHECK_NOTHROW(program.run({rows, Array({ElementType::int64, {5, 2}}, 1.0)}));
  }
}

TEST_CASE("an error that is told after the run leaves all variables as they were", "[devices]") {
  for (const auto& device : devices()) {
    INFO(device.name());
    Model model(Seed{1}, device);
    const Embedding embed(model / "embed", 4, 3);
    const auto before = values(model);
    TrainingStep step(model, Adam(1e-2), [&](Tensor symbols) { return sum(square(embed(symbols))); });
    CHECK_THROWS_WITH(
        step(Array(Shape{2}, std::vector<std::int64_t>{1, 4})),
        ContainsSubstring("index 4 at [1] is outside [0, 4)") && ContainsSubstring("in scope embed"));
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(values(model)[i] == before[i]);
    step(Array(Shape{2}, std::vector<std::int64_t>{1, 3}));
    CHECK(values(model)[0] != before[0]);
  }
}

TEST_CASE("a variable is fetched from the device that wrote it when it is read, and once") {
  Variable variable("v", vector_of({1, 2}));
  const auto version = variable.version();
  int fetches = 0;
  variable.written_elsewhere([&](Array& host) {
    ++fetches;
    host.data<float>()[0] = 7;
  });
  CHECK(variable.version() > version);
  CHECK(fetches == 0);
  CHECK(variable.read().at(0) == 7);
  CHECK(variable.read().at(1) == 2);
  CHECK(fetches == 1);
  // What the host writes is newer.
  const auto read = variable.version();
  variable.write().data<float>()[1] = 9;
  CHECK(variable.version() > read);
  CHECK(variable.read() == vector_of({7, 9}));
  CHECK(fetches == 1);
  // Whoever writes a part of it finds the rest.
  variable.written_elsewhere([&](Array& host) { host.data<float>()[0] = 5; });
  variable.write().data<float>()[1] = 6;
  CHECK(variable.read() == vector_of({5, 6}));
}

TEST_CASE("a model lives on its device: what is assigned arrives there, and what is trained there is read") {
  const auto train = [](const Device& device) {
    Model model(Seed{3}, device, ElementType::float64);
    const LSTM cell(model / "cell", 3, 5);
    TrainingStep step(model, Adam(1e-2), [&](Tensor x) {
      return sum(square(unroll(cell, dropout(x, 0.3), cell.initial_state(2)).outputs));
    });
    std::mt19937_64 random(4);
    const auto x = random_array({ElementType::float64, {4, 2, 3}}, random);
    std::vector<Array> seen;
    for (int i = 0; i < 3; ++i) seen.push_back(step(x));
    // Read, written by the host, and trained on.
    const auto b = model.parameters().front();
    seen.push_back(b.value());
    b.assign(Array(b.value().type(), 0.25));
    for (int i = 0; i < 3; ++i) seen.push_back(step(x));
    for (const auto& value : values(model)) seen.push_back(value);
    seen.push_back(model.run_counter()->read());
    return seen;
  };
  const auto expected = train(Device::reference()), found = train(far_device());
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(difference(found[i], expected[i]) <= 1e-12);
}

TEST_CASE("what check_gradients leaves of a parameter is what stands on the device", "[devices]") {
  for (const auto& device : devices()) {
    INFO(device.name());
    Model model(Seed{4}, device, ElementType::float64);
    const Linear layer(model / "layer", 3, 2);
    Function f(model, [&](Tensor x) { return layer(x); });
    std::mt19937_64 random(6);
    const auto x = random_array({ElementType::float64, {4, 3}}, random);
    const auto before = f(x);
    CHECK(check_gradients(model, [&](const Tensors& in) { return sum(square(layer(in[0]))); }, {x}).passes());
    CHECK(f(x) == before);
  }
}

TEST_CASE("programs of two devices share a model's variables") {
  Model model(Seed{1});
  const auto w = make_parameter(model, "w", {1, 2, 3});
  const auto record_doubling = [&](Tape& tape) {
    const Recording recording(tape);
    update(w, 2 * w);
    return Tensors{bring(tape, sum(w), "test")};
  };
  Tape here, there;
  auto on_cpu = compile(here, record_doubling(here), Device::cpu(1)),
       on_far = compile(there, record_doubling(there), far_device());
  double expected = 6;
  for (int i = 0; i < 3; ++i)
    for (auto* program : {&on_far, &on_cpu, &on_far}) {
      CHECK(program->run(std::vector<Array>{})[0].item() == expected);
      expected *= 2;
    }
  CHECK(w.value() == vector_of({512, 1024, 1536}));
}
