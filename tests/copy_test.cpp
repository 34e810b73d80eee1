// Copies from any layout to any other, whole and in parts, against a plain loop.

#include "run/cpu/copy.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

#include "catch.h"
#include "random_shapes.h"
#include "run/cpu/copy_rows.h"

using namespace reel;
using namespace reel::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// A layout in a block of memory that holds it.
struct Standing {
  Layout layout;
  std::int64_t first = 0;  // element of the block
  Bytes memory;

  /// Its axes in any order, with gaps, forwards or backwards; what is only read, repeated too.
  Standing(const TensorType& type, Random& random, bool is_read) {
    layout = {type, std::vector<std::int64_t>(type.shape.rank(), 0)};
    std::vector<int> order(type.shape.rank());
    std::iota(order.rbegin(), order.rend(), 0);
    if (below(2, random) == 0) std::shuffle(order.begin(), order.end(), random);
    std::int64_t stride = below(4, random) == 0 ? 2 : 1;
    first = below(3, random);
    for (auto axis : order) {
      if (is_read && below(6, random) == 0) continue;
      const auto extent = std::max<std::int64_t>(type.shape[axis], 1);
      const bool backwards = below(4, random) == 0;
      layout.strides[axis] = backwards ? -stride : stride;
      if (backwards) first += (extent - 1) * stride;
      stride *= extent + (below(3, random) == 0 ? 1 : 0);
    }
    memory.resize(static_cast<std::size_t>((first + stride + 2) * element_size()));
    for (auto& byte : memory) byte = static_cast<std::uint8_t>(random());
  }

  std::int64_t element_size() const { return static_cast<std::int64_t>(size_of(layout.type.element)); }
  std::uint8_t* address() { return memory.data() + first * element_size(); }
  std::uint8_t* element(const Extents& index) {
    return address() + element_size() * std::inner_product(index.begin(), index.end(), layout.strides.begin(),
                                                           std::int64_t{0});
  }
};

Bytes copied_plainly(Standing from, Standing to) {
  for_each_index(from.layout.type.shape, [&](const Extents& index, std::int64_t) {
    std::memcpy(to.element(index), from.element(index), static_cast<std::size_t>(from.element_size()));
  });
  return to.memory;
}

/// The parts in any order; `times` counts how often each byte was written.
Bytes copied_in_parts(Standing from, Standing to, int parts, Random& random, std::vector<int>& times) {
  const cpu::Copy copy(from.layout, to.layout);
  std::vector<int> order(parts);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  times.assign(to.memory.size(), 0);
  for (auto part : order) {
    copy.run(from.address(), to.address(), part, parts);
    // Once more over the opposite of what was there shows all that the part writes.
    auto opposite = to;
    for (auto& byte : opposite.memory) byte = static_cast<std::uint8_t>(~byte);
    const auto before = opposite.memory;
    copy.run(from.address(), opposite.address(), part, parts);
    for (std::size_t i = 0; i < before.size(); ++i) times[i] += before[i] != opposite.memory[i];
  }
  return to.memory;
}

void check_copy(const Standing& from, const Standing& to, Random& random) {
  INFO("copy of " << to_string(from.layout.type));
  const auto expected = copied_plainly(from, to);
  auto whole = to;
  auto source = from;
  const cpu::Copy copy(from.layout, to.layout);
  copy.run(source.address(), whole.address());
  CHECK(whole.memory == expected);
  CHECK(source.memory == from.memory);
  for (int parts = 1; parts <= 5; ++parts) {
    INFO("in " << parts << " parts");
    std::vector<int> times;
    CHECK(copied_in_parts(from, to, parts, random, times) == expected);
    // Nobody writes what another writes.
    CHECK(std::all_of(times.begin(), times.end(), [](int count) { return count <= 1; }));
    CHECK(std::count(times.begin(), times.end(), 1) == static_cast<std::ptrdiff_t>(from.layout.type.bytes()));
  }
  CHECK(copy.bytes() == 2 * static_cast<std::int64_t>(from.layout.type.bytes()));
}

}  // namespace

