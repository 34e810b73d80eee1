#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>
#include <reel/variable.h>

namespace reel {

namespace {

TensorType attribute_type(const std::vector<TensorType>&, const Attributes& attributes) {
  return type_from(attributes);
}

TensorType variable_type(const std::vector<TensorType>&, const Attributes& attributes) {
  return attributes.get<std::shared_ptr<Variable>>("variable")->type();
}

TensorType data_type(const std::vector<TensorType>&, const Attributes& attributes) {
  return attributes.get<std::shared_ptr<const Array>>("data")->type();
}

std::vector<Sample> leaf_samples(Attributes attributes) { return {{{}, std::move(attributes)}}; }

}  // namespace

// The values of these three stand in memory already, so they have no kernel.

const Operation& argument_operation() {
  static const Operation operation{"argument", Kind::leaf, attribute_type, Derivative::none(), {}, {}};
  return operation;
}

const Operation& parameter_operation() {
  static const Operation operation{"parameter", Kind::leaf, variable_type, Derivative::none(), {}, {}};
  return operation;
}

const Operation& constant_operation() {
  static const Operation operation{"constant", Kind::leaf, data_type, Derivative::none(), {}, {}};
  return operation;
}

const Operation& fill_operation() {
  static const Operation operation{
      "fill", Kind::leaf, attribute_type, Derivative::none(), {reference::fill, cuda::fill_kernels()}, [] {
        return leaf_samples(typed({ElementType::float64, {2, 3}}, {{"value", 1.5}}));
      }};
  return operation;
}

const Operation& iota_operation() {
  static const Operation operation{
      "iota", Kind::leaf, attribute_type, Derivative::none(), {reference::iota, cuda::iota_kernels()}, [] {
        return leaf_samples(typed({ElementType::float64, {4}}));
      }};
  return operation;
}

Tensor full(const Shape& shape, double value, std::optional<ElementType> element) {
  return Tensor::literal(value, shape, element);
}
Tensor zeros(const Shape& shape, std::optional<ElementType> element) { return full(shape, 0, element); }
Tensor ones(const Shape& shape, std::optional<ElementType> element) { return full(shape, 1, element); }

Tensor iota(std::int64_t count, ElementType element) {
  Leaf leaf;
  leaf.shape = refusing("iota", {}, [&] { return Shape{count}; });
  leaf.element = element;
  leaf.place = [](Tape& tape, const TensorType& type) {
    return tape.append(iota_operation(), {}, typed(type));
  };
  return Tensor(std::make_shared<const Leaf>(std::move(leaf)));
}

Tensor constant(const Array& data) {
  Leaf leaf;
  leaf.shape = data.shape();
  leaf.element = data.element();
  leaf.place = [shared = std::make_shared<const Array>(data)](Tape& tape, const TensorType&) {
    return tape.append(constant_operation(), {}, {{"data", shared}});
  };
  return Tensor(std::make_shared<const Leaf>(std::move(leaf)));
}

}  // namespace reel
