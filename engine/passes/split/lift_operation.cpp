#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>

namespace reel {

namespace {

/// Attributes that name axes or the whole shape, with a time axis in front.
Attributes shifted(const Attributes& attributes, std::int64_t steps) {
  std::vector<Attributes::Entry> entries(attributes.entries().begin(), attributes.entries().end());
  for (auto& [name, value] : entries) {
    auto* number = std::get_if<std::int64_t>(&value);
    auto* list = std::get_if<std::vector<std::int64_t>>(&value);
    // Axes counted from the last stay where they are.
    if (name.is("axis") && number && *number >= 0) ++*number;
    if (name.is("axes") && list)
      for (auto& axis : *list) axis += axis >= 0;
    if (name.is("shape") && list) list->insert(list->begin(), steps);
  }
  return Attributes(std::move(entries));
}

/// Step by step: an unroll that carries nothing.
Tensor lift_by_unroll(const Lift& lift) {
  Tensors sequences;
  for (std::size_t i = 0; i < lift.operands.size(); ++i)
    if (lift.lifted[i]) sequences.push_back(lift.operands[i]);
  const auto cell = [&](const Tensors& x, const Tensors&) -> FlatStep {
    Tensors operands;
    std::size_t next = 0;
    for (std::size_t i = 0; i < lift.operands.size(); ++i)
      operands.push_back(lift.lifted[i] ? x[next++] : lift.operands[i]);
    return {{record(lift.operation, operands, lift.attributes)}, {}};
  };
  return unroll_flat(lift.steps, sequences, {}, cell).outputs[0];
}

}  // namespace

Tensor repeat_over_time(const Tensor& x, std::int64_t steps) {
  return broadcast_to(x, x.shape().with_axis(0, steps));
}

Tensor time_first(const Tensor& x, int axis) {
  if (axis == 0) return x;
  Axes axes{axis};
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) axes.push_back(i);
  return permute(x, axes);
}

Tensor lift_by_shifting(const Lift& lift) {
  auto operands = lift.operands;
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (!lift.lifted[i]) operands[i] = repeat_over_time(operands[i], lift.steps);
  return record(lift.operation, operands, shifted(lift.attributes, lift.steps));
}

Tensor lift(const Lift& lift) {
  const auto& operation = lift.operation;
  if (!operation.has_value() || operation.kind == Kind::projection)
    throw InternalError("[" + operation.name + "] has no value to lift over time");
  if (std::none_of(lift.lifted.begin(), lift.lifted.end(), [](bool varies) { return varies; }))
    return repeat_over_time(record(operation, lift.operands, lift.attributes), lift.steps);
  if (operation.time) {
    const auto result = operation.time(lift);
    return result.defined() ? result : lift_by_unroll(lift);
  }
  switch (operation.kind) {
    case Kind::map:
    case Kind::index_map:
    case Kind::reduction:
    case Kind::scan:
      return lift_by_shifting(lift);
    default:
      return lift_by_unroll(lift);
  }
}

}  // namespace reel
