#include "run/cpu/cpu_runner.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "plan/out_of_memory.h"
#include "run/cpu/threads/team_choice.h"
#include "run/measured.h"

// Replays a plan. All threads walk the same instructions; what is divided each does a part of, the rest is
// the first one's.

namespace reel::cpu {

namespace {

using Clock = std::chrono::steady_clock;

class CpuRunner : public Runner {
 public:
  CpuRunner(std::unique_ptr<CpuPlan> plan, const Shared& shared)
      : plan_(std::move(plan)), team_(shared.team) {
    take_memory(shared);
    addresses_.resize(plan_->plan.bases.size());
    run_numbers_.resize(plan_->plan.bases.size());
    std::size_t most = 0;
    for (const auto& instruction : plan_->instructions)
      most = std::max<std::size_t>(most, instruction.input_count + instruction.output_count);
    threads_.resize(static_cast<std::size_t>(plan_->threads));
    for (auto& thread : threads_) {
      thread.steps.resize(static_cast<std::size_t>(plan_->plan.loop_depth));
      thread.pointers.resize(most);
    }
  }

  const std::vector<plan::Argument>& arguments() const override { return plan_->plan.arguments; }
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    const Arenas::Lease arena(*arena_);
    bind(arguments, outputs, arena.memory());
    KeptOfProgram::Run run(*kept_);
    run_instructions();
    const auto& plan = plan_->plan;
    for (std::size_t i = 0; i < plan.outputs.size(); ++i) {
      const auto& [from, copy] = plan_->outputs[i];
      if (!plan.outputs[i].is_written) copy.run(resolve(from, nullptr), outputs[i].raw());
    }
    run.succeeded();
    for (std::size_t i = 0; i < plan.updates.size(); ++i) {
      const auto& [from, copy] = plan_->updates[i];
      copy.run(resolve(from, nullptr), plan.updates[i].variable->overwrite().raw());
    }
  }

  std::size_t arena_bytes() const override { return plan_->plan.arena_bytes + kept_bytes(); }
  std::size_t kept_bytes() const override { return plan_->plan.kept_bytes(); }
  std::vector<std::pair<const void*, std::size_t>> kept_blocks() const override { return kept_->blocks(); }
  std::size_t instruction_count() const override { return plan_->instructions.size(); }
  std::string explain() const override { return cpu::explain(*plan_); }
  Profile profile(const std::vector<const Array*>& arguments, int runs) override {
    std::vector<Array> outputs;
    return measured(plan_->plan, runs, times_, [&] { run(arguments, outputs); });
  }

 private:
  struct Thread {
    std::byte* scratch = nullptr;
    std::vector<std::int64_t> steps;
    std::vector<void*> pointers;
  };

  /// The values in between, and behind them the scratch memory of each thread.
  void take_memory(const Shared& shared) {
    const auto& plan = plan_->plan;
    const auto bytes = scratch_of(static_cast<std::size_t>(plan_->threads));
    try {
      arena_.emplace(shared.arenas, bytes);
      kept_.emplace(shared.kept, plan);
    } catch (const std::bad_alloc&) {
      plan::refuse_memory(types_of(plan.arguments), bytes + plan.kept_bytes(), what_holds_memory(plan));
    }
    // There may be many programs: what was bound is not kept twice.
    std::vector<plan::Address>().swap(plan_->plan.operands);
    std::vector<plan::Buffer>().swap(plan_->plan.buffers);
  }

  /// Where the scratch memory of a thread begins.
  std::size_t scratch_of(std::size_t thread) const {
    return aligned(plan_->plan.arena_bytes) + thread * aligned(plan_->scratch_bytes);
  }
  static std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

  /// With the team or alone, whichever is faster now: threads that have to share a processor with others wait
  /// for one another longer than they work. The result is the same.
  void run_instructions() {
    parts_ = choice_.alone() ? 1 : plan_->threads;
    const bool compares = plan_->threads > 1;
    const auto start = compares ? Clock::now() : Clock::time_point();
    const auto work = [](void* self, int rank) { static_cast<CpuRunner*>(self)->walk(rank); };
    const bool alone = parts_ == 1;
    if (alone || !team_->run(work, this)) {
      parts_ = 1;
      walk(0);
    }
    // Not one that was made alone because the team works for somebody else.
    if (compares && alone == (parts_ == 1))
      choice_.note(alone, std::chrono::duration<double>(Clock::now() - start).count());
  }

