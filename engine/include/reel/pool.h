#pragma once
/// @cond
/// @file
/// Elements that do not move.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// Elements that stay where they are while more come, in pieces each twice as long as the one before. The
/// first one has 2^log_of_first elements.
template <class T, int log_of_first>
class Pool {
 public:
  Pool() = default;
  /// A copy has elements of its own; what was moved from has none.
  /// @{
  Pool(const Pool& other) {
    for (std::size_t i = 0; i < other.size_; ++i) push_back(other[i]);
  }
  Pool(Pool&& other) noexcept : pieces_(std::move(other.pieces_)), size_(std::exchange(other.size_, 0)) {}
  Pool& operator=(Pool other) noexcept {
    pieces_.swap(other.pieces_);
    std::swap(size_, other.size_);
    return *this;
  }
  /// @}

  /// How many there are.
  std::size_t size() const { return size_; }
  /// Element i, from 0. A reference stays valid while more elements come.
  /// @{
  const T& operator[](std::size_t i) const { return pieces_[piece_of(i)][place_of(i)]; }
  T& operator[](std::size_t i) { return pieces_[piece_of(i)][place_of(i)]; }
  /// @}

  /// Puts one behind the others.
  void push_back(T element) {
    const auto piece = piece_of(size_);
    if (piece == pieces_.size()) {
      std::vector<T> next;
      next.reserve(shortest << piece);
      pieces_.push_back(std::move(next));
    }
    pieces_[piece].push_back(std::move(element));
    ++size_;
  }

 private:
  static constexpr std::size_t shortest = std::size_t{1} << log_of_first;
  /// Piece p begins with element shortest (2^p - 1).
  static std::size_t piece_of(std::size_t i) {
    const int places = 63 - __builtin_clzll(static_cast<std::uint64_t>(i + shortest));
    return static_cast<std::size_t>(places - log_of_first);
  }
  static std::size_t place_of(std::size_t i) { return i + shortest - (shortest << piece_of(i)); }

  std::vector<std::vector<T>> pieces_;
  std::size_t size_ = 0;
};

}  // namespace reel
/// @endcond
