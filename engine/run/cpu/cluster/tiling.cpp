#include <reel/structural.h>

#include <algorithm>

#include "run/cpu/cluster/cluster.h"
#include "run/cpu/cluster/pieces.h"

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
        registers_(cluster.value_count_, -1),
        ready_(cluster.value_count_),
        needs_uniform_(inputs.size()) {}

  void run() {
    group();
    find_direct_outputs();
    last_use_.resize(to_.value_count_);
    for (std::size_t value = 0; value < to_.value_count_; ++value)
      last_use_[value] = uses_->last_use(static_cast<int>(value));
    keep_repeated_inputs();
    for (int g = 0; g < uses_->last(); ++g)
      if (uses_->groups()[g].is_compiled)
        add_piece(g);
      else
        add_step(g, uses_->groups()[g].steps[0]);
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      if (pieces_->is_written(o)) continue;
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
  bool is_input(int value) const { return value < input_count(); }

  /// What is done together: all by loops where it cannot be compiled.
  void group() {
    const auto take = [&] {
      uses_.emplace(steps(), inputs_.size(), outputs_, to_.per_row_);
      pieces_.emplace(to_, inputs_, steps(), outputs_, *uses_);
      return pieces_->compile(passes_);
    };
    auto drafts = take();
    if (!drafts) {
      by_loops_ = given_;
      for (auto& step : by_loops_) step.code = {};
      drafts = take();
    }
    drafts_ = std::move(*drafts);
  }

  /// Outputs that loops write into their place, which is decided for each tile: where it is one piece of
  /// memory.
  void find_direct_outputs() {
    to_.direct_output_.assign(to_.value_count_, -1);
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      const auto value = outputs_[o].value;
      const auto& access = to_.accesses_[inputs_.size() + o];
      const bool is_by_loop = !uses_->groups()[uses_->group_of(value)].is_compiled;
      if (is_by_loop && uses_->is_safe(outputs_[o]) && to_.direct_output_[value] < 0 &&
          access.column == access.element)
        to_.direct_output_[value] = static_cast<std::int32_t>(o);
    }
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
    for (auto value : uses_->ends(g)) release(value, g);
  }

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
      if (ready_[i] || !to_.accesses_[i].repeated || !pieces_->is_loaded(static_cast<int>(i))) continue;
      take(static_cast<int>(i));
      last_use_[i] = uses_->last() + 1;
    }
  }

  void load_before_use(int value) {
    if (!is_input(value) || ready_[value]) return;
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
    if (last_use_[action.value] == Uses::never) release(action.value, g);
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
    to_.step_count_ = std::max<std::int64_t>(1, uses_->last());
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
    return copied > 0 && to_.columns_ * copied >= elements_of_call * uses_->last();
  }

  /// Whether an input or output is copied in tiles of several rows, and would not be in those of one.
  bool is_in_place_by_rows(std::size_t i) const {
    const auto& access = to_.accesses_[i];
    if (access.column != access.element || access.packed || access.repeated || access.per_row) return false;
    if (i < inputs_.size()) return pieces_->is_loaded(static_cast<int>(i));
    if (pieces_->is_written(i - inputs_.size())) return false;
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

  Cluster& to_;
  const std::vector<Input>& inputs_;
  const std::vector<Member>& given_;
  std::vector<Member> by_loops_;  // the same without code, where it cannot be compiled
  const std::vector<Output>& outputs_;
  UniformTiles& uniforms_;
  CompiledPasses& passes_;
  std::optional<Uses> uses_;
  std::optional<Pieces> pieces_;
  std::vector<Pieces::Draft> drafts_;
  std::size_t next_draft_ = 0;
  std::vector<int>
      last_use_;  // of each value: the last group that takes it, or that its register is kept for
  std::vector<std::int32_t> registers_;
  std::vector<bool> ready_;
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
