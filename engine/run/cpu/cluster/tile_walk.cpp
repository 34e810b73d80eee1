#include <algorithm>
#include <cstring>

#include "run/cpu/cluster/cluster.h"
#include "run/cpu/cluster/prefetch.h"
#include "run/cpu/copy_rows.h"

// A thread's way through the tiles of its share.

namespace reel::cpu {

std::int64_t Cluster::offset(const Access& access, std::int64_t row) const {
  std::int64_t bytes = 0;
  for (std::size_t axis = outer_.size(); axis-- > 1;) {
    bytes += row % outer_[axis] * access.strides[axis];
    row /= outer_[axis];
  }
  return outer_.empty() ? 0 : bytes + row * access.strides[0];
}

class Cluster::Walk {
 public:
  Walk(const Cluster& cluster, const Tile& share, std::int64_t block, const void* const* inputs,
       void* const* outputs, void* scratch)
      : of_(cluster),
        share_(share),
        block_(block),
        inputs_(inputs),
        outputs_(outputs),
        scratch_(static_cast<std::byte*>(scratch)),
        at_(static_cast<std::byte**>(scratch)) {
    for (const auto& [value, tile] : of_.uniforms_) at_[value] = const_cast<std::byte*>(tile->data());
    whole_rows_ = share.columns == of_.columns_ && of_.columns_ <= of_.tile_;
    // Tiles of nearly equal heights.
    const auto most_rows = whole_rows_ ? of_.tile_ / of_.columns_ : 1;
    const auto tiles = (share.rows + most_rows - 1) / most_rows;
    rows_per_tile_ = (share.rows + tiles - 1) / tiles;
    columns_per_tile_ = whole_rows_ ? of_.columns_ : std::min(of_.tile_, share.columns);
  }

  void run() {
    const auto last_row = share_.row + share_.rows, last_column = share_.column + share_.columns;
    for (auto row = share_.row; row < last_row; row += rows_per_tile_)
      for (auto column = share_.column; column < last_column; column += columns_per_tile_) {
        tile_ = {row, std::min(rows_per_tile_, last_row - row), column,
                 std::min(columns_per_tile_, last_column - column)};
        row_values_ = {row, tile_.rows, 0, 1};
        work();
      }
  }

 private:
  void work() {
    Prefetch ahead;
    if (whole_rows_) look_ahead(ahead);
    const auto quota = (ahead.lines() + of_.step_count_ - 1) / of_.step_count_;
    for (const auto& action : of_.actions_) switch (action.kind) {
        case Action::Kind::load:
          load(action);
          break;
        case Action::Kind::store:
          store(action);
          break;
        case Action::Kind::total:
          add_up(action);
          break;
        case Action::Kind::compiled:
          ahead.fetch(quota);
          run_piece(of_.pieces_[action.piece]);
          break;
        default:
          ahead.fetch(quota);
          compute(action);
      }
  }

  /// Notes what the tile behind this one reads and writes.
  void look_ahead(Prefetch& ahead) const {
    const auto row = tile_.row + rows_per_tile_;
    const auto rows = std::min(rows_per_tile_, share_.row + share_.rows - row);
    if (rows <= 0) return;
    for (auto number : of_.streams_) {
      const auto& access = of_.accesses_[number];
      const auto i = static_cast<std::size_t>(number);
      const auto* base =
          static_cast<const std::byte*>(i < of_.input_count_ ? inputs_[i] : outputs_[i - of_.input_count_]);
      const auto bytes = of_.columns_ * access.element;
      if (access.packed)
        ahead.add(base + of_.offset(access, row), 0, 1, rows * bytes);
      else if (of_.outer_.size() == 1)
        ahead.add(base + row * access.strides[0], access.strides[0], rows, bytes);
    }
  }

  // Values of the tile: where they are, or in registers.

  const Tile& tile_of(const Access& access) const { return access.per_row ? row_values_ : tile_; }
  bool in_one_piece(const Access& access) const {
    return access.column == access.element && (tile_.rows == 1 || access.packed);
  }
  std::byte* place_in(const Access& access, const void* base) const {
    const auto& tile = tile_of(access);
    const auto* address = static_cast<const std::byte*>(base) + of_.offset(access, tile.row);
    return const_cast<std::byte*>(address) + tile.column * access.column;
  }
  std::byte* register_of(std::int32_t value) const { return scratch_ + of_.registers_[value]; }
  /// Where the result of an action is written: in the output's memory, where that is one piece.
  std::byte* target_of(std::int32_t value) const {
    const auto direct = of_.direct_output_[value];
    if (direct < 0) return register_of(value);
    const auto& access = of_.accesses_[of_.input_count_ + direct];
    return in_one_piece(access) ? place_in(access, outputs_[direct]) : register_of(value);
  }

  void load(const Action& action) {
    const auto& access = of_.accesses_[action.access];
    auto& value = at_[action.value];
    if (in_one_piece(access)) {
      value = place_in(access, inputs_[action.access]);
      return;
    }
    // With one tile along the columns what is the same in every row is loaded but once.
    const bool is_there = action.once && columns_per_tile_ == share_.columns && tile_.row != share_.row;
    if (is_there) return;
    value = register_of(action.value);
    load_rows(access, static_cast<const std::byte*>(inputs_[action.access]), value);
  }

