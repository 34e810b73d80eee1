// Buffers in an arena: those in use at the same time never overlap, others share memory.

#include "plan/arena.h"

#include <reel/error.h>

#include <algorithm>
#include <array>

#include "catch.h"
#include "plan/lifetimes.h"
#include "random_shapes.h"
#include "refusals.h"

using namespace reel;
using namespace reel::test;
using plan::Buffer;
using plan::place_buffers;

namespace {

constexpr std::size_t line = 64;  // to which offsets are aligned
constexpr auto always = INT64_MAX;

Buffer buffer(std::size_t bytes, std::int64_t first, std::int64_t last) { return {bytes, first, last, 0}; }

bool are_in_use_together(const Buffer& a, const Buffer& b) { return a.first <= b.last && b.first <= a.last; }

bool overlap(const Buffer& a, const Buffer& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/// What holds of every arena.
void check_arena(const std::vector<Buffer>& buffers, std::size_t bytes) {
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const auto& a = buffers[i];
    INFO("buffer " << i << " of " << a.bytes << " bytes at " << a.offset);
    CHECK(a.offset % line == 0);
    CHECK(a.offset + a.bytes <= bytes);
    for (std::size_t j = 0; j < i; ++j)
      if (are_in_use_together(a, buffers[j]) && overlap(a, buffers[j]))
        FAIL_CHECK("overlaps buffer " << j << " of " << buffers[j].bytes << " bytes at "
                                      << buffers[j].offset);
  }
}

Buffer random_buffer(Random& random) {
  constexpr std::size_t sizes[] = {0, 1, 63, 64, 65, 4096};
  const auto draw = below(10, random);
  const auto bytes = draw < 6 ? sizes[draw] : static_cast<std::size_t>(below(5000, random));
  if (below(10, random) == 0) return buffer(bytes, -1, always);  // kept
  const auto first = below(40, random);
  const bool is_read_at_end = below(10, random) == 0;
  return buffer(bytes, first, is_read_at_end ? always : first + below(12, random));
}

/// The most that is in use at one time, in whole lines: no arena is smaller.
std::size_t most_at_once(const std::vector<Buffer>& buffers) {
  std::size_t most = 0;
  for (std::int64_t time = -1; time < 60; ++time) {
    std::size_t now = 0;
    for (const auto& each : buffers)
      if (each.first <= time && time <= each.last) now += (each.bytes + line - 1) / line * line;
    most = std::max(most, now);
  }
  return most;
}

}  // namespace

TEST_CASE("buffers of random lifetimes never overlap while they are in use") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<Buffer> buffers(static_cast<std::size_t>(below(40, random)));
    std::generate(buffers.begin(), buffers.end(), [&] { return random_buffer(random); });
    const auto before = buffers;
    const auto bytes = place_buffers(buffers);
    INFO("seed " << seed << ", an arena of " << bytes << " bytes");
    check_arena(buffers, bytes);
    CHECK(bytes >= most_at_once(buffers));
    // Nothing but where they stand is decided there.
    for (std::size_t i = 0; i < buffers.size(); ++i)
      CHECK((buffers[i].bytes == before[i].bytes && buffers[i].first == before[i].first &&
             buffers[i].last == before[i].last));
  }
}

TEST_CASE("an arena of buffers of random lifetimes is far smaller than all of them together") {
  Random random(7);
  std::vector<Buffer> buffers;
  std::size_t sum = 0;
  for (std::int64_t time = 0; time < 400; ++time) {
    const auto bytes = static_cast<std::size_t>(1 + below(5000, random));
    buffers.push_back(buffer(bytes, time, time + below(6, random)));
    sum += bytes;
  }
  const auto bytes = place_buffers(buffers);
  check_arena(buffers, bytes);
  CHECK(bytes < sum / 20);
}

TEST_CASE("buffers one after the other stand in the same memory") {
  std::vector<Buffer> buffers;
  for (std::int64_t time = 0; time < 50; ++time) buffers.push_back(buffer(1000, time, time));
  CHECK(place_buffers(buffers) == 1024);
  // Whatever their order in the list, and whatever remains between them.
  std::vector<Buffer> backwards{buffer(100, 8, 9), buffer(200, 3, 5), buffer(300, 0, 1)};
  CHECK(place_buffers(backwards) == 320);
}

TEST_CASE("what is used last where another is used first is still in use there") {
  std::vector<Buffer> two{buffer(1000, 0, 4), buffer(1000, 4, 9)};
  CHECK(place_buffers(two) == 2048);
  check_arena(two, 2048);
  // Each touches the next alone, so that every other one shares.
  std::vector<Buffer> chain;
  for (std::int64_t time = 0; time < 50; ++time) chain.push_back(buffer(1000, time, time + 1));
  CHECK(place_buffers(chain) == 2048);
  check_arena(chain, 2048);
}

