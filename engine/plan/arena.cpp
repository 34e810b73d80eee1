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
  std::size_t end_ = 0;
};

std::size_t rounded(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
}

}  // namespace

std::size_t place_buffers(std::vector<Buffer>& buffers) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (!buffers[i].is_kept) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].first < buffers[b].first; });
  using Ending = std::pair<std::int64_t, std::size_t>;
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> in_use;
  FreeList free;
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

}  // namespace reel::plan
