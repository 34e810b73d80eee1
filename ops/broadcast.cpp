#include "cpu/loops.h"
#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

namespace {
CpuKernels repeating_kernels() {
  CpuKernels kernels;
  kernels.repeat = [](ElementType element) { return cpu::loops().repeat(element); };
  return kernels;
}
}  // namespace

const Operation& broadcast_operation() {
  static const Operation operation = [] {
    Operation made{"broadcast",
                   Kind::index_map,
                   [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
                     const Shape from = x[0].shape, to(attributes.integers("shape"));
                     bool fits = from.rank() == to.rank();
                     for (int axis = 0; fits && axis < to.rank(); ++axis)
                       fits = from[axis] == to[axis] || from[axis] == 1;
                     if (!fits)
                       throw RecordError(to_string(from) + " does not broadcast to " + to_string(to));
                     return {x[0].element, to};
                   },
                   {[](const Recorded& y, const Tensor& dy) -> Tensors {
                     const Shape from = y[0].shape();
                     Axes repeated;
                     for (int axis = 0; axis < from.rank(); ++axis)
                       if (from[axis] != dy.extent(axis)) repeated.push_back(axis);
                     return {repeated.empty() ? dy : sum(dy, repeated, true)};
                   }},
                   {reference::broadcast, repeating_kernels()},
                   [] {
                     return std::vector<Sample>{{{floats({1})}, {{"shape", Axes{4}}}},
                                                {{floats({2, 1, 3})}, {{"shape", Axes{2, 4, 3}}}},
                                                {{floats({1, 3})}, {{"shape", Axes{0, 3}}}},
                                                {{floats({1, 1})}, {{"shape", Axes{2, 3}}}}};
                   }};
    made.layout = [](const Layout& x, const TensorType& y, const Attributes&) -> std::optional<MemoryView> {
      MemoryView view{0, std::vector<std::int64_t>(y.shape.rank(), 0)};
      for (int axis = 0; axis < y.shape.rank(); ++axis)
        if (x.type.shape[axis] == y.shape[axis]) view.strides[axis] = x.strides[axis];
      return view;
    };
    return made;
  }();
  return operation;
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  check_usable("broadcast", x);
  if (x.recorded() && x.shape() == shape) return x;
  auto extents = x.shape().extents();
  if (x.rank() < shape.rank()) extents.insert(extents.begin(), shape.rank() - x.rank(), 1);
  const auto ranked = reshape(x, Shape(extents));
  if (ranked.shape() == shape) return ranked;
  return record(broadcast_operation(), {ranked}, {{"shape", shape.extents()}});
}

}  // namespace reel
