#include "cluster.h"

#include <algorithm>
#include <cstring>

namespace reel::cpu {

namespace {

/// Memory that the values of a tile share: about a first-level cache.
constexpr std::int64_t cache_bytes = 32 * 1024;
constexpr std::int64_t least_tile = 128, largest_tile = 2048;

void fill_row(std::byte* to, const std::byte* element, std::int64_t size, std::int64_t count) {
  const auto fill = [&](auto zero) {
    using T = decltype(zero);
    T value;
    std::memcpy(&value, element, sizeof value);
    std::fill_n(reinterpret_cast<T*>(to), count, value);
  };
  if (size == 4)
    fill(std::uint32_t{});
  else if (size == 8)
    fill(std::uint64_t{});
  else
    fill(std::uint8_t{});
}

struct Rows {
  const std::byte* from;
  std::byte* to;
  std::int64_t from_pitch, to_pitch, count;
};

/// Short rows in `pieces` pieces of P each, the last of which overlaps the one before: what a call of memcpy
/// for every row would cost is more than the copying.
template <class P, int pieces>
void copy_pieces(const Rows& rows, std::int64_t bytes) {
  const auto* from = rows.from;
  auto* to = rows.to;
  const auto last = bytes - static_cast<std::int64_t>(sizeof(P));
  for (std::int64_t i = 0; i < rows.count; ++i) {
    P piece[pieces];
    for (int k = 0; k + 1 < pieces; ++k) std::memcpy(&piece[k], from + k * sizeof(P), sizeof(P));
    std::memcpy(&piece[pieces - 1], from + last, sizeof(P));
    for (int k = 0; k + 1 < pieces; ++k) std::memcpy(to + k * sizeof(P), &piece[k], sizeof(P));
    std::memcpy(to + last, &piece[pieces - 1], sizeof(P));
    from += rows.from_pitch;
    to += rows.to_pitch;
  }
}

/// Asks for the rows behind these, which the next tile needs: short pieces far apart are no pattern that the
/// processor finds by itself.
void prefetch_rows(const Rows& rows, std::int64_t bytes) {
  constexpr std::int64_t line = 64;
  const auto* next = rows.from + rows.count * rows.from_pitch;
  for (std::int64_t i = 0; i < rows.count; ++i, next += rows.from_pitch)
    for (std::int64_t at = 0; at < bytes; at += line) __builtin_prefetch(next + at);
}

void copy_rows(const Rows& rows, std::int64_t bytes) {
  struct Sixteen {
    std::uint64_t low, high;
  };
  using Copy = void (*)(const Rows&, std::int64_t);
  constexpr Copy by_sixteen[] = {copy_pieces<Sixteen, 1>, copy_pieces<Sixteen, 2>, copy_pieces<Sixteen, 3>,
                                 copy_pieces<Sixteen, 4>, copy_pieces<Sixteen, 5>, copy_pieces<Sixteen, 6>,
                                 copy_pieces<Sixteen, 7>, copy_pieces<Sixteen, 8>};
  if (bytes >= 16 && bytes <= 128) return by_sixteen[(bytes - 1) / 16](rows, bytes);
  if (bytes >= 8 && bytes < 16) return copy_pieces<std::uint64_t, 2>(rows, bytes);
  if (bytes >= 4 && bytes < 8) return copy_pieces<std::uint32_t, 2>(rows, bytes);
  for (std::int64_t i = 0; i < rows.count; ++i)
    std::memcpy(rows.to + i * rows.to_pitch, rows.from + i * rows.from_pitch,
                static_cast<std::size_t>(bytes));
}

void copy_strided(const std::byte* from, std::int64_t from_stride, std::byte* to, std::int64_t to_stride,
                  std::int64_t size, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + i * to_stride, from + i * from_stride, static_cast<std::size_t>(size));
}

}  // namespace

struct Cluster::Tile {
  std::int64_t row, rows, column, columns;
  std::int64_t size() const { return rows * columns; }
};

Cluster::Cluster(const Shape& shape, std::vector<Input> inputs, std::vector<Step> steps,
                 std::vector<Output> outputs)
    : input_count_(inputs.size()), value_count_(inputs.size() + steps.size()) {
  find_row_values(shape, inputs, steps);
  find_axes(shape, inputs, outputs);
  plan_actions(inputs, steps, outputs);
}

void Cluster::find_row_values(const Shape& shape, const std::vector<Input>& inputs,
                              const std::vector<Step>& steps) {
  const int last = shape.rank() - 1;
  for (const auto& input : inputs)
    per_row_.push_back(last >= 0 && input.layout.type.shape[last] < shape[last]);
  for (const auto& step : steps)
    per_row_.push_back(step.map ? per_row_[step.operands[0]] : step.rows != nullptr);
  has_row_values_ = std::find(per_row_.begin(), per_row_.end(), true) != per_row_.end();
}

