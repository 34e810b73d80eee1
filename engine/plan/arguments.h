#pragma once
#include <string>
#include <vector>

#include <reel/tape.h>

namespace reel::plan {

/// What a run is handed at one place.
struct Argument {
  TensorType type;
  std::string name;  // "argument 1", or of a structure "argument 1.c"
};

/// The arguments of a tape, in their order.
std::vector<Argument> arguments_of(const Tape& tape);
std::vector<TensorType> types_of(const std::vector<Argument>& arguments);

}  // namespace reel::plan
