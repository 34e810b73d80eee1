#include <reel/body.h>
#include <reel/structural.h>

// The unroll and its projections. Their derivative and how they are run are the engine's, so they have
// neither rule nor kernel.

namespace reel {

namespace {

TensorType no_value(const std::vector<TensorType>&, const Attributes&) {
  return {ElementType::boolean, Shape{0}};
}

TensorType projected(const std::vector<TensorType>&, const Attributes& attributes) {
  return type_from(attributes);
}

}  // namespace

const Operation& unroll_operation() {
  static const Operation operation{"unroll", Kind::unroll, no_value, {}, {}, {}};
  return operation;
}

const Operation& stacked_operation() {
  static const Operation operation{"stacked", Kind::projection, projected, {}, {}, {}};
  return operation;
}

const Operation& summed_operation() {
  static const Operation operation{"summed", Kind::projection, projected, {}, {}, {}};
  return operation;
}

const Operation& final_operation() {
  static const Operation operation{"final", Kind::projection, projected, {}, {}, {}};
  return operation;
}

}  // namespace reel
