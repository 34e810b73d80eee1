// Where threads wait for one another: where two of them would touch the same bytes, one of them writing, and
// not where each keeps to its own.

#include "run/cpu/threads/overlap.h"

#include "catch.h"
#include "hand_made_plan.h"
#include "random_shapes.h"

using namespace reel;
using namespace reel::test;
using cpu::Barriers;
using cpu::CpuPlan;
using cpu::Instruction;
using cpu::Overlaps;

namespace {

using At = std::vector<std::size_t>;

}  // namespace

TEST_CASE("instructions on disjoint memory need no barrier") {
  HandMade plan;
  plan.add({{0, 0, row}}, {{0, row, 2 * row}});
  plan.add({{0, 2 * row, 3 * row}}, {{0, 3 * row, 4 * row}});
  plan.add({{1, 0, row}}, {{1, row, 2 * row}});  // the same bytes of other memory
  CHECK(plan.barriers().empty());
}

TEST_CASE(
    "a write after a read, a read after a write and a write after a write of the same bytes are waited for") {
  const Touched here{0, 0, row}, other{0, row, 2 * row}, elsewhere{1, 0, row};
  HandMade write_after_read;
  write_after_read.add({here}, {other});
  write_after_read.add({elsewhere}, {here});
  CHECK(write_after_read.barriers() == At{1});
  HandMade read_after_write;
  read_after_write.add({here}, {other});
  read_after_write.add({other}, {elsewhere});
  CHECK(read_after_write.barriers() == At{1});
  HandMade write_after_write;
  write_after_write.add({here}, {other});
  write_after_write.add({}, {other});
  CHECK(write_after_write.barriers() == At{1});
  HandMade both_read;
  both_read.add({here}, {other});
  both_read.add({here}, {elsewhere});
  CHECK(both_read.barriers().empty());
}

TEST_CASE("a byte in common is enough, and what only touches has none") {
  for (const std::int64_t shift : {0, 1}) {
    HandMade behind, before;
    behind.add({}, {{0, 0, row}});
    behind.add({{0, row - shift, 2 * row}}, {});
    before.add({}, {{0, row, 2 * row}});
    before.add({{0, 0, row + shift}}, {});
    const auto expected = shift == 0 ? At{} : At{1};
    CHECK(behind.barriers() == expected);
    CHECK(before.barriers() == expected);
  }
  HandMade empty;
  empty.add({}, {{0, 0, row}});
  empty.add({{0, 8, 8}}, {{0, 16, 16}});
  CHECK(empty.barriers().empty());
}

TEST_CASE("what was waited for once is waited for no more") {
  const Touched a{0, 0, row}, b{0, row, 2 * row}, c{0, 2 * row, 3 * row};
  HandMade plan;
  plan.add({}, {a});
  plan.add({}, {b});
  plan.add({a}, {c});
  plan.add({b}, {});
  plan.add({c}, {});
  CHECK(plan.barriers() == At{2, 4});
}

TEST_CASE("parts that keep to bytes of their own do not wait for one another") {
  const Touched rows{0, 0, 8 * row}, result{1, 0, 8 * row};
  HandMade apart;
  apart.add({}, {rows}, Parts::own);
  apart.add({rows}, {result}, Parts::own);
  CHECK(apart.barriers().empty());
  HandMade shifted;
  shifted.add({}, {rows}, Parts::own);
  shifted.add({{0, row, 9 * row}}, {result}, Parts::own);
  CHECK(shifted.barriers() == At{1});
  HandMade anywhere;
  anywhere.add({}, {rows}, Parts::own);
  anywhere.add({rows}, {result});
  CHECK(anywhere.barriers() == At{1});
  // Not even the last of four.
  HandMade four(4);
  four.add({}, {rows}, Parts::own);
  four.add({{0, 6 * row, 8 * row}}, {result}, Parts::own);
  CHECK(four.barriers() == At{1});
}

TEST_CASE("what is not divided never waits beside its like, and waits beside what is") {
  const Touched here{0, 0, row}, there{0, row, 2 * row};
  HandMade plan;
  plan.add_undivided({here}, {there});
  plan.add_undivided({there}, {here});
  plan.add_undivided({here}, {here});
  CHECK(plan.barriers().empty());
  // Not even in loops, in steps that cannot be told apart.
  HandMade looped;
  looped.loop(3, [&] {
    looped.add_undivided({}, {{0, 0, row, {{0, row}}}});
    looped.add_undivided({here}, {});
  });
  CHECK(looped.barriers().empty());
  HandMade mixed;
  mixed.add_undivided({}, {here});
  mixed.add({here}, {there});
  mixed.add_undivided({there}, {});
  CHECK(mixed.barriers() == At{1, 2});
  // The first thread has no part in what is the second one's.
  HandMade first_part;
  first_part.add({}, {{0, 0, 2 * row}}, Parts::own);
  first_part.add_undivided({{0, 0, row}}, {});
  first_part.add_undivided({{0, row, 2 * row}}, {});
  CHECK(first_part.barriers() == At{2});
}

