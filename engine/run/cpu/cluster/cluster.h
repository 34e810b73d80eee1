#pragma once
#include <array>
#include <memory>

#include <reel/cpu_kernel.h>
#include <reel/joint_axes.h>

#include "run/cpu/cluster/column_totals.h"
#include "run/cpu/cluster/uniform_tiles.h"
#include "run/cpu/compiled/compiled_passes.h"
#include "search_limits.h"

namespace reel::cpu {

/// Several maps, and reductions of rows among them, in one pass over memory. The elements are worked on tile
/// by tile: a tile of every value fits in the fastest cache, and what no one else needs never leaves it. Maps
/// whose instructions are known are compiled together into pieces, whose values never leave the registers but
/// where others need them.
///
/// Values are numbered: the inputs first, then the result of each step. Each has an element for every element
/// of a shape, the space, or one for every row along its last axis; the layout of the latter has extent 1
/// there. With row values tiles are whole rows. Column totals are for their output alone: of each block of
/// rows by itself, the blocks one after the other.
class Cluster {
 public:
  struct Input {
    Layout layout;
    /// An element that all of it equals, where that is known.
    const void* uniform = nullptr;
    /// Hardly in the cache: another part of memory at each step, or too much for it.
    bool is_cold = false;

    bool operator==(const Input& o) const {
      return layout == o.layout && uniform == o.uniform && is_cold == o.is_cold;
    }
  };
  struct Member {
    std::vector<int> operands;
    ElementType result;
    /// A map of values of one kind, a reduction that makes a row value of a whole one, or column totals of
    /// one; where it is none of these, a row value repeated along its rows.
    MapLoop map = nullptr;
    RowLoop rows = nullptr;
    std::shared_ptr<const ColumnLoops> columns = nullptr;
    /// What a map does, where it is to be compiled.
    VectorCode code = {};

    bool is_repeat() const { return !map && !rows && !columns; }
  };
  struct Output {
    int value;  // of a step
    Layout layout;
    /// Inputs whose memory it takes over, element by element: tile by tile, what is read of one before it is
    /// written.
    std::vector<int> overwrites;
    bool is_cold = false;

    bool operator==(const Output& o) const {
      return value == o.value && layout == o.layout && overwrites == o.overwrites && is_cold == o.is_cold;
    }
  };

  Cluster(const Shape& shape, const std::vector<Input>& inputs, const std::vector<Member>& steps,
          const std::vector<Output>& outputs, UniformTiles& uniforms, CompiledPasses& passes);

  /// `outputs`: those given, then the column totals [blocks, columns] of each such step.
  void run(const void* const* inputs, void* const* outputs, void* scratch, int part, int parts) const;

  /// Bytes that each thread needs in `scratch`.
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  std::int64_t elements() const { return rows_ * columns_; }
  /// Into how many parts the work can be divided.
  std::int64_t most_parts() const;
  double bytes_moved() const;
  /// How its steps are done: "compiled", "compiled, 2 by loops"; nothing where all are by loops.
  std::string how() const;
  /// What a part touches of an input, an output or the column totals, in the order in which run() gets them.
  Reach reach(std::size_t operand, int part, int parts) const;

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
    bool per_row = false;
    RepeatLoop repeat = nullptr;  // of a column of which each element stands for its row
  };
  /// Maps that are compiled into one pass.
  struct Piece {
    /// Memory of an operand or a result: that of an input or output of the cluster, or the tile of a value.
    struct Place {
      enum class Kind : std::uint8_t { input, output, tile };
      Kind kind;
      bool per_row = false;      // an element for each row
      std::int32_t number = 0;   // of the input, output or value
      std::int64_t element = 0;  // size
      /// Bytes from row to row and from column to column, of an input or output.
      std::int64_t pitch = 0, column = 0;

      static Place of(Kind kind, std::int32_t number, const Access& access) {
        const auto pitch = access.strides.empty() ? 0 : access.strides[0];
        return {kind, access.column == 0, number, access.element, pitch, access.column};
      }
    };
    std::shared_ptr<const CompiledPass> pass;
    std::vector<Place> places;  // of the operands, then of the results
    std::size_t operand_count = 0;
  };
  /// One thing done for each tile.
  struct Action {
    enum class Kind : std::uint8_t { load, map, reduce, repeat, total, store, compiled };
    Kind kind;
    bool once = false;     // in the first tile of a run only
    bool per_row = false;  // a map of row values
    std::uint8_t count = 0;
    std::int32_t access = 0;
    std::int32_t value = 0;
    std::int32_t element = 0;  // size, of what is repeated
    std::int32_t piece = 0;    // among the pieces
    MapLoop map = nullptr;
    RowLoop rows = nullptr;
    RepeatLoop repeat = nullptr;
    std::array<std::int32_t, limits::most_map_operands> operands{};
  };
  /// Some rows of some columns.
  struct Tile {
    std::int64_t row, rows, column, columns;
  };
  class Pieces;
  class Tiling;
  class Walk;

  void find_row_values(const Shape& shape, const std::vector<Input>& inputs,
                       const std::vector<Member>& steps);
  void find_axes(const Shape& shape, const std::vector<Input>& inputs, const std::vector<Output>& outputs);
  /// That of operand `number`, of whose strides `axes` tells.
  Access access_of(const Layout& layout, bool per_row, const JointAxes& axes, std::size_t number) const;
  bool keeps_rows() const { return has_row_values_ || !totals_.empty(); }
  Tile part_of(int part, int parts) const;
  /// The first block of a part and the one behind its last; asked where there are column totals.
  std::pair<std::int64_t, std::int64_t> blocks_of(int part, int parts) const;
  void run_tiles(const Tile& share, std::int64_t block, const void* const* inputs, void* const* outputs,
                 void* scratch) const;
  /// Where the totals `i` of a block stand.
  std::byte* total_of(std::size_t i, std::int64_t block, void* const* outputs) const;
  std::int64_t offset(const Access& access, std::int64_t row) const;

  std::int64_t rows_ = 0, columns_ = 0;
  bool has_row_values_ = false;
  std::vector<bool> per_row_;  // of each value
  std::vector<ColumnLoops> totals_;
  std::vector<std::int32_t> streams_;  // accesses to memory that each tile touches anew
  std::int64_t step_count_ = 0;
  std::vector<std::int64_t> outer_;  // extents of the outer axes
  std::vector<Access> accesses_;     // of the inputs, then of the outputs
  std::size_t input_count_ = 0, output_count_ = 0;
  std::vector<Action> actions_;
  std::vector<Piece> pieces_;
  std::size_t call_begin_ = 0;  // of the memory in which calls of them are written
  std::int64_t tile_ = 0;       // elements
  std::size_t value_count_ = 0;
  /// Memory of each value in the scratch memory: a tile, or an element for each row of one.
  std::vector<std::size_t> registers_;
  /// For each value that is an output: which, and whether it may be written in its place at once.
  std::vector<std::int32_t> direct_output_;
  std::vector<std::pair<std::int32_t, UniformTiles::Tile>> uniforms_;  // value, a tile of it
  std::size_t scratch_bytes_ = 0;
};

}  // namespace reel::cpu
