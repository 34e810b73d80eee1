// Where threads wait for one another: where two of them would touch the same bytes, one of them writing, and
// not where each keeps to its own.

#include "run/cpu/threads/overlap.h"

#include <reel/gradients.h>
#include <reel/reel.h>

#include <algorithm>
#include <functional>

#include "catch.h"
#include "computations.h"
#include "plans.h"
#include "random_shapes.h"
#include "run/cpu/threads/barriers.h"

using namespace reel;
using namespace reel::test;
using cpu::Barriers;
using cpu::CpuPlan;
using cpu::Instruction;
using cpu::Overlaps;

namespace {

constexpr std::int64_t row = 64;  // bytes

/// Bytes of a base, moving with the loops around.
struct Touched {
  int base;
  std::int64_t first, last;
  std::vector<plan::Stride> strides = {};
};

/// Whether each part of an instruction keeps to bytes of its own.
enum class Parts { anywhere, own };

/// A plan made by hand, for two threads unless said otherwise.
struct HandMade {
  CpuPlan plan;

  explicit HandMade(int threads = 2) { plan.threads = threads; }

  /// An instruction that is divided, which any part of it may touch all of, or an equal share.
  std::size_t add(const std::vector<Touched>& inputs, const std::vector<Touched>& outputs,
                  Parts parts = Parts::anywhere) {
    Instruction made{Instruction::Kind::kernel};
    made.divided = true;
    made.first_operand = static_cast<std::uint32_t>(plan.operands.size());
    made.input_count = static_cast<std::uint32_t>(inputs.size());
    made.output_count = static_cast<std::uint32_t>(outputs.size());
    made.index = static_cast<std::uint32_t>(plan.kernels.size());
    std::vector<std::int64_t> sizes;
    for (const auto* list : {&inputs, &outputs})
      for (const auto& touched : *list) {
        add_operand(touched);
        sizes.push_back(touched.last - touched.first);
      }
    plan.kernels.emplace_back();
    if (parts == Parts::own)
      plan.kernels.back().reach = [sizes](std::size_t operand, int part, int count) {
        return std::optional<Reach>(
            Reach{sizes[operand] * part / count, sizes[operand] * (part + 1) / count});
      };
    plan.instructions.push_back(made);
    return plan.instructions.size() - 1;
  }

  /// The first thread's alone.
  std::size_t add_undivided(const std::vector<Touched>& inputs, const std::vector<Touched>& outputs) {
    const auto at = add(inputs, outputs);
    plan.instructions[at].divided = false;
    return at;
  }

  /// A loop around what `body` adds.
  std::size_t loop(std::int64_t steps, const std::function<void()>& body) {
    const auto at = plan.instructions.size();
    Instruction made{Instruction::Kind::loop};
    made.steps = steps;
    made.divided = true;
    plan.instructions.push_back(made);
    body();
    plan.instructions[at].end = static_cast<std::int32_t>(plan.instructions.size());
    return at;
  }

  /// Before which instructions threads wait.
  std::vector<std::size_t> barriers() {
    Barriers(plan).place();
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < plan.instructions.size(); ++at)
      if (plan.instructions[at].barrier) found.push_back(at);
    return found;
  }

 private:
  void add_operand(const Touched& touched) {
    plan.operands.push_back({touched.base, static_cast<std::uint32_t>(plan.strides.size()),
                             static_cast<std::uint32_t>(touched.strides.size()), touched.first, 0,
                             touched.last - touched.first});
    plan.strides.insert(plan.strides.end(), touched.strides.begin(), touched.strides.end());
  }
};

using At = std::vector<std::size_t>;

/// Something that a thread does between two times of waiting.
struct Event {
  std::size_t instruction;
  int part;
  std::vector<std::int64_t> steps;
};

/// What every thread does, in the order in which the runner does it: epochs between barriers.
class Walk {
 public:
  explicit Walk(const CpuPlan& plan) : plan_(plan), epochs_(static_cast<std::size_t>(plan.threads)) {
    for (int thread = 0; thread < plan.threads; ++thread) {
      thread_ = thread;
      epochs().emplace_back();
      walk(0, plan.instructions.size());
    }
  }

  /// Whether two threads touch the same bytes in the same epoch, one of them writing. All threads have as
  /// many epochs.
  bool has_race() const {
    for (const auto& of_thread : epochs_) REQUIRE(of_thread.size() == epochs_[0].size());
    for (std::size_t epoch = 0; epoch < epochs_[0].size(); ++epoch)
      for (std::size_t one = 0; one < epochs_.size(); ++one)
        for (std::size_t other = 0; other < one; ++other)
          for (const auto& a : epochs_[one][epoch])
            for (const auto& b : epochs_[other][epoch])
              if (meet(a, b)) return true;
    return false;
  }

 private:
  std::vector<std::vector<Event>>& epochs() { return epochs_[static_cast<std::size_t>(thread_)]; }

  void walk(std::size_t begin, std::size_t end) {
    for (auto at = begin; at < end; ++at) {
      const auto& instruction = plan_.instructions[at];
      if (instruction.barrier) epochs().emplace_back();
      const bool takes_part = thread_ == 0 || instruction.divided;
      if (instruction.kind == Instruction::Kind::loop) {
        steps_.push_back(0);
        for (; steps_.back() < instruction.steps && takes_part; ++steps_.back())
          walk(at + 1, static_cast<std::size_t>(instruction.end));
        steps_.pop_back();
        at = static_cast<std::size_t>(instruction.end) - 1;
      } else if (takes_part) {
        epochs().back().push_back({at, thread_, steps_});
      }
    }
  }

