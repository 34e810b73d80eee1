#pragma once
#include <memory>

namespace reel {

namespace cpu {
class Team;
}

/// Where a model lives and its programs run. A handle, copied freely; copies share their threads.
class Device {
 public:
  /// The processor, with this many threads of its own; as many as it has cores where that is 0. They are
  /// started by the first program that can use them, wait for work for a moment and then sleep. No result
  /// depends on their number. Throws Error for a negative one.
  ///
  /// A process made by fork() may go on with everything that lives here, and starts threads of its own. Only
  /// a program that another thread was running at that moment stays in the midst of its run: running it
  /// throws Error.
  static Device cpu(int threads = 0);
  /// The processor without anything clever: one plain kernel an operation, in one thread. Everything else is
  /// tested against it.
  static Device reference();

  const char* name() const { return is_reference() ? "reference" : "cpu"; }
  bool is_reference() const { return !team_; }
  /// Including the one that runs a program.
  int threads() const;
  /// Null for the reference.
  const std::shared_ptr<cpu::Team>& team() const { return team_; }

 private:
  Device() = default;
  std::shared_ptr<cpu::Team> team_;
};

}  // namespace reel
