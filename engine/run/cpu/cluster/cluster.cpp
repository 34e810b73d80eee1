#include "run/cpu/cluster/cluster.h"

#include <algorithm>
#include <cstring>

#include "run/cpu/cluster/prefetch.h"
#include "run/cpu/cluster/tile_rows.h"

namespace reel::cpu {

struct Cluster::Tile {
  std::int64_t row, rows, column, columns;
  std::int64_t size() const { return rows * columns; }
};

std::int64_t Cluster::offset(const Access& access, std::int64_t row) const {
  std::int64_t bytes = 0;
  for (std::size_t axis = outer_.size(); axis-- > 1;) {
    bytes += row % outer_[axis] * access.strides[axis];
    row /= outer_[axis];
  }
  return outer_.empty() ? 0 : bytes + row * access.strides[0];
}

/// Calls move(offset of a row of the tile in memory, its position in the tile).
template <class Move>
void Cluster::for_rows(const Access& access, const Tile& tile, const Move& move) const {
  if (outer_.size() == 1) {
    for (std::int64_t i = 0; i < tile.rows; ++i) move((tile.row + i) * access.strides[0], i);
  } else {
    for (std::int64_t i = 0; i < tile.rows; ++i) move(offset(access, tile.row + i), i);
  }
}

void Cluster::load(const Access& access, const std::byte* from, std::byte* to, const Tile& tile) const {
  from += tile.column * access.column;
  const auto bytes = tile.columns * access.element;
  if (access.column == access.element && outer_.size() == 1)
    return copy_rows({from + tile.row * access.strides[0], to, access.strides[0], bytes, tile.rows}, bytes);
  if (access.repeat && outer_.size() == 1)
    return access.repeat(from + tile.row * access.strides[0], access.strides[0], to, tile.rows, tile.columns);
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

void Cluster::store(const Access& access, const std::byte* from, std::byte* to, const Tile& tile) const {
  to += tile.column * access.column;
  const auto bytes = tile.columns * access.element;
  if (access.column == access.element && outer_.size() == 1)
    return copy_rows({from, to + tile.row * access.strides[0], bytes, access.strides[0], tile.rows}, bytes);
  for_rows(access, tile, [&](std::int64_t at, std::int64_t i) {
    const auto* row = from + i * bytes;
    if (access.column == access.element)
      std::memcpy(to + at, row, static_cast<std::size_t>(bytes));
    else
      copy_strided(row, access.element, to + at, access.column, access.element, tile.columns);
  });
}

/// Few rows are divided along the columns, many along the rows.
Cluster::Tile Cluster::part_of(int part, int parts) const {
  Tile share{0, rows_, 0, columns_};
  constexpr std::int64_t grain = 16;  // elements: threads do not write into one line of the cache
  if (parts > 1 && (has_row_values_ || rows_ >= 2 * parts)) {
    share = {rows_ * part / parts, 0, 0, columns_};
    share.rows = rows_ * (part + 1) / parts - share.row;
  } else if (parts > 1) {
    const auto edge = [&](int p) { return p == parts ? columns_ : columns_ * p / parts / grain * grain; };
    share.column = edge(part);
    share.columns = edge(part + 1) - share.column;
  }
  return share;
}

std::pair<std::int64_t, std::int64_t> Cluster::blocks_of(int part, int parts) const {
  const auto blocks = block_count(rows_);
  return {blocks * part / parts, blocks * (part + 1) / parts};
}

std::int64_t Cluster::most_parts() const {
  return !totals_.empty() ? block_count(rows_) : has_row_values_ ? rows_ : elements();
}

void Cluster::run(const void* const* inputs, void* const* outputs, void* scratch, int part, int parts) const {
  if (totals_.empty()) return run_tiles(part_of(part, parts), 0, inputs, outputs, scratch);
  const auto [first, last] = blocks_of(part, parts);
  for (auto block = first; block < last; ++block) {
    const auto row = block * rows_of_block, rows = std::min(rows_of_block, rows_ - row);
    for (std::size_t i = 0; i < totals_.size(); ++i) totals_[i].start(total_of(i, block, outputs), columns_);
    run_tiles({row, rows, 0, columns_}, block, inputs, outputs, scratch);
  }
}

std::byte* Cluster::total_of(std::size_t i, std::int64_t block, void* const* outputs) const {
  return static_cast<std::byte*>(outputs[output_count_ + i]) + block * columns_ * totals_[i].total_bytes;
}

void Cluster::look_ahead(Prefetch& ahead, const Tile& next, const void* const* inputs,
                         void* const* outputs) const {
  if (next.rows <= 0) return;
  for (auto i : streams_) {
    const auto& access = accesses_[i];
    const auto number = static_cast<std::size_t>(i);
    const auto* base = static_cast<const std::byte*>(number < input_count_ ? inputs[number]
                                                                           : outputs[number - input_count_]);
    const auto bytes = columns_ * access.element;
    if (access.packed)
      ahead.add(base + offset(access, next.row), 0, 1, next.rows * bytes);
    else if (outer_.size() == 1)
      ahead.add(base + next.row * access.strides[0], access.strides[0], next.rows, bytes);
  }
}

void Cluster::run_tiles(const Tile& share, std::int64_t block, const void* const* inputs,
                        void* const* outputs, void* scratch) const {
  if (share.rows <= 0 || share.columns <= 0) return;

  auto** at = static_cast<std::byte**>(scratch);
  const auto memory = [&](int value) { return static_cast<std::byte*>(scratch) + registers_[value]; };
  for (const auto& [value, tile] : uniforms_) at[value] = const_cast<std::byte*>(tile->data());
  const bool whole_rows = share.columns == columns_ && columns_ <= tile_;
  // Tiles of nearly equal heights.
  const auto most_rows = whole_rows ? tile_ / columns_ : 1;
  const auto tiles = (share.rows + most_rows - 1) / most_rows,
             rows_per_tile = (share.rows + tiles - 1) / tiles;
  const auto columns_per_tile = whole_rows ? columns_ : std::min(tile_, share.columns);
  // With one tile along the columns what is the same in every row is loaded but once.
  const bool keeps_repeated = columns_per_tile == share.columns;

  for (auto row = share.row; row < share.row + share.rows; row += rows_per_tile)
    for (auto column = share.column; column < share.column + share.columns; column += columns_per_tile) {
      const Tile whole{row, std::min(rows_per_tile, share.row + share.rows - row), column,
                       std::min(columns_per_tile, share.column + share.columns - column)};
      const Tile row_values{row, whole.rows, 0, 1};
      const auto tile_of = [&](const Access& access) -> const Tile& {
        return access.per_row ? row_values : whole;
      };
      const bool first = row == share.row;
      const auto in_one_piece = [&](const Access& access) {
        return access.column == access.element && (whole.rows == 1 || access.packed);
      };
      const auto place_in = [&](const Access& access, const void* base) {
        const auto& tile = tile_of(access);
        const auto* address = static_cast<const std::byte*>(base) + offset(access, tile.row);
        return const_cast<std::byte*>(address) + tile.column * access.column;
      };
      Prefetch ahead;
      if (whole_rows) {
        const auto next = row + rows_per_tile;
        look_ahead(ahead, {next, std::min(rows_per_tile, share.row + share.rows - next), 0, columns_}, inputs,
                   outputs);
      }
      const auto quota = (ahead.lines() + step_count_ - 1) / step_count_;
      for (const auto& action : actions_) {
        auto& value = at[action.value];
        if (action.kind == Action::Kind::load) {
          const auto& access = accesses_[action.access];
          const auto* from = static_cast<const std::byte*>(inputs[action.access]);
          if (in_one_piece(access)) {
            value = place_in(access, from);
          } else if (!(action.once && keeps_repeated && !first)) {
            value = memory(action.value);
            load(access, from, value, tile_of(access));
          }
          continue;
        }
        if (action.kind == Action::Kind::store) {
          const auto& access = accesses_[input_count_ + action.access];
          const bool written = direct_output_[action.value] == action.access && in_one_piece(access);
          if (!written)
            store(access, value, static_cast<std::byte*>(outputs[action.access]), tile_of(access));
          continue;
        }
        if (action.kind == Action::Kind::total) {
          const auto& loops = totals_[action.access];
          loops.take(total_of(action.access, block, outputs) + whole.column * loops.total_bytes,
                     at[action.operands[0]], whole.rows, whole.columns);
          continue;
        }
        const auto direct = direct_output_[action.value];
        value = memory(action.value);
        if (direct >= 0) {
          const auto& access = accesses_[input_count_ + direct];
          if (in_one_piece(access)) value = place_in(access, outputs[direct]);
        }
        const void* operands[limits::most_map_operands];
        for (int k = 0; k < action.count; ++k) operands[k] = at[action.operands[k]];
        ahead.fetch(quota);
        if (action.kind == Action::Kind::map) {
          action.map(operands, value, action.per_row ? whole.rows : whole.size());
        } else if (action.kind == Action::Kind::reduce) {
          action.rows(operands[0], value, whole.rows, whole.columns);
        } else {
          action.repeat(operands[0], action.element, value, whole.rows, whole.columns);
        }
      }
    }
}

Reach Cluster::reach(std::size_t operand, int part, int parts) const {
  auto share = part_of(part, parts);
  if (!totals_.empty()) {
    const auto [first, last] = blocks_of(part, parts);
    if (operand >= accesses_.size()) {
      const auto bytes = columns_ * totals_[operand - accesses_.size()].total_bytes;
      return {first * bytes, last * bytes};
    }
    const auto row = first * rows_of_block;
    share = {row, std::min(rows_, last * rows_of_block) - row, 0, columns_};
  }
  const auto& access = accesses_[operand];
  if (access.per_row) share = {share.row, share.rows, 0, 1};
  if (share.rows <= 0 || share.columns <= 0) return {0, 0};
  Reach reach{0, access.element};
  reach.extend(share.column, share.column + share.columns - 1, access.column);
  if (outer_.size() == 1 || access.packed) {
    if (!outer_.empty()) reach.extend(share.row, share.row + share.rows - 1, access.strides.back());
  } else {
    for (std::size_t axis = 0; axis < outer_.size(); ++axis)
      reach.extend(0, outer_[axis] - 1, access.strides[axis]);
  }
  return reach;
}

double Cluster::bytes_moved() const {
  double bytes = 0;
  for (const auto& access : accesses_)
    bytes += static_cast<double>(access.repeated ? 1 : rows_) *
             static_cast<double>(access.column == 0 || access.per_row ? 1 : columns_) *
             static_cast<double>(access.element);
  return bytes;
}

}  // namespace reel::cpu
