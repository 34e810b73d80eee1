#include "run/cuda/board.h"

#include <algorithm>

namespace reel::cuda {

namespace {

/// Null where there is none left.
Block allocate_block(const std::shared_ptr<Driver>& driver, std::size_t bytes) {
  const DeviceMemory memory(driver, std::max<std::size_t>(bytes, 1));
  return memory.get() ? Block(memory.get(), [memory](std::byte*) {}) : nullptr;
}

}  // namespace

Board::Board(std::shared_ptr<Driver> own)
    : driver(std::move(own)),
      arenas(std::make_shared<Arenas>(
          [driver = driver](std::size_t bytes) { return allocate_block(driver, bytes); })),
      kept(std::make_shared<KeptValues>(
          [driver = driver](std::size_t bytes) { return allocate_block(driver, bytes); })) {}

Board::Held& Board::held(const std::shared_ptr<Variable>& variable) {
  auto known = held_.find(variable.get());
  if (known != held_.end() && known->second.variable.lock() == variable) return known->second;
  // A new one: what is held of those that are no more is given back. One may have stood at its address.
  // All are looked through once for a few new ones, so that very many come in little time.
  if (known != held_.end()) held_.erase(known);
  constexpr std::size_t part = 16;
  if (++new_ * part >= held_.size()) {
    for (auto each = held_.begin(); each != held_.end();)
      each = each->second.variable.expired() ? held_.erase(each) : std::next(each);
    new_ = 0;
  }
  return held_[variable.get()] = {{}, {}, 0, variable};
}

std::byte* Board::newest(const std::shared_ptr<Variable>& variable) {
  auto& held = this->held(variable);
  if (held.version == variable->version()) return held.memory.get();
  const auto& value = variable->read();
  if (!held.memory.get()) held.memory = room_for(*variable);
  driver->upload(held.memory.get(), value.raw(), value.bytes());
  held.version = variable->version();
  return held.memory.get();
}

DeviceMemory Board::room_for(const Variable& variable) {
  const auto known = held_.find(&variable);
  if (known != held_.end() && known->second.spare.get()) return std::exchange(known->second.spare, {});
  DeviceMemory memory(driver, std::max<std::size_t>(variable.type().bytes(), 1));
  if (!memory.get())
    throw MemoryError("[Model] there is no memory on the device for '" + variable.name() + "', " +
                      to_string(variable.type()));
  return memory;
}

void Board::written(const std::shared_ptr<Variable>& variable, DeviceMemory memory) {
  auto& held = this->held(variable);
  variable->written_elsewhere(
      [driver = driver, memory](Array& host) { driver->download(host.raw(), memory.get(), host.bytes()); });
  held.version = variable->version();
  held.spare = std::exchange(held.memory, std::move(memory));
}

}  // namespace reel::cuda