TEST_CASE("what is kept shares its memory with none") {
  std::vector<Buffer> buffers{buffer(64, 0, 0), buffer(64, 5, 5), buffer(64, -1, always), buffer(64, 9, 9)};
  CHECK(place_buffers(buffers) == 128);
  check_arena(buffers, 128);
  for (std::size_t i : {0, 1, 3}) CHECK(buffers[i].offset != buffers[2].offset);
}

TEST_CASE("an arena of nothing has no bytes, and what is empty has a place in it all the same") {
  std::vector<Buffer> none;
  CHECK(place_buffers(none) == 0);
  std::vector<Buffer> empty{buffer(0, 0, 3), buffer(0, 1, 2), buffer(128, 0, 3)};
  const auto bytes = place_buffers(empty);
  check_arena(empty, bytes);
  CHECK(bytes <= 128 + 2 * line);
}

TEST_CASE("memory that several buffers leave side by side is one piece for a larger one") {
  // They end in an order in which the middle one joins both its neighbours.
  for (const auto& lasts : {std::array<std::int64_t, 3>{1, 2, 3}, {3, 1, 2}, {1, 3, 2}, {3, 2, 1}}) {
    std::vector<Buffer> buffers;
    for (auto last : lasts) buffers.push_back(buffer(64, 0, last));
    buffers.push_back(buffer(192, 4, 4));
    CHECK(place_buffers(buffers) == 192);
  }
}

TEST_CASE("a buffer takes the smallest piece that holds it, and leaves the rest of it to others") {
  // Between what is always in use a piece of 256 bytes and one of 128 become free.
  std::vector<Buffer> buffers{buffer(256, 0, 0),     buffer(64, 0, always), buffer(128, 0, 0),
                              buffer(64, 0, always), buffer(128, 1, 2),     buffer(256, 2, 2)};
  CHECK(place_buffers(buffers) == 512);
  check_arena(buffers, 512);
  std::vector<Buffer> parts{buffer(256, 0, 0), buffer(64, 1, 1), buffer(64, 1, 1), buffer(128, 1, 1)};
  CHECK(place_buffers(parts) == 256);
  check_arena(parts, 256);
}

TEST_CASE("an arena that cannot be is a byte larger than the largest") {
  const auto most = plan::most_bytes_of_an_arena;
  std::vector<Buffer> largest{buffer(most / 2, 0, 0), buffer(most / 2, 0, 0)};
  CHECK(place_buffers(largest) == most);
  check_arena(largest, most);
  largest.push_back(buffer(1, 0, 0));
  CHECK(place_buffers(largest) == most + 1);
  // However many there are, nothing overflows: as many as would make a small number of it again.
  std::vector<Buffer> many;
  for (std::int64_t i = 0; i < 64; ++i) many.push_back(buffer(most / 2, i % 3, i % 3 + 1));
  CHECK(place_buffers(many) == most + 1);
}

TEST_CASE("an arena that cannot be is refused, with what would hold the most") {
  plan::Plan plan;
  plan.bases.push_back({plan::Base::Kind::arena, 0, nullptr, nullptr});
  std::vector<plan::Line> lines;
  constexpr int count = 40;
  const TensorType type{ElementType::float64, {most_bytes / 8}};
  for (int i = 0; i < count; ++i) {
    plan.buffers.push_back({type.bytes(), INT64_MAX, -1, 0});
    plan::Place place;
    place.base = plan::arena_base;
    place.buffer = i;
    place.layout = Layout::contiguous(type);
    lines.push_back({{plan::Work::Kind::kernel}, {"huge " + std::to_string(i), {}, ""}, {{place, true}}});
  }
  auto small = plan;
  auto some = lines;
  some.resize(3);
  set_addresses(small, some, {});
  CHECK(small.arena_bytes < 2 * type.bytes());  // one after the other
  // All of them are to be there until the end.
  std::vector<std::pair<plan::Place, plan::Address*>> read_at_end;
  std::vector<plan::Address> ends(count);
  for (int i = 0; i < count; ++i) read_at_end.push_back({lines[i].uses[0].place, &ends[i]});
  const auto text = message_of([&] { set_addresses(plan, lines, read_at_end); });
  CHECK(has(text, {"[Program]", "are not to be had", std::to_string(plan::most_bytes_of_an_arena + 1),
                   to_string(type) + " of huge 0"}));
}
