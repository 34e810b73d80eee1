// Passes compiled to machine code do what the loops of their maps do one after the other, to the last bit.

#include <map_list.h>
#include <maps.h>

#include <cstring>
#include <limits>
#include <random>

#include "catch.h"
#include "compiled_map.h"
#include "cpu/loops.h"
#include "processor_time.h"
#include "run/cpu/cluster/cluster.h"
#include "run/cpu/compiled/order.h"

using namespace reel;
using namespace reel::test;

namespace {

struct Map {
  const char* name;
  std::size_t arity;
};

std::vector<Map> all_maps() {
#define REEL_UNARY_ENTRY(function, F) {maps::F::name, 1},
#define REEL_BINARY_ENTRY(function, F) {maps::F::name, 2},
  return {REEL_MAPS(REEL_UNARY_ENTRY, REEL_BINARY_ENTRY)};
}

template <class T>
constexpr ElementType element_of = sizeof(T) == 4 ? ElementType::float32 : ElementType::float64;

/// Numbers of all magnitudes, some special ones among them.
template <class T>
std::vector<T> numbers(std::int64_t count, std::mt19937_64& random) {
  const T special[] = {0,
                       T(-0.0),
                       1,
                       -1,
                       std::numeric_limits<T>::infinity(),
                       -std::numeric_limits<T>::infinity(),
                       std::numeric_limits<T>::quiet_NaN(),
                       std::numeric_limits<T>::denorm_min(),
                       std::numeric_limits<T>::max(),
                       std::numeric_limits<T>::min()};
  std::normal_distribution<double> normal;
  std::vector<T> all;
  for (std::int64_t i = 0; i < count; ++i)
    all.push_back(random() % 8 == 0   ? special[random() % std::size(special)]
                  : random() % 4 == 0 ? static_cast<T>(normal(random) * std::exp(8 * normal(random)))
                                      : static_cast<T>(normal(random)));
  return all;
}

template <class T>
bool have_same_bits(const T* a, const T* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    if (std::memcmp(a + i, b + i, sizeof(T)) != 0 && !(a[i] != a[i] && b[i] != b[i])) return false;
  return true;
}

/// A pass as it is run on rows.
template <class T>
class Runs {
 public:
  Runs(const cpu::PassCode& code, bool orders)
      : pass_(cpu::compile_pass(code, orders)), places_(code.operands.size() + code.results.size()) {
    memory_.resize(cpu::CompiledPass::call_bytes(places_) / 8 + 1);
  }
  bool is_compiled() const { return pass_ != nullptr; }
  void operator()(const std::vector<cpu::CompiledPass::Place>& places, std::int64_t rows,
                  std::int64_t columns) {
    REQUIRE(places.size() == places_);
    auto& call = *reinterpret_cast<cpu::CompiledPass::Call*>(memory_.data());
    std::copy(places.begin(), places.end(), call.places);
    pass_->run(call, rows, columns);
  }

 private:
  std::shared_ptr<const cpu::CompiledPass> pass_;
  std::size_t places_;
  std::vector<std::uint64_t> memory_;
};

template <class T>
cpu::CompiledPass::Place place(T* first, std::int64_t pitch) {
  return {reinterpret_cast<std::byte*>(const_cast<std::remove_const_t<T>*>(first)),
          pitch * std::int64_t{sizeof(T)}};
}

/// Returns whether it is compiled.
template <class T>
bool check_map(const Map& map, cpu::Variant variant, std::mt19937_64& random) {
  const auto loop = cpu::loops(variant).map(map.name, element_of<T>);
  const auto compiled = compiled_map(map.name, element_of<T>, map.arity, variant);
  if (!compiled) return false;
  for (std::int64_t count : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 1000}) {
    const auto a = numbers<T>(count, random), b = numbers<T>(count, random);
    std::vector<T> expected(count), found(count + 1, T(7));
    const void* inputs[] = {a.data(), b.data()};
    loop(inputs, expected.data(), count);
    compiled(inputs, found.data(), count);
    CAPTURE(map.name, cpu::to_string(variant), count, sizeof(T));
    REQUIRE(have_same_bits(found.data(), expected.data(), count));
    REQUIRE(found.back() == T(7));
  }
  return true;
}