  bool meet(const Event& a, const Event& b) const {
    // Parts of one piece of work are divided so that they do not meet.
    if (a.instruction == b.instruction && a.steps == b.steps) return false;
    const auto &first = plan_.instructions[a.instruction], &second = plan_.instructions[b.instruction];
    for (std::uint32_t i = 0; i < first.input_count + first.output_count; ++i)
      for (std::uint32_t j = 0; j < second.input_count + second.output_count; ++j) {
        if (i < first.input_count && j < second.input_count) continue;
        const auto &x = plan_.operands[first.first_operand + i],
                   &y = plan_.operands[second.first_operand + j];
        const auto of_x = bytes(a, x, i), of_y = bytes(b, y, j);
        if (x.base == y.base && of_x.low < of_y.high && of_y.low < of_x.high && of_x.low < of_x.high &&
            of_y.low < of_y.high)
          return true;
      }
    return false;
  }

  /// What a part touches of an operand at these steps.
  Reach bytes(const Event& event, const cpu::Operand& operand, std::size_t number) const {
    const auto& instruction = plan_.instructions[event.instruction];
    std::optional<Reach> own;
    if (instruction.divided && instruction.kind == Instruction::Kind::cluster)
      own = plan_.clusters[instruction.index].reach(number, event.part, plan_.threads);
    if (instruction.divided && instruction.kind == Instruction::Kind::kernel &&
        plan_.kernels[instruction.index].reach)
      own = plan_.kernels[instruction.index].reach(number, event.part, plan_.threads);
    auto found = own ? *own : Reach{operand.low, operand.high};
    auto start = operand.offset;
    for (std::uint32_t i = 0; i < operand.stride_count; ++i) {
      const auto& stride = plan_.strides[operand.first_stride + i];
      start += event.steps[static_cast<std::size_t>(stride.level)] * stride.bytes;
    }
    return {start + found.low, start + found.high};
  }

  const CpuPlan& plan_;
  int thread_ = 0;
  std::vector<std::int64_t> steps_;
  std::vector<std::vector<std::vector<Event>>> epochs_;  // of each thread
};

/// Instructions on a few rows of two bases, in loops within loops.
class RandomPlan {
 public:
  explicit RandomPlan(std::uint64_t seed) : random_(seed), made_(2 + static_cast<int>(seed % 2)) {
    grow(3, 0);
  }
  CpuPlan& plan() { return made_.plan; }

 private:
  void grow(std::int64_t count, int level) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (level < 2 && below(3, random_) == 0) {
        const auto loop = made_.loop(below(4, random_), [&] { grow(1 + below(3, random_), level + 1); });
        made_.plan.instructions[loop].divided = false;  // divide_work() sees to that
        continue;
      }
      const auto input = touched(level), output = touched(level);
      if (below(3, random_) == 0)
        made_.add_undivided({input}, {output});
      else
        made_.add({input}, {output}, below(2, random_) == 0 ? Parts::own : Parts::anywhere);
    }
  }

  Touched touched(int level) {
    constexpr auto quarter = row / 4;
    const auto first = quarter * below(16, random_), size = quarter * below(9, random_);
    Touched touched{static_cast<int>(below(2, random_)), first, first + size};
    for (int around = 0; around < level; ++around)
      if (below(2, random_) == 0) touched.strides.push_back({around, row * (below(5, random_) - 2)});
    return touched;
  }

  Random random_;
  HandMade made_;
};

/// As divide_work() does at its end: all threads walk loops in which there is something for them.
void divide_loops(CpuPlan& plan) {
  auto& instructions = plan.instructions;
  for (std::size_t at = 0; at < instructions.size(); ++at)
    for (auto i = at + 1; i < static_cast<std::size_t>(instructions[at].end); ++i)
      instructions[at].divided =
          instructions[at].divided || instructions[i].divided || instructions[i].barrier;
}

/// How often threads wait in a compiled plan.
std::ptrdiff_t barriers_of(const CpuPlan& plan) {
  return std::count_if(plan.instructions.begin(), plan.instructions.end(),
                       [](const Instruction& instruction) { return instruction.barrier; });
}

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
    const Overlaps::Pending a{&made.plan.instructions[0], {{1, steps}}},
        b{&made.plan.instructions[1], {{2, steps}}};
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

TEST_CASE("in random plans no two threads touch the same bytes between two barriers") {
  int without_barriers = 0, races = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    RandomPlan random(seed);
    auto& plan = random.plan();
    divide_loops(plan);
    INFO("seed " << seed);
    const bool is_needed = Walk(plan).has_race();
    Barriers(plan).place();
    divide_loops(plan);
    CHECK(!Walk(plan).has_race());
    without_barriers += barriers_of(plan) == 0;
    races += is_needed;
  }
  // The plans try something: many need barriers, and some do not.
  CHECK(races > 500);
  CHECK(without_barriers > 100);
}

TEST_CASE("in compiled plans no two threads touch the same bytes between two barriers") {
  int barriers = 0;
  for (const auto& computation : computations())
    for (const int threads : {2, 3})
      for (const double worth_dividing : {-1.0, 100.0}) {
        INFO(computation.name << ", threads: " << threads);
        const auto plan = cpu_plan_of(*computation.tape, computation.outputs, threads, worth_dividing);
        CHECK(!Walk(*plan).has_race());
        barriers += static_cast<int>(barriers_of(*plan));
      }
  CHECK(barriers > 100);
}

TEST_CASE("a plan of which nothing is worth dividing has one thread and no barrier") {
  const auto training = training_of<LSTM>("LSTM", 4, 3, 5);
  const auto plan = cpu_plan_of(*training.tape, training.outputs, 4, 1e9);
  CHECK(plan->threads == 1);
  CHECK(barriers_of(*plan) == 0);
  CHECK(cpu_plan_of(*training.tape, training.outputs, 4, -1)->threads == 4);
}
