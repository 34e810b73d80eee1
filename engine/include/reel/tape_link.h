#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "numbered.h"
#include "origin.h"
#include "shape.h"

namespace REEL_PUBLIC reel {

class Tape;

/// Where the nodes of a tape that is gone came from. Names and types are kept once, and a few numbers a node.
struct Epitaph {
  struct Line {
    std::uint32_t type, operation, origin, label;
  };
  std::vector<Line> lines;
  std::vector<TensorType> types;
  std::vector<std::string> operations;
  Numbered<Origin, OriginHash> origins;
  Numbered<std::string, std::hash<std::string>> labels;
};

/// What the tensors of a tape share: the way to it while it lives, and where they came from once it is gone.
class TapeLink {
 public:
  explicit TapeLink(Tape& tape) : tape_(&tape) {}
  /// Null once the tape is gone.
  Tape* tape() const { return tape_.load(std::memory_order_acquire); }
  /// "float32[2, 3] made by [softmax] in scope net/attention", of node `id`.
  std::string origin_of(std::int32_t id) const;
  /// The tape is about to go while tensors of it remain: `epitaph` is what errors say of them, null where
  /// there was no memory for it.
  void bury(std::unique_ptr<const Epitaph> epitaph) noexcept;

 private:
  std::atomic<Tape*> tape_;
  std::unique_ptr<const Epitaph> epitaph_;
};

}  // namespace reel