/// Joins neighbouring axes that lie side by side in every input and output; with row values the last one
/// stays by itself.
void Cluster::find_axes(const Shape& shape, const std::vector<Input>& inputs,
                        const std::vector<Output>& outputs) {
  std::vector<const Layout*> layouts;
  std::vector<bool> per_row(per_row_.begin(), per_row_.begin() + static_cast<std::ptrdiff_t>(input_count_));
  for (const auto& input : inputs) layouts.push_back(&input.layout);
  for (const auto& output : outputs) {
    layouts.push_back(&output.layout);
    per_row.push_back(per_row_[output.value]);
  }
  std::vector<std::int64_t> extents;
  std::vector<std::vector<std::int64_t>> strides(layouts.size());
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool is_last = axis == shape.rank() - 1;
    if (shape[axis] == 1) continue;
    bool side_by_side = !extents.empty() && !(is_last && has_row_values_);
    for (std::size_t i = 0; i < layouts.size() && side_by_side; ++i)
      side_by_side = strides[i].back() == layouts[i]->strides[axis] * shape[axis];
    if (side_by_side)
      extents.back() *= shape[axis];
    else
      extents.push_back(shape[axis]);
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      if (side_by_side) strides[i].pop_back();
      // A tile of row values is one column.
      strides[i].push_back(is_last && per_row[i] ? 1 : layouts[i]->strides[axis]);
    }
  }
  if (extents.empty()) {
    extents.push_back(1);
    for (auto& list : strides) list.push_back(1);
  }
  columns_ = extents.back();
  outer_.assign(extents.begin(), extents.end() - 1);
  rows_ = shape.size() == 0 ? 0 : 1;
  for (auto extent : outer_) rows_ *= extent;
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    Access access;
    access.per_row = per_row[i];
    access.element = static_cast<std::int64_t>(size_of(layouts[i]->type.element));
    access.column = strides[i].back() * access.element;
    auto next = (access.per_row ? 1 : columns_) * access.element;
    access.packed = access.column == access.element;
    access.repeated = !outer_.empty();
    for (std::size_t axis = outer_.size(); axis-- > 0;) {
      const auto stride = strides[i][axis] * access.element;
      access.strides.insert(access.strides.begin(), stride);
      access.packed = access.packed && stride == next;
      access.repeated = access.repeated && stride == 0;
      next *= outer_[axis];
    }
    accesses_.push_back(std::move(access));
  }
}

namespace {

/// Memory that values take and give back.
struct Registers {
  std::vector<std::int32_t> free;
  std::int32_t count = 0;

  std::int32_t take() {
    if (free.empty()) return count++;
    const auto taken = free.back();
    free.pop_back();
    return taken;
  }
};

std::size_t whole_lines(std::int64_t bytes) { return static_cast<std::size_t>((bytes + 63) / 64 * 64); }

}  // namespace

