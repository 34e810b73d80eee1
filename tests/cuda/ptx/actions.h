#pragma once
#include "machine.h"

namespace reel::test::ptx {

/// What an instruction does. One at which threads wait for others does nothing by itself: the machine does it
/// for all of them.
struct Action {
  enum class Meets : std::uint8_t { nobody, warp, block };
  std::function<void(Machine& machine, Thread& thread, const Instruction& instruction)> run;
  Meets meets = Meets::nobody;
};

/// By the name of the instruction, "add.f32". Throws InternalError where there is none.
const Action& action_of(const std::string& name);

}  // namespace reel::test::ptx
