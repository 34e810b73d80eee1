#pragma once
/// @file
/// @ingroup training
/// Programs that end in order.
#include <reel/visibility.h>

namespace REEL_PUBLIC reel {

/// During its life the first SIGINT (Ctrl-C) or SIGTERM is only noted, for the program to end in order: to
/// save, and to say how it goes on. A second one ends it at once. One at a time; afterwards signals do what
/// they did before.
///
///     Interrupts interrupts;
///     while (!interrupts.noted()) step(...);
///     checkpoint.save();
class Interrupts {
 public:
  /// Throws Error where another one lives.
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// Whether there was one since the last Interrupts began. To be asked in any thread.
  static bool noted();
};

}  // namespace reel
