#pragma once
#include <array>
#include <memory>
#include <new>

#include <reel/operation.h>

namespace reel::reference {

/// Memory for the elements of a value, which are not set.
class Elements {
 public:
  /// Throws std::bad_alloc.
  explicit Elements(std::size_t bytes) {
    if (bytes <= few_.size()) return;
    // AddressSanitizer ends the program where the `new` that throws finds none.
    many_.reset(new (std::nothrow) std::byte[bytes]);
    if (!many_) throw std::bad_alloc();
  }
  Elements(const Elements&) = delete;
  std::byte* get() { return many_ ? many_.get() : few_.data(); }

 private:
  alignas(8) std::array<std::byte, 128> few_;
  std::unique_ptr<std::byte[]> many_;
};

/// A value that is being made; with `causes`, as much memory again beside it.
struct Block {
  TensorType type;
  Elements elements;
  std::unique_ptr<Elements> causes;

  explicit Block(const TensorType& type) : type(type), elements(type.bytes()) {}
  View view() { return {elements.get(), &type}; }
};

/// A value while a tape is run: elements in row-major order that never change, its own or a slice of
/// another's.
struct Value {
  const TensorType* type = nullptr;
  const std::byte* elements = nullptr;
  /// An element of the same type beside each, which says why that one is not finite; null where nobody asks.
  const std::byte* causes = nullptr;
  std::shared_ptr<const void> owner;

  Value() = default;
  explicit Value(const std::shared_ptr<Block>& block)
      : type(&block->type),
        elements(block->elements.get()),
        causes(block->causes ? block->causes->get() : nullptr),
        owner(block) {}

  bool known() const { return type != nullptr; }
  ConstView view() const { return {elements, type}; }
  ConstView view_of_causes() const { return {causes, type}; }

  /// Slice `position` along the first axis, which has the type `slice`.
  Value at(std::int64_t position, const TensorType& slice) const {
    const auto bytes = position * static_cast<std::int64_t>(slice.bytes());
    auto value = *this;
    value.type = &slice;
    value.elements += bytes;
    if (causes) value.causes += bytes;
    return value;
  }
};

}  // namespace reel::reference
