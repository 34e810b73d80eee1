#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "run/cpu/compiled/compiled_pass.h"

namespace reel::cpu {

/// Passes that have been compiled, so that the same is compiled but once while anybody has it.
class CompiledPasses {
 public:
  /// Null where it cannot be compiled.
  std::shared_ptr<const CompiledPass> of(const PassCode& code);

 private:
  std::mutex mutex_;
  std::map<std::vector<std::uint64_t>, std::weak_ptr<const CompiledPass>>
      known_;  // by all that the code holds
};

}  // namespace reel::cpu
