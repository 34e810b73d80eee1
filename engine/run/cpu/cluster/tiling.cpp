#include <reel/structural.h>

#include <algorithm>
#include <cstring>

#include "run/cpu/cluster/cluster.h"
#include "run/cpu/cluster/groups.h"

// What a cluster does for each tile, worked out once.

namespace reel::cpu {

namespace {

/// Memory that the values of a tile share: about a first-level cache.
constexpr std::int64_t cache_bytes = 32 * 1024;
constexpr std::int64_t least_tile = 128, largest_tile = 2048;

RepeatLoop repeat_loop(ElementType element) {
  return broadcast_operation().kernels.of<CpuKernels>()->repeat(element);
}

}  // namespace

void Cluster::find_row_values(const Shape& shape, const std::vector<Input>& inputs,
                              const std::vector<Member>& steps) {
  const int last = shape.rank() - 1;
  for (const auto& input : inputs)
    per_row_.push_back(last >= 0 && input.layout.type.shape[last] < shape[last]);
  for (const auto& step : steps)
    per_row_.push_back(step.map ? per_row_[step.operands[0]] : step.rows != nullptr);
  has_row_values_ = std::find(per_row_.begin(), per_row_.end(), true) != per_row_.end();
  for (const auto& step : steps)
    if (step.columns) totals_.push_back(*step.columns);
}

/// The axes of the space, those of the rows by as few as will do; where rows or columns become one element
/// the last one stays by itself.
void Cluster::find_axes(const Shape& shape, const std::vector<Input>& inputs,
                        const std::vector<Output>& outputs) {
  std::vector<const Layout*> layouts;
  std::vector<bool> per_row(per_row_.begin(), per_row_.begin() + static_cast<std::ptrdiff_t>(input_count_));
  for (const auto& input : inputs) layouts.push_back(&input.layout);
  for (const auto& output : outputs) {
    layouts.push_back(&output.layout);
    per_row.push_back(per_row_[output.value]);
  }
  const auto axis_of = [&](int axis) {
    JointAxis found{shape[axis], {}};
    for (const auto* layout : layouts) found.strides.push_back(layout->strides[axis]);
    return found;
  };
  const int last = shape.rank() - 1;
  JointAxes axes;
  for (int axis = 0; axis < last; ++axis) append_collapsed(axes, axis_of(axis));
  if (last >= 0 && shape[last] != 1) {
    auto columns = axis_of(last);
    for (std::size_t i = 0; i < layouts.size(); ++i)
      if (per_row[i]) columns.strides[i] = 1;  // a tile of row values is one column
    if (keeps_rows())
      axes.push_back(std::move(columns));
    else
      append_collapsed(axes, std::move(columns));
  }
  if (axes.empty()) axes.push_back({1, std::vector<std::int64_t>(layouts.size(), 1)});
  columns_ = axes.back().extent;
  rows_ = shape.size() == 0 ? 0 : count_of(axes) / columns_;
  for (std::size_t axis = 0; axis + 1 < axes.size(); ++axis) outer_.push_back(axes[axis].extent);
  accesses_.reserve(layouts.size());
  for (std::size_t i = 0; i < layouts.size(); ++i)
    accesses_.push_back(access_of(*layouts[i], per_row[i], axes, i));
}

Cluster::Access Cluster::access_of(const Layout& layout, bool per_row, const JointAxes& axes,
                                   std::size_t number) const {
  Access access;
  access.per_row = per_row;
  access.element = static_cast<std::int64_t>(size_of(layout.type.element));
  access.column = axes.back().strides[number] * access.element;
  access.packed = access.column == access.element;
  access.repeated = axes.size() > 1;
  auto next = (per_row ? 1 : columns_) * access.element;
  for (auto axis = axes.size() - 1; axis-- > 0;) {
    const auto stride = axes[axis].strides[number] * access.element;
    access.strides.insert(access.strides.begin(), stride);
    access.packed = access.packed && stride == next;
    access.repeated = access.repeated && stride == 0;
    next *= axes[axis].extent;
  }
  if (access.column == 0) access.repeat = repeat_loop(layout.type.element);
  return access;
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
class Cluster::Tiling {
 public:
  Tiling(Cluster& cluster, const std::vector<Input>& inputs, const std::vector<Member>& steps,
         const std::vector<Output>& outputs, UniformTiles& uniforms, CompiledPasses& passes)
      : to_(cluster),
        inputs_(inputs),
        given_(steps),
        outputs_(outputs),
        uniforms_(uniforms),
        passes_(passes),
        last_use_(cluster.value_count_, never),
        registers_(cluster.value_count_, -1),
        ready_(cluster.value_count_),
        is_written_(outputs.size()),
        needs_uniform_(inputs.size()) {}

  void run() {
    find_groups();
    find_last_uses();
    choose_rows_or_tiles();
    compile_pieces();
    keep_repeated_inputs();
    for (int g = 0; g < last_; ++g)
      if (groups_[g].is_compiled)
        add_piece(g);
      else
        add_step(g, groups_[g].steps[0]);
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      if (is_written_[o]) continue;
      Action storing;
      storing.kind = Action::Kind::store;
      storing.access = static_cast<std::int32_t>(o);
      storing.value = outputs_[o].value;
      to_.actions_.push_back(storing);
    }
    to_.actions_.shrink_to_fit();
    find_streams();
    choose_tile();
    lay_out_scratch();
  }

 private:
  const std::vector<Member>& steps() const { return by_loops_.empty() ? given_ : by_loops_; }
  int input_count() const { return static_cast<int>(inputs_.size()); }
  int value_of(int step) const { return input_count() + step; }
  bool is_input(int value) const { return value < input_count(); }

  // ---- What is done together.

  void find_groups() {
    std::vector<bool> is_output(steps().size());
    for (const auto& output : outputs_)
      is_output[static_cast<std::size_t>(output.value - input_count())] = true;
    groups_ = groups_of(steps(), inputs_.size(), to_.per_row_, is_output);
    last_ = static_cast<int>(groups_.size());
    group_of_.assign(to_.value_count_, -1);
    for (int g = 0; g < last_; ++g)
      for (auto s : groups_[g].steps) group_of_[value_of(s)] = g;
  }

  /// What a group reads for an operand: for a repeated row value a piece reads the row value.
  int source_of(int value, const Group& group) const {
    if (!group.is_compiled || is_input(value)) return value;
    const auto& step = steps()[value - input_count()];
    return step.is_repeat() ? step.operands[0] : value;
  }

  void find_last_uses() {
    is_taken_by_loop_.assign(to_.value_count_, false);
    for (int g = 0; g < last_; ++g)
      for (auto s : groups_[g].steps)
        for (auto operand : steps()[s].operands) {
          const auto source = source_of(operand, groups_[g]);
          last_use_[source] = g;
          if (!groups_[g].is_compiled) is_taken_by_loop_[source] = true;
        }
    last_reader_ = last_use_;
    to_.direct_output_.assign(to_.value_count_, -1);
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      const auto value = outputs_[o].value;
      const auto& access = to_.accesses_[inputs_.size() + o];
      // Decided for each tile: where it is one piece of memory.
      const bool is_by_loop = !groups_[group_of_[value]].is_compiled;
      if (is_by_loop && is_safe(o) && to_.direct_output_[value] < 0 && access.column == access.element)
        to_.direct_output_[value] = static_cast<std::int32_t>(o);
    }
    for (const auto& output : outputs_) last_use_[output.value] = last_;
    outputs_of_.assign(steps().size(), {});
    for (std::size_t o = 0; o < outputs_.size(); ++o)
      outputs_of_[outputs_[o].value - input_count()].push_back(o);
    ends_.assign(groups_.size(), {});
    for (std::size_t value = 0; value < to_.value_count_; ++value)
      if (last_use_[value] >= 0 && last_use_[value] < last_)
        ends_[last_use_[value]].push_back(static_cast<int>(value));
  }

