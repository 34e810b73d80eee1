#include <reel/function.h>

namespace reel {

ProgramCache::Entry* ProgramCache::find(const Key& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front();
}

ProgramCache::Entry& ProgramCache::insert(Entry entry) {
  if (entries_.size() == capacity) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front(std::move(entry));
  by_key_[entries_.front().key] = entries_.begin();
  return entries_.front();
}

}  // namespace reel
