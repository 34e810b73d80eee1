// Random cells with first and second gradients on an emulated CUDA device.

#include <reel/program.h>

#include <cstdlib>
#include <functional>

#include "catch.h"
#include "emulated_driver.h"
#include "ptx/ptx_driver.h"
#include "random_results.h"
#include "random_walks.h"
#include "real_gpu.h"

using namespace reel;
using namespace reel::test;

namespace {

Program compiled(const RandomProgram& program, const Device& device) {
  Tape tape(ElementType::float64);
  const auto outputs = record_with_gradients(program, false, tape);
  return compile(tape, outputs, device);
}

using MakeDevice = std::function<Device(const EmulatedDriver::Options&)>;

void check_cells(std::uint64_t first, std::uint64_t count, const MakeDevice& make_device = emulated_cuda) {
  EmulatedDriver::Options noting;
  noting.only_notes = true;
  const auto notes = make_device(noting);
  for (auto seed = first; seed < first + count; ++seed) compiled(RandomProgram(seed), notes);
  EmulatedDriver::Options shuffled;
  shuffled.seed = first + 1;
  const auto device = make_device({}), in_any_order = make_device(shuffled);
  for (auto seed = first; seed < first + count; ++seed) {
    INFO("replay with REEL_RANDOM_CELL=" << seed);
    const RandomProgram program(seed);
    const auto expected = compiled(program, Device::reference()).run(program.arguments());
    const auto found = compiled(program, seed % 4 == 0 ? in_any_order : device).run(program.arguments());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("result " << i << ": " << to_string(found[i]) << " and " << to_string(expected[i]));
      REQUIRE(difference(found[i], expected[i]) <= 1e-10 * std::max(1.0, largest(expected[i])));
    }
  }
}

}  // namespace

// REEL_RANDOM_CELLS=2000 tries that many.
TEST_CASE("random cells on a CUDA device", "[cuda]") {
  if (const char* seed = std::getenv("REEL_RANDOM_CELL"))
    return check_cells(std::strtoull(seed, nullptr, 10), 1);
  const char* count = std::getenv("REEL_RANDOM_CELLS");
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
  constexpr std::uint64_t usual = 20;
#else
  constexpr std::uint64_t usual = 100;
#endif
  check_cells(1, count ? std::strtoull(count, nullptr, 10) : usual);
}

// REEL_RANDOM_CELLS_AS_PTX=200 tries that many.
TEST_CASE("random cells as the PTX that NVIDIA's compiler makes of them", "[cuda][ptx]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  const char* count = std::getenv("REEL_RANDOM_CELLS_AS_PTX");
  check_cells(1, count ? std::strtoull(count, nullptr, 10) : 6, ptx_cuda);
}

TEST_CASE("random cells on a GPU", "[.][gpu]") {
  const auto gpu = real_gpu();
  REQUIRE(gpu);
  check_cells(1, 30, [&](const EmulatedDriver::Options&) { return *gpu; });
}

TEST_CASE("random combinations of the options of unroll on a CUDA device", "[cuda]") {
  const auto device = emulated_cuda({});
  for (std::uint64_t seed = 1; seed <= 12; ++seed) check_random_walk(seed, device);
}
