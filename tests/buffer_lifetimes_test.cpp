// From which to which line of a plan a buffer is in use, with loops around and without.

#include "catch.h"
#include "plan/lifetimes.h"

using namespace reel;
using plan::Block;
using plan::Buffer;
using plan::Line;
using plan::Place;

namespace {

constexpr auto always = INT64_MAX;

/// A place in a buffer of the arena; outside of it where that is -1.
Place place_in(std::int32_t buffer, bool kept = false) {
  Place place;
  place.base = buffer < 0 ? 1 : plan::arena_base;
  place.buffer = buffer;
  place.layout = Layout::contiguous({ElementType::float64, {2}});
  place.cached = kept;
  return place;
}

Line line(const std::vector<std::int32_t>& read, const std::vector<std::int32_t>& written) {
  Line made{{plan::Work::Kind::kernel}, {}, {}};
  for (auto buffer : read) made.uses.push_back({place_in(buffer), false});
  for (auto buffer : written) made.uses.push_back({place_in(buffer), true});
  return made;
}

Line loop(const std::vector<Line>& body) {
  Line made{{plan::Work::Kind::loop}, {}, {}};
  made.body = std::make_shared<Block>();
  made.body->lines = body;
  return made;
}

std::vector<Line> flat(const std::vector<Line>& lines) {
  Block block;
  block.lines = lines;
  return plan::flattened(std::move(block));
}

/// Buffers made at these numbers of loops around, with the lifetimes that they have in `lines`.
std::vector<Buffer> lifetimes(const std::vector<int>& levels, const std::vector<Line>& lines,
                              const std::vector<std::int32_t>& read_at_end = {},
                              std::vector<bool> kept = {}) {
  std::vector<Buffer> buffers;
  kept.resize(levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) buffers.push_back({100, INT64_MAX, -1, levels[i], kept[i]});
  std::vector<std::pair<Place, plan::Address*>> ends;
  for (auto buffer : read_at_end) ends.push_back({place_in(buffer), nullptr});
  find_lifetimes(buffers, flat(lines), ends);
  return buffers;
}

bool lives(const Buffer& buffer, std::int64_t first, std::int64_t last) {
  INFO("from " << buffer.first << " to " << buffer.last);
  CHECK(buffer.first == first);
  CHECK(buffer.last == last);
  return buffer.first == first && buffer.last == last && buffer.bytes == 100;
}

}  // namespace

TEST_CASE("the lines of loops stand where the loops stand, and loops know where they end") {
  const auto lines = flat({line({}, {0}), loop({line({}, {1}), loop({line({}, {2})}), line({}, {3})}),
                           loop({}), loop({loop({line({}, {4})})}), line({}, {5})});
  std::vector<std::int32_t> written, ends;
  for (const auto& each : lines) {
    CHECK(!each.body);
    written.push_back(each.uses.empty() ? -1 : each.uses[0].place.buffer);
    ends.push_back(each.work.end);
  }
  CHECK(written == std::vector<std::int32_t>{0, -1, 1, -1, 2, 3, -1, -1, -1, 4, 5});
  CHECK(ends == std::vector<std::int32_t>{0, 6, 0, 5, 0, 0, 7, 10, 10, 0, 0});
}

TEST_CASE("a line is kept where all that it writes is, outside of loops") {
  const auto writing = [](const std::vector<bool>& kept) {
    Line made{{plan::Work::Kind::kernel}, {}, {{place_in(7), false}}};
    for (bool each : kept) made.uses.push_back({place_in(0, each), true});
    return made;
  };
  const auto lines = flat({writing({true}), writing({false}), writing({true, false}), writing({true, true}),
                           writing({}), loop({writing({true})})});
  std::vector<bool> kept;
  for (const auto& each : lines) kept.push_back(each.work.cached);
  CHECK(kept == std::vector<bool>{true, false, false, true, false, false, false});
}

TEST_CASE("a buffer is in use from the first to the last line that touches it") {
  const auto buffers = lifetimes(
      {0, 0, 0}, {line({-1}, {0}), line({0}, {1}), line({-1}, {2}), line({0}, {-1}), line({2}, {2})});
  CHECK(lives(buffers[0], 0, 3));
  CHECK(lives(buffers[1], 1, 1));
  CHECK(lives(buffers[2], 2, 4));
}

