// Kernels in which threads work together, in many orders. ThreadSanitizer, in whose build this is run,
// reports what nothing orders; AddressSanitizer what lies beside memory.

#include <reel/gradients.h>
#include <reel/program.h>
#include <reel/reel.h>

#include "catch.h"
#include "emulated_driver.h"
#include "ptx/ptx_driver.h"
#include "real_gpu.h"
#include "recipe.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Reductions in all forms, scans, sums of what indices choose, random numbers and a loop: small, but with
/// several warps and blocks.
std::vector<Recipe> recipes() {
  const auto cell = [](const Tensor& w, const Tensor& b) {
    return [=](const Tensor& x, const Tensor& h) { return tanh(matmul(h, w) + x + b); };
  };
  return {
      {"whole sums",
       {{20, 36}},
       [](const Tensors& x) {
         return Tensors{sum(x[0]), max(x[0]), mean(square(x[0]), {0})};
       }},
      {"rows of a warp",
       {{20, 36}},
       [](const Tensors& x) {
         return Tensors{softmax(x[0]), layer_norm(x[0])};
       }},
      {"rows of a block",
       {{3, 1100}},
       [](const Tensors& x) {
         return Tensors{softmax(x[0]), logsumexp(x[0], {1})};
       }},
      {"gradients of a norm",
       {{20, 36}, {36}},
       [](const Tensors& x) { return gradients(sum(tanh(layer_norm(x[0]) * x[1])), x); }},
      {"scans",
       {{20, 36}},
       [](const Tensors& x) {
         return Tensors{cumsum(x[0], 0), linear_scan(sigmoid(x[0]), x[0], 1), argmax(x[0], 0)};
       }},
      {"scans of few long lines",
       {{3, 130}, {3}},
       [](const Tensors& x) {
         const auto a = tanh(x[0]);
         return Tensors{linear_scan(a, x[0], 1), linear_scan(a, x[0], x[1], {1, true, false, true}),
                        linear_scan(a, x[0], x[1], {1, false, true, false})};
       }},
      {"gathers and their sums",
       {{13, 132}, {37}},
       [](const Tensors& x) {
         const auto indices = cast(x[1] * 5 + 6, ElementType::int64);
         return gradients(sum(square(gather(x[0], indices, 0))), {x[0]});
       }},
      {"random numbers", {{20, 36}}, [](const Tensors& x) { return Tensors{dropout(x[0], 0.5)}; }},
      {"an unroll and its gradients",
       {{3, 4, 20}, {20, 20}, {20}},
       [cell](const Tensors& x) {
         return gradients(sum(square(unroll(cell(x[1], x[2]), x[0], zeros({4, 20})).outputs)), x);
       }},
  };
}

#if defined(__SANITIZE_THREAD__)
const std::vector<std::uint64_t> seeds = {1};  // each thread that it follows takes its time
#else
const std::vector<std::uint64_t> seeds = {1, 2, 3};
#endif

/// Compares what some devices give with what the first one does.
void compare(const Device& first, const std::vector<Device>& others, double tolerance) {
  for (const auto& each : recipes()) {
    INFO(each.name);
    const RecordedRecipe recorded(each, ElementType::float32);
    const auto expected = compile(*recorded.tape, recorded.outputs, first).run(recorded.values);
    for (const auto& device : others) {
      const auto found = compile(*recorded.tape, recorded.outputs, device).run(recorded.values);
      for (std::size_t i = 0; i < found.size(); ++i)
        CHECK(difference(found[i], expected[i]) <= tolerance * (1 + largest(expected[i])));
    }
  }
}

/// Compares many orders of threads and blocks with the usual one: not a bit may differ.
void compare_orders(Device (*make_device)(const EmulatedDriver::Options&)) {
  std::vector<Device> shuffled;
  for (auto seed : seeds) {
    EmulatedDriver::Options options;
    options.seed = seed;
    shuffled.push_back(make_device(options));
  }
  compare(make_device({}), shuffled, 0);
}

}  // namespace

TEST_CASE("threads and blocks may run in any order", "[cuda][races]") { compare_orders(emulated_cuda); }

TEST_CASE("so may those of the PTX that NVIDIA's compiler makes", "[cuda][ptx]") {
  if (has_compiler())
    compare_orders(ptx_cuda);
  else
    WARN("skipped: there is no NVRTC");
}

// Small, for compute-sanitizer.
TEST_CASE("a GPU gives what the emulated device does", "[.][gpu][gpu-small]") {
  const auto gpu = real_gpu();
  REQUIRE(gpu);
  compare(emulated_cuda(), {*gpu}, 2e-5);
}
