#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

namespace {

Attributes attributes(std::int64_t axis, bool reverse) {
  return {{"axis", axis}, {"reverse", static_cast<std::int64_t>(reverse)}};
}

}  // namespace

const Operation& shift_operation() {
  static const Operation operation{
      "shift",
      Kind::index_map,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[1].shape.rank());
        if (x[0].element != x[1].element) throw RecordError(elements_differ(x[0].element, x[1].element));
        if (x[0].shape != x[1].shape.without_axis(axis))
          throw RecordError("the first must have the shape of one position along axis " +
                            std::to_string(axis));
        return x[1];
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis"), extent = dy.extent(axis);
        const bool reverse = y.attributes().integer("reverse");
        // A sum, as there may be no position at all.
        const auto count = std::min<std::int64_t>(extent, 1), start = reverse ? extent - count : 0;
        return {sum(slice(dy, axis, start, start + count), {axis}),
                shift(zeros(y[0].shape(), dy.element()), dy, axis, !reverse)};
      }},
      {reference::shift},
      [] {
        return std::vector<Sample>{{{floats({}), floats({4})}, attributes(0, false)},
                                   {{floats({2, 2}), floats({2, 3, 2})}, attributes(1, true)},
                                   {{floats({2}), floats({1, 2})}, attributes(0, true)},
                                   {{floats({2}), floats({0, 2})}, attributes(0, false)}};
      }};
  return operation;
}

Tensor shift(const Tensor& first, const Tensor& sequence, std::int64_t axis, bool reverse) {
  return record(shift_operation(), widened("shift", {first, sequence}),
                attributes(checked_axis("shift", sequence, axis), reverse));
}

}  // namespace reel
