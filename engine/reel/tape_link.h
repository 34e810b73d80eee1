#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "shape.h"

namespace reel {

class Tape;

/// What the tensors of a tape share: the way to it while it lives, and where they came from once it is gone.
class TapeLink {
 public:
  explicit TapeLink(Tape& tape) : tape_(&tape) {}
  /// Null once the tape is gone.
  Tape* tape() const { return tape_.load(std::memory_order_acquire); }
  /// "float32[2, 3] made by [softmax] in scope net/attention", of node `id`.
  std::string origin_of(std::int32_t id) const;
  /// The tape is about to go while tensors of it remain: keeps what errors say of them.
  void bury();

 private:
  struct Epitaph {
    TensorType type;
    std::string operation, scope, label;
  };
  static Epitaph epitaph(const Tape& tape, std::int32_t id);

  std::atomic<Tape*> tape_;
  std::vector<Epitaph> epitaphs_;
};

}  // namespace reel
