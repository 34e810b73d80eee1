#include <reel/ops.h>
#include <reel/record.h>
#include <reel/structural.h>

#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <algorithm>

namespace reel {

namespace {
Attributes attributes(std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  return {{"axis", axis}, {"start", start}, {"stop", stop}, {"step", step}};
}
}  // namespace

const Operation& slice_operation() {
  static const Operation operation = [] {
    Operation made{
        "slice",
        Kind::index_map,
        [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
          const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
          const auto start = attributes.integer("start"), stop = attributes.integer("stop");
          const auto step = attributes.integer("step"), extent = x[0].shape[axis];
          if (start < 0 || stop < start || stop > extent)
            throw RecordError("positions " + std::to_string(start) + " to " + std::to_string(stop) +
                              " are outside axis " + std::to_string(axis) + " of extent " +
                              std::to_string(extent));
          if (step < 1) throw RecordError("the step must be at least 1, not " + std::to_string(step));
          const auto count = start == stop ? 0 : (stop - start - 1) / step + 1;
          return {x[0].element, x[0].shape.with_extent(axis, count)};
        },
        {[](const Recorded& y, const Tensor& dy) -> Tensors {
          const auto axis = y.attributes().integer("axis"), start = y.attributes().integer("start");
          const auto step = y.attributes().integer("step"), count = dy.extent(axis),
                     extent = y[0].extent(axis);
          const auto covered = count == 0 ? 0 : (count - 1) * step + 1;
          return {pad(dy, axis, start, extent - start - covered, step - 1)};
        }},
        {reference::slice},
        [] {
          return std::vector<Sample>{
              {{floats({5})}, attributes(0, 1, 4, 1)},    {{floats({2, 5, 3})}, attributes(1, 2, 5, 1)},
              {{floats({2, 3})}, attributes(1, 1, 1, 1)}, {{floats({2, 3})}, attributes(0, 0, 2, 1)},
              {{floats({7})}, attributes(0, 1, 7, 3)},    {{floats({2, 6})}, attributes(1, 0, 5, 2)}};
        }};
    made.layout = [](const Layout& x, const TensorType& y,
                     const Attributes& attributes) -> std::optional<MemoryView> {
      const auto axis = normal_axis(attributes.integer("axis"), x.type.shape.rank());
      MemoryView view{0, x.strides};
      if (y.shape.size() > 0) view.first = attributes.integer("start") * x.strides[axis];
      view.strides[axis] *= attributes.integer("step");
      return view;
    };
    return made;
  }();
  return operation;
}

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step) {
  const auto normal = checked_axis("slice", x, axis);
  // A longer step finds no other positions than one that leads to the end.
  if (start >= 0 && stop >= start) step = std::min(step, std::max<std::int64_t>(stop - start, 1));
  return record(slice_operation(), {x}, attributes(normal, start, stop, step));
}

Tensor index(const Tensor& x, std::int64_t axis, std::int64_t position) {
  const auto normal = checked_axis("index", x, axis);
  const auto extent = x.extent(normal), start = position < 0 ? position + extent : position;
  if (start < 0 || start >= extent)
    refuse("index",
           "position " + std::to_string(position) + " is outside axis " + std::to_string(normal) +
               " of extent " + std::to_string(extent),
           {x});
  return reshape(slice(x, normal, start, start + 1), x.shape().without_axis(normal));
}

Tensors split(const Tensor& x, std::int64_t parts, std::int64_t axis) {
  const auto normal = checked_axis("split", x, axis);
  const auto extent = x.extent(normal);
  if (parts > Tape::most_nodes)
    refuse("split", std::to_string(parts) + " parts are more than a tape has nodes", {x});
  if (parts < 1 || extent % parts != 0)
    refuse("split",
           "an extent of " + std::to_string(extent) + " has no " + std::to_string(parts) + " equal parts",
           {x});
  const auto slices = [&] {
    Tensors result;
    result.reserve(static_cast<std::size_t>(parts));
    for (std::int64_t i = 0; i < parts; ++i)
      result.push_back(slice(x, normal, extent / parts * i, extent / parts * (i + 1)));
    return result;
  };
  return needing_memory(slices, [&] {
    return "[split] there is no memory for " + std::to_string(parts) + " parts of " + describe(x);
  });
}

Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t axis) {
  const auto normal = checked_axis("roll", x, axis);
  const auto extent = x.extent(normal);
  if (extent == 0) return x;
  const auto start = (extent - shift % extent) % extent;
  return concat({slice(x, normal, start, extent), slice(x, normal, 0, start)}, normal);
}

}  // namespace reel
