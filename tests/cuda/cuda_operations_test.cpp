// Every operation on an emulated CUDA device against the reference runner.

#include <reel/program.h>

#include "all_operations.h"
#include "catch.h"
#include "emulated_driver.h"
#include "plans.h"
#include "ptx/ptx_driver.h"
#include "run/cuda/compiler.h"
#include "run/cuda/cuda_plan.h"
#include "run/cuda/cuda_target.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

double tolerance(ElementType element) { return element == ElementType::float32 ? 2e-5 : 1e-12; }

}  // namespace

TEST_CASE("NVIDIA's compiler takes every kernel that is written by hand", "[cuda]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  cuda::Source written;
  for (const auto& each : all_operations()) {
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

namespace {

/// Compares all operations on a device with the reference runner's. `notes` is one that collects kernels.
int compare_operations(const Device& notes, const Device& device) {
  const auto all = all_operations();
  for (const auto& each : all) compile(*each.tape, each.outputs, notes);
  int compared = 0;
  for (const auto& each : all) {
    INFO(each.name);
    const auto expected = compile(*each.tape, each.outputs, Device::reference()).run(each.arguments);
    const auto found = compile(*each.tape, each.outputs, device).run(each.arguments);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("output " << i);
      CHECK(difference(found[i], expected[i]) <= tolerance(each.element) * (1 + largest(expected[i])));
      ++compared;
    }
  }
  return compared;
}

EmulatedDriver::Options noting() {
  EmulatedDriver::Options options;
  options.only_notes = true;
  return options;
}

}  // namespace

TEST_CASE("every operation and its derivative gives on a CUDA device what the reference runner gives",
          "[cuda]") {
  CHECK(compare_operations(emulated_cuda(noting()), emulated_cuda()) > 700);
}

TEST_CASE("so do the PTX that NVIDIA's compiler makes of them", "[cuda][ptx]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  CHECK(compare_operations(ptx_cuda(noting()), ptx_cuda()) > 700);
}
