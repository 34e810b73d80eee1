#pragma once
/// @file
/// @ingroup tensors
/// Tensors.
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "array.h"

namespace REEL_PUBLIC reel {

class Tape;
class TapeLink;
class Tensor;
/// The place of a node on its tape, from 0.
using NodeId = std::int32_t;
/// Several tensors, such as operands.
using Tensors = std::vector<Tensor>;

/// @cond
/// A tensor that is not on a tape yet (a literal, a constant, a parameter): it is recorded where it is used.
struct Leaf {
  Shape shape;  ///< Its extents.
  /// Its element type where it has one of its own; otherwise it takes that of what it meets.
  std::optional<ElementType> element;
  /// What errors call it: "parameter cell/weight"; empty for a literal.
  std::string label;
  /// The value of every element, where it is the same: then it is recorded in whatever shape it must
  /// broadcast to.
  std::optional<double> value;
  /// A bool of C++: as the initial state of an unroll it is taken for one.
  bool is_flag = false;
  /// It has one node on the outermost tape and is captured from there (parameters).
  bool outermost = false;
  /// Records it on a tape in this type.
  std::function<NodeId(Tape&, const TensorType&)> place;
};
/// @endcond

/// A handle to a value on a tape, or to a leaf not recorded yet. Small, copied freely; it owns no data, and
/// is valid as long as its tape: whatever is asked of it later is a RecordError that names where it came
/// from. A default-constructed one is absent.
class Tensor {
 public:
  Tensor() = default;
  /// Node `id` of `tape`.
  Tensor(Tape& tape, NodeId id);
  /// What will be recorded where it is used.
  explicit Tensor(std::shared_ptr<const Leaf> leaf) : leaf_(std::move(leaf)) {}
  /// A scalar literal: recorded where it is used, in the element type of what it meets.
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Tensor(T value) : Tensor(literal(exactly(value), {}, std::nullopt, std::is_same_v<T, bool>)) {}

  /// Every element equal to `value`. Without an element type it takes that of what it meets.
  static Tensor literal(double value, const Shape& shape, std::optional<ElementType> element,
                        bool is_flag = false);

  /// False for a default-constructed tensor.
  bool defined() const { return link_ || leaf_; }
  /// Whether it is on a tape, rather than a leaf.
  bool recorded() const { return link_ != nullptr; }
  /// True where its tape is gone.
  bool outlived() const;
  /// "float32[2, 3] made by [softmax] in scope net": of a recorded one, for errors.
  std::string origin() const;
  /// What will be recorded where it is used; null of one that is recorded.
  const std::shared_ptr<const Leaf>& leaf() const { return leaf_; }

  /// Its extents. Throws RecordError where it is absent or has outlived its tape.
  const Shape& shape() const;
  /// How many axes it has.
  int rank() const { return shape().rank(); }
  /// Extent along `axis` (negative: from the last). Throws RecordError where there is no such axis.
  std::int64_t extent(std::int64_t axis) const;
  /// Its element type. Throws RecordError for a literal that has not met anything yet.
  ElementType element() const;
  /// The element type, or none for a literal that takes that of what it meets.
  std::optional<ElementType> own_element() const;
  /// Element type and shape, with the errors of both.
  TensorType type() const { return {element(), shape()}; }

  /// The tape it is recorded on. Throws RecordError for one that is on none, or has outlived it; `operation`
  /// is who asks.
  Tape& tape(const char* operation = "Tensor") const;
  /// The place on its tape. Throws RecordError where it is on none, or has outlived it.
  NodeId id() const;

 private:
  template <class T>
  static double exactly(T value) {
    const auto number = static_cast<double>(value);
    if constexpr (std::is_integral_v<T>)
      // 2^63 does not convert back; nothing from there on is exact.
      if (number >= 0x1p63 || static_cast<T>(number) != value)
        throw RecordError("a literal keeps 53 bits of an integer: " + std::to_string(value) +
                          " needs a constant()");
    return number;
  }

  std::shared_ptr<const TapeLink> link_;
  NodeId id_ = -1;
  std::shared_ptr<const Leaf> leaf_;
};

/// Throws RecordError naming `operation` where an operand is absent or has outlived its recording.
/// @{
void check_usable(const std::string& operation, const Tensor& operand);
void check_usable(const std::string& operation, const Tensors& operands);
/// @}

/// "float32[2, 3] (parameter cell/weight)": type and, where it has one, the name.
std::string describe(const Tensor& tensor);

}  // namespace reel
