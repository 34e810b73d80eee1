#include <reel/in_use.h>
#include <reel/structural.h>
#include <reel/variable.h>

#include <algorithm>

#include "passes/pipeline.h"
#include "plan/out_of_memory.h"
#include "run/backend.h"
#include "run/runner.h"

namespace reel {

struct Program::State {
  std::unique_ptr<Runner> runner;
  std::string notes;
  InUse running;

  std::string lacks_memory(const std::string& why) const {
    return plan::lacks_memory(types_of(runner->arguments()), runner->arena_bytes(), why);
  }
};

namespace {

std::vector<const Array*> pointers_to(const std::vector<Array>& arrays) {
  std::vector<const Array*> pointers;
  for (const auto& array : arrays) pointers.push_back(&array);
  return pointers;
}

}  // namespace

std::vector<TensorType> types_of(const std::vector<const Array*>& arrays) {
  std::vector<TensorType> types;
  for (const auto* array : arrays) types.push_back(array->type());
  return types;
}

namespace {

struct CopiedArguments : StagedArguments {
  std::vector<Array> copies;
};

}  // namespace

std::shared_ptr<StagedArguments> Runner::stage(const std::vector<const Array*>& arguments) {
  auto staged = std::make_shared<CopiedArguments>();
  for (const auto* argument : arguments) staged->copies.push_back(*argument);
  return staged;
}
void Runner::run_staged(StagedArguments& arguments, std::vector<Array>& outputs) {
  run(pointers_to(static_cast<CopiedArguments&>(arguments).copies), outputs);
}

void make_room(std::vector<Array>& results, std::size_t position, const TensorType& type) {
  auto& result = results[position];
  if (result.type() == type && !result.moved_from()) return;
  try {
    result = Array();  // so that never both are held
    result = Array(type);
  } catch (const MemoryError& error) {
    throw MemoryError("[Program] result " + std::to_string(position) + ": " + error.what());
  }
}

void check_arguments(const std::vector<plan::Argument>& wanted, const std::vector<const Array*>& arguments) {
  if (arguments.size() != wanted.size())
    throw Error("[Program] gets " + std::to_string(arguments.size()) + " arguments and needs " +
                std::to_string(wanted.size()));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& [type, name] = wanted[i];
    if (arguments[i]->type() != type)
      throw Error("[Program] " + name + " is " + to_string(arguments[i]->type()) + " and must be " +
                  to_string(type));
    if (arguments[i]->moved_from())
      throw Error("[Program] " + name + " of " + to_string(type) + " was moved from and holds no elements");
  }
}

Program::Program(std::unique_ptr<Runner> runner, std::string notes) : state_(std::make_shared<State>()) {
  state_->runner = std::move(runner);
  state_->notes = std::move(notes);
}

void Program::run(const std::vector<const Array*>& arguments, std::vector<Array>& results) {
  const Using use(state_->running, "Program");
  for (const auto* argument : arguments)
    for (const auto& result : results)
      if (argument == &result) throw Error("[Program] an argument cannot be a result of the same run");
  check_arguments(state_->runner->arguments(), arguments);
  needing_memory([&] { state_->runner->run(arguments, results); },
                 [&] { return state_->lacks_memory("a run finds no memory to work in"); });
}

std::shared_ptr<StagedArguments> Program::stage(const std::vector<const Array*>& arguments) {
  check_arguments(state_->runner->arguments(), arguments);
  auto staged = needing_memory([&] { return state_->runner->stage(arguments); },
                               [&] { return state_->lacks_memory("there is none to stage arguments in"); });
  staged->program_ = state_;
  return staged;
}

void Program::run(StagedArguments& arguments, std::vector<Array>& results) {
  if (arguments.program_ != state_)
    throw Error("[Program] runs on arguments that another program has staged");
  const Using use(state_->running, "Program");
  needing_memory([&] { state_->runner->run_staged(arguments, results); },
                 [&] { return state_->lacks_memory("a run finds no memory to work in"); });
}

std::vector<Array> Program::run(StagedArguments& arguments) {
  std::vector<Array> results;
  run(arguments, results);
  return results;
}

std::vector<Array> Program::run(const std::vector<const Array*>& arguments) {
  std::vector<Array> results;
  run(arguments, results);
  return results;
}

std::vector<Array> Program::run(const std::vector<Array>& arguments) { return run(pointers_to(arguments)); }

std::size_t Program::arena_bytes() const { return state_->runner->arena_bytes(); }
std::size_t Program::kept_bytes() const { return state_->runner->kept_bytes(); }
std::vector<std::pair<const void*, std::size_t>> Program::kept_blocks() const {
  return state_->runner->kept_blocks();
}
std::size_t Program::instruction_count() const { return state_->runner->instruction_count(); }
std::string Program::explain() const { return state_->runner->explain() + state_->notes; }

Profile Program::profile(const std::vector<Array>& arguments, int runs) {
  if (runs < 1) throw Error("[profile] needs at least one run, not " + std::to_string(runs));
  const Using use(state_->running, "Program");
  const auto pointers = pointers_to(arguments);
  check_arguments(state_->runner->arguments(), pointers);
  return needing_memory([&] { return state_->runner->profile(pointers, runs); },
                        [&] { return state_->lacks_memory("there is none for a profile"); });
}

std::string to_string(const Profile& profile) {
  std::vector<Profile::Line> lines = profile.lines;
  std::stable_sort(lines.begin(), lines.end(), [](const Profile::Line& a, const Profile::Line& b) {
    return a.microseconds + a.waiting > b.microseconds + b.waiting;
  });
  char text[64];
  std::string table;
  const auto number = [&](double value) {
    std::snprintf(text, sizeof text, "%10.2f", value);
    table += text;
  };
  table += "  us a run   waiting   calls  what\n";
  for (const auto& line : lines) {
    number(line.microseconds);
    number(line.waiting);
    std::snprintf(text, sizeof text, "%8lld  ", static_cast<long long>(line.calls));
    table += text + line.what;
    if (!line.operands.empty()) table += " of " + line.operands;
    if (!line.scope.empty()) table += " in " + line.scope;
    table += "\n";
  }
  number(profile.microseconds);
  return table + " us in all\n";
}

Program compile(const Tape& tape, const Tensors& outputs, const Device& device,
                const CompileOptions& options) {
  const auto wanted = passes::nodes_of("compile", tape, outputs);
  const auto make = [&] {
    const auto improved = passes::improve(tape, wanted, options);
    // Who looks at every value wants every value to be there.
    auto& backend = (options.check_finite ? Device::reference() : device).backend();
    return Program(backend.make_runner(*improved.tape, improved.outputs, options),
                   limits::to_string(improved.limits));
  };
  return needing_memory(make, [&] {
    return "[compile] there is no memory for the plan of a tape of " + std::to_string(tape.size()) + " nodes";
  });
}

}  // namespace reel
