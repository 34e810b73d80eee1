#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& slice_operation() {
  static const Operation operation{
      "slice",
      Kind::index_map,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
        const auto start = attributes.integer("start"), stop = attributes.integer("stop");
        const auto extent = x[0].shape[axis];
        if (start < 0 || stop < start || stop > extent)
          throw RecordError("positions " + std::to_string(start) + " to " + std::to_string(stop) +
                            " are outside axis " + std::to_string(axis) + " of extent " +
                            std::to_string(extent));
        return {x[0].element, x[0].shape.with_extent(axis, stop - start)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis");
        return {pad(dy, axis, y.attributes().integer("start"),
                    y[0].extent(axis) - y.attributes().integer("stop"))};
      }},
      {reference::slice},
      [] {
        const auto attributes = [](std::int64_t axis, std::int64_t start, std::int64_t stop) {
          return Attributes{{"axis", axis}, {"start", start}, {"stop", stop}};
        };
        return std::vector<Sample>{{{floats({5})}, attributes(0, 1, 4)},
                                   {{floats({2, 5, 3})}, attributes(1, 2, 5)},
                                   {{floats({2, 3})}, attributes(1, 1, 1)},
                                   {{floats({2, 3})}, attributes(0, 0, 2)}};
      }};
  return operation;
}

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop) {
  const std::int64_t normal = checked_axis("slice", x, axis);
  return record(slice_operation(), {x}, {{"axis", normal}, {"start", start}, {"stop", stop}});
}

Tensor index(const Tensor& x, std::int64_t axis, std::int64_t position) {
  const auto normal = checked_axis("index", x, axis);
  const auto start = position < 0 ? position + x.extent(normal) : position;
  return reshape(slice(x, normal, start, start + 1), x.shape().without_axis(normal));
}

}  // namespace reel
