#include "record/lasting_parameters.h"

#include <reel/structural.h>
#include <reel/variable.h>

namespace reel {

namespace {

const Variable& variable_of(const Tape& tape, NodeId id) {
  return *tape.node(id).attributes.get<std::shared_ptr<Variable>>("variable");
}

}  // namespace

LastingParameters::LastingParameters(const Tape& tape) : tape_(tape) {
  for (auto root : tape.roots())
    if (tape.node(root).operation->kind == Kind::update) updated_.insert(&variable_of(tape, root));
}

bool LastingParameters::operator()(NodeId id) const {
  if (tape_.node(id).operation != &parameter_operation()) return false;
  const auto& variable = variable_of(tape_, id);
  return !variable.counts_runs() && !updated_.count(&variable);
}

}  // namespace reel
