#include <reel/held_updates.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/variable.h>

namespace reel {

const Operation& update_operation() {
  static const Operation operation{
      "update",
      Kind::update,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const auto& variable = *attributes.get<std::shared_ptr<Variable>>("variable");
        if (x[0] != variable.type())
          throw RecordError("parameter " + variable.name() + " is " + to_string(variable.type()));
        return {ElementType::boolean, Shape{0}};
      },
      Derivative::none(),
      {},
      {}};
  return operation;
}

void update(const std::shared_ptr<Variable>& variable, const Tensor& value) {
  check_usable("update", value);
  if (Recording::in_body())
    throw RecordError("[update] parameter " + variable->name() +
                      " is updated inside an unroll; updates take effect once, after the run");
  const auto& type = variable->type();
  const auto rule = "parameter " + variable->name() + " is " + to_string(type);
  const auto element = value.own_element().value_or(type.element);
  if (element != type.element)
    refuse("update", rule + "; " + elements_differ(element, type.element), {value});
  const bool is_scalar = value.leaf() && value.rank() == 0;
  if (!is_scalar && value.shape() != type.shape) refuse("update", rule, {value});
  auto& tape = destination("update", {value});
  const auto placed = bring_broadcast(tape, value, type.shape, type.element, "update");
  if (auto* held = HeldUpdates::of(tape)) return held->add({variable, placed});
  const auto id = placed.id();
  tape.append(update_operation(), {&id, 1}, {{"variable", variable}});
}

std::vector<HeldUpdates::Entry> HeldUpdates::recorded_by(const std::function<void()>& record, Tape& tape) {
  HeldUpdates held(tape);
  record();
  return std::move(held.entries_);
}

}  // namespace reel
