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
        if (x[0] != variable.value.type())
          throw RecordError("parameter " + variable.name + " is " + to_string(variable.value.type()));
        return {ElementType::boolean, Shape{0}};
      },
      Derivative::none(),
      {},
      {}};
  return operation;
}

void update(const std::shared_ptr<Variable>& variable, const Tensor& value) {
  if (Recording::in_body())
    throw RecordError("[update] parameter " + variable->name +
                      " is updated inside an unroll; updates take effect once, after the run");
  const auto own = value.own_element();
  const bool is_scalar = value.leaf() && value.rank() == 0;
  if ((own && *own != variable->value.element()) || (!is_scalar && value.shape() != variable->value.shape()))
    refuse("update", "parameter " + variable->name + " is " + to_string(variable->value.type()), {value});
  auto& tape = destination("update", {value});
  const auto id =
      bring_broadcast(tape, value, variable->value.shape(), variable->value.element(), "update").id();
  tape.append(update_operation(), {&id, 1}, {{"variable", variable}});
}

}  // namespace reel
