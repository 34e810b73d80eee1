#include <reel/variable.h>

namespace reel {

Variable::Variable(std::string name, Array value, bool counts_runs)
    : name_(std::move(name)), counts_runs_(counts_runs), value_(std::move(value)) {}

const Array& Variable::read() const {
  if (is_elsewhere_.load(std::memory_order_acquire)) {
    const std::lock_guard<std::mutex> lock(fetching_);
    if (is_elsewhere_.load(std::memory_order_relaxed)) {
      fetch_(value_);
      fetch_ = nullptr;  // and what it holds of the device
      is_elsewhere_.store(false, std::memory_order_release);
    }
  }
  return value_;
}

Array& Variable::write() {
  read();
  ++version_;
  return value_;
}

Array& Variable::overwrite() {
  const std::lock_guard<std::mutex> lock(fetching_);
  is_elsewhere_.store(false, std::memory_order_release);
  fetch_ = nullptr;
  ++version_;
  return value_;
}

void Variable::written_elsewhere(std::function<void(Array&)> fetch) {
  const std::lock_guard<std::mutex> lock(fetching_);
  fetch_ = std::move(fetch);
  ++version_;
  is_elsewhere_.store(true, std::memory_order_release);
}

std::int64_t Variable::next_run() {
  read();
  return __atomic_fetch_add(value_.data<std::int64_t>(), 1, __ATOMIC_RELAXED);
}

}  // namespace reel
