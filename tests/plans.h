#pragma once
#include <reel/device.h>

#include <algorithm>
#include <map>

#include "passes/pipeline.h"
#include "plan/make_plan.h"
#include "run/cpu/cpu_plan.h"
#include "run/cpu/cpu_target.h"

/// What becomes of a computation when it is compiled, in numbers: a test that counts work does not depend on
/// how explain() words it.
namespace reel::test {

/// The plan that compile() makes of a tape, for the processor unless another target is given.
inline plan::Plan plan_of(const Tape& tape, const Tensors& outputs, const CompileOptions& options = {},
                          const plan::Target& target = cpu::CpuTarget()) {
  const auto improved = passes::improve(tape, passes::nodes_of("plan", tape, outputs), options);
  return plan::make_plan(*improved.tape, improved.outputs, target, options);
}

/// The same as the processor runs it with so many threads.
inline std::unique_ptr<cpu::CpuPlan> cpu_plan_of(const Tape& tape, const Tensors& outputs, int threads,
                                                 double worth_dividing = CpuOptions().worth_dividing) {
  cpu::UniformTiles uniforms;
  cpu::CompiledPasses passes;
  return cpu::make_cpu_plan(plan_of(tape, outputs), uniforms, passes, {threads, worth_dividing});
}

/// How much of each kind of work there is.
struct WorkCounts {
  std::map<std::string, int> kernels;  // by the name of the operation
  int all = 0, prepared = 0, fusions = 0, finishes = 0, copies = 0, loops = 0;

  int kernels_of(const std::string& operation) const {
    const auto found = kernels.find(operation);
    return found == kernels.end() ? 0 : found->second;
  }
};

/// Counts the work from `begin` on that stands before `end`, in loops or not.
inline WorkCounts count_work(const plan::Plan& plan, std::size_t begin, std::size_t end) {
  using Kind = plan::Work::Kind;
  WorkCounts counts;
  for (auto at = begin; at < end; ++at) {
    const auto& work = plan.work[at];
    ++counts.all;
    if (work.kind == Kind::kernel) ++counts.kernels[plan.calls[work.index].operation->name];
    counts.prepared += work.kind == Kind::prepare;
    counts.fusions += work.kind == Kind::fusion;
    counts.finishes += work.kind == Kind::finish;
    counts.copies += work.kind == Kind::copy;
    counts.loops += work.kind == Kind::loop;
  }
  return counts;
}

inline WorkCounts count_work(const plan::Plan& plan) { return count_work(plan, 0, plan.work.size()); }

/// Where the loops begin that are in no other loop.
inline std::vector<std::size_t> outer_loops(const plan::Plan& plan) {
  std::vector<std::size_t> loops;
  for (std::size_t at = 0; at < plan.work.size(); ++at) {
    if (plan.work[at].kind != plan::Work::Kind::loop) continue;
    loops.push_back(at);
    at = static_cast<std::size_t>(plan.work[at].end) - 1;
  }
  return loops;
}

/// Counts the work in the loop that begins there.
inline WorkCounts count_work_in(const plan::Plan& plan, std::size_t loop) {
  return count_work(plan, loop + 1, static_cast<std::size_t>(plan.work[loop].end));
}

/// Before how many instructions within loops the threads wait for one another.
inline int barriers_in_loops(const cpu::CpuPlan& plan) {
  int barriers = 0;
  for (auto loop : outer_loops(plan.plan))
    for (auto at = loop + 1; at < static_cast<std::size_t>(plan.plan.work[loop].end); ++at)
      barriers += plan.instructions[at].barrier;
  return barriers;
}

/// The operations of a fusion in their order; "repeat" where row values are repeated.
inline std::vector<std::string> names_in(const plan::Fusion& fusion) {
  std::vector<std::string> names;
  for (const auto& member : fusion.members)
    names.push_back(member.operation ? member.operation->name : "repeat");
  return names;
}

}  // namespace reel::test
