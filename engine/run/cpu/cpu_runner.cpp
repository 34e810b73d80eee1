#include "run/runner.h"

#include <chrono>
#include <cstring>

#include "run/cpu/lowering.h"
#include "run/cpu/threads/team.h"
#include "run/cpu/threads/team_choice.h"

// Replays a plan. All threads walk the same instructions; what is divided each does a part of, the rest is
// the first one's.

namespace reel::cpu {

namespace {

using Clock = std::chrono::steady_clock;

class CpuRunner : public Runner {
 public:
  CpuRunner(std::unique_ptr<CpuPlan> plan, std::shared_ptr<Team> team)
      : plan_(std::move(plan)), team_(std::move(team)) {
    addresses_.resize(plan_->bases.size());
    versions_.assign(plan_->parameters.size(), 0);
    std::size_t most = 0;
    for (const auto& instruction : plan_->instructions)
      most = std::max<std::size_t>(most, instruction.input_count + instruction.output_count);
    threads_.resize(static_cast<std::size_t>(plan_->threads));
    for (auto& thread : threads_) {
      thread.scratch = allocate(plan_->scratch_bytes);
      if (!thread.scratch)
        refuse_memory(types_of(plan_->arguments), plan_->scratch_bytes * threads_.size(),
                      "scratch of its threads");
      thread.steps.resize(static_cast<std::size_t>(plan_->loop_depth));
      thread.pointers.resize(most);
    }
  }

  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    bind(arguments, outputs);
    skip_kept_ = ran_;
    for (std::size_t i = 0; i < plan_->parameters.size(); ++i) {
      const auto version = plan_->parameters[i]->version;
      skip_kept_ = skip_kept_ && versions_[i] == version;
      versions_[i] = version;
    }
    ran_ = false;  // what a failing run leaves is not relied on
    run_instructions();
    for (std::size_t i = 0; i < plan_->outputs.size(); ++i) {
      const auto& output = plan_->outputs[i];
      if (output.base < 0) output.copy.run(resolve(output.from, nullptr), outputs[i].raw());
    }
    ran_ = true;
    for (const auto& update : plan_->updates) {
      update.copy.run(resolve(update.value, nullptr), update.variable->value.raw());
      ++update.variable->version;
    }
  }

  std::size_t arena_bytes() const override { return plan_->arena_bytes; }
  std::size_t kept_bytes() const override { return plan_->kept_bytes; }
  std::size_t instruction_count() const override { return plan_->instructions.size(); }
  std::string explain() const override;
  Profile profile(const std::vector<const Array*>& arguments, int runs) override;

 private:
  struct Thread {
    Memory scratch;
    std::vector<std::int64_t> steps;
    std::vector<void*> pointers;
  };

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

  void bind(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) {
    check_arguments(plan_->arguments, arguments);
    outputs.resize(plan_->outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, plan_->outputs[i].type);
    for (std::size_t i = 0; i < plan_->bases.size(); ++i) {
      const auto& base = plan_->bases[i];
      const void* address = nullptr;
      switch (base.kind) {
        case Plan::Base::Kind::arena:
          address = plan_->arena.get();
          break;
        case Plan::Base::Kind::argument:
          address = arguments[base.argument]->raw();
          break;
        case Plan::Base::Kind::result:
          address = outputs[base.argument].raw();
          break;
        case Plan::Base::Kind::variable:
          address = variable_address(*base.variable, run_number_);
          break;
        case Plan::Base::Kind::constant:
          address = base.constant->raw();
          break;
      }
      // Instructions write to the arena and the results alone.
      addresses_[i] = static_cast<std::byte*>(const_cast<void*>(address));
    }
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
      if (instruction.kept && skip_kept_) continue;
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
        plan_->clusters[instruction.index].run(pointers, pointers + instruction.input_count,
                                               thread.scratch.get(), part, parts);
        break;
      case Instruction::Kind::copy:
        plan_->copies[instruction.index].run(pointers[0], pointers[1], part, parts);
        break;
      default: {
        const Span<const std::int64_t> steps{thread.steps.data(), static_cast<std::size_t>(level)};
        try {
          plan_->kernels[instruction.index].run({pointers,
                                                 instruction.output_count ? pointers[count - 1] : nullptr,
                                                 thread.scratch.get(), part, parts, steps});
        } catch (const RunError& error) {
          throw RunError(context(instruction, error.what(), steps));
        } catch (const std::bad_alloc&) {
          throw MemoryError(lacks_memory(types_of(plan_->arguments), plan_->arena_bytes,
                                         context(instruction, "finds no memory to work in", steps)));
        }
      }
    }
  }

