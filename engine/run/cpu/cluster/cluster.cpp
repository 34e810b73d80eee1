#include "run/cpu/cluster/cluster.h"

#include <algorithm>

// How the work is divided among threads.

namespace reel::cpu {

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

std::string Cluster::how() const {
  if (pieces_.empty()) return "";
  const auto loops = std::count_if(actions_.begin(), actions_.end(), [](const Action& action) {
    return action.kind != Action::Kind::load && action.kind != Action::Kind::store &&
           action.kind != Action::Kind::compiled;
  });
  return loops == 0 ? "compiled" : "compiled, " + std::to_string(loops) + " by loops";
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
