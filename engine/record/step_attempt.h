#pragma once
#include <exception>

#include "record/record_step.h"

namespace reel {

/// A step that was recorded, or as much of it as there was until it was refused.
struct Attempt {
  RecordedStep step;
  /// The element types of the state that it hands on, where they are known.
  std::vector<std::optional<ElementType>> given;
  std::exception_ptr refusal;
  std::string said;

  /// Throws what it was refused with.
  const RecordedStep& checked() const {
    if (refusal) std::rethrow_exception(refusal);
    return step;
  }
};

/// Records the cell with a state of `types`.
Attempt attempt(const StepContext& context, const std::vector<TensorType>& types, bool rehearses);

/// A rehearsal in which the cell gets its untyped literals as they are, so that they take the type of what
/// they meet there.
Attempt attempt_with_literals(const StepContext& context, const Tensors& state,
                              const std::vector<TensorType>& types);

/// Throws RecordError where two recordings of one cell differ, were they refused or not: it keeps something
/// in itself that belongs in the state.
void check_same(const Attempt& one, const Attempt& other);

}  // namespace reel
