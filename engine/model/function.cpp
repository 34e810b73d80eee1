#include <reel/function.h>

#include <algorithm>
#include <set>

namespace reel {

ProgramCache::Entry* ProgramCache::find(const Key& key) {
  if (!entries_.empty() && entries_.front().key == key) return &entries_.front();
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

ProgramCache::Entry& ProgramCache::insert(Entry entry) {
  // In one piece: where memory gives out there is no entry.
  std::list<Entry> added;
  added.push_front(std::move(entry));
  by_key_.emplace(added.front().key, added.begin());
  entries_.splice(entries_.begin(), added);
  keep_limits();
  return entries_.front();
}

std::size_t ProgramCache::bytes() const {
  std::size_t arena = 0, kept = 0;
  std::set<const void*> counted;
  for (const auto& entry : entries_) {
    arena = std::max(arena, entry.program.arena_bytes() - entry.program.kept_bytes());
    for (const auto& [block, bytes] : entry.program.kept_blocks())
      if (counted.insert(block).second) kept += bytes;
  }
  return arena + kept;
}

void ProgramCache::set_limits(const CacheLimits& limits) {
  limits_ = limits;
  keep_limits();
}

void ProgramCache::keep_limits() {
  while (entries_.size() > 1 && (entries_.size() > limits_.programs || bytes() > limits_.bytes)) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

void ProgramCache::clear() {
  by_key_.clear();
  entries_.clear();
}

}  // namespace reel
