#pragma once
#include <map>
#include <string>

#include <reel/compile_options.h>

#include "met_limits.h"
#include "passes/split/recurrence.h"
#include "passes/split/step_groups.h"
#include "record/projection.h"

namespace reel::passes {

/// How the sum of a value over the steps comes about.
enum class Sum : std::uint8_t {
  of_steps,     ///< of its values at all steps
  in_loop,      ///< of its values as they come, in a loop of its own: all of them would need much memory
  linear,       ///< the operation on the sums of its operands
  by_operation  ///< the operation tells
};

/// How a value of a step is needed outside of the loop that computes it, and how it is had there.
struct Need {
  bool value = false;  ///< at every step, or once where it does not vary
  bool total = false;  ///< summed over the steps
  bool step = false;   ///< step by step, in a loop that adds it up or reduces it
  bool in_steps =
      false;  ///< its value at every step is had by a loop of its own: what it is made of is large
  Sum sum = Sum::of_steps;
};

/// What becomes of an unroll once everything is taken out of its loop that can be: what each loop computes,
/// and how everything else is had.
struct StepPlan {
  StepGroups groups;
  /// The loop that computes each value, a number of a component; -1 where it needs none.
  std::vector<std::int32_t> loop_of;
  /// For each component, what its loop computes, in the order of the body; nothing where it is none.
  NodeLists loops;
  /// All components, each behind those that it reads.
  std::vector<std::int32_t> order;
  std::vector<Need> needs;
  /// Components that are scans, by their number.
  std::map<std::int32_t, Recurrence> scans;

  bool is_scanned(NodeId id) const { return groups.is_live(id) && scans.count(groups.component[id]) > 0; }
  bool varies(NodeId id) const { return groups[id].varies; }
};

/// How unrolls are split.
struct SplitOptions {
  /// Maps before a loop and sums behind it are computed in it where that is better.
  bool sink = true;
  /// Linear recurrences are scans, not loops.
  bool scan = true;
  Saving saving = Saving::time_and_memory;
};

/// Decides it for a body of which something is projected. Adds to `met` where there are too many to choose
/// among.
StepPlan plan_steps(const Body& body, std::int64_t steps, const std::vector<Projection>& projected,
                    const SplitOptions& options, limits::Met& met);

/// A line for each live value: "%7 mul: loop 3", "%9 add: at every step, summed by its operands".
std::string to_string(const StepPlan& plan, const Tape& step);

/// Whether the sum of a value over the steps is taken of this operand, where it is Sum::linear. (An operand
/// that does not vary is read as it is.)
bool sums_operand(const StepPlan& plan, const Tape& step, NodeId id, std::size_t operand);

}  // namespace reel::passes