/// Random maps of one another, of which some are results.
template <class T>
void check_random_pass(cpu::Variant variant, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::int64_t rows = 1 + static_cast<std::int64_t>(below(4)),
                     columns = 1 + static_cast<std::int64_t>(below(40)), size = rows * columns;
  cpu::PassCode code;
  code.element = element_of<T>;
  std::vector<int> values;               // in the code
  std::vector<std::vector<T>> elements;  // by loops
  std::vector<cpu::CompiledPass::Place> places;
  std::vector<std::vector<T>> memory;
  const auto operand_count = 1 + below(20);
  for (std::size_t i = 0; i < operand_count; ++i) {
    const bool per_row = below(4) == 0;
    memory.push_back(numbers<T>(per_row ? rows : size, random));
    values.push_back(code.add_operand(per_row));
    elements.emplace_back();
    for (std::int64_t at = 0; at < size; ++at)
      elements.back().push_back(memory.back()[static_cast<std::size_t>(per_row ? at / columns : at)]);
  }
  for (std::size_t i = 0; i < operand_count; ++i)
    places.push_back(place(memory[i].data(), code.operands[i].per_row ? 1 : columns));
  const auto all = all_maps();
  const auto steps = 1 + below(60);
  for (std::size_t s = 0; s < steps; ++s) {
    const auto& map = all[below(all.size())];
    const auto one = cpu::recorded::map(map.name, element_of<T>, variant);
    if (!one || is_mask(one.instructions[one.result].op)) continue;
    code.vector_bytes = one.vector_bytes;
    const auto a = below(values.size()), b = below(values.size());
    std::vector<T> result(static_cast<std::size_t>(size));
    const void* inputs[] = {elements[a].data(), elements[b].data()};
    cpu::loops(variant).map(map.name, element_of<T>)(inputs, result.data(), size);
    const auto value = code.add_map(one, {values[a], values[b]});
    values.push_back(value);
    elements.push_back(std::move(result));
  }
  if (code.vector_bytes == 0) return;
  std::vector<std::size_t> stored{values.size() - 1};
  for (std::size_t v = 0; v + 1 < values.size(); ++v)
    if (below(3) == 0) stored.push_back(v);
  std::vector<std::vector<T>> results(stored.size(),
                                      std::vector<T>(static_cast<std::size_t>(size) + 1, T(7)));
  std::vector<std::pair<std::size_t, std::size_t>> in_place;  // results in the memory of operands
  for (std::size_t r = 0; r < stored.size(); ++r) {
    std::vector<int> overwrites;
    auto* to = results[r].data();
    if (r < operand_count && !code.operands[r].per_row && below(3) == 0) {
      overwrites = {static_cast<int>(r)};
      to = memory[r].data();
      in_place.emplace_back(r, r);
    }
    code.add_result(values[stored[r]], overwrites);
    places.push_back(place(to, columns));
  }
  Runs<T> run(code, below(4) > 0);
  REQUIRE(run.is_compiled());
  run(places, rows, columns);
  for (const auto& [r, operand] : in_place)
    std::copy(memory[operand].begin(), memory[operand].end(), results[r].begin());
  for (std::size_t r = 0; r < stored.size(); ++r) {
    CAPTURE(cpu::to_string(variant), rows, columns, r, sizeof(T));
    REQUIRE(have_same_bits(results[r].data(), elements[stored[r]].data(), size));
    REQUIRE(results[r].back() == T(7));
  }
}

}  // namespace

namespace {

/// One that moves its operand.
cpu::PassCode empty_pass(cpu::Variant variant) {
  cpu::PassCode code;
  code.vector_bytes = variant == cpu::Variant::avx512 ? 64 : 32;
  code.add_result(code.add_operand(false), {});
  return code;
}

}  // namespace

