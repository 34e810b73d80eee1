#include <reel/device.h>
#include <reel/error.h>

#include <algorithm>
#include <thread>

#include "run/cpu/threads/team.h"

namespace reel {

Device Device::cpu(int threads) {
  if (threads < 0)
    throw Error("[Device] " + std::to_string(threads) + " threads: there must be one, or 0 for all");
  if (threads == 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  Device device;
  device.team_ = std::make_shared<cpu::Team>(threads);
  return device;
}

Device Device::reference() { return Device(); }

int Device::threads() const { return team_ ? team_->threads() : 1; }

}  // namespace reel
