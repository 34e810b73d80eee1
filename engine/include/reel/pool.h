#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace reel {

/// Elements that stay where they are while more come, in pieces each twice as long as the one before. The
/// first one has 2^log_of_first elements.
template <class T, int log_of_first>
class Pool {
 public:
  Pool() = default;
  Pool(const Pool& other) {
    for (std::size_t i = 0; i < other.size_; ++i) push_back(other[i]);
  }
  Pool(Pool&& other) noexcept : pieces_(std::move(other.pieces_)), size_(std::exchange(other.size_, 0)) {}
  Pool& operator=(Pool other) noexcept {
    pieces_.swap(other.pieces_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::size_t size() const { return size_; }
  const T& operator[](std::size_t i) const { return pieces_[piece_of(i)][place_of(i)]; }
  T& operator[](std::size_t i) { return pieces_[piece_of(i)][place_of(i)]; }

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

/// Values by numbers, each value but once. Number 0 is the one that a value has by itself.
template <class T, class Hash>
class Numbered {
 public:
  const T& operator[](std::uint32_t number) const {
    static const T none{};
    return number == 0 ? none : values_[number - 1];
  }

  /// The number of that value, which is added where it has none.
  std::uint32_t number_of(const T& value) {
    if (value == (*this)[0]) return 0;
    if (2 * (values_.size() + 1) > slots_.size()) grow();
    const auto hash = static_cast<std::uint32_t>(Hash()(value));
    auto place = hash & (slots_.size() - 1);
    for (; slots_[place].number != 0; place = (place + 1) & (slots_.size() - 1))
      if (slots_[place].hash == hash && (*this)[slots_[place].number] == value) return slots_[place].number;
    values_.push_back(value);
    slots_[place] = {hash, static_cast<std::uint32_t>(values_.size())};
    return slots_[place].number;
  }

 private:
  /// Of an open hash table: a power of two of slots, at most half of them taken.
  struct Slot {
    std::uint32_t hash = 0, number = 0;
  };
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 8 : 2 * slots_.size());
    old.swap(slots_);
    for (const auto& slot : old) {
      if (slot.number == 0) continue;
      auto place = slot.hash & (slots_.size() - 1);
      while (slots_[place].number != 0) place = (place + 1) & (slots_.size() - 1);
      slots_[place] = slot;
    }
  }

  Pool<T, 1> values_;
  std::vector<Slot> slots_;
};

}  // namespace reel
