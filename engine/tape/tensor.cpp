#include <reel/record.h>
#include <reel/structural.h>
#include <reel/tape.h>

#include <cmath>

namespace reel {

Tensor Tensor::literal(double value, const Shape& shape, std::optional<ElementType> element, bool is_flag) {
  Leaf leaf;
  leaf.is_flag = is_flag;
  leaf.shape = shape;
  leaf.element = element;
  leaf.value = value;
  leaf.place = [value](Tape& tape, const TensorType& type) { return tape.fill(value, type).id(); };
  return Tensor(std::make_shared<const Leaf>(std::move(leaf)));
}

Tensor::Tensor(Tape& tape, NodeId id) : link_(tape.link()), id_(id) {}

bool Tensor::outlived() const { return link_ && !link_->tape(); }

std::string Tensor::origin() const { return link_->origin_of(id_); }

namespace {
[[noreturn]] void refuse_outlived(const std::string& operation, const Tensor& tensor) {
  throw RecordError("[" + operation +
                    "] a tensor is used after the recording it belongs to: " + tensor.origin() +
                    ". Return it from the function that made it, or make it inside the one that uses it");
}
}  // namespace

void check_usable(const std::string& operation, const Tensor& operand) {
  if (!operand.defined())
    throw RecordError("[" + operation + "] an operand is absent: a Tensor that was given no value");
  if (operand.outlived()) refuse_outlived(operation, operand);
}

void check_usable(const std::string& operation, const Tensors& operands) {
  for (const auto& operand : operands) check_usable(operation, operand);
}

const Shape& Tensor::shape() const {
  if (leaf_) return leaf_->shape;
  return tape("shape").node(id_).type.shape;
}

std::int64_t Tensor::extent(std::int64_t axis) const {
  const auto normal = checked_axis("extent", *this, axis);
  return shape()[normal];
}

std::optional<ElementType> Tensor::own_element() const {
  if (leaf_) return leaf_->element;
  return tape("element").node(id_).type.element;
}

ElementType Tensor::element() const {
  if (auto element = own_element()) return *element;
  throw RecordError("a literal has no element type until it meets a tensor");
}

Tape& Tensor::tape(const char* operation) const {
  if (!link_)
    throw RecordError("[" + std::string(operation) + "] " +
                      (leaf_ ? "a literal is on no tape until it is used" : "an absent tensor was used"));
  Tape* tape = link_->tape();
  if (!tape) refuse_outlived(operation, *this);
  return *tape;
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
