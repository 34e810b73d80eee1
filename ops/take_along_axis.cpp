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

void check(const TensorType& indices, const Shape& other, int axis) {
  if (!is_integer(indices.element)) throw RecordError("indices must be int32 or int64");
  if (indices.shape.rank() != other.rank() ||
      indices.shape.with_extent(axis, 0) != other.with_extent(axis, 0))
    throw RecordError("indices must have the other operand's shape but for axis " + std::to_string(axis));
}

Sample::Operand indices(const Shape& shape, std::int64_t extent) {
  return {{ElementType::int64, shape}, 0, static_cast<double>(extent)};
}

/// `called` is what errors call an index; see take_along_axis().
Attributes at_axis(std::int64_t axis, const std::string& called = "") {
  return {{"axis", axis}, {"called", called}};
}
Attributes into(std::int64_t axis, std::int64_t extent, const std::string& called = "") {
  return {{"axis", axis}, {"extent", extent}, {"called", called}};
}

}  // namespace

const Operation& take_along_axis_operation() {
  static const Operation operation{
      "take_along_axis",
      Kind::gather,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
        check(x[1], x[0].shape, axis);
        return {x[0].element, x[1].shape};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis");
        return {record(scatter_add_along_axis_operation(), {y[1], dy},
                       into(axis, y[0].extent(axis), y.attributes().text("called"))),
                {}};
      }},
      {reference::take_along_axis, cuda::take_along_axis_kernels()},
      [] {
        return std::vector<Sample>{{{floats({5}), indices({3}, 5)}, at_axis(0)},
                                   {{floats({2, 4}), indices({2, 6}, 4)}, at_axis(1)},
                                   {{floats({3, 2, 2}), indices({1, 2, 2}, 3)}, at_axis(0)},
                                   {{floats({2, 3}), indices({2, 0}, 3)}, at_axis(1)}};
      },
      lift_by_shifting,
      Algebra::linear_in({{0}})};
  return operation;
}

const Operation& scatter_add_along_axis_operation() {
  static const Operation operation{
      "scatter_add_along_axis",
      Kind::gather,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[1].shape.rank());
        check_summed(x[1]);
        if (x[0].shape != x[1].shape) throw RecordError("indices and values must have one shape");
        check(x[0], x[1].shape, axis);
        return {x[1].element, x[1].shape.with_extent(axis, attributes.integer("extent"))};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {{}, take_along_axis(dy, y[0], y.attributes().integer("axis"), y.attributes().text("called"))};
      }},
      {reference::scatter_add_along_axis, cuda::scatter_add_along_axis_kernels()},
      [] {
        return std::vector<Sample>{{{indices({4}, 3), floats({4})}, into(0, 3)},
                                   {{indices({2, 5}, 3), floats({2, 5})}, into(1, 3)},
                                   {{indices({2, 0}, 3), floats({2, 0})}, into(1, 3)}};
      },
      lift_by_shifting,
      Algebra::linear_in({{1}})};
  return operation;
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::int64_t axis, const std::string& called) {
  return record(take_along_axis_operation(), {x, indices},
                at_axis(checked_axis("take_along_axis", x, axis), called));
}

Tensor scatter_add_along_axis(const Tensor& indices, const Tensor& values, std::int64_t extent,
                              std::int64_t axis) {
  check_usable("scatter_add_along_axis", {indices, values});
  return record(scatter_add_along_axis_operation(),
                {indices, summable("scatter_add_along_axis", {indices, values}, 1)},
                into(checked_axis("scatter_add_along_axis", values, axis), extent));
}

Tensor one_hot(const Tensor& indices, std::int64_t classes, ElementType element) {
  check_usable("one_hot", indices);
  if (!indices.own_element() || !is_integer(*indices.own_element()))
    refuse("one_hot", "indices must be int32 or int64", {indices});
  check_has_room("one_hot", indices);
  refusing("one_hot", {indices}, [&] {
    check_addressable({element, indices.shape().with_axis(indices.rank(), classes)});
  });
  const auto column = reshape(indices, indices.shape().with_axis(indices.rank(), 1));
  return cast(equal(column, iota(classes, indices.element())), element);
}

}  // namespace reel
