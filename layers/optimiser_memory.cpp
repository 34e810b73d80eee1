#include "optimiser_memory.h"

#include <reel/structural.h>

#include <algorithm>
#include <functional>

namespace reel {

namespace {

/// A state's name below the memory in two: "group 1/cell/W/mean" is "group 1/mean" of "cell/W".
std::pair<std::string, std::string> parameter_and_kind(const std::string& name,
                                                       const std::set<std::string>& parameters) {
  const auto end = name.rfind('/');
  if (end == name.npos) return {"", name};
  for (std::size_t begin = 0; begin < end; begin = name.find('/', begin) + 1) {
    const auto parameter = name.substr(begin, end - begin);
    if (parameters.count(parameter)) return {parameter, name.substr(0, begin) + name.substr(end + 1)};
  }
  return {"", name};
}

OptimiserMemory memory_of_states(const Scope& memory, const std::function<bool(const Parameter&)>& wanted) {
  std::set<std::string> parameters;
  for (const auto& parameter : memory.model().parameters()) parameters.insert(parameter.name());
  const auto begin = memory.path() + "/";
  OptimiserMemory found;
  for (const auto& state : memory.model().states()) {
    if (state.name().rfind(begin, 0) != 0 || !wanted(state)) continue;
    const auto [parameter, kind] = parameter_and_kind(state.name().substr(begin.size()), parameters);
    found[parameter].insert(kind);
  }
  return found;
}

std::string listed(const std::set<std::string>& kinds) {
  std::string text;
  for (const auto& kind : kinds) text += (text.empty() ? "" : ", ") + kind;
  return text.empty() ? "nothing" : text;
}

/// What is remembered of the parameter, or nothing.
const std::set<std::string>& kinds_of(const OptimiserMemory& memory, const std::string& parameter) {
  static const std::set<std::string> nothing;
  const auto found = memory.find(parameter);
  return found == memory.end() ? nothing : found->second;
}

}  // namespace

OptimiserMemory remembered_under(const Scope& memory) {
  return memory_of_states(memory, [](const Parameter&) { return true; });
}

OptimiserMemory asked_for_on(const Tape& tape, const Scope& memory) {
  std::set<const Variable*> on_tape;
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto& node = tape.node(id);
    if (node.operation == &parameter_operation() || node.operation == &update_operation())
      on_tape.insert(node.attributes.get<std::shared_ptr<Variable>>("variable").get());
  }
  return memory_of_states(memory,
                          [&](const Parameter& state) { return on_tape.count(state.variable().get()) > 0; });
}

void check_memory(const OptimiserMemory& found, const OptimiserMemory& asked,
                  const std::vector<ParameterGradient>& gradients, const Scope& memory) {
  if (found.empty()) return;
  std::set<std::string> all_kinds;
  for (const auto& [parameter, kinds] : found)
    if (!parameter.empty()) all_kinds.insert(kinds.begin(), kinds.end());
  const auto check = [&](const std::string& parameter) {
    const auto &is = kinds_of(found, parameter), &wanted = kinds_of(asked, parameter);
    if (is == wanted) return;
    const bool is_new = !parameter.empty() && is.empty() &&
                        std::includes(all_kinds.begin(), all_kinds.end(), wanted.begin(), wanted.end());
    if (is_new) return;
    throw Error("[TrainingStep] " + memory.path() + " remembers " + listed(is) +
                (parameter.empty() ? "" : " of " + parameter) + ", and this optimiser asks for " +
                listed(wanted) + ": what a checkpoint brought is of another optimiser");
  };
  check("");
  for (const auto& entry : gradients) check(entry.parameter.name());
}

}  // namespace reel