  void store(const Action& action) const {
    const auto& access = of_.accesses_[of_.input_count_ + action.access];
    const bool is_written = of_.direct_output_[action.value] == action.access && in_one_piece(access);
    if (!is_written) store_rows(access, at_[action.value], static_cast<std::byte*>(outputs_[action.access]));
  }

  void add_up(const Action& action) const {
    const auto& loops = of_.totals_[action.access];
    loops.take(of_.total_of(action.access, block_, outputs_) + tile_.column * loops.total_bytes,
               at_[action.operands[0]], tile_.rows, tile_.columns);
  }

  void compute(const Action& action) {
    auto* const value = at_[action.value] = target_of(action.value);
    const void* operands[limits::most_map_operands];
    for (int k = 0; k < action.count; ++k) operands[k] = at_[action.operands[k]];
    if (action.kind == Action::Kind::map)
      action.map(operands, value, action.per_row ? tile_.rows : tile_.rows * tile_.columns);
    else if (action.kind == Action::Kind::reduce)
      action.rows(operands[0], value, tile_.rows, tile_.columns);
    else
      action.repeat(operands[0], action.element, value, tile_.rows, tile_.columns);
  }

  // Pieces that are compiled.

  void run_piece(const Piece& piece) {
    auto& call = *reinterpret_cast<CompiledPass::Call*>(scratch_ + of_.call_begin_);
    bool is_flat = true;  // all rows side by side
    for (std::size_t i = 0; i < piece.places.size(); ++i) {
      const auto& place = piece.places[i];
      if (place.kind == Piece::Place::Kind::tile && i >= piece.operand_count)
        at_[place.number] = register_of(place.number);
      call.places[i] = place_of(place);
      is_flat = is_flat && !place.per_row && call.places[i].pitch == tile_.columns * place.element;
    }
    if (is_flat)
      piece.pass->run(call, 1, tile_.rows * tile_.columns);
    else
      piece.pass->run(call, tile_.rows, tile_.columns);
  }

  CompiledPass::Place place_of(const Piece::Place& place) const {
    if (place.kind == Piece::Place::Kind::tile)
      return {at_[place.number], (place.per_row ? 1 : tile_.columns) * place.element};
    const bool is_input = place.kind == Piece::Place::Kind::input;
    const auto* base =
        static_cast<const std::byte*>(is_input ? inputs_[place.number] : outputs_[place.number]);
    return {const_cast<std::byte*>(base) + tile_.row * place.pitch + tile_.column * place.column,
            place.pitch};
  }

  // Memory in rows that do not follow one another.

  /// Calls move(offset of a row of the tile in memory, its position in the tile).
  template <class Move>
  void for_rows(const Access& access, const Tile& tile, const Move& move) const {
    if (of_.outer_.size() == 1)
      for (std::int64_t i = 0; i < tile.rows; ++i) move((tile.row + i) * access.strides[0], i);
    else
      for (std::int64_t i = 0; i < tile.rows; ++i) move(of_.offset(access, tile.row + i), i);
  }

  void load_rows(const Access& access, const std::byte* from, std::byte* to) const {
    const auto& tile = tile_of(access);
    from += tile.column * access.column;
    const auto bytes = tile.columns * access.element;
    if (access.column == access.element && of_.outer_.size() == 1)
      return copy_rows({from + tile.row * access.strides[0], to, access.strides[0], bytes, tile.rows}, bytes);
    if (access.repeat && of_.outer_.size() == 1)
      return access.repeat(from + tile.row * access.strides[0], access.strides[0], to, tile.rows,
                           tile.columns);
    for_rows(access, tile, [&](std::int64_t at, std::int64_t i) {
      auto* row = to + i * bytes;
      if (access.column == access.element)
        std::memcpy(row, from + at, static_cast<std::size_t>(bytes));
      else if (access.repeat)
        access.repeat(from + at, 0, row, 1, tile.columns);
      else
        copy_strided(from + at, access.column, row, access.element, access.element, tile.columns);
    });
  }

  void store_rows(const Access& access, const std::byte* from, std::byte* to) const {
    const auto& tile = tile_of(access);
    to += tile.column * access.column;
    const auto bytes = tile.columns * access.element;
    if (access.column == access.element && of_.outer_.size() == 1)
      return copy_rows({from, to + tile.row * access.strides[0], bytes, access.strides[0], tile.rows}, bytes);
    for_rows(access, tile, [&](std::int64_t at, std::int64_t i) {
      const auto* row = from + i * bytes;
      if (access.column == access.element)
        std::memcpy(to + at, row, static_cast<std::size_t>(bytes));
      else
        copy_strided(row, access.element, to + at, access.column, access.element, tile.columns);
    });
  }

  const Cluster& of_;
  const Tile share_;
  const std::int64_t block_;  // of rows, that column totals are of
  const void* const* inputs_;
  void* const* outputs_;
  std::byte* scratch_;
  std::byte** at_;  // each value of the tile
  bool whole_rows_;
  std::int64_t rows_per_tile_, columns_per_tile_;
  Tile tile_, row_values_;  // that is worked on, and the same of row values
};

void Cluster::run_tiles(const Tile& share, std::int64_t block, const void* const* inputs,
                        void* const* outputs, void* scratch) const {
  if (share.rows <= 0 || share.columns <= 0) return;
  Walk(*this, share, block, inputs, outputs, scratch).run();
}

}  // namespace reel::cpu