TEST_CASE("what outlives a loop in which it is touched is in use through all of it") {
  // 0 is made before the loop and read in it, 1 made in it and read after it, 2 touched in it alone but made
  // outside, 3 of a step.
  const auto buffers = lifetimes(
      {0, 0, 0, 1},
      {line({}, {0}), loop({line({}, {3}), line({0, 3}, {2}), line({2}, {1}), line({}, {})}), line({1}, {})});
  CHECK(lives(buffers[0], 0, 5));
  CHECK(lives(buffers[1], 1, 6));
  CHECK(lives(buffers[2], 1, 5));
  CHECK(lives(buffers[3], 2, 3));
}

TEST_CASE("in loops within loops a buffer is in use through those that it outlives") {
  const std::vector<Line> inner{line({}, {2}), line({0, 1, 2}, {})};
  const auto buffers = lifetimes(
      {0, 1, 2, 1, 0}, {loop({line({}, {1}), loop(inner), line({}, {3}), line({3}, {})}), line({}, {4})});
  CHECK(lives(buffers[0], 0, 6));
  CHECK(lives(buffers[1], 1, 4));  // to the end of the inner loop, and no further
  CHECK(lives(buffers[2], 3, 4));
  CHECK(lives(buffers[3], 5, 6));
  CHECK(lives(buffers[4], 7, 7));
}

TEST_CASE("a loop that is over is around nothing more, where others end or begin with it") {
  // Both loops end together; another one follows at once.
  const auto buffers = lifetimes({0, 0, 1, 1}, {loop({loop({line({}, {})})}), line({}, {0}),
                                                loop({line({}, {2})}), loop({line({1}, {3})})});
  CHECK(lives(buffers[0], 3, 3));
  CHECK(lives(buffers[1], 6, 7));
  CHECK(lives(buffers[2], 5, 5));
  CHECK(lives(buffers[3], 7, 7));
}

TEST_CASE("what is read at the end is in use until then") {
  const auto buffers = lifetimes({0, 0}, {line({}, {0}), line({}, {1}), line({1}, {})}, {1, -1});
  CHECK(lives(buffers[0], 0, 0));
  CHECK(lives(buffers[1], 1, always));
  // Also where no line writes it: it has its bytes from the start.
  CHECK(lives(lifetimes({0}, {line({}, {})}, {0})[0], 0, always));
}

TEST_CASE("what is never used takes nothing") {
  const auto buffers = lifetimes({0, 0}, {line({}, {0})});
  CHECK(buffers[0].bytes == 100);
  CHECK(buffers[1].bytes == 0);
  CHECK(buffers[1].first == 0);
  CHECK(buffers[1].last == 0);
}

TEST_CASE("what is kept is always in use, however briefly it is touched") {
  const auto buffers = lifetimes({0, 0, 0}, {line({}, {0, 1}), line({0, 1}, {})}, {}, {true, false, true});
  CHECK(lives(buffers[0], -1, always));
  CHECK(lives(buffers[1], 0, 1));
  CHECK(buffers[2].first == -1);
  CHECK(buffers[2].last == always);
}

TEST_CASE("the work of a plan gets the addresses of its buffers, each kind of operand in its order") {
  plan::Plan plan;
  plan.bases.resize(2);
  plan.buffers = {{100, INT64_MAX, -1, 0}, {200, INT64_MAX, -1, 0}, {50, INT64_MAX, -1, 0, true}};
  auto reads = line({0, -1}, {1});
  reads.uses[0].place.offset = 8;
  plan::Address result;
  const auto end = place_in(1);
  set_addresses(plan, {line({}, {0}), reads, line({1}, {2})}, {{end, &result}});
  // What is kept stands in a block of its own.
  CHECK(plan.kept == std::vector<std::size_t>{50});
  REQUIRE(plan.bases.size() == 3);
  CHECK(plan.bases[2].kind == plan::Base::Kind::kept);
  CHECK(plan.operand(plan.work[2], 1).base == 2);
  CHECK(plan.operand(plan.work[2], 1).offset == 0);
  REQUIRE(plan.work.size() == 3);
  CHECK(plan.notes.size() == 3);
  CHECK(plan.work[1].first_operand == 1);
  CHECK(plan.work[1].input_count == 2);
  CHECK(plan.work[1].output_count == 1);
  const auto offset = [&](int buffer) { return static_cast<std::int64_t>(plan.buffers[buffer].offset); };
  CHECK(plan.operand(plan.work[1], 0).offset == offset(0) + 8);
  CHECK(plan.operand(plan.work[1], 1).offset == 0);  // outside of the arena
  CHECK(plan.operand(plan.work[1], 2).offset == offset(1));
  CHECK(result.offset == offset(1));
  CHECK(plan.arena_bytes == 128 + 256);
}
