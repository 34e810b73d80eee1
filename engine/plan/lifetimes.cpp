#include "plan/lifetimes.h"

#include <algorithm>

#include "plan/out_of_memory.h"

namespace reel::plan {

namespace {

bool is_cached(const Line& line) {
  bool writes = false;
  for (const auto& use : line.uses) {
    if (!use.writes) continue;
    if (!use.place.cached) return false;
    writes = true;
  }
  return writes;
}

void flatten(Block& block, int level, std::vector<Line>& lines) {
  for (auto& line : block.lines) {
    const auto at = lines.size();
    const auto body = std::move(line.body);
    lines.push_back(std::move(line));
    lines[at].work.cached = level == 0 && is_cached(lines[at]);
    if (!body) continue;
    flatten(*body, level + 1, lines);
    lines[at].work.end = static_cast<std::int32_t>(lines.size());
  }
}

}  // namespace

std::vector<Line> flattened(Block block) {
  std::vector<Line> lines;
  flatten(block, 0, lines);
  return lines;
}

void find_lifetimes(std::vector<Buffer>& buffers, const std::vector<Line>& lines,
                    const std::vector<std::pair<Place, Address*>>& read_at_end) {
  std::vector<std::int64_t> heads, ends;  // of the loops around
  for (std::int64_t at = 0; at < static_cast<std::int64_t>(lines.size()); ++at) {
    while (!ends.empty() && ends.back() <= at) {
      heads.pop_back();
      ends.pop_back();
    }
    const auto& line = lines[at];
    for (const auto& use : line.uses) {
      if (use.place.buffer < 0) continue;
      auto& buffer = buffers[use.place.buffer];
      const bool outlives = buffer.level < static_cast<int>(heads.size());
      buffer.first = std::min(buffer.first, outlives ? heads[buffer.level] : at);
      buffer.last = std::max(buffer.last, outlives ? ends[buffer.level] - 1 : at);
    }
    if (line.work.kind == Work::Kind::loop) {
      heads.push_back(at);
      ends.push_back(line.work.end);
    }
  }
  for (const auto& [place, address] : read_at_end)
    if (place.buffer >= 0) buffers[place.buffer].last = INT64_MAX;
  for (auto& buffer : buffers) {
    if (buffer.last < 0 || buffer.first == INT64_MAX) {
      buffer.first = 0;
      buffer.last = std::max<std::int64_t>(buffer.last, 0);
      if (buffer.last == 0) buffer.bytes = 0;  // never used
    }
    if (buffer.is_kept) {
      buffer.first = -1;
      buffer.last = INT64_MAX;
    }
  }
}

namespace {

/// From places in buffers to addresses in memory.
class Addresses {
 public:
  /// What is kept gets bases.
  explicit Addresses(Plan& plan) : plan_(plan), base_of_(plan.buffers.size(), arena_base) {
    for (std::size_t i = 0; i < plan.buffers.size(); ++i) {
      const auto& buffer = plan.buffers[i];
      if (!buffer.is_kept || buffer.bytes == 0) continue;
      base_of_[i] = static_cast<int>(plan.bases.size());
      plan.bases.push_back({Base::Kind::kept, plan.kept.size(), nullptr, nullptr});
      plan.kept.push_back(buffer.bytes);
    }
  }

  Address of(Address place) const {
    if (place.buffer < 0) return place;
    place.base = base_of_[static_cast<std::size_t>(place.buffer)];
    place.offset += static_cast<std::int64_t>(plan_.buffers[place.buffer].offset);
    return place;
  }

 private:
  const Plan& plan_;
  std::vector<int> base_of_;  // of the buffers
};

void add_work(Plan& plan, Line line, const Addresses& addresses) {
  auto& work = line.work;
  work.first_operand = static_cast<std::uint32_t>(plan.operands.size());
  for (auto& use : line.uses) {
    plan.operands.push_back(addresses.of(std::move(use.place)));
    ++(use.writes ? work.output_count : work.input_count);
  }
  plan.work.push_back(work);
  plan.notes.push_back(std::move(line.note));
}

}  // namespace

void set_addresses(Plan& plan, std::vector<Line> lines,
                   const std::vector<std::pair<Place, Address*>>& read_at_end) {
  find_lifetimes(plan.buffers, lines, read_at_end);
  plan.arena_bytes = place_buffers(plan.buffers);
  const bool is_possible = plan.arena_bytes <= most_bytes_of_an_arena;
  // Offsets in an arena that is not to be had mean nothing.
  if (!is_possible)
    for (auto& buffer : plan.buffers) buffer.offset = 0;
  const Addresses addresses(plan);
  for (auto& line : lines) add_work(plan, std::move(line), addresses);
  if (!is_possible) refuse_memory(types_of(plan.arguments), plan.arena_bytes, what_holds_memory(plan));
  for (const auto& [place, address] : read_at_end) *address = addresses.of(place);
}

}  // namespace reel::plan
