// Every operation on an emulated CUDA device against the reference runner.

#include <reel/check_operation.h>
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>

#include "catch.h"
#include "emulated_driver.h"
#include "plans.h"
#include "run/cuda/compiler.h"
#include "run/cuda/cuda_plan.h"
#include "run/cuda/cuda_target.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A tape with what is wanted of it, and values for its arguments.
struct Computation {
  std::string name;
  std::unique_ptr<Tape> tape;
  Tensors outputs;
  std::vector<Array> arguments;
};

/// An operation on a sample, and the derivatives of the sum of its squares, elements of type `element`.
Computation computation(const Operation& operation, const Sample& sample, ElementType element) {
  Computation made;
  made.name = operation.name + " " + to_string(sample.attributes) + " in " + name_of(element);
  made.tape = std::make_unique<Tape>(element);
  const Recording recording(*made.tape);
  std::mt19937_64 random(3);
  Tensors operands;
  for (auto array : random_operands(sample, random)) {
    made.name += " " + to_string(array.type().shape);
    if (is_floating(array.element())) array = array.cast(element);
    operands.push_back(made.tape->argument(array.type()));
    made.arguments.push_back(std::move(array));
  }
  auto attributes = sample.attributes;
  const auto y = record(operation, operands, attributes);
  made.outputs.push_back(y);
  if (!is_floating(y.element())) return made;
  Tensors sources;
  for (const auto& operand : operands)
    if (is_floating(operand.element())) sources.push_back(operand);
  if (sources.empty()) return made;
  for (const auto& gradient : gradients(sum(square(y)), sources)) made.outputs.push_back(gradient);
  return made;
}

std::vector<Computation> all_computations() {
  std::vector<Computation> all;
  for (const auto* operation : operations()) {
    if (!operation->has_value() || operation->kind == Kind::projection || !operation->kernels.reference)
      continue;
    for (const auto& sample : operation->samples())
      for (auto element : {ElementType::float32, ElementType::float64}) {
        const bool has_type = !sample.operands.empty();
        if (!has_type && element == ElementType::float32) continue;
        all.push_back(computation(*operation, sample, element));
      }
  }
  return all;
}

double tolerance(ElementType element) { return element == ElementType::float32 ? 2e-5 : 1e-12; }

}  // namespace

#if defined(REEL_HAS_CUDA)
TEST_CASE("NVIDIA's compiler takes every kernel that is written by hand", "[cuda]") {
  try {
    cuda::compiler_version();
  } catch (const Error& error) {
    WARN("skipped: " << error.what());
    return;
  }
  cuda::Source written;
  for (const auto& each : all_computations()) {
    const auto plan = cuda::make_cuda_plan(plan_of(*each.tape, each.outputs, {}, cuda::CudaTarget()));
    for (const auto& [name, text] : plan.source.kernels)
      if (text.find("(words);") != std::string::npos) {
        written.kernels.emplace(name, text);
        written.headers.insert(plan.source.headers.begin(), plan.source.headers.end());
      }
  }
  CHECK(written.kernels.size() > 40);
  CHECK(cuda::compile(written, "sm_90").size() > 10000);
}
#endif

TEST_CASE("every operation and its derivative gives on a CUDA device what the reference runner gives",
          "[cuda]") {
  const auto all = all_computations();
  EmulatedDriver::Options noting;
  noting.only_notes = true;
  const auto notes = emulated_cuda(noting), device = emulated_cuda();
  for (const auto& each : all) compile(*each.tape, each.outputs, notes);
  int compared = 0;
  for (const auto& each : all) {
    INFO(each.name);
    const auto expected = compile(*each.tape, each.outputs, Device::reference()).run(each.arguments);
    const auto found = compile(*each.tape, each.outputs, device).run(each.arguments);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("output " << i);
      const auto element = each.arguments.empty() ? ElementType::float64 : each.arguments.back().element();
      CHECK(difference(found[i], expected[i]) <= tolerance(element) * (1 + largest(expected[i])));
      ++compared;
    }
  }
  CHECK(compared > 700);
}
