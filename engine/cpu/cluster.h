#pragma once
#include <array>
#include <memory>

#include <reel/cpu_kernel.h>

namespace reel::cpu {

/// Several maps in one pass over memory. The elements are worked on tile by tile: a tile of every value fits
/// in the fastest cache, and what no one else needs never leaves it.
///
/// Values are numbered: the inputs first, then the result of each step.
class Cluster {
 public:
  /// Of a step.
  static constexpr int most_operands = 3;

  struct Input {
    Layout layout;
    /// An element that all of it equals, where that is known.
    const void* uniform = nullptr;
  };
  struct Step {
    MapLoop loop;
    std::vector<int> operands;
    ElementType result;
  };
  struct Output {
    int value;  // of a step
    Layout layout;
    /// Inputs whose memory it takes over, element by element.
    std::vector<int> overwrites;
  };

  Cluster(const Shape& shape, std::vector<Input> inputs, std::vector<Step> steps,
          std::vector<Output> outputs);

  void run(const void* const* inputs, void* const* outputs, void* scratch, int part, int parts) const;

  /// Of each thread.
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  std::int64_t elements() const { return rows_ * columns_; }
  std::int64_t bytes_moved() const;

 private:
  /// How a tile of an input or output is found in memory. The last axis of the space is its columns.
  struct Access {
    std::vector<std::int64_t> strides;  // of the outer axes, in bytes
    std::int64_t column = 0;            // stride of the last axis, in bytes
    std::int64_t element = 0;           // size
    /// Rows follow one another as in a contiguous array.
    bool packed = false;
    /// All rows are the same: loaded once.
    bool repeated = false;
  };
  /// One thing done for each tile.
  struct Action {
    enum class Kind : std::uint8_t { load, map, store };
    Kind kind;
    bool once = false;  // in the first tile of a run only
    std::uint16_t count = 0;
    std::int32_t access = 0;
    std::int32_t value = 0;
    MapLoop loop = nullptr;
    std::array<std::int32_t, most_operands> operands{};
  };
  struct Tile;

  void find_axes(const Shape& shape, const std::vector<Input>& inputs, const std::vector<Output>& outputs);
  void plan_actions(const std::vector<Input>& inputs, const std::vector<Step>& steps,
                    const std::vector<Output>& outputs);
  std::int64_t offset(const Access& access, std::int64_t row) const;
  template <class Move>
  void for_rows(const Access& access, const Tile& tile, const Move& move) const;
  void load(const Access& access, const std::byte* from, std::byte* to, const Tile& tile) const;
  void store(const Access& access, const std::byte* from, std::byte* to, const Tile& tile) const;

  std::int64_t rows_ = 0, columns_ = 0;
  std::vector<std::int64_t> outer_;  // extents of the outer axes
  std::vector<Access> accesses_;     // of the inputs, then of the outputs
  std::size_t input_count_ = 0;
  std::vector<Action> actions_;
  std::int64_t tile_ = 0;  // elements
  std::size_t value_count_ = 0;
  std::vector<std::int32_t> registers_;  // of each value, or -1
  /// For each value that is an output: which, and whether it may be written in its place at once.
  std::vector<std::int32_t> direct_output_;
  std::size_t register_bytes_ = 0;
  std::vector<std::pair<std::int32_t, std::vector<std::byte>>> uniforms_;  // value, a tile of it
  std::size_t scratch_bytes_ = 0;
};

}  // namespace reel::cpu
