#pragma once
#include "run/cpu/cpu_plan.h"
#include "run/cpu/threads/team.h"
#include "run/kept_values.h"
#include "run/runner.h"

namespace reel::cpu {

/// What the programs of a device share.
struct Shared {
  std::shared_ptr<Team> team;
  std::shared_ptr<Arenas> arenas;
  std::shared_ptr<KeptValues> kept;
  std::shared_ptr<UniformTiles> uniforms;
  std::shared_ptr<CompiledPasses> passes;
};

/// Runs a plan with a team, in an arena. Throws MemoryError.
std::unique_ptr<Runner> make_runner(std::unique_ptr<CpuPlan> plan, const Shared& shared);

}  // namespace reel::cpu
