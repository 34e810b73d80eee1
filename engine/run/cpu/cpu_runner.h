#pragma once
#include "run/cpu/cpu_plan.h"
#include "run/cpu/threads/team.h"
#include "run/runner.h"

namespace reel::cpu {

/// Runs a plan with a team.
std::unique_ptr<Runner> make_runner(std::unique_ptr<CpuPlan> plan, std::shared_ptr<Team> team);

}  // namespace reel::cpu