TEST_CASE("two instructions in one step meet where that step's bytes do") {
  const std::vector<plan::Stride> by_row{{0, row}};
  const Touched slot{0, 0, row, by_row}, behind{0, row, 2 * row, by_row};
  HandMade same;
  same.loop(4, [&] {
    same.add({}, {slot});
    same.add({slot}, {});
  });
  const auto found = same.barriers();
  CHECK(std::count(found.begin(), found.end(), 2) == 1);
  // Another slot is met in another step, where it is written while the others may still read it.
  HandMade other;
  other.loop(4, [&] {
    other.add({}, {slot});
    other.add({behind}, {});
  });
  CHECK(other.barriers() == At{1});
}

TEST_CASE("at any two steps, parts that keep to their own share of each slot do not meet") {
  const std::vector<plan::Stride> by_slot{{0, 4 * row}};
  const Touched state{0, 0, 4 * row, by_slot}, next{0, 4 * row, 8 * row, by_slot};
  for (const auto parts : {Parts::own, Parts::anywhere}) {
    HandMade plan;
    plan.loop(5, [&] { plan.add({state}, {next}, parts); });
    CHECK(plan.barriers() == (parts == Parts::own ? At{} : At{1}));
  }
  // Shares of a slot and of another that begins elsewhere in it.
  HandMade crossed;
  crossed.loop(5, [&] { crossed.add({{0, 2 * row, 6 * row, by_slot}}, {next}, Parts::own); });
  CHECK(crossed.barriers() == At{1});
  // Backwards through the slots all is the same.
  const std::vector<plan::Stride> backwards{{0, -4 * row}};
  HandMade reversed;
  reversed.loop(5, [&] {
    reversed.add({{0, 20 * row, 24 * row, backwards}}, {{0, 16 * row, 20 * row, backwards}}, Parts::own);
  });
  CHECK(reversed.barriers().empty());
}

TEST_CASE(
    "which of two instructions was begun first makes no difference, and no two of their steps are missed") {
  constexpr std::int64_t steps = 4, quarter = row / 4;
  Random random(3);
  int meeting = 0;
  for (int round = 0; round < 2000; ++round) {
    HandMade made;
    const auto pitch = quarter * below(9, random);
    const auto draw = [&] {
      const auto first = quarter * below(16, random);
      return Touched{0, first, first + quarter * below(6, random), {{0, pitch}}};
    };
    const auto one = draw(), other = draw();
    made.add({}, {one}, Parts::own);
    made.add({other}, {}, Parts::own);
    const Overlaps conflicts(made.plan);
    const auto a = conflicts.pending(made.plan.instructions[0], {{1, steps}}),
               b = conflicts.pending(made.plan.instructions[1], {{2, steps}});
    INFO("round " << round << ", a pitch of " << pitch);
    CHECK(conflicts.between(a, b) == conflicts.between(b, a));
    // The first half of each is the first thread's.
    const auto meet = [&](std::int64_t distance) {
      const auto middle = (one.first + one.last) / 2, other_middle = (other.first + other.last) / 2;
      const auto overlap = [&](std::int64_t low, std::int64_t high, std::int64_t from, std::int64_t to) {
        return low < to + distance && from + distance < high && low < high && from < to;
      };
      return overlap(one.first, middle, other_middle, other.last) ||
             overlap(middle, one.last, other.first, other_middle);
    };
    bool any = false;
    for (auto apart = 1 - steps; apart < steps; ++apart) any = any || meet(apart * pitch);
    if (any) CHECK(conflicts.between(a, b));
    meeting += any;
  }
  CHECK(meeting > 200);
}

TEST_CASE("of instructions with many operands threads wait for each other as for those of each operand") {
  Random random(5);
  int meeting = 0;
  for (int round = 0; round < 200; ++round) {
    const auto draw = [&](std::int64_t most) {
      std::vector<Touched> all(static_cast<std::size_t>(1 + below(most, random)));
      for (auto& touched : all) {
        const auto first = 16 * below(4000, random);
        touched = {static_cast<int>(below(2, random)), first, first + 16 * below(3, random)};
      }
      return all;
    };
    const auto read = draw(40), written = draw(40), also_read = draw(40), also_written = draw(40);
    HandMade whole;
    whole.add(read, written);
    whole.add(also_read, also_written);
    bool any = false;
    const auto meet = [&](const std::vector<Touched>& one, const std::vector<Touched>& other) {
      for (const auto& a : one)
        for (const auto& b : other)
          any = any || (a.base == b.base && a.first < b.last && b.first < a.last && a.first < a.last &&
                        b.first < b.last);
    };
    meet(read, also_written);
    meet(written, also_read);
    meet(written, also_written);
    INFO("round " << round);
    CHECK(whole.barriers() == (any ? At{1} : At{}));
    meeting += any;
  }
  CHECK(meeting > 20);
  CHECK(meeting < 180);
}

