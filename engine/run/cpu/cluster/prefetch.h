#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace reel::cpu {

/// Asks for the memory of the next tile, a few lines at a time: while this one is worked on they arrive, but
/// many at once would wait for one another.
class Prefetch {
 public:
  /// `rows` rows of `bytes` bytes, `pitch` bytes apart; what there is no room for is left out.
  void add(const std::byte* from, std::int64_t pitch, std::int64_t rows, std::int64_t bytes) {
    if (count_ == most) return;
    streams_[count_++] = {from, pitch, rows, bytes};
    lines_ += rows * ((bytes + line - 1) / line);
  }
  /// All that were added.
  std::int64_t lines() const { return lines_; }

  /// Asks for the next `lines`.
  void fetch(std::int64_t lines) {
    while (lines > 0 && now_ < count_) {
      auto& stream = streams_[now_];
      const auto count = std::min(lines, (stream.bytes - at_ + line - 1) / line);
      for (std::int64_t i = 0; i < count; ++i) __builtin_prefetch(stream.from + at_ + i * line);
      lines -= count;
      at_ += count * line;
      if (at_ < stream.bytes) continue;
      at_ = 0;
      stream.from += stream.pitch;
      now_ += --stream.rows == 0;
    }
  }

 private:
  static constexpr std::int64_t line = 64;
  static constexpr int most = 24;
  struct Stream {
    const std::byte* from;
    std::int64_t pitch, rows, bytes;
  };
  std::array<Stream, most> streams_;
  int count_ = 0, now_ = 0;
  std::int64_t at_ = 0, lines_ = 0;
};

}  // namespace reel::cpu
