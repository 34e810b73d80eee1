#include "plan/arguments.h"

#include <reel/structural.h>

namespace reel::plan {

std::vector<TensorType> types_of(const std::vector<Argument>& arguments) {
  std::vector<TensorType> types;
  for (const auto& argument : arguments) types.push_back(argument.type);
  return types;
}

std::vector<Argument> arguments_of(const Tape& tape) {
  std::vector<Argument> arguments(tape.argument_count());
  for (NodeId id = 0; id < tape.size(); ++id)
    if (tape.node(id).operation == &argument_operation())
      arguments[tape.node(id).attributes.integer("index")] = {tape.node(id).type, tape.label(id)};
  return arguments;
}

}  // namespace reel::plan
