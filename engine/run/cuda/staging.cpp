#include "run/cuda/staging.h"

#include <reel/error.h>

#include <algorithm>
#include <cstring>

namespace reel::cuda {

std::unique_ptr<Staging::Place> Staging::free_place() {
  {
    const std::lock_guard<std::mutex> lock(pool_->mutex);
    if (!pool_->places.empty()) {
      auto place = std::move(pool_->places.back());
      pool_->places.pop_back();
      return place;
    }
  }
  auto place = std::make_unique<Place>();
  const auto bytes = std::max<std::size_t>(bytes_, 1);
  place->pinned = {driver_->allocate_pinned(bytes), [driver = driver_](void* memory) {
                     if (memory) driver->release_pinned(memory);
                   }};
  place->memory = DeviceMemory(driver_, bytes);
  if (!place->pinned || !place->memory.get())
    throw MemoryError("[Program] there is no memory to stage arguments of " + std::to_string(bytes_) +
                      " bytes");
  return place;
}

std::shared_ptr<Staging::Place> Staging::stage(const std::vector<const Array*>& arguments) {
  std::shared_ptr<Place> place(free_place().release(), [pool = pool_](Place* place) {
    const std::lock_guard<std::mutex> lock(pool->mutex);
    pool->places.emplace_back(place);
  });
  // What was staged there before may be on its way yet, where nobody ran on it.
  if (place->arrived) driver_->finish(*place->arrived);
  place->arrived.reset();
  auto* pinned = static_cast<std::byte*>(place->pinned.get());
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i]->bytes() > 0)
      std::memcpy(pinned + offsets_[i], arguments[i]->raw(), arguments[i]->bytes());
  place->arrived = driver_->upload_beside(place->memory.get(), pinned, bytes_);
  return place;
}

}  // namespace reel::cuda
