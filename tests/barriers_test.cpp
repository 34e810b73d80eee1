// Plans are walked as threads walk them: between two barriers no two threads touch the same bytes.

#include "run/cpu/threads/barriers.h"

#include <reel/gradients.h>
#include <reel/reel.h>

#include <algorithm>

#include "catch.h"
#include "computations.h"
#include "hand_made_plan.h"
#include "plans.h"
#include "random_shapes.h"

using namespace reel;
using namespace reel::test;
using cpu::Barriers;
using cpu::CpuPlan;
using cpu::Instruction;

namespace {

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

}  // namespace

TEST_CASE("in random plans no two threads touch the same bytes between two barriers") {
  int without_barriers = 0, races = 0;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    RandomPlan random(seed);
    auto& plan = random.plan();
    cpu::divide_loops(plan);
    INFO("seed " << seed);
    const bool is_needed = Walk(plan).has_race();
    Barriers(plan).place();
    cpu::divide_loops(plan);
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