/// The order of loads, steps and stores in a tile, and a register for every value that needs one.
void Cluster::plan_actions(const std::vector<Input>& inputs, const std::vector<Step>& steps,
                           const std::vector<Output>& outputs) {
  constexpr int never = -1;
  const auto last = static_cast<int>(steps.size());
  std::vector<int> last_use(value_count_, never);
  for (int s = 0; s < last; ++s)
    for (auto operand : steps[s].operands) last_use[operand] = s;
  direct_output_.assign(value_count_, -1);
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const auto value = outputs[o].value;
    const auto made = value - static_cast<int>(input_count_);
    const auto& inputs_lost = outputs[o].overwrites;
    const bool safe = std::all_of(inputs_lost.begin(), inputs_lost.end(),
                                  [&](int input) { return last_use[input] <= made; });
    const auto& access = accesses_[input_count_ + o];
    if (safe && direct_output_[value] < 0 && access.column == access.element)
      direct_output_[value] = static_cast<std::int32_t>(o);
    // Written in its place only where a tile is one piece of it; decided for each tile.
    last_use[value] = last;
  }

  std::int64_t element = 1;
  for (const auto& access : accesses_) element = std::max(element, access.element);
  for (const auto& step : steps) element = std::max(element, static_cast<std::int64_t>(size_of(step.result)));

  std::vector<std::int32_t> registers(value_count_, -1);
  Registers kinds[2];  // of tiles, and of row values
  const auto take = [&](int value) {
    if (registers[value] < 0) registers[value] = kinds[per_row_[value]].take();
  };
  std::vector<bool> is_uniform(value_count_), ready(value_count_);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    is_uniform[i] = ready[i] = inputs[i].uniform != nullptr;
    // What is loaded once keeps its register through the run.
    if (!is_uniform[i] && accesses_[i].repeated) {
      take(static_cast<int>(i));
      last_use[i] = last + 1;
    }
  }
  const auto load_before_use = [&](int value) {
    if (value >= static_cast<int>(input_count_) || ready[value]) return;
    ready[value] = true;
    take(value);
    Action loading;
    loading.kind = Action::Kind::load;
    loading.access = value;
    loading.value = value;
    loading.once = accesses_[value].repeated;
    actions_.push_back(loading);
  };
  for (int s = 0; s < last; ++s) {
    const auto& step = steps[s];
    Action action;
    action.kind = step.map ? Action::Kind::map : step.rows ? Action::Kind::reduce : Action::Kind::spread;
    action.map = step.map;
    action.rows = step.rows;
    action.value = static_cast<std::int32_t>(input_count_) + s;
    action.per_row = per_row_[action.value];
    action.element = static_cast<std::int32_t>(size_of(step.result));
    action.count = static_cast<std::uint8_t>(step.operands.size());
    for (std::size_t k = 0; k < step.operands.size(); ++k) {
      const auto operand = step.operands[k];
      action.operands[k] = operand;
      load_before_use(operand);
    }
    take(action.value);
    actions_.push_back(action);
    const auto release = [&](int value) {
      if (registers[value] >= 0 && last_use[value] <= s)
        kinds[per_row_[value]].free.push_back(registers[value]);
    };
    std::vector<int> used(step.operands.begin(), step.operands.end());
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    for (auto value : used) release(value);
    if (last_use[action.value] == never) release(action.value);
  }
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    Action storing;
    storing.kind = Action::Kind::store;
    storing.access = static_cast<std::int32_t>(o);
    storing.value = outputs[o].value;
    actions_.push_back(storing);
  }

  tile_ = cache_bytes / std::max<std::int64_t>(1, kinds[0].count * element);
  tile_ = std::min(std::max(tile_, least_tile), largest_tile);
  if (has_row_values_) tile_ = std::max(tile_, columns_);
  // Whole rows, where there is room for one.
  if (columns_ <= tile_) tile_ = tile_ / columns_ * columns_;
  tile_ = std::min(tile_, std::max<std::int64_t>(rows_ * columns_, 1));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (is_uniform[i]) {
      const auto size = accesses_[i].element;
      std::vector<std::byte> tile(static_cast<std::size_t>(tile_ * size));
      fill_row(tile.data(), static_cast<const std::byte*>(inputs[i].uniform), size, tile_);
      uniforms_.emplace_back(static_cast<std::int32_t>(i), std::move(tile));
    }
  const auto tile_bytes = whole_lines(tile_ * element), rows_bytes = whole_lines(tile_ / columns_ * element);
  const auto tiles_begin = whole_lines(static_cast<std::int64_t>(value_count_ * sizeof(void*)));
  const auto rows_begin = tiles_begin + static_cast<std::size_t>(kinds[0].count) * tile_bytes;
  for (std::size_t value = 0; value < value_count_; ++value) {
    const auto number = static_cast<std::size_t>(std::max(registers[value], 0));
    registers_.push_back(per_row_[value] ? rows_begin + number * rows_bytes
                                         : tiles_begin + number * tile_bytes);
  }
  scratch_bytes_ = rows_begin + static_cast<std::size_t>(kinds[1].count) * rows_bytes;
}

std::int64_t Cluster::offset(const Access& access, std::int64_t row) const {
  std::int64_t bytes = 0;
  for (std::size_t axis = outer_.size(); axis-- > 0;) {
    bytes += row % outer_[axis] * access.strides[axis];
    row /= outer_[axis];
  }
  return bytes;
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
  if (access.column == access.element && outer_.size() == 1) {
    const Rows rows{from + tile.row * access.strides[0], to, access.strides[0], bytes, tile.rows};
    prefetch_rows(rows, bytes);
    return copy_rows(rows, bytes);
  }
  for_rows(access, tile, [&](std::int64_t at, std::int64_t i) {
    auto* row = to + i * bytes;
    if (access.column == access.element)
      std::memcpy(row, from + at, static_cast<std::size_t>(bytes));
    else if (access.column == 0)
      fill_row(row, from + at, access.element, tile.columns);
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

void Cluster::run(const void* const* inputs, void* const* outputs, void* scratch, int part, int parts) const {
  const auto share = part_of(part, parts);
  if (share.rows <= 0 || share.columns <= 0) return;

  auto** at = static_cast<std::byte**>(scratch);
  const auto memory = [&](int value) { return static_cast<std::byte*>(scratch) + registers_[value]; };
  for (const auto& [value, tile] : uniforms_) at[value] = const_cast<std::byte*>(tile.data());
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
        const auto direct = direct_output_[action.value];
        value = memory(action.value);
        if (direct >= 0) {
          const auto& access = accesses_[input_count_ + direct];
          if (in_one_piece(access)) value = place_in(access, outputs[direct]);
        }
        const void* operands[most_operands];
        for (int k = 0; k < action.count; ++k) operands[k] = at[action.operands[k]];
        if (action.kind == Action::Kind::map) {
          action.map(operands, value, action.per_row ? whole.rows : whole.size());
        } else if (action.kind == Action::Kind::reduce) {
          action.rows(operands[0], value, whole.rows, whole.columns);
        } else {
          const auto bytes = whole.columns * action.element;
          for (std::int64_t i = 0; i < whole.rows; ++i)
            fill_row(value + i * bytes, at[action.operands[0]] + i * action.element, action.element,
                     whole.columns);
        }
      }
    }
}

std::int64_t Cluster::bytes_moved() const {
  std::int64_t bytes = 0;
  for (const auto& access : accesses_)
    bytes += (access.repeated ? 1 : rows_) * (access.column == 0 || access.per_row ? 1 : columns_) *
             access.element;
  return bytes;
}

}  // namespace reel::cpu
