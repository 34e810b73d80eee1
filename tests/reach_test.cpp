// Threads leave out waiting where each keeps to the bytes that reach() names: a part must touch no others.

#include <cpu/loops.h>
#include <cpu/product.h>
#include <run/cpu/cluster/cluster.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto d = ElementType::float64;
constexpr double poison = std::numeric_limits<double>::quiet_NaN();

/// A tensor somewhere in memory, its axes in any order, with gaps, forwards or backwards.
struct Standing {
  Layout layout;
  std::vector<double> memory;
  std::int64_t origin = 0;

  Standing(const Shape& shape, std::mt19937_64& random, bool is_input) {
    layout.type = {d, shape};
    layout.strides.assign(shape.rank(), 0);
    std::vector<int> order(shape.rank());
    std::iota(order.rbegin(), order.rend(), 0);
    if (random() % 3 == 0) std::shuffle(order.begin(), order.end(), random);
    std::int64_t stride = 1;
    for (auto axis : order) {
      if (is_input && random() % 6 == 0) continue;  // repeated
      const bool backwards = random() % 6 == 0;
      layout.strides[axis] = backwards ? -stride : stride;
      if (backwards) origin += (shape[axis] - 1) * stride;
      stride *= shape[axis] + (random() % 3 == 0 ? 2 : 0);
    }
    memory.assign(static_cast<std::size_t>(stride), 0);
    for (auto& value : memory) value = static_cast<double>(random() % 1000) / 500 - 1;
  }

  double* address() { return memory.data() + origin; }
  /// A copy in which nothing is left but the reach of a part.
  Standing only(const Reach& reach) const {
    auto copy = *this;
    for (std::size_t i = 0; i < memory.size(); ++i)
      if (!holds(reach, i)) copy.memory[i] = poison;
    return copy;
  }
  bool holds(const Reach& reach, std::size_t i) const {
    const auto at = (static_cast<std::int64_t>(i) - origin) * 8;
    return reach.low <= at && at + 8 <= reach.high;
  }
};

/// Aligned as the runner aligns it.
class Scratch {
 public:
  explicit Scratch(std::size_t bytes) : memory_(bytes + 64) {}
  void* address() const {
    const auto at = reinterpret_cast<std::uintptr_t>(memory_.data());
    return const_cast<char*>(memory_.data()) + (64 - at % 64) % 64;
  }

 private:
  std::vector<char> memory_;
};

/// Runs parts with all else poisoned: what they write must lie in their reach and be right, and together be
/// all. `reach` and `run` take the number of an operand, of a part, and of parts.
template <class FindReach, class Run>
void check_parts(std::vector<Standing> inputs, Standing output, int most_parts, const FindReach& reach,
                 const Run& run) {
  auto whole = output;
  std::fill(whole.memory.begin(), whole.memory.end(), poison);
  auto nothing = whole;
  run(inputs, whole, 0, 1);
  for (int parts = 2; parts <= most_parts; ++parts) {
    std::vector<bool> written(whole.memory.size());
    for (int part = 0; part < parts; ++part) {
      auto own = inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (const auto found = reach(i, part, parts)) own[i] = inputs[i].only(*found);
      auto result = nothing;
      run(own, result, part, parts);
      const auto found = reach(inputs.size(), part, parts);
      bool is_right = true, is_inside = true;
      for (std::size_t i = 0; i < result.memory.size(); ++i) {
        if (std::isnan(result.memory[i])) continue;
        is_right = is_right && result.memory[i] == whole.memory[i];
        is_inside = is_inside && (!found || whole.holds(*found, i));
        written[i] = true;
      }
      INFO("part " << part << " of " << parts);
      CHECK(is_right);
      CHECK(is_inside);
    }
    bool is_whole = true;
    for (std::size_t i = 0; i < written.size(); ++i)
      is_whole = is_whole && written[i] == !std::isnan(whole.memory[i]);
    CHECK(is_whole);
  }
}

}  // namespace

TEST_CASE("a part of a cluster touches what its reach says") {
  const auto loops = cpu::loops();
  const std::vector<Shape> shapes{{40}, {9, 6}, {3, 5, 7}, {1, 33}, {300, 3}, {2, 70, 4}, {6, 1, 5, 2}};
  for (int seed = 0; seed < 140; ++seed) {
    std::mt19937_64 random(seed);
    const auto& shape = shapes[seed % shapes.size()];
    const std::vector<Standing> inputs{{shape, random, true}, {shape, random, true}};
    const auto add = loops.map("add", d), mul = loops.map("mul", d);
    std::vector<cpu::Cluster::Member> steps{{{0, 1}, d, add}};
    const bool by_rows = seed % 2 == 0 && shape[shape.rank() - 1] > 1;
    if (by_rows) {
      steps.push_back({{2}, d, nullptr, loops.rows("sum", d)});
      steps.push_back({{3}, d});
      steps.push_back({{2, 4}, d, mul});
    }
    const bool has_totals = seed % 3 == 0 && shape.size() / shape[shape.rank() - 1] >= 128;
    const int last = 1 + static_cast<int>(steps.size());
    if (has_totals)
      steps.push_back(
          {{last}, d, nullptr, nullptr, std::make_shared<const ColumnLoops>(loops.columns("sum", d))});
    const Standing output(shape, random, false);
    cpu::UniformTiles uniforms;
    cpu::CompiledPasses passes;
    const cpu::Cluster cluster(shape, {{inputs[0].layout}, {inputs[1].layout}}, steps,
                               {{last, output.layout, {}}}, uniforms, passes);
    const auto run = [&](std::vector<Standing>& from, Standing& to, int part, int parts) {
      const Scratch scratch(cluster.scratch_bytes());
      std::vector<double> totals(8000);
      const void* addresses[] = {from[0].address(), from[1].address()};
      void* results[] = {to.address(), totals.data()};
      cluster.run(addresses, results, scratch.address(), part, parts);
    };
    INFO("seed " << seed << ", " << to_string(shape));
    check_parts(
        inputs, output, 4,
        [&](std::size_t operand, int part, int parts) {
          return std::optional<Reach>(cluster.reach(operand, part, parts));
        },
        run);
  }
}

TEST_CASE("a part of a product touches what its reach says") {
  for (int seed = 0; seed < 80; ++seed) {
    std::mt19937_64 random(seed);
    const auto draw = [&] { return 1 + static_cast<std::int64_t>(random() % 70); };
    const auto m = draw(), k = draw(), n = draw();
    const std::vector<Standing> inputs{{{m, k}, random, true}, {{k, n}, random, true}};
    const Standing output({m, n}, random, false);
    const Attributes roles{{"left", std::string("mk")}, {"right", std::string("kn")}};
    const KernelRequest request{{inputs[0].layout, inputs[1].layout}, output.layout, roles};
    const auto kernel = cpu::product_kernel(request);
    const auto run = [&](std::vector<Standing>& from, Standing& to, int part, int parts) {
      const Scratch scratch(kernel.scratch_bytes);
      const void* addresses[] = {from[0].address(), from[1].address()};
      kernel.run({addresses, to.address(), scratch.address(), part, parts, {}});
    };
    INFO("seed " << seed << ", [" << m << ", " << k << "] [" << k << ", " << n << "]");
    check_parts(inputs, output, 3, kernel.reach, run);
  }
}
