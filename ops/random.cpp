#include <reel/lift.h>
#include <reel/ops.h>
#include <reel/record.h>

#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

namespace reel {

namespace {

constexpr auto int64 = ElementType::int64;

/// Operands: the number of the run, then the positions in the unrolls around, outermost first; those may be
/// arrays of positions, for all of which values are drawn. Bits are a function of seed, key, run and
/// positions.
TensorType uniform_type(const std::vector<TensorType>& operands, const Attributes& attributes) {
  Shape positions;
  for (const auto& operand : operands) {
    if (operand.element != int64) throw RecordError("run and positions must be int64");
    if (&operand != &operands[0]) positions = broadcast_shape(positions, operand.shape);
  }
  if (operands.empty() || operands[0].shape.rank() != 0) throw RecordError("the run must be a scalar");
  const auto each = type_from(attributes);
  if (!is_floating(each.element)) throw RecordError("random values are floating");
  auto extents = positions.extents();
  extents.insert(extents.end(), each.shape.begin(), each.shape.end());
  return {each.element, Shape(extents)};
}

/// Positions of all steps at once. Those that vary get axes of extent 1, to stand before what does not.
Tensor lift_uniform(const Lift& lift) {
  if (lift.lifted[0]) return {};
  auto operands = lift.operands;
  int rank = 0;
  for (std::size_t i = 1; i < operands.size(); ++i)
    rank = std::max(rank, operands[i].rank() - lift.lifted[i]);
  for (std::size_t i = 1; i < operands.size(); ++i) {
    auto extents = operands[i].shape().extents();
    if (lift.lifted[i]) extents.insert(extents.begin() + 1, rank + 1 - operands[i].rank(), 1);
    operands[i] = reshape(operands[i], extents);
  }
  return record(lift.operation, operands, lift.attributes);
}

Sample::Operand number(double below) { return {{int64, {}}, 0, below}; }

Attributes drawn(std::uint64_t seed, std::uint64_t key, const TensorType& type) {
  return typed(type, {{"seed", static_cast<std::int64_t>(seed)}, {"key", static_cast<std::int64_t>(key)}});
}

}  // namespace

const Operation& uniform_operation() {
  static const Operation operation{
      "uniform",
      Kind::random,
      uniform_type,
      Derivative::none(),
      {reference::uniform, cuda::uniform_kernels()},
      [] {
        const TensorType type{ElementType::float64, {2, 3}};
        return std::vector<Sample>{
            {{number(100)}, drawn(1, 2, type)},
            {{number(100), number(10)}, drawn(1, 2, type)},
            {{number(100), number(10), number(5)}, drawn(3, 2, {ElementType::float64, {}})},
            {{number(100), {{int64, {4}}, 0, 9}}, drawn(3, 2, {ElementType::float64, {0}})}};
      },
      lift_uniform};
  return operation;
}

Tensor uniform(const Shape& shape, const Tensor& low, const Tensor& high,
               std::optional<ElementType> element) {
  auto* outermost = Recording::outermost();
  if (!outermost)
    throw RecordError(
        "[uniform] random values are drawn where something is being recorded: in a Function, or with a "
        "Recording of the tape");
  const TensorType type{element.value_or(outermost->floating()), shape};
  Tensors operands{outermost->run_number()};
  for (const auto& position : Recording::positions()) operands.push_back(position);
  const auto unit =
      record(uniform_operation(), operands, drawn(outermost->seed(), Recording::next_key(), type));
  const auto is_literal = [](const Tensor& x, double value) { return x.leaf() && x.leaf()->value == value; };
  if (is_literal(low, 0) && is_literal(high, 1)) return unit;
  const auto least = bring(unit.tape(), low, "uniform", type.element);
  return least + (bring(unit.tape(), high, "uniform", type.element) - least) * unit;
}

Tensor bernoulli(const Shape& shape, const Tensor& probability) {
  return uniform(shape, 0, 1, probability.own_element()) < probability;
}

Tensor normal(const Shape& shape, const Tensor& mean, const Tensor& deviation,
              std::optional<ElementType> element) {
  // Box and Muller; 1 - u, since u can be 0.
  constexpr double two_pi = 6.283185307179586;
  const auto radius = sqrt(-2 * log(1 - uniform(shape, 0, 1, element)));
  return mean + deviation * (radius * cos(two_pi * uniform(shape, 0, 1, element)));
}

}  // namespace reel
