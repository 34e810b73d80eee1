#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& reshape_operation() {
  static const Operation operation{
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
  return record(reshape_operation(), {x}, {{"shape", complete}});
}

}  // namespace reel
