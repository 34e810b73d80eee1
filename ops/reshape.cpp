#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

namespace {

/// Strides under which memory has another shape, or none: axes of the old shape that are merged must follow
/// one another in memory.
std::optional<MemoryView> view_of_shape(const Layout& from, const TensorType& type, const Attributes&) {
  const auto &shape = from.type.shape, &to = type.shape;
  MemoryView view{0, std::vector<std::int64_t>(to.rank(), 1)};
  if (to.size() == 0) return view;
  std::vector<std::int64_t> extents, steps;  // of the old axes that are not 1
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (shape[axis] != 1) {
      extents.push_back(shape[axis]);
      steps.push_back(from.strides[axis]);
    }
  int axis = to.rank() - 1;
  for (auto old = extents.size(); old > 0;) {
    // A group of old axes and a group of new ones with the same number of elements.
    auto extent = extents[--old];
    const auto inner = steps[old];
    std::int64_t covered = 1;
    for (;;) {
      while (axis >= 0 && covered < extent) {
        view.strides[axis] = inner * covered;
        covered *= to[axis--];
      }
      if (covered == extent) break;
      if (old == 0 || steps[old - 1] != inner * extent) return std::nullopt;
      extent *= extents[--old];
    }
  }
  return view;
}

}  // namespace

const Operation& reshape_operation() {
  static const Operation operation = [] {
    Operation made{
        "reshape",
        Kind::index_map,
        [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
          const Shape shape(attributes.integers("shape"));
          if (shape.size() != x[0].shape.size())
            throw RecordError(to_string(x[0].shape) + " and " + to_string(shape) +
                              " hold different numbers of elements");
          return {x[0].element, shape};
        },
        {[](const Recorded& y, const Tensor& dy) -> Tensors { return {reshape(dy, y[0].shape())}; }},
        {reference::reshape},
        [] {
          return std::vector<Sample>{{{floats({2, 3})}, {{"shape", Axes{3, 2}}}},
                                     {{floats({})}, {{"shape", Axes{1, 1}}}},
                                     {{floats({0, 2})}, {{"shape", Axes{2, 0}}}}};
        }};
    made.layout = view_of_shape;
    return made;
  }();
  return operation;
}

Tensor reshape(const Tensor& x, const std::vector<std::int64_t>& extents) {
  check_usable("reshape", x);
  std::int64_t known = 1;
  int unknown = -1;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] < -1)
      refuse("reshape", "an extent cannot be negative: " + std::to_string(extents[i]), {x});
    if (extents[i] != -1)
      known = refusing("reshape", {x}, [&] { return checked_product(known, extents[i]); });
    else if (unknown < 0)
      unknown = static_cast<int>(i);
    else
      refuse("reshape", "only one extent can be -1", {x});
  }
  auto complete = extents;
  if (unknown >= 0) {
    if (known == 0 || x.shape().size() % known != 0)
      refuse("reshape", "the extent given as -1 does not work out", {x});
    complete[unknown] = x.shape().size() / known;
  }
  const auto shape = refusing("reshape", {x}, [&] { return Shape(complete); });
  if (x.recorded() && x.shape() == shape) return x;
  return record(reshape_operation(), {x}, {{"shape", std::move(complete)}});
}

}  // namespace reel
