#include "plan/planner.h"

#include <algorithm>

// An operation by itself.

namespace reel::plan {

/// How an operation is run: by the device in the layouts that it takes or, where it has no kernel and that is
/// asked for, on the host.
Takes Planner::takes_of(const Operation& operation, const KernelRequest& request) const {
  const auto takes = target_.takes(operation, request);
  if (takes != Takes::nothing) return takes;
  const std::string no_kernel = "[" + operation.name + "] has no kernel for " + target_.name();
  if (!operation.kernels.reference) throw RecordError(no_kernel + ", and no reference kernel");
  if (!options_.on_host.count(operation.name))
    throw RecordError(no_kernel + "; OnHost({\"" + operation.name +
                      "\"}) runs its reference kernel, on copies in the host's memory");
  return Takes::nothing;
}

Planner::Calling Planner::begin_call(const Operation& operation, const Attributes& attributes,
                                     const std::vector<const Place*>& operands, const TensorType& result) {
  Calling calling{{&operation, {{}, Layout::contiguous(result), attributes}, false}, {}, false};
  auto& request = calling.call.request;
  for (const auto* operand : operands) request.operands.push_back(operand->layout);
  const auto takes = takes_of(operation, request);
  calling.call.on_host = takes == Takes::nothing;
  calling.any_layout = takes == Takes::any_layout;
  const bool as_they_lie = calling.any_layout || takes == Takes::any_operands;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    calling.uses.push_back({as_they_lie ? *operands[i] : contiguous(*operands[i]), false});
    if (!as_they_lie) request.operands[i] = calling.uses.back().place.layout;
  }
  return calling;
}

void Planner::end_call(Calling calling, const Place* home, int level, bool cached, Note note) {
  auto& [call, uses, any_layout] = calling;
  const auto& operation = *call.operation;
  Place written;
  if (home) {
    // A kernel never writes where it reads.
    const bool overwrites =
        std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return use.place.same_as(*home); });
    const bool is_taken = any_layout || home->layout.is_contiguous();
    written = is_taken && !overwrites ? *home : new_buffer(home->layout.type, level, cached);
    call.request.result = written.layout;
  }
  const auto number = call.on_host ? std::nullopt : target_.prepared_operand(operation);
  if (number) {
    const auto& operand = uses[*number].place;
    // Worth it where it is used many times: in a loop around, or in every run.
    if ((operand.level < level || operand.cached) && target_.bytes_of_prepared(operation, call.request) > 0) {
      uses[*number].place = prepared(call.request, operation, operand);
      call.request.prepared = true;
    }
  }
  if (home) uses.push_back({written, true});
  add_call(Work::Kind::kernel, std::move(call), std::move(uses), level, std::move(note));
  if (home && !written.same_as(*home)) add_copy(written, *home, level, operation.name);
}

void Planner::plan_kernel(Context& context, NodeId id) {
  const auto& node = context.tape.node(id);
  std::vector<const Place*> operands;
  for (auto input : context.tape.inputs(id)) operands.push_back(&place(context, input));
  auto calling = begin_call(*node.operation, node.attributes, operands, node.type);
  const bool has_value = node.operation->has_value();
  end_call(std::move(calling), has_value ? &put_home_or_buffer(context, id) : nullptr, context.level,
           context.schedule.cached[id], note_of(context.tape, id));
}

/// The form in which an operation takes an operand, made once where the operand was computed.
Place Planner::prepared(const KernelRequest& request, const Operation& operation, const Place& operand) {
  for (const auto& version : blocks_[operand.level]->versions[operand.start()])
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
  add_version({operand, &operation, request.attributes, request.result.strides, form});
  return form;
}

void Planner::add_call(Work::Kind kind, Call call, std::vector<Use> uses, int level, Note note) {
  Work work{kind};
  work.index = static_cast<std::uint32_t>(plan_.calls.size());
  plan_.calls.push_back(std::move(call));
  add_line({work, std::move(note), std::move(uses)}, level);
}

}  // namespace reel::plan