TEST_CASE("a copy between any two layouts moves every element, whole and in parts") {
  Random random(3);
  for (int round = 0; round < 700; ++round) {
    const TensorType type{all_element_types[round % 5],
                          random_shape(random, round % 7, round % 9 == 0 ? 0 : 1)};
    check_copy(Standing(type, random, true), Standing(type, random, false), random);
  }
}

TEST_CASE("long rows are divided along themselves, and many rows among one another") {
  Random random(4);
  for (const auto& shape : {Shape{1000}, Shape{2, 501}, Shape{501, 2}, Shape{3, 1, 67}, Shape{1, 1}})
    for (const auto element : all_element_types)
      for (int round = 0; round < 3; ++round) {
        const TensorType type{element, shape};
        check_copy(Standing(type, random, true), Standing(type, random, false), random);
      }
}

TEST_CASE("parts of a copy are of one size, but for one element of each row or one row") {
  const auto sizes = [](const Layout& from, int parts) {
    const cpu::Copy copy(from, Layout::contiguous(from.type));
    const std::vector<double> source(5000, 1);
    std::set<std::ptrdiff_t> sizes;
    for (int part = 0; part < parts; ++part) {
      std::vector<double> to(5000, 0);
      copy.run(source.data(), to.data(), part, parts);
      sizes.insert(std::count(to.begin(), to.end(), 1.0));
    }
    return sizes;
  };
  using Sizes = std::set<std::ptrdiff_t>;
  const auto layout = [](const Shape& shape, const Extents& strides) {
    return Layout{{ElementType::float64, shape}, strides};
  };
  CHECK(sizes(layout({103}, {1}), 5) == Sizes{20, 21});
  // Two rows, each divided; then seven of them, which go to the threads as they are.
  CHECK(sizes(layout({2, 103}, {500, 1}), 5) == Sizes{40, 42});
  CHECK(sizes(layout({7, 103}, {500, 1}), 5) == Sizes{103, 206});
  // Rows that follow one another are one, whatever is said of an axis of one element.
  CHECK(sizes(layout({7, 3}, {3, 1}), 5) == Sizes{4, 5});
  CHECK(sizes(layout({7, 1, 3}, {3, 99, 1}), 5) == Sizes{4, 5});
}

TEST_CASE("a scalar is one element, and what is empty none") {
  Random random(5);
  for (const auto element : all_element_types) {
    check_copy(Standing({element, {}}, random, true), Standing({element, {}}, random, false), random);
    for (const auto& shape : {Shape{0}, Shape{3, 0}, Shape{0, 3}, Shape{2, 0, 4}})
      check_copy(Standing({element, shape}, random, true), Standing({element, shape}, random, false), random);
  }
}

TEST_CASE("rows of any length are copied whole, and nothing beside them") {
  for (const std::int64_t bytes :
       {1, 3, 4, 7, 8, 15, 16, 31, 32, 33, 40, 63, 64, 65, 96, 97, 127, 128, 129, 300})
    for (const std::int64_t gap : {0, 5}) {
      constexpr std::int64_t rows = 5;
      const auto pitch = bytes + gap;
      Bytes from(static_cast<std::size_t>(rows * pitch)), to(from.size(), 7);
      std::iota(from.begin(), from.end(), std::uint8_t{0});
      auto expected = to;
      for (std::int64_t row = 0; row < rows; ++row)
        std::copy_n(from.begin() + row * pitch, bytes, expected.begin() + row * bytes);
      INFO(bytes << " bytes, " << gap << " between rows");
      const auto* first = reinterpret_cast<const std::byte*>(from.data());
      cpu::copy_rows({first, reinterpret_cast<std::byte*>(to.data()), pitch, bytes, rows}, bytes);
      CHECK(to == expected);
      // Moved up in their own memory.
      auto own = from;
      auto* moved = reinterpret_cast<std::byte*>(own.data());
      cpu::copy_rows({moved + gap, moved, pitch, bytes, rows - 1}, bytes);
      for (std::int64_t row = 0; row + 1 < rows; ++row)
        CHECK(std::equal(own.begin() + row * bytes, own.begin() + (row + 1) * bytes,
                         from.begin() + gap + row * pitch));
    }
}
