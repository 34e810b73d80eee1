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
  /// At most so many at a time: the memory of each is one of those that a process may have.
  explicit CompiledPasses(bool orders = true, std::size_t most = 20000) : orders_(orders), most_(most) {}

  /// Null where it cannot be compiled, or there are too many.
  std::shared_ptr<const CompiledPass> of(const PassCode& code);

 private:
  const bool orders_;  // their instructions
  const std::size_t most_;
  struct Known {
    std::recursive_mutex mutex;  // a pass may end while another is made, for lack of memory
    std::map<std::vector<std::uint64_t>, std::weak_ptr<const CompiledPass>>
        passes;  // by all that the code holds
  };
  const std::shared_ptr<Known> known_ = std::make_shared<Known>();
};

}  // namespace reel::cpu
