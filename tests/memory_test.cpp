// Memory that the system does not give: an error of Reel's own, and everything as it was. Nothing here asks
// for less than no process can address, so that nothing is given.

#include <reel/reel.h>

#include "models.h"
#include "refusals.h"

using namespace reel;
using namespace reel::test;

// The sanitizers' allocators end the process otherwise where a real one gives nothing. Hidden they would not
// be found.
#pragma GCC visibility push(default)
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }
#pragma GCC visibility pop

namespace {

constexpr std::int64_t vast = std::int64_t{1} << 46;  // elements

template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const MemoryError& error) {
    return error.what();
  }
  return "nothing";
}

const auto vast_text = std::to_string(vast), vast_bytes = std::to_string(4 * vast);

}  // namespace

TEST_CASE("arrays and parameters for which there is no memory") {
  require_parts(refusal([] { Array({vast}, ElementType::float32); }),
                {"[Array]", "float32[" + vast_text + "]", vast_bytes});
  require_parts(refusal([] { Array({ElementType::float32, {vast}}, 0.5); }), {"[Array]", vast_bytes});
  CHECK_THROWS_WITH(Array({vast}, std::vector<float>{1, 2}), ContainsSubstring("2 elements do not fill"));
  Model model(Seed{1});
  const auto scope = model / "net";
  const std::int64_t side = std::int64_t{1} << 23;
  std::vector<Initialiser> initialisers{glorot_uniform(), constant_init(0)};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // It asks the standard library, which the sanitizers let end the process.
  initialisers.push_back(orthogonal());
#endif
  for (const auto& init : initialisers)
    require_parts(refusal([&] {
                    scope.parameter("W", {side, side}, init);
                  }),
                  {"net/W", "float", "not to be had"});
  require_parts(refusal([&] { scope.state("h", {vast}, 0); }), {"net/h", vast_bytes});
  for (const auto extent : {std::int64_t{1} << 61, std::int64_t{1} << 55, INT64_MAX}) {
    CHECK_THROWS_WITH(Array({extent}, ElementType::float64),
                      ContainsSubstring("[Array] float64[" + std::to_string(extent) + "]"));
    CHECK_THROWS_WITH(scope.parameter("W", {extent}, constant_init(0)), ContainsSubstring("net/W"));
    CHECK_THROWS_WITH(scope.state("h", {extent}, 0), ContainsSubstring("net/h"));
    CHECK_THROWS_WITH(Linear(scope / "linear", extent / 8, 8), ContainsSubstring("net/linear"));
  }
  CHECK(values(model).empty());
  // The names are free still.
  CHECK(scope.parameter("W", {2}, constant_init(3)).value() == floats({3, 3}));
}

TEST_CASE("a program for which there is no memory says what it is and what holds it") {
  for (const auto& device : {Device::cpu(1), Device::cpu(2), Device::reference()}) {
    Tape tape;
    Recording recording(tape);
    const auto x = tape.argument({ElementType::float32, {2}});
    Tensor y;
    {
      const ScopeGuard guard("net/head");
      const auto [outputs, state] = unroll([](const Tensor& s) { return tanh(s); }, vast, x);
      y = sum(cumsum(outputs, 0));
    }
    const auto text = refusal([&] { compile(tape, {y}, device).run({floats({1, 2})}); });
    require_parts(text, {"[Program]", "(float32[2])", std::to_string(8 * vast) + " bytes",
                         "float32[" + vast_text + ", 2]", "net/head"});
    // What runs node by node names the one that finds none.
    if (device.name() != "reference") require_parts(text, {"tanh", "cumsum"});
  }
}

TEST_CASE("sizes that together are more than can be counted") {
  for (const auto& device : {Device::cpu(1), Device::reference()}) {
    Tape tape;
    Recording recording(tape);
    const auto x = tape.argument({ElementType::float64, {1}});
    const Shape all{most_bytes / 8};
    // All are made before any is read.
    Tensors parts;
    for (int i = 0; i < 200; ++i) parts.push_back(cumsum(broadcast_to(x + i, all), 0));
    auto total = parts[0];
    for (const auto& part : parts) total = total + part;
    require_parts(refusal([&] { compile(tape, {sum(total)}, device).run({Array(std::vector<double>{1})}); }),
                  {"[Program]", "bytes", std::to_string(most_bytes)});
  }
}

TEST_CASE("after a shape for which there is no memory a function works on") {
  for (const auto& device : {Device::cpu(2), Device::reference()}) {
    Model model(Seed{1}, device);
    const auto w = make_parameter(model, "w", {2, 3});
    TrainingStep step(model, SGD{0.5, 0.9}, [&](Tensor counts) {
      const auto steps = counts.extent(0) == 1 ? 2 : vast;
      const auto noise = 0 * uniform({2});
      return sum(unroll([&](const Tensor& s) { return s * w + noise; }, steps, ones({2})).outputs);
    });
    const auto before = values(model);
    const auto runs = model.run_counter()->read().item();
    require_parts(refusal([&] { step(floats({1, 1})); }), {"[Program]", "float32[2]", "bytes"});
    if (device.name() == "reference") {
      // It takes memory while it runs: such a run is one that has failed.
      CHECK(w.value() == before[0]);
    } else {
      CHECK(values(model) == before);
      CHECK(model.run_counter()->read().item() == runs);
      CHECK(step.program_count() == 0);
    }
    CHECK(step(floats({1})).item() == 2 + 3 + 4 + 9);
    const auto after = values(model);
    const auto runs_after = model.run_counter()->read().item();
    CHECK_THROWS_AS(step(floats({1, 1})), MemoryError);
    CHECK(values(model) == after);
    CHECK(model.run_counter()->read().item() == runs_after + (device.name() == "reference"));
    step(floats({1}));
    CHECK(values(model) != after);
  }
}

TEST_CASE("a result for which there is no memory leaves the model as it was") {
  for (const auto& device : {Device::cpu(1), Device::reference()}) {
    Model model(Seed{1}, device);
    const auto w = make_parameter(model, "w", {1});
    Function f(model, [&](Tensor x) {
      update(w, w + 1);
      return broadcast_to(x + uniform({1}), {vast});
    });
    const auto runs = model.run_counter()->read().item();
    require_parts(refusal([&] { f(floats({1})); }), {"[Program]", vast_bytes});
    CHECK(w.value() == floats({1}));
    CHECK(model.run_counter()->read().item() == runs);
  }
}
