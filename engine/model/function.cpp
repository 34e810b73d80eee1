#include <reel/function.h>

namespace reel {

ProgramCache::Entry* ProgramCache::find(const Key& key) {
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
  if (entries_.size() > capacity) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  return entries_.front();
}

}  // namespace reel