  void bind(const std::vector<const Array*>& arguments, std::vector<Array>& outputs, std::byte* arena) {
    outputs.resize(plan_->plan.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, plan_->plan.outputs[i].type);
    for (std::size_t i = 0; i < plan_->plan.bases.size(); ++i) {
      const auto& base = plan_->plan.bases[i];
      const void* address = base.kind == plan::Base::Kind::arena ? arena
                            : base.kind == plan::Base::Kind::kept
                                ? kept_->memory(base.position)
                                : host_address(base, arguments, outputs, run_numbers_[i]);
      // Instructions write to the arena, the results and what is kept alone.
      addresses_[i] = static_cast<std::byte*>(const_cast<void*>(address));
    }
    for (std::size_t i = 0; i < threads_.size(); ++i) threads_[i].scratch = arena + scratch_of(i);
  }

  std::byte* resolve(const Operand& operand, const std::int64_t* steps) const {
    auto* address = addresses_[static_cast<std::size_t>(operand.base)] + operand.offset;
    for (std::uint32_t i = 0; i < operand.stride_count; ++i) {
      const auto& stride = plan_->strides[operand.first_stride + i];
      address += steps[stride.level] * stride.bytes;
    }
    return address;
  }

  void walk(int rank) {
    walk(rank, threads_[static_cast<std::size_t>(rank)], 0, plan_->instructions.size(), 0);
  }

  void walk(int rank, Thread& thread, std::size_t begin, std::size_t end, int level) {
    for (auto i = begin; i < end; ++i) {
      const auto& instruction = plan_->instructions[i];
      if (instruction.barrier && parts_ > 1) wait(i, rank);
      if (instruction.kind == Instruction::Kind::loop) {
        const auto last = static_cast<std::size_t>(instruction.end);
        if (rank == 0 || instruction.divided)
          for (std::int64_t step = 0; step < instruction.steps; ++step) {
            thread.steps[level] = instruction.reverse ? instruction.steps - 1 - step : step;
            walk(rank, thread, i + 1, last, level + 1);
          }
        i = last - 1;
        continue;
      }
      if (rank > 0 && !instruction.divided) continue;
      if (instruction.cached && kept_->is_made(i)) continue;
      if (times_ && rank == 0) {
        const auto start = Clock::now();
        execute(instruction, thread, rank, level);
        auto& time = (*times_)[i];
        time.seconds += std::chrono::duration<double>(Clock::now() - start).count();
        ++time.calls;
      } else {
        execute(instruction, thread, rank, level);
      }
    }
  }

  void wait(std::size_t i, int rank) {
    if (!times_ || rank > 0) return team_->barrier().wait();
    const auto start = Clock::now();
    team_->barrier().wait();
    (*times_)[i].waiting += std::chrono::duration<double>(Clock::now() - start).count();
  }

  void execute(const Instruction& instruction, Thread& thread, int rank, int level) {
    const auto* operands = &plan_->operands[instruction.first_operand];
    const auto count = instruction.input_count + instruction.output_count;
    auto** pointers = thread.pointers.data();
    for (std::uint32_t k = 0; k < count; ++k) pointers[k] = resolve(operands[k], thread.steps.data());
    const int part = instruction.divided ? rank : 0, parts = instruction.divided ? parts_ : 1;
    switch (instruction.kind) {
      case Instruction::Kind::cluster:
        plan_->clusters[instruction.index].run(pointers, pointers + instruction.input_count, thread.scratch,
                                               part, parts);
        break;
      case Instruction::Kind::copy:
        plan_->copies[instruction.index].run(pointers[0], pointers[1], part, parts);
        break;
      default: {
        const Span<const std::int64_t> steps{thread.steps.data(), static_cast<std::size_t>(level)};
        try {
          plan_->kernels[instruction.index].run({pointers,
                                                 instruction.output_count ? pointers[count - 1] : nullptr,
                                                 thread.scratch, part, parts, steps});
        } catch (const RunError& error) {
          throw RunError(context(instruction, error.what(), steps));
        } catch (const std::bad_alloc&) {
          throw MemoryError(plan::lacks_memory(types_of(plan_->plan.arguments), plan_->plan.arena_bytes,
                                               context(instruction, "finds no memory to work in", steps)));
        }
      }
    }
  }

  std::string context(const Instruction& instruction, const std::string& what,
                      Span<const std::int64_t> steps) const {
    const auto work = static_cast<std::size_t>(&instruction - plan_->instructions.data());
    return message_of(plan_->plan, work, what, steps);
  }

  std::unique_ptr<CpuPlan> plan_;
  std::shared_ptr<Team> team_;
  std::optional<Arenas::Claim> arena_;
  std::optional<KeptOfProgram> kept_;
  TeamChoice choice_;
  std::vector<Thread> threads_;
  std::vector<std::byte*> addresses_;      // of the bases
  std::vector<std::int64_t> run_numbers_;  // by base
  int parts_ = 1;
  std::vector<WorkTime>* times_ = nullptr;
};

}  // namespace

std::unique_ptr<Runner> make_runner(std::unique_ptr<CpuPlan> plan, const Shared& shared) {
  return std::make_unique<CpuRunner>(std::move(plan), shared);
}

}  // namespace reel::cpu
