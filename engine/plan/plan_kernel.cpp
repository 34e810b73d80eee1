#include "plan/planner.h"

// An operation by itself.

namespace reel::plan {

namespace {

/// How the operation is run, on the device or, where it has no kernel and that is asked for, on the host.
Takes takes_of(const Operation& operation, const Target& target, const CompileOptions& options) {
  const auto takes = target.takes(operation);
  if (takes != Takes::nothing) return takes;
  const std::string no_kernel = "[" + operation.name + "] has no kernel for " + target.name();
  if (!operation.kernels.reference) throw RecordError(no_kernel + ", and no reference kernel");
  if (!options.on_host.count(operation.name))
    throw RecordError(no_kernel + "; OnHost({\"" + operation.name +
                      "\"}) runs its reference kernel, on copies in the host's memory");
  return Takes::nothing;
}

}  // namespace

void Planner::plan_kernel(Context& context, NodeId id) {
  const auto& node = context.tape.node(id);
  const auto& operation = *node.operation;
  const auto takes = takes_of(operation, target_, options_);
  const bool any_layout = takes == Takes::any_layout;
  std::vector<Use> uses;
  Call call{&operation, {{}, {}, node.attributes}, takes == Takes::nothing};
  for (auto input : context.tape.inputs(id)) {
    const auto& operand = place(context, input);
    uses.push_back({any_layout ? operand : contiguous(operand), false});
    call.request.operands.push_back(uses.back().place.layout);
  }
  Place home, written;
  if (operation.has_value()) {
    home = written = home_or_buffer(context, id);
    context.places[id] = home;
    if (!any_layout && !home.layout.is_contiguous())
      written = new_buffer(node.type, context.level, context.schedule.cached[id]);
    call.request.result = written.layout;
  }
  if (const auto number = target_.prepared_operand(operation)) {
    const auto& operand = uses[*number].place;
    // Worth it where it is used many times: in a loop around, or in every run.
    if ((operand.level < context.level || operand.cached) &&
        target_.bytes_of_prepared(operation, call.request) > 0) {
      uses[*number].place = prepared(call.request, operation, operand);
      call.request.prepared = true;
    }
  }
  if (operation.has_value()) uses.push_back({written, true});
  add_call(Work::Kind::kernel, std::move(call), std::move(uses), context.level, note_of(context.tape, id));
  if (operation.has_value() && !written.same_as(home)) add_copy(written, home, context.level, operation.name);
}

/// The form in which an operation takes an operand, made once where the operand was computed.
Place Planner::prepared(const KernelRequest& request, const Operation& operation, const Place& operand) {
  auto& versions = blocks_[operand.level]->versions;
  for (const auto& version : versions)
    if (version.operation == &operation && version.of.same_as(operand) &&
        version.attributes == request.attributes && version.result == request.result.strides)
      return version.place;
  // Bytes, whatever they mean.
  const auto form = new_buffer({ElementType::boolean, {target_.bytes_of_prepared(operation, request)}},
                               operand.level, operand.cached && operand.level == 0);
  Note note;
  note.what = "prepare " + operation.name;
  note.operands = to_string(operand.layout.type);
  add_call(Work::Kind::prepare, {&operation, request}, {{operand, false}, {form, true}}, operand.level,
           std::move(note));
  versions.push_back({operand, &operation, request.attributes, request.result.strides, form});
  return form;
}

void Planner::add_call(Work::Kind kind, Call call, std::vector<Use> uses, int level, Note note) {
  Work work{kind};
  work.index = static_cast<std::uint32_t>(plan_.calls.size());
  plan_.calls.push_back(std::move(call));
  add_line({work, std::move(note), std::move(uses)}, level);
}

}  // namespace reel::plan
