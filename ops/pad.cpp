#include <reel/record.h>
#include <reel/structural.h>

#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

namespace reel {

namespace {

Attributes attributes(std::int64_t axis, std::int64_t before, std::int64_t after, std::int64_t between) {
  return {{"axis", axis}, {"before", before}, {"after", after}, {"between", between}};
}

/// Positions from the first to the last element once zeros stand between them.
std::int64_t spread_extent(std::int64_t extent, std::int64_t between) {
  return extent == 0 ? 0 : checked_sum(extent, checked_product(extent - 1, between));
}

}  // namespace

const Operation& pad_operation() {
  static const Operation operation{
      "pad",
      Kind::index_map,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
        const auto before = attributes.integer("before"), after = attributes.integer("after");
        const auto between = attributes.integer("between");
        if (before < 0 || after < 0 || between < 0) throw RecordError("padding cannot be negative");
        const auto inside = spread_extent(x[0].shape[axis], between);
        return {x[0].element, x[0].shape.with_extent(axis, checked_sum(checked_sum(before, inside), after))};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis"), before = y.attributes().integer("before");
        const auto between = y.attributes().integer("between");
        return {slice(dy, axis, before, before + spread_extent(y[0].extent(axis), between), between + 1)};
      }},
      {reference::pad},
      [] {
        return std::vector<Sample>{{{floats({3})}, attributes(0, 1, 2, 0)},
                                   {{floats({2, 3, 2})}, attributes(1, 0, 2, 0)},
                                   {{floats({2, 0})}, attributes(1, 1, 1, 2)},
                                   {{floats({2, 3})}, attributes(1, 1, 0, 2)}};
      }};
  return operation;
}

Tensor pad(const Tensor& x, std::int64_t axis, std::int64_t before, std::int64_t after,
           std::int64_t between) {
  const auto normal = checked_axis("pad", x, axis);
  // Fewer than two elements have nothing between them, however much is asked for.
  if (x.extent(normal) < 2 && between > 0) between = 0;
  return record(pad_operation(), {x}, attributes(normal, before, after, between));
}

}  // namespace reel
