#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/ops.h>
#include <reel/record.h>

namespace reel {

namespace {

void check_indices(const TensorType& indices) {
  if (!is_integer(indices.element)) throw RecordError("indices must be int32 or int64");
}

Sample::Operand indices(const Shape& shape, std::int64_t rows) {
  return {{ElementType::int64, shape}, 0, static_cast<double>(rows)};
}

}  // namespace

const Operation& gather_operation() {
  static const Operation operation{"gather",
                                   Kind::gather,
                                   [](const std::vector<TensorType>& x, const Attributes&) -> TensorType {
                                     const auto &table = x[0].shape, &chosen = x[1].shape;
                                     if (table.rank() == 0)
                                       throw RecordError("a table needs an axis of rows");
                                     check_indices(x[1]);
                                     auto extents = chosen.extents();
                                     extents.insert(extents.end(), table.begin() + 1, table.end());
                                     return {x[0].element, Shape(extents)};
                                   },
                                   {[](const Recorded& y, const Tensor& dy) -> Tensors {
                                     return {scatter_add(y[1], dy, y[0].extent(0)), {}};
                                   }},
                                   {reference::gather},
                                   [] {
                                     return std::vector<Sample>{{{floats({5, 3}), indices({4}, 5)}, {}},
                                                                {{floats({5}), indices({2, 3}, 5)}, {}},
                                                                {{floats({3, 2, 2}), indices({}, 3)}, {}},
                                                                {{floats({3, 2}), indices({0}, 3)}, {}}};
                                   }};
  return operation;
}

const Operation& scatter_add_operation() {
  static const Operation operation{
      "scatter_add",
      Kind::gather,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const auto &chosen = x[0].shape, &values = x[1].shape;
        check_indices(x[0]);
        if (x[1].element == ElementType::boolean) throw RecordError("values must be numbers, not bool");
        bool fits = values.rank() >= chosen.rank();
        for (int axis = 0; fits && axis < chosen.rank(); ++axis) fits = values[axis] == chosen[axis];
        if (!fits) throw RecordError("values must begin with the axes of the indices");
        std::vector<std::int64_t> extents{attributes.integer("rows")};
        extents.insert(extents.end(), values.begin() + chosen.rank(), values.end());
        return {x[1].element, Shape(extents)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {{}, gather(dy, y[0])};
      }},
      {reference::scatter_add},
      [] {
        const Attributes rows{{"rows", std::int64_t{4}}};
        return std::vector<Sample>{{{indices({6}, 4), floats({6, 2})}, rows},
                                   {{indices({2, 3}, 4), floats({2, 3})}, rows},
                                   {{indices({}, 4), floats({3})}, rows},
                                   {{indices({0}, 4), floats({0, 3})}, rows}};
      }};
  return operation;
}

Tensor gather(const Tensor& table, const Tensor& indices) {
  return record(gather_operation(), {table, indices});
}

Tensor scatter_add(const Tensor& indices, const Tensor& values, std::int64_t rows) {
  return record(scatter_add_operation(), {indices, values}, {{"rows", rows}});
}

}  // namespace reel
