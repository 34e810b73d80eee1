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
  struct Known {
    std::mutex mutex;
    std::map<std::vector<std::uint64_t>, std::weak_ptr<const CompiledPass>>
        passes;  // by all that the code holds
  };
  const std::shared_ptr<Known> known_ = std::make_shared<Known>();
};

}  // namespace reel::cpu