TEST_CASE("a compiled map gives the bits of its loop, of any number of elements") {
  std::mt19937_64 random(1);
  for (auto variant : compiling_variants()) {
    int compiled = 0;
    for (const auto& map : all_maps())
      compiled += check_map<float>(map, variant, random) + check_map<double>(map, variant, random);
    CHECK((compiled > 45 || !cpu::compile_pass(empty_pass(variant))));
  }
}

TEST_CASE("a cluster whose passes cannot be compiled gives the same by loops") {
  const auto f = ElementType::float32;
  const Shape shape{5, 24};
  const auto whole = Layout::contiguous({f, shape});
  for (auto variant : compiling_variants()) {
    const auto member = [&](const char* name, const std::vector<int>& operands) {
      return cpu::Cluster::Member{operands, f,       cpu::loops(variant).map(name, f),
                                  nullptr,  nullptr, cpu::recorded::map(name, f, variant)};
    };
    // Behind a sum of rows there is another piece; its result takes over the memory of an operand.
    auto steps = std::vector{member("tanh", {0}), member("mul", {2, 1})};
    steps.push_back({{3}, f, nullptr, cpu::loops(variant).rows("sum", f)});
    steps.push_back({{4}, f});
    steps.push_back(member("sub", {3, 5}));
    steps.push_back(member("add", {6, 0}));
    const auto results = [&](std::size_t most) {
      cpu::UniformTiles tiles;
      cpu::CompiledPasses passes(true, most);
      const cpu::Cluster cluster(shape, {{whole}, {whole}}, steps, {{3, whole, {}}, {7, whole, {0}}}, tiles,
                                 passes);
      // One alone is not enough, and then none is kept.
      CHECK(cluster.how().empty() == (most < 2 || !cpu::compile_pass(empty_pass(variant))));
      std::mt19937_64 random(3);
      auto a = numbers<float>(120, random), product = a;
      const auto b = numbers<float>(120, random);
      std::vector<std::uint64_t> scratch(cluster.scratch_bytes() / 8 + 8);
      const void* inputs[] = {a.data(), b.data()};
      void* outputs[] = {product.data(), a.data()};
      cluster.run(inputs, outputs, scratch.data(), 0, 1);
      a.insert(a.end(), product.begin(), product.end());
      return a;
    };
    const auto compiled = results(10), by_loops = results(0), partly = results(1);
    CHECK(have_same_bits(compiled.data(), by_loops.data(), 240));
    CHECK(have_same_bits(partly.data(), by_loops.data(), 240));
  }
}

TEST_CASE("so do random maps of one another, over rows, in place and with more values than registers") {
  std::mt19937_64 random(2);
  for (auto variant : compiling_variants()) {
    if (!cpu::compile_pass(empty_pass(variant))) continue;  // built without an assembler
    for (int i = 0; i < 600; ++i) {
      check_random_pass<float>(variant, random);
      check_random_pass<double>(variant, random);
    }
  }
}

TEST_CASE("values that no register is left for keep their bits") {
  constexpr std::size_t count = 40, columns = 21;
  std::mt19937_64 random(4);
  std::vector<std::vector<float>> x(count), results(count, std::vector<float>(columns));
  for (auto& row : x)
    for (std::size_t j = 0; j < columns; ++j) row.push_back(static_cast<float>(random() % 1000));
  for (auto variant : compiling_variants()) {
    if (!cpu::compile_pass(empty_pass(variant))) continue;
    // All roots are there before the first of the sums, which take three of them each, and all sums before
    // the first of the results, which take three of those.
    cpu::PassCode code;
    code.vector_bytes = variant == cpu::Variant::avx512 ? 64 : 32;
    std::vector<int> roots, sums;
    std::vector<cpu::CompiledPass::Place> places;
    const auto add = [&](const VectorInstruction& instruction) {
      code.instructions.push_back(instruction);
      return static_cast<int>(code.instructions.size()) - 1;
    };
    for (const auto& row : x) {
      roots.push_back(add({VectorOp::square_root, code.add_operand(false)}));
      places.push_back(place(row.data(), columns));
    }
    const auto add_three = [&](const std::vector<int>& of, std::size_t i) {
      return add({VectorOp::multiply_add, of[i], of[(i + 7) % count], of[(i + 23) % count]});
    };
    for (std::size_t i = 0; i < count; ++i) sums.push_back(add_three(roots, i));
    for (std::size_t i = 0; i < count; ++i) {
      code.add_result(add_three(sums, i), {});
      places.push_back(place(results[i].data(), columns));
    }
    const auto three = [](const auto& of, std::size_t i) {
      return std::fma(of(i), of((i + 7) % count), of((i + 23) % count));
    };
    for (const bool orders : {true, false}) {
      Runs<float>(code, orders)(places, 1, columns);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
          const auto root = [&](std::size_t n) { return std::sqrt(x[n][j]); };
          const auto sum = [&](std::size_t n) { return three(root, n); };
          REQUIRE(results[i][j] == three(sum, i));
        }
    }
  }
}

