// Random cells as unroll nodes against the same cells Expanded, with each pass and without: values,
// gradients, second gradients.

#include <reel/program.h>

#include <cstdlib>
#include <cstring>

#include "catch.h"
#include "devices.h"
#include "random_results.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Values, gradients of their total, and gradients of the total of those.
std::vector<Array> evaluate(const RandomProgram& program, bool expanded, const CompileOptions& options,
                            const Device& device = Device::cpu()) {
  Tape tape(ElementType::float64);
  const auto outputs = record_with_gradients(program, expanded, tape);
  return compile(tape, outputs, device, options).run(program.arguments());
}

void compare(const std::vector<Array>& found, const std::vector<Array>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("result " << i << " of " << found.size() << ": " << to_string(found[i]) << " and "
                   << to_string(expected[i]));
    REQUIRE(difference(found[i], expected[i]) <= 1e-10 * std::max(1.0, largest(expected[i])));
  }
}

/// Passes that are not compiled, or in the order in which they were recorded, give the same bits.
void check_bits_of_passes(const RandomProgram& program) {
  const auto without = [](bool CpuOptions::*option) {
    CpuOptions options;
    options.*option = false;
    return Device::cpu(options);
  };
  static const Device by_loops = without(&CpuOptions::compiles_passes),
                      as_recorded = without(&CpuOptions::orders_passes);
  const auto found = evaluate(program, false, {});
  const auto agrees = [&](const char* what, const Device& device) {
    const auto expected = evaluate(program, false, {}, device);
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("result " << i << ", in order and " << what << ": " << to_string(found[i]) << " and "
                     << to_string(expected[i]));
      REQUIRE(std::memcmp(found[i].raw(), expected[i].raw(), found[i].bytes()) == 0);
    }
  };
  agrees("by loops", by_loops);
  agrees("as recorded", as_recorded);
}

void check(std::uint64_t seed) {
  INFO("replay with REEL_RANDOM_CELL=" << seed);
  const RandomProgram program(seed);
  const auto options = [](auto option) {
    CompileOptions options;
    option(options);
    return options;
  };
  const auto expected = evaluate(program, true, options(AsRecorded), Device::reference());
  const auto agrees = [&](const char* what, bool expanded, const CompileOptions& options,
                          const Device& device = Device::cpu()) {
    INFO(what << " on " << device.name());
    compare(evaluate(program, expanded, options, device), expected);
  };
  static const Device three = divided_among(3);
  agrees("unroll node as recorded", false, options(AsRecorded), Device::reference());
  agrees("unroll node as recorded", false, options(AsRecorded));
  agrees("unroll node, all passes", false, {}, Device::reference());
  agrees("unroll node, all passes", false, {});
  agrees("unroll node, all passes, divided among three threads", false, {}, three);
  agrees("unroll node, not split, divided among three threads", false, options(Without("split")), three);
  static const Device far = far_device(), fusing = fusing_far_device(), fusing_few = fusing_far_device(3);
  agrees("unroll node, all passes", false, {}, far);
  agrees("unroll node, all passes, fused", false, {}, fusing);
  agrees("unroll node, not split, fused by threes", false, options(Without("split")), fusing_few);
  agrees("unroll node as recorded", false, options(AsRecorded), far);
  for (const auto& pass : all_passes()) agrees(pass.name, false, options(Without(pass.name)));
  agrees("unroll node, as little memory as can be", false, options(LeastMemory));
  agrees("Expanded, all passes", true, {});
  check_bits_of_passes(program);
}

}  // namespace

TEST_CASE("random cells: an unroll means what it means Expanded") {
  if (const char* seed = std::getenv("REEL_RANDOM_CELL")) return check(std::strtoull(seed, nullptr, 10));
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::uint64_t few = 150;  // each takes several times as long
#else
  constexpr std::uint64_t few = 300;
#endif
  const char* count = std::getenv("REEL_RANDOM_CELLS");
  for (std::uint64_t seed = 0; seed < (count ? std::strtoull(count, nullptr, 10) : few); ++seed) check(seed);
}
