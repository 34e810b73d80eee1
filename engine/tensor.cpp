#include <reel/record.h>
#include <reel/structural.h>
#include <reel/tape.h>

#include <cmath>

namespace reel {

Tensor Tensor::literal(double value, const Shape& shape, std::optional<ElementType> element) {
  Leaf leaf;
  leaf.shape = shape;
  leaf.element = element;
  leaf.value = value;
  leaf.place = [value](Tape& tape, const TensorType& type) { return tape.fill(value, type).id(); };
  return Tensor(std::make_shared<const Leaf>(std::move(leaf)));
}

const Shape& Tensor::shape() const {
  if (leaf_) return leaf_->shape;
  return tape().node(id_).type.shape;
}

std::int64_t Tensor::extent(std::int64_t axis) const { return shape()[checked_axis("extent", *this, axis)]; }

std::optional<ElementType> Tensor::own_element() const {
  if (leaf_) return leaf_->element;
  return tape().node(id_).type.element;
}

ElementType Tensor::element() const {
  if (auto element = own_element()) return *element;
  throw RecordError("a literal has no element type until it meets a tensor");
}

Tape& Tensor::tape() const {
  if (!tape_)
    throw RecordError(leaf_ ? "a literal is on no tape until it is used" : "an absent tensor was used");
  return *tape_;
}

NodeId Tensor::id() const {
  tape();
  return id_;
}

std::string describe(const Tensor& tensor) {
  if (!tensor.defined()) return "absent";
  const auto element = tensor.own_element();
  std::string text = (element ? name_of(*element) : "literal") + to_string(tensor.shape());
  const auto& label = tensor.leaf() ? tensor.leaf()->label : tensor.tape().label(tensor.id());
  return label.empty() ? text : text + " (" + label + ")";
}

}  // namespace reel