TEST_CASE("within a loop threads wait for what the step before left") {
  const std::vector<plan::Stride> by_row{{0, row}};
  // In a step the two have nothing in common.
  const Touched read{0, 0, row, by_row}, written{0, row, 2 * row, by_row};
  HandMade plan;
  plan.loop(3, [&] {
    plan.add({read}, {});
    plan.add({}, {written});
  });
  CHECK(plan.barriers() == At{1});
  // Where there is but one step, or none, nothing was left; so it is said for loops of more.
  HandMade none;
  none.loop(0, [&] {
    none.add({read}, {});
    none.add({}, {written});
  });
  CHECK(none.barriers().empty());
  // Slots so far apart that no two steps meet.
  HandMade apart;
  apart.loop(3, [&] {
    apart.add({read}, {});
    apart.add({}, {{0, 10 * row, 11 * row, by_row}}, Parts::own);
  });
  CHECK(apart.barriers().empty());
}

TEST_CASE("what a loop's first step meets is waited for once, before the loop") {
  const Touched before{0, 0, row}, after{1, 0, row, {{0, row}}};
  HandMade plan;
  plan.add({}, {before});
  plan.loop(3, [&] { plan.add({before}, {after}, Parts::own); });
  plan.add({{1, 0, 3 * row}}, {});
  CHECK(plan.barriers() == At{1, 3});
  // A loop of the first thread alone waits where it has to.
  HandMade alone;
  alone.add_undivided({}, {before});
  alone.plan.instructions[alone.loop(3, [&] { alone.add_undivided({before}, {after}); })].divided = false;
  CHECK(alone.barriers().empty());
}

TEST_CASE("steps of loops within loops are told apart by the outer loop too") {
  // Each outer step writes a row, and reads in its inner loop what it has written itself: each thread its
  // share, so that there is nothing to wait for but once, before the inner loop.
  const Touched mine{0, 0, row, {{0, row}}};
  HandMade plan;
  plan.loop(3, [&] {
    plan.add({}, {mine}, Parts::own);
    plan.loop(2, [&] { plan.add({mine}, {}, Parts::own); });
  });
  CHECK(plan.barriers() == At{2});
  // What moves by as much with another loop is not at the same step.
  HandMade crossed;
  crossed.loop(3, [&] {
    crossed.loop(3, [&] { crossed.add({{0, 0, row, {{1, row}}}}, {}); });
    crossed.add({}, {{0, 2 * row, 3 * row, {{0, row}}}}, Parts::own);
  });
  const auto found = crossed.barriers();
  CHECK(std::count(found.begin(), found.end(), 3) == 1);
  // Entered once more, the inner loop's steps are other ones.
  const Touched again{0, 0, row, {{1, row}}};
  HandMade inner;
  inner.loop(3, [&] { inner.loop(2, [&] { inner.add({}, {again}); }); });
  CHECK(!inner.barriers().empty());
}

TEST_CASE("threads do not go on for ever without waiting, whatever they do") {
  HandMade plan;
  for (int i = 0; i < 1000; ++i) plan.add({}, {{0, i * row, (i + 1) * row}});
  const auto barriers = plan.barriers();
  CHECK(!barriers.empty());
  CHECK(barriers.size() < 10);
}

TEST_CASE("whether threads would wait in a loop is found out without a trace") {
  const std::vector<plan::Stride> by_row{{0, row}};
  for (const bool meets : {false, true}) {
    HandMade plan;
    plan.add({}, {{0, 0, 100 * row}});
    const auto loop = plan.loop(3, [&] {
      plan.add({}, {{0, 0, row, by_row}}, meets ? Parts::anywhere : Parts::own);
      plan.add({{0, 0, row, by_row}}, {{1, 0, row, by_row}}, Parts::own);
    });
    plan.add({{0, 0, 100 * row}}, {});
    Barriers barriers(plan.plan);
    for (int times = 0; times < 2; ++times) {
      CHECK(barriers.are_needed_in(loop) == meets);
      CHECK(barriers_of(plan.plan) == 0);
    }
    // And what is placed afterwards is what is placed without having asked.
    const auto asked = plan.plan.instructions;
    barriers.place();
    const auto placed = plan.plan.instructions;
    plan.plan.instructions = asked;
    Barriers(plan.plan).place();
    for (std::size_t i = 0; i < placed.size(); ++i)
      CHECK(placed[i].barrier == plan.plan.instructions[i].barrier);
  }
}