namespace {

/// Instructions of any numbers, each of some before it.
cpu::PassCode random_code(std::size_t count, std::mt19937_64& random) {
  cpu::PassCode code;
  code.vector_bytes = random() % 2 == 0 ? 32 : 64;
  for (int i = 0; i < 3; ++i) code.add_operand(false);
  code.add_number(1);
  const VectorOp all[] = {VectorOp::add, VectorOp::divide, VectorOp::square_root, VectorOp::multiply_add};
  while (code.instructions.size() < count) {
    const auto op = all[random() % 4];
    const auto any = [&] { return static_cast<int>(random() % code.instructions.size()); };
    const int operands = operand_count(op), a = any(), b = any(), c = any();
    code.instructions.push_back({op, a, operands > 1 ? b : -1, operands > 2 ? c : -1});
  }
  return code;
}

}  // namespace

TEST_CASE("instructions of a pass come once each, behind what they take") {
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 50; ++trial) {
    const auto code = random_code(5 + random() % 300, random);
    const auto count = code.instructions.size();
    std::vector<bool> needed(count);
    for (auto i = count; i-- > 0;) {
      needed[i] = needed[i] || random() % 4 == 0;
      if (needed[i])
        cpu::for_operands(code.instructions[i],
                          [&](int value) { needed[static_cast<std::size_t>(value)] = true; });
    }
    std::vector<bool> is_there(count);
    for (auto value : cpu::order_of(code, needed)) {
      const auto i = static_cast<std::size_t>(value);
      CHECK(!is_there[i]);
      cpu::for_operands(code.instructions[i],
                        [&](int operand) { CHECK(is_there[static_cast<std::size_t>(operand)]); });
      is_there[i] = true;
    }
    CHECK(is_there == needed);
  }
}

TEST_CASE("chains that do not wait for one another come in turn") {
  cpu::PassCode code;
  code.vector_bytes = 32;
  const int x = code.add_operand(false);
  std::vector<int> ends;
  for (int chain = 0; chain < 2; ++chain) {
    int value = code.add_number(static_cast<std::uint64_t>(chain));
    for (int link = 0; link < 10; ++link) {
      code.instructions.push_back({VectorOp::multiply, value, x});
      value = static_cast<int>(code.instructions.size()) - 1;
    }
    ends.push_back(value);
  }
  const auto order = cpu::order_of(code, std::vector<bool>(code.instructions.size(), true));
  const auto place_of = [&](int value) {
    return std::find(order.begin(), order.end(), value) - order.begin();
  };
  CHECK(std::abs(place_of(ends[0]) - place_of(ends[1])) <= 2);
}

TEST_CASE("the order of many instructions takes time in proportion to them") {
  std::mt19937_64 random(12);
  const auto few = random_code(2000, random), many = random_code(8000, random);
  const auto run = [](const cpu::PassCode& code, int times) {
    return [&code, times] {
      for (int i = 0; i < times; ++i) cpu::order_of(code, std::vector<bool>(code.instructions.size(), true));
    };
  };
  CHECK(growth(run(many, 1), run(few, 4), 2.5) <= 2.5);
}
