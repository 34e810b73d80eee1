#pragma once
/// @cond
/// @file
/// Updates that are not recorded yet.
#include <functional>
#include <memory>
#include <vector>

#include "tape.h"

namespace REEL_PUBLIC reel {

/// Updates held back: for whoever records others in their place.
class HeldUpdates {
 public:
  /// An update that was asked for.
  struct Entry {
    std::shared_ptr<Variable> variable;  ///< What was to be written.
    /// On the tape, with the variable's type.
    Tensor value;
  };

  /// The updates that `record` asks for on `tape`, in order; none of them is recorded.
  static std::vector<Entry> recorded_by(const std::function<void()>& record, Tape& tape);

  /// Where updates of `tape` are held back, or null.
  static HeldUpdates* of(const Tape& tape) { return tape.held_updates_; }
  /// Holds back one more.
  void add(Entry entry) { entries_.push_back(std::move(entry)); }

 private:
  /// Holds back what is asked for on `tape` during its life; they nest.
  explicit HeldUpdates(Tape& tape) : tape_(tape), outer_(tape.held_updates_) { tape.held_updates_ = this; }
  ~HeldUpdates() { tape_.held_updates_ = outer_; }
  HeldUpdates(const HeldUpdates&) = delete;
  HeldUpdates& operator=(const HeldUpdates&) = delete;

  Tape& tape_;
  HeldUpdates* outer_;
  std::vector<Entry> entries_;
};

}  // namespace reel
/// @endcond