  /// Whether nothing that its memory holds is read once the value of an output is made.
  bool is_safe(std::size_t output) const {
    const auto& lost = outputs_[output].overwrites;
    const int made = group_of_[outputs_[output].value];
    return std::all_of(lost.begin(), lost.end(), [&](int input) { return last_use_[input] <= made; });
  }

  // ---- Pieces.

  /// Rows that leave much of their last vectors empty are copied side by side first, unless something is the
  /// same all along a row.
  void choose_rows_or_tiles() {
    constexpr double least_use = 0.75;  // measured at 10 columns of 16 lanes, where a step takes a fifth less
    for (const auto& group : groups_) {
      if (!group.is_compiled) continue;
      const auto& code = steps()[group.steps[0]].code;
      const auto size = code.vector_bytes / static_cast<std::int64_t>(size_of(code.element));
      const auto vectors = (to_.columns_ + size - 1) / size;
      if (static_cast<double>(to_.columns_) < least_use * static_cast<double>(vectors * size))
        is_side_by_side_ = true;
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (to_.per_row_[i] || (to_.accesses_[i].column == 0 && !inputs_[i].uniform)) is_side_by_side_ = false;
    if (to_.has_row_values_) is_side_by_side_ = false;
  }

  /// Whether a piece works on the memory of an input or output itself.
  bool is_in_place(const Access& access) const {
    return to_.outer_.size() <= 1 && access.column == access.element && (access.packed || !is_side_by_side_);
  }
  bool is_read_in_place(int value) const {
    if (!is_input(value) || to_.per_row_[value]) return false;
    const auto& access = to_.accesses_[value];
    return is_in_place(access) || (to_.outer_.size() <= 1 && access.column == 0);
  }
  bool is_written_in_place(std::size_t output) const {
    return is_in_place(to_.accesses_[inputs_.size() + output]) && is_safe(output);
  }

  /// A piece as it is put together.
  struct Draft {
    PassCode code;
    Piece piece;
    std::vector<int> values;                    // of the code, by those of the cluster
    std::vector<std::pair<int, int>> operands;  // inputs read in place, and their operands
    std::vector<int> tiles;                     // values that are made in memory
  };

  void compile_pieces() {
    for (int g = 0; g < last_; ++g) {
      if (!groups_[g].is_compiled) continue;
      drafts_.push_back(draft_of(g));
      auto& draft = drafts_.back();
      draft.piece.pass = passes_.of(draft.code);
      if (draft.piece.pass) continue;
      // No memory for code: all by loops.
      drafts_.clear();
      is_written_.assign(outputs_.size(), false);
      by_loops_ = given_;
      for (auto& step : by_loops_) step.code = {};
      last_use_.assign(to_.value_count_, never);
      find_groups();
      return find_last_uses();
    }
  }

  Draft draft_of(int g) {
    Draft draft;
    draft.values.assign(to_.value_count_, -1);
    const auto& own = groups_[g].steps;
    for (auto s : own) {
      const auto& code = steps()[s].code;
      if (code.element != ElementType::boolean) draft.code.element = code.element;
      draft.code.vector_bytes = code.vector_bytes;
    }
    for (auto s : own) {
      std::vector<int> operands;
      for (auto operand : steps()[s].operands)
        operands.push_back(code_value(draft, source_of(operand, groups_[g])));
      draft.values[value_of(s)] = draft.code.add_map(steps()[s].code, operands);
    }
    draft.piece.operand_count = draft.piece.places.size();
    for (auto s : own) add_results(draft, g, value_of(s));
    return draft;
  }

  /// That of an input or output whose memory is worked on itself.
  static Piece::Place place_of(Piece::Place::Kind kind, int number, const Access& access) {
    const auto pitch = access.strides.empty() ? 0 : access.strides[0];
    return {kind, access.column == 0, number, access.element, pitch, access.column};
  }

  int code_value(Draft& draft, int value) {
    auto& known = draft.values[value];
    if (known >= 0) return known;
    if (is_input(value) && inputs_[value].uniform) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, inputs_[value].uniform, size_of(inputs_[value].layout.type.element));
      return known = draft.code.add_number(bits);
    }
    const auto element = static_cast<std::int64_t>(size_of(draft.code.element));
    if (is_read_in_place(value)) {
      const bool per_row = to_.accesses_[value].column == 0;
      draft.operands.emplace_back(value, static_cast<int>(draft.piece.places.size()));
      draft.piece.places.push_back(place_of(Piece::Place::Kind::input, value, to_.accesses_[value]));
      return known = draft.code.add_operand(per_row);
    }
    const bool per_row = to_.per_row_[value];
    draft.piece.places.push_back({Piece::Place::Kind::tile, per_row, value, element});
    return known = draft.code.add_operand(per_row);
  }

  /// In the memory of outputs, and in a tile where the value is needed otherwise.
  void add_results(Draft& draft, int g, int value) {
    const auto element = static_cast<std::int64_t>(size_of(draft.code.element));
    bool needs_tile = last_reader_[value] > g;
    for (auto o : outputs_of_[value - input_count()]) {
      if (!is_written_in_place(o)) {
        needs_tile = true;
        continue;
      }
      std::vector<int> overwritten;
      for (auto input : outputs_[o].overwrites)
        for (const auto& [read, operand] : draft.operands)
          if (read == input) overwritten.push_back(operand);
      is_written_[o] = true;
      draft.piece.places.push_back(
          place_of(Piece::Place::Kind::output, static_cast<int>(o), to_.accesses_[inputs_.size() + o]));
      draft.code.add_result(draft.values[value], overwritten);
    }
    if (!needs_tile) return;
    draft.tiles.push_back(value);
    draft.piece.places.push_back({Piece::Place::Kind::tile, false, value, element});
    draft.code.add_result(draft.values[value], {});
  }

  void add_piece(int g) {
    auto& draft = drafts_[next_draft_++];
    for (std::size_t i = 0; i < draft.piece.operand_count; ++i)
      if (draft.piece.places[i].kind == Piece::Place::Kind::tile)
        load_before_use(draft.piece.places[i].number);
    for (auto value : draft.tiles) take(value);
    Action action;
    action.kind = Action::Kind::compiled;
    action.piece = static_cast<std::int32_t>(to_.pieces_.size());
    to_.actions_.push_back(action);
    to_.pieces_.push_back(std::move(draft.piece));
    for (auto value : ends_[g]) release(value, g);
  }

  // ---- Registers, loads and steps.

  void take(int value) {
    if (registers_[value] < 0) registers_[value] = kinds_[to_.per_row_[value]].take();
  }

  void release(int value, int group) {
    if (registers_[value] >= 0 && last_use_[value] <= group)
      kinds_[to_.per_row_[value]].free.push_back(registers_[value]);
  }

  /// What is loaded once keeps its register through the run.
  void keep_repeated_inputs() {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      ready_[i] = inputs_[i].uniform != nullptr;
      if (ready_[i] || !to_.accesses_[i].repeated || !is_loaded(static_cast<int>(i))) continue;
      take(static_cast<int>(i));
      last_use_[i] = last_ + 1;
    }
  }

  /// Whether an input is brought into tiles, and not read in place by all that take it.
  bool is_loaded(int value) const { return is_taken_by_loop_[value] || !is_read_in_place(value); }

  void load_before_use(int value) {
    if (value >= static_cast<int>(inputs_.size()) || ready_[value]) return;
    ready_[value] = true;
    take(value);
    Action loading;
    loading.kind = Action::Kind::load;
    loading.access = value;
    loading.value = value;
    loading.once = to_.accesses_[value].repeated;
    to_.actions_.push_back(loading);
  }

  void add_step(int g, int s) {
    const auto& step = steps()[s];
    Action action;
    action.kind = step.map       ? Action::Kind::map
                  : step.rows    ? Action::Kind::reduce
                  : step.columns ? Action::Kind::total
                                 : Action::Kind::repeat;
    action.map = step.map;
    action.rows = step.rows;
    if (action.kind == Action::Kind::repeat) action.repeat = repeat_loop(step.result);
    action.value = static_cast<std::int32_t>(inputs_.size()) + s;
    action.per_row = to_.per_row_[action.value];
    action.element = static_cast<std::int32_t>(size_of(step.result));
    action.count = static_cast<std::uint8_t>(step.operands.size());
    for (std::size_t k = 0; k < step.operands.size(); ++k) {
      action.operands[k] = step.operands[k];
      if (is_input(step.operands[k])) needs_uniform_[step.operands[k]] = true;
      load_before_use(step.operands[k]);
    }
    if (step.columns)
      action.access = totals_++;
    else
      take(action.value);
    to_.actions_.push_back(action);
    auto used = step.operands;
    std::sort(used.begin(), used.end());
    used.erase(std::unique(used.begin(), used.end()), used.end());
    for (auto value : used) release(value, g);
    if (last_use_[action.value] == never) release(action.value, g);
  }

  void find_streams() {
    for (std::size_t i = 0; i < to_.accesses_.size(); ++i) {
      const auto& access = to_.accesses_[i];
      const bool is_input = i < inputs_.size();
      const bool is_cold = is_input ? inputs_[i].is_cold : outputs_[i - inputs_.size()].is_cold;
      // Measured: of rows shorter than this the processor's own prefetching is as good, and asking costs
      // more.
      constexpr std::int64_t least_row = 128;  // bytes
      const bool is_long = access.packed || to_.columns_ * access.element >= least_row;
      if (is_cold && is_long && access.column == access.element && !access.per_row && !access.repeated)
        to_.streams_.push_back(static_cast<std::int32_t>(i));
    }
    to_.step_count_ = std::max<std::int64_t>(1, last_);
  }

  /// Rows that stand apart in memory are copied together into a tile of several; a tile of one is worked on
  /// where it is, but each action is called for every row.
  bool is_best_row_by_row() const {
    // Measured with passes of 5 to 17 maps over rows of 48 to 256 floats, beyond the caches and within: a
    // call takes as long as a copy of so many elements. Within, copies cost less.
    constexpr double most_cached_bytes = 4e6;
    constexpr std::int64_t elements_of_call = 26, least_columns = 32, least_cached_columns = 256;
    const bool is_cached = to_.bytes_moved() <= most_cached_bytes;
    if (to_.columns_ < (is_cached ? least_cached_columns : least_columns)) return false;
    // A row value is an element of a tile of one row, which is little for a call.
    if (is_cached && to_.has_row_values_) return false;
    std::int64_t copied = 0;
    for (std::size_t i = 0; i < to_.accesses_.size(); ++i) copied += is_in_place_by_rows(i);
    return copied > 0 && to_.columns_ * copied >= elements_of_call * last_;
  }

  /// Whether an input or output is copied in tiles of several rows, and would not be in those of one.
  bool is_in_place_by_rows(std::size_t i) const {
    const auto& access = to_.accesses_[i];
    if (access.column != access.element || access.packed || access.repeated || access.per_row) return false;
    if (i < inputs_.size()) return is_loaded(static_cast<int>(i));
    if (is_written_[i - inputs_.size()]) return false;
    const auto output = i - inputs_.size();
    return to_.direct_output_[outputs_[output].value] == static_cast<std::int32_t>(output);
  }

  void choose_tile() {
    for (const auto& access : to_.accesses_) element_ = std::max(element_, access.element);
    for (const auto& step : steps())
      element_ = std::max(element_, static_cast<std::int64_t>(size_of(step.result)));
    auto& tile = to_.tile_;
    const auto columns = to_.columns_;
    tile = cache_bytes / std::max<std::int64_t>(1, kinds_[0].count * element_);
    tile = std::min(std::max(tile, least_tile), largest_tile);
    if (to_.has_row_values_) tile = std::max(tile, columns);
    // Whole rows, where there is room for one.
    if (columns <= tile) tile = is_best_row_by_row() ? columns : tile / columns * columns;
    tile = std::min(tile, std::max<std::int64_t>(to_.rows_ * columns, 1));
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].uniform || !needs_uniform_[i]) continue;
      to_.uniforms_.emplace_back(static_cast<std::int32_t>(i),
                                 uniforms_.of(inputs_[i].uniform, inputs_[i].layout.type.element, tile));
    }
  }

  /// Addresses of the values, then their registers: tiles, then row values.
  void lay_out_scratch() {
    const auto tile_bytes = whole_lines(to_.tile_ * element_),
               rows_bytes = whole_lines(to_.tile_ / to_.columns_ * element_);
    const auto tiles_begin = whole_lines(static_cast<std::int64_t>(to_.value_count_ * sizeof(void*)));
    const auto rows_begin = tiles_begin + static_cast<std::size_t>(kinds_[0].count) * tile_bytes;
    for (std::size_t value = 0; value < to_.value_count_; ++value) {
      const auto number = static_cast<std::size_t>(std::max(registers_[value], 0));
      to_.registers_.push_back(to_.per_row_[value] ? rows_begin + number * rows_bytes
                                                   : tiles_begin + number * tile_bytes);
    }
    to_.call_begin_ = rows_begin + static_cast<std::size_t>(kinds_[1].count) * rows_bytes;
    std::size_t places = 0;
    for (const auto& piece : to_.pieces_) places = std::max(places, piece.places.size());
    to_.scratch_bytes_ =
        to_.call_begin_ + whole_lines(static_cast<std::int64_t>(CompiledPass::call_bytes(places)));
  }

  static constexpr int never = -1;
  Cluster& to_;
  const std::vector<Input>& inputs_;
  const std::vector<Member>& given_;
  std::vector<Member> by_loops_;  // the same without code, where it cannot be compiled
  const std::vector<Output>& outputs_;
  UniformTiles& uniforms_;
  CompiledPasses& passes_;
  std::vector<Group> groups_;
  std::vector<int> group_of_;  // of each value; -1 of inputs and of what is in no memory
  std::vector<Draft> drafts_;
  std::size_t next_draft_ = 0;
  bool is_side_by_side_ = false;  // rows in pieces
  int last_ = 0;                  // after all groups
  std::vector<int> last_use_;     // of each value: the last group that takes it, or `last_` of outputs
  std::vector<int> last_reader_;  // the same, outputs aside
  std::vector<bool> is_taken_by_loop_;
  std::vector<std::vector<int>> ends_;                // of each group: values that nothing behind it takes
  std::vector<std::vector<std::size_t>> outputs_of_;  // of each step
  std::vector<std::int32_t> registers_;
  std::vector<bool> ready_;
  std::vector<bool> is_written_;     // outputs, by a piece
  std::vector<bool> needs_uniform_;  // inputs that are numbers, as a tile of it
  Registers kinds_[2];               // of tiles, and of row values
  std::int32_t totals_ = 0;
  std::int64_t element_ = 1;  // size of the largest
};

Cluster::Cluster(const Shape& shape, const std::vector<Input>& inputs, const std::vector<Member>& steps,
                 const std::vector<Output>& outputs, UniformTiles& uniforms, CompiledPasses& passes)
    : input_count_(inputs.size()), output_count_(outputs.size()), value_count_(inputs.size() + steps.size()) {
  find_row_values(shape, inputs, steps);
  find_axes(shape, inputs, outputs);
  Tiling(*this, inputs, steps, outputs, uniforms, passes).run();
}

}  // namespace reel::cpu
