#include "plan/arena.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <queue>
#include <set>

namespace reel::plan {

namespace {

constexpr std::size_t alignment = 64;

/// The gaps of an arena that grows at its end: best fit, neighbours joined when freed.
class FreeList {
 public:
  explicit FreeList(std::size_t first) : end_(first) {}

  std::size_t take(std::size_t bytes) {
    const auto fit = by_size_.lower_bound({bytes, 0});
    if (fit == by_size_.end()) {
      const auto offset = end_;
      end_ = std::min(end_ + bytes, most_bytes_of_an_arena + 1);
      return offset;
    }
    const auto [size, offset] = *fit;
    erase(offset, size);
    if (size > bytes) insert(offset + bytes, size - bytes);
    return offset;
  }

  void give_back(std::size_t offset, std::size_t bytes) {
    auto after = by_offset_.lower_bound(offset);
    if (after != by_offset_.end() && after->first == offset + bytes) {
      bytes += after->second;
      erase(after->first, after->second);
      after = by_offset_.lower_bound(offset);
    }
    if (after != by_offset_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == offset) {
        offset = before->first;
        bytes += before->second;
        erase(before->first, before->second);
      }
    }
    insert(offset, bytes);
  }

  std::size_t end() const { return end_; }

 private:
  void insert(std::size_t offset, std::size_t bytes) {
    by_offset_[offset] = bytes;
    by_size_.insert({bytes, offset});
  }
  void erase(std::size_t offset, std::size_t bytes) {
    by_offset_.erase(offset);
    by_size_.erase({bytes, offset});
  }

  std::map<std::size_t, std::size_t> by_offset_;
  std::set<std::pair<std::size_t, std::size_t>> by_size_;
  std::size_t end_;
};

std::size_t rounded(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
}

}  // namespace

namespace {

using Order = std::vector<std::size_t>;  // positions of buffers

/// One after the other as they are needed, each in the smallest gap that holds it, from `first` on. Returns
/// the end.
std::size_t place_by_time(std::vector<Buffer>& buffers, Order order, std::size_t first) {
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].first < buffers[b].first; });
  using Ending = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> in_use;
  FreeList free(first);
  for (auto i : order) {
    auto& buffer = buffers[i];
    while (!in_use.empty() && in_use.top().first < buffer.first) {
      const auto& over = buffers[in_use.top().second];
      free.give_back(over.offset, rounded(over.bytes));
      in_use.pop();
    }
    buffer.offset = free.take(rounded(buffer.bytes));
    in_use.push({buffer.last, i});
  }
  return free.end();
}

/// The largest first, each as low as those that are in use at the same time let it. Returns the end.
std::size_t place_by_size(std::vector<Buffer>& buffers, const Order& largest_first) {
  std::size_t end = 0;
  for (std::size_t k = 0; k < largest_first.size(); ++k) {
    auto& buffer = buffers[largest_first[k]];
    std::vector<std::pair<std::size_t, std::size_t>> taken;  // from, to
    for (std::size_t other = 0; other < k; ++other) {
      const auto& placed = buffers[largest_first[other]];
      if (placed.first <= buffer.last && buffer.first <= placed.last)
        taken.emplace_back(placed.offset, placed.offset + rounded(placed.bytes));
    }
    std::sort(taken.begin(), taken.end());
    buffer.offset = 0;
    for (const auto& [from, to] : taken) {
      if (buffer.offset + rounded(buffer.bytes) <= from) break;
      buffer.offset = std::max(buffer.offset, to);
    }
    end = std::max(end, buffer.offset + rounded(buffer.bytes));
  }
  return end;
}

}  // namespace

/// Large ones leave gaps behind when they are placed as time goes; so the few that matter are tried first.
/// The better of both is taken.
std::size_t place_buffers(std::vector<Buffer>& buffers) {
  constexpr std::size_t few = 64;
  Order all;
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (!buffers[i].is_kept) all.push_back(i);
  const auto by_time = place_by_time(buffers, all, 0);
  if (by_time > most_bytes_of_an_arena) return by_time;
  Order by_size = all;
  const auto middle = by_size.begin() + static_cast<std::ptrdiff_t>(std::min(few, by_size.size()));
  std::partial_sort(by_size.begin(), middle, by_size.end(), [&](std::size_t a, std::size_t b) {
    return std::make_pair(buffers[b].bytes, a) < std::make_pair(buffers[a].bytes, b);
  });
  const auto largest = place_by_size(buffers, Order(by_size.begin(), middle));
  const auto end = place_by_time(buffers, Order(middle, by_size.end()), largest);
  return end < by_time ? end : place_by_time(buffers, all, 0);
}

}  // namespace reel::plan
