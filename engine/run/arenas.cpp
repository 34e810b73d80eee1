#include "run/arenas.h"

#include <algorithm>
#include <new>

namespace reel {

Arenas::~Arenas() { delete last_.load(); }

Arenas::Claim::Claim(std::shared_ptr<Arenas> arenas, std::size_t bytes)
    : arenas_(std::move(arenas)), bytes_(bytes) {
  {
    const std::lock_guard<std::mutex> lock(arenas_->mutex_);
    // To give an arena back takes no memory then: as many are idle at most, and one that comes to them.
    const auto most_idle = arenas_->needs_.size() + 2;
    if (arenas_->idle_.capacity() < most_idle) arenas_->idle_.reserve(2 * most_idle);
    arenas_->needs_.insert(bytes_);
    arenas_->most_ = *arenas_->needs_.rbegin();
  }
  try {
    const Lease lease(*this);
  } catch (...) {
    const std::lock_guard<std::mutex> lock(arenas_->mutex_);
    arenas_->needs_.erase(arenas_->needs_.find(bytes_));
    arenas_->drop_what_is_too_large();
    throw;
  }
}

Arenas::Claim::~Claim() {
  const std::lock_guard<std::mutex> lock(arenas_->mutex_);
  arenas_->needs_.erase(arenas_->needs_.find(bytes_));
  arenas_->drop_what_is_too_large();
}

void Arenas::drop_what_is_too_large() {
  most_ = needs_.empty() ? 0 : *needs_.rbegin();
  if (std::unique_ptr<Arena> last(last_.exchange(nullptr)); last) idle_.push_back(std::move(last));
  const auto is_too_large = [&](const std::unique_ptr<Arena>& arena) {
    return needs_.empty() || arena->bytes > most_;
  };
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(), is_too_large), idle_.end());
}

std::unique_ptr<Arenas::Arena> Arenas::take(std::size_t bytes) {
  std::unique_ptr<Arena> last(last_.exchange(nullptr, std::memory_order_acquire));
  if (last && last->bytes >= bytes) return last;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (last) idle_.push_back(std::move(last));
  // The smallest that suffices; else one takes the place of the largest, so that there never are more of
  // them than runs at a time.
  const auto is_smaller = [](const std::unique_ptr<Arena>& a, const std::unique_ptr<Arena>& b) {
    return a->bytes < b->bytes;
  };
  std::sort(idle_.begin(), idle_.end(), is_smaller);
  const auto fit = std::find_if(idle_.begin(), idle_.end(),
                                [&](const std::unique_ptr<Arena>& arena) { return arena->bytes >= bytes; });
  if (fit != idle_.end()) {
    auto taken = std::move(*fit);
    idle_.erase(fit);
    return taken;
  }
  if (!idle_.empty()) idle_.pop_back();
  auto made = std::make_unique<Arena>(Arena{allocate_(bytes), bytes});
  if (!made->memory) throw std::bad_alloc();
  return made;
}

void Arenas::give_back(std::unique_ptr<Arena> arena) {
  Arena* none = nullptr;
  if (arena->bytes <= most_.load(std::memory_order_relaxed) &&
      last_.compare_exchange_strong(none, arena.get(), std::memory_order_release,
                                    std::memory_order_relaxed)) {
    arena.release();
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (arena->bytes <= most_ && idle_.size() < needs_.size()) idle_.push_back(std::move(arena));
}

}  // namespace reel
