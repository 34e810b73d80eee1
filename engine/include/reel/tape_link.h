#pragma once
/// @cond
/// @file
/// What tensors know of their tape.
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
  /// A node, by numbers of what is kept once.
  struct Line {
    std::uint32_t type,  ///< Which of `types` it has.
        operation,       ///< Which of `operations` made it.
        origin,          ///< The number of its Origin.
        label;           ///< The number of its label.
  };
  std::vector<Line> lines;                               ///< One for each node.
  std::vector<TensorType> types;                         ///< Each but once.
  std::vector<std::string> operations;                   ///< Names, each but once.
  Numbered<Origin, OriginHash> origins;                  ///< Each but once.
  Numbered<std::string, std::hash<std::string>> labels;  ///< Each but once.
};

/// What the tensors of a tape share: the way to it while it lives, and where they came from once it is gone.
class TapeLink {
 public:
  /// To a tape that lives.
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
/// @endcond
