#include "plan/arguments.h"

namespace reel::plan {

std::vector<TensorType> types_of(const std::vector<Argument>& arguments) {
  std::vector<TensorType> types;
  for (const auto& argument : arguments) types.push_back(argument.type);
  return types;
}

std::vector<Argument> arguments_of(const Tape& tape) {
  std::vector<Argument> arguments;
  for (auto id : tape.arguments()) arguments.push_back({tape.node(id).type, tape.label(id)});
  return arguments;
}

}  // namespace reel::plan
