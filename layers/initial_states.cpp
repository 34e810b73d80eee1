#include <reel/initial_states.h>
#include <reel/ops.h>

namespace reel::structure {

namespace {

/// The value that every element of `first` has.
double value_of(const std::string& what, const Tensor& first) {
  if (!first.leaf() || !first.leaf()->value)
    throw Error("[" + what + "] begins with literals, such as cell.initial_state(1), not with " +
                (first.defined() ? describe(first) : "an absent tensor"));
  return *first.leaf()->value;
}

bool is_learned(const Tensor& first) {
  return is_floating(first.own_element().value_or(ElementType::float32));
}

/// `shape` [1, ...] for `batch` sequences; [] belongs to all of them.
Shape for_batch(const Shape& shape, std::int64_t batch) {
  return shape.rank() == 0 ? shape : shape.without_axis(0).with_axis(0, batch);
}

}  // namespace

std::string state_part_name(const std::string& path) { return path.empty() ? "state" : path; }

Parameter learned_part(const Scope& scope, const std::string& name, const Tensor& first) {
  const auto value = value_of("LearnedState", first);
  const auto& shape = first.shape();
  if (shape.rank() > 0 && shape[0] != 1)
    throw Error("[LearnedState] " + name + " is the state of one sequence, [1, ...], not " +
                to_string(shape));
  if (!is_learned(first)) return {};
  const auto all_values = [value](const TensorType& type, Random&) { return Array(type, value); };
  return scope.parameter(name, shape.rank() == 0 ? shape : shape.without_axis(0), all_values);
}

Tensor learned_value(const Parameter& parameter, const Tensor& first, std::int64_t batch) {
  const auto shape = for_batch(first.shape(), batch);
  if (parameter.variable()) return broadcast_to(parameter, shape);
  return full(shape, *first.leaf()->value, first.own_element());
}

Array learned_host_value(const Parameter& parameter, const Tensor& first, std::int64_t batch,
                         ElementType element) {
  const auto shape = for_batch(first.shape(), batch);
  if (!parameter.variable())
    return Array({first.own_element().value_or(element), shape}, *first.leaf()->value);
  const auto& row = parameter.value();
  Array all({row.element(), shape});
  for (std::size_t at = 0; at < all.bytes(); at += row.bytes())
    std::memcpy(static_cast<std::byte*>(all.raw()) + at, row.raw(), row.bytes());
  return all;
}

Parameter carried_part(const Scope& scope, const std::string& name, const Tensor& first) {
  const auto value = value_of("CarriedState", first);
  return scope.state(name, TensorType{first.own_element().value_or(scope.model().element()), first.shape()},
                     value);
}

void start_again(const Parameter& part, const Tensor& first) {
  part.assign(Array(part.variable()->type(), *first.leaf()->value));
}

}  // namespace reel::structure
