#include <reel/lift.h>
#include <reel/ops.h>
#include <reel/record.h>

#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "summed.h"
#include "table.h"

namespace reel {

namespace {

void check_indices(const TensorType& indices) {
  if (!is_integer(indices.element)) throw RecordError("indices must be int32 or int64");
}

Sample::Operand indices(const Shape& shape, std::int64_t extent) {
  return {{ElementType::int64, shape}, 0, static_cast<double>(extent)};
}

Attributes at_axis(std::int64_t axis) { return {{"axis", axis}}; }
Attributes into(std::int64_t axis, std::int64_t extent) { return {{"axis", axis}, {"extent", extent}}; }

/// `shape` with the axes of `middle` in place of `count` of its own from `axis` on.
Shape replaced(const Shape& shape, int axis, int count, const Shape& middle) {
  std::vector<std::int64_t> extents(shape.begin(), shape.begin() + axis);
  extents.insert(extents.end(), middle.begin(), middle.end());
  extents.insert(extents.end(), shape.begin() + axis + count, shape.end());
  return Shape(extents);
}

/// Where both vary no gather serves all steps: the rows of one step must not be reached from another.
Tensor lift_gather(const Lift& lift) {
  const auto axis = lift.attributes.integer("axis");
  if (lift.lifted[0] && lift.lifted[1]) return {};
  if (lift.lifted[0]) return gather(lift.operands[0], lift.operands[1], axis + 1);
  return time_first(gather(lift.operands[0], lift.operands[1], axis), static_cast<int>(axis));
}

Tensor lift_scatter_add(const Lift& lift) {
  if (lift.lifted[0]) return {};
  return scatter_add(lift.operands[0], lift.operands[1], lift.attributes.integer("extent"),
                     lift.attributes.integer("axis") + 1);
}

/// Over all steps and added up: one scatter of all their values.
Tensor sum_scatter_add(const Lift& lift) {
  if (!lift.lifted[0] || !lift.lifted[1]) return {};
  const auto axis = lift.attributes.integer("axis");
  Axes axes;
  for (int i = 1; i < lift.operands[1].rank(); ++i) axes.push_back(i);
  axes.insert(axes.begin() + axis, 0);
  return scatter_add(lift.operands[0], permute(lift.operands[1], axes), lift.attributes.integer("extent"),
                     axis);
}

}  // namespace

const Operation& gather_operation() {
  static const Operation operation{
      "gather",
      Kind::gather,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        check_indices(x[1]);
        const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
        return {x[0].element, replaced(x[0].shape, axis, 1, x[1].shape)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis");
        return {scatter_add(y[1], dy, y[0].extent(axis), axis), {}};
      }},
      {reference::gather, cuda::gather_kernels()},
      [] {
        return std::vector<Sample>{{{floats({5, 3}), indices({4}, 5)}, at_axis(0)},
                                   {{floats({5}), indices({2, 3}, 5)}, at_axis(0)},
                                   {{floats({3, 2, 2}), indices({}, 3)}, at_axis(0)},
                                   {{floats({3, 2}), indices({0}, 3)}, at_axis(0)},
                                   {{floats({2, 4, 3}), indices({5}, 4)}, at_axis(1)},
                                   {{floats({2, 3}), indices({2, 2}, 3)}, at_axis(1)}};
      },
      lift_gather,
      Algebra::linear_in({{0}})};
  return operation;
}

const Operation& scatter_add_operation() {
  static const Operation operation{
      "scatter_add",
      Kind::gather,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const auto &chosen = x[0].shape, &values = x[1].shape;
        check_indices(x[0]);
        check_summed(x[1]);
        const auto given = attributes.integer("axis");
        const int axis = given >= 0 && given <= values.rank() - chosen.rank() ? static_cast<int>(given) : -1;
        bool fits = axis >= 0;
        for (int i = 0; fits && i < chosen.rank(); ++i) fits = values[axis + i] == chosen[i];
        if (!fits)
          throw RecordError("values must have the axes of the indices from axis " + std::to_string(given) +
                            " on");
        return {x[1].element, replaced(values, axis, chosen.rank(), Shape{attributes.integer("extent")})};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {{}, gather(dy, y[0], y.attributes().integer("axis"))};
      }},
      {reference::scatter_add, cuda::scatter_add_kernels()},
      [] {
        return std::vector<Sample>{{{indices({6}, 4), floats({6, 2})}, into(0, 4)},
                                   {{indices({2, 3}, 4), floats({2, 3})}, into(0, 4)},
                                   {{indices({}, 4), floats({3})}, into(0, 4)},
                                   {{indices({0}, 4), floats({0, 3})}, into(0, 4)},
                                   {{indices({3}, 4), floats({2, 3, 2})}, into(1, 4)}};
      },
      lift_scatter_add,
      Algebra::linear_in({{1}}),
      sum_scatter_add};
  return operation;
}

Tensor gather(const Tensor& x, const Tensor& indices, std::int64_t axis) {
  return record(gather_operation(), {x, indices}, at_axis(checked_axis("gather", x, axis)));
}

Tensor scatter_add(const Tensor& indices, const Tensor& values, std::int64_t extent, std::int64_t axis) {
  check_usable("scatter_add", {indices, values});
  const int rank = values.rank() - indices.rank() + 1;
  return record(scatter_add_operation(), {indices, summable("scatter_add", {indices, values}, 1)},
                into(axis < 0 ? axis + rank : axis, extent));
}

}  // namespace reel