  std::string context(const Instruction& instruction, const std::string& what,
                      Span<const std::int64_t> steps) const {
    const auto& note = plan_->notes[instruction.note];
    return message(note.what, what, note.origin, note.operands, steps);
  }

  struct Time {
    double seconds = 0, waiting = 0;
    std::int64_t calls = 0;
  };

  std::unique_ptr<CpuPlan> plan_;
  std::shared_ptr<Team> team_;
  TeamChoice choice_;
  std::vector<Thread> threads_;
  std::vector<std::byte*> addresses_;  // of the bases
  std::vector<std::uint64_t> versions_;
  std::int64_t run_number_ = 0;
  int parts_ = 1;
  bool ran_ = false, skip_kept_ = false;
  std::vector<Time>* times_ = nullptr;
};

std::string CpuRunner::explain() const {
  std::string text;
  const auto add = [&](const std::string& part) { text += part; };
  std::vector<std::int32_t> ends;
  for (std::size_t i = 0; i < plan_->instructions.size(); ++i) {
    const auto& instruction = plan_->instructions[i];
    while (!ends.empty() && ends.back() <= static_cast<std::int32_t>(i)) ends.pop_back();
    const auto& note = plan_->notes[instruction.note];
    add(std::to_string(i) + std::string(2 + 2 * ends.size(), ' ') + note.what);
    if (!note.operands.empty()) add(" of " + note.operands);
    if (!note.origin.scope.empty()) add(" in " + note.origin.scope);
    if (note.origin.order > 0) add(", " + note.origin.derivative());
    if (instruction.kind == Instruction::Kind::loop) {
      ends.push_back(instruction.end);
      add(instruction.barrier ? " | waits\n" : "\n");
      continue;
    }
    const char* separator = " | ";
    for (std::uint32_t k = 0; k < instruction.input_count + instruction.output_count; ++k) {
      const auto& operand = plan_->operands[instruction.first_operand + k];
      if (k == instruction.input_count) separator = k == 0 ? " | -> " : " -> ";
      using BaseKind = Plan::Base::Kind;
      const auto& base = plan_->bases[static_cast<std::size_t>(operand.base)];
      const std::string where = base.kind == BaseKind::arena      ? "arena"
                                : base.kind == BaseKind::argument ? plan_->arguments[base.argument].name
                                : base.kind == BaseKind::result   ? "result " + std::to_string(base.argument)
                                : base.kind == BaseKind::variable ? base.variable->name
                                                                  : "constant";
      add(separator + where + "+" + std::to_string(operand.offset));
      for (std::uint32_t s = 0; s < operand.stride_count; ++s)
        add("+" + std::to_string(plan_->strides[operand.first_stride + s].bytes) + "t" +
            std::to_string(plan_->strides[operand.first_stride + s].level));
      separator = ", ";
    }
    if (instruction.kept) add(" | kept while parameters stay");
    if (instruction.divided) add(" | divided");
    if (instruction.barrier) add(" | waits");
    add("\n");
  }
  add("arena: " + std::to_string(plan_->arena_bytes) + " bytes, " + std::to_string(plan_->kept_bytes) +
      " of them kept; threads: " + std::to_string(plan_->threads) + "\n");
  return text;
}

Profile CpuRunner::profile(const std::vector<const Array*>& arguments, int runs) {
  std::vector<Time> times(plan_->instructions.size());
  std::vector<Array> outputs;
  run(arguments, outputs);
  Profile profile;
  times_ = &times;
  const auto start = Clock::now();
  try {
    for (int i = 0; i < runs; ++i) run(arguments, outputs);
  } catch (...) {
    times_ = nullptr;
    throw;
  }
  times_ = nullptr;
  profile.microseconds = std::chrono::duration<double, std::micro>(Clock::now() - start).count() / runs;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto& note = plan_->notes[plan_->instructions[i].note];
    if (times[i].calls == 0) continue;
    profile.lines.push_back({note.what, note.origin.scope, note.operands, 1e6 * times[i].seconds / runs,
                             1e6 * times[i].waiting / runs, times[i].calls / runs});
  }
  return profile;
}

}  // namespace

}  // namespace reel::cpu

namespace reel {

std::unique_ptr<Runner> make_cpu_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                        const Device& device, const CompileOptions& options) {
  auto plan = cpu::Lowering(tape, outputs, device.threads(), options).run();
  return std::make_unique<cpu::CpuRunner>(std::move(plan), device.team());
}

}  // namespace reel
