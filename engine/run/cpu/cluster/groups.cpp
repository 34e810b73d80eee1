#include "run/cpu/cluster/groups.h"

#include <algorithm>

namespace reel::cpu {

namespace {

bool makes_mask(const Cluster::Member& step) {
  return step.code && is_mask(step.code.instructions[static_cast<std::size_t>(step.code.result)].op);
}

class Grouping {
 public:
  Grouping(const std::vector<Cluster::Member>& steps, std::size_t input_count,
           const std::vector<bool>& per_row, const std::vector<bool>& is_output)
      : steps_(steps),
        inputs_(input_count),
        is_output_(is_output),
        group_(steps.size(), none),
        users_(steps.size()) {
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const bool is_whole = !per_row[inputs_ + s];
      compiles_.push_back(is_whole && (static_cast<bool>(steps[s].code) || steps[s].is_repeat()));
      for (auto operand : steps[s].operands)
        if (is_step(operand)) users_[step_of(operand)].push_back(static_cast<int>(s));
    }
  }

  std::vector<Group> run() {
    leave_out_what_needs_memory();
    while (add_by_loops()) {
      if (!add_compiled()) give_up_one();
    }
    return std::move(groups_);
  }

 private:
  static constexpr int none = -1;

  bool is_step(int value) const { return static_cast<std::size_t>(value) >= inputs_; }
  std::size_t step_of(int value) const { return static_cast<std::size_t>(value) - inputs_; }

  /// What is repeated along rows, or a mask, and wanted where no pass is compiled.
  void leave_out_what_needs_memory() {
    for (std::size_t s = steps_.size(); s-- > 0;) {
      if (!compiles_[s] || !(steps_[s].is_repeat() || makes_mask(steps_[s]))) continue;
      const auto& users = users_[s];
      compiles_[s] = !is_output_[s] && std::all_of(users.begin(), users.end(), [&](int user) {
        return compiles_[static_cast<std::size_t>(user)];
      });
    }
  }

  /// A repeated row value needs no work where it is taken by compiled passes alone.
  bool is_elided(std::size_t s) const { return compiles_[s] && steps_[s].is_repeat(); }

  bool is_made(int value) const {
    if (!is_step(value)) return true;
    const auto s = step_of(value);
    return group_[s] != none || (is_elided(s) && is_made(steps_[s].operands[0]));
  }
  bool is_ready(std::size_t s) const {
    const auto& operands = steps_[s].operands;
    return std::all_of(operands.begin(), operands.end(), [&](int value) { return is_made(value); });
  }

  /// All of those without instructions that are ready. Returns whether anything is left.
  bool add_by_loops() {
    bool is_any_left = false;
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (group_[s] != none || is_elided(s)) continue;
      if (!compiles_[s] && is_ready(s))
        add({{static_cast<int>(s)}, false});
      else
        is_any_left = true;
    }
    return is_any_left;
  }

  /// The first that is left is computed by its loop.
  void give_up_one() {
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (group_[s] != none || is_elided(s)) continue;
      compiles_[s] = false;
      return leave_out_what_needs_memory();
    }
  }

  void add(Group group) {
    for (auto s : group.steps) group_[static_cast<std::size_t>(s)] = static_cast<int>(groups_.size());
    groups_.push_back(std::move(group));
  }

  /// All that can be computed now, in vectors of one type. Returns whether there was any.
  bool add_compiled() {
    const auto found = found_now();
    const auto mask =
        std::find_if(found.begin(), found.end(), [&](int s) { return is_taken_outside(s, found); });
    if (mask != found.end()) {
      compiles_[static_cast<std::size_t>(*mask)] = false;
      leave_out_what_needs_memory();
      return true;
    }
    if (!found.empty()) add({found, true});
    return !found.empty();
  }

  std::vector<int> found_now() const {
    std::vector<int> found;
    auto element = ElementType::boolean;
    const auto is_found = [&](int value) {
      return std::binary_search(found.begin(), found.end(), static_cast<int>(step_of(value)));
    };
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if (group_[s] != none || !compiles_[s] || steps_[s].is_repeat()) continue;
      const auto of_step = steps_[s].code.element;
      const bool fits =
          element == ElementType::boolean || of_step == ElementType::boolean || of_step == element;
      const auto& operands = steps_[s].operands;
      const bool is_ready = std::all_of(operands.begin(), operands.end(), [&](int value) {
        return is_made(value) || (is_step(value) && is_found(value));
      });
      if (!fits || !is_ready || !has_its_masks(s, is_found)) continue;
      if (of_step != ElementType::boolean) element = of_step;
      found.push_back(static_cast<int>(s));
    }
    if (element == ElementType::boolean) found.clear();  // masks of nothing
    return found;
  }

  template <class IsFound>
  bool has_its_masks(std::size_t s, const IsFound& is_found) const {
    for (const auto& instruction : steps_[s].code.instructions)
      if (instruction.op == VectorOp::mask_operand) {
        const auto value = steps_[s].operands[instruction.bits];
        if (!is_step(value) || !is_found(value)) return false;
      }
    return true;
  }

  /// Whether it is a mask, and not all that take it are found with it.
  bool is_taken_outside(int s, const std::vector<int>& found) const {
    if (!makes_mask(steps_[static_cast<std::size_t>(s)])) return false;
    const auto& users = users_[static_cast<std::size_t>(s)];
    return !std::all_of(users.begin(), users.end(),
                        [&](int user) { return std::binary_search(found.begin(), found.end(), user); });
  }

  const std::vector<Cluster::Member>& steps_;
  const std::size_t inputs_;
  const std::vector<bool>& is_output_;
  std::vector<int> group_;  // of each step
  std::vector<std::vector<int>> users_;
  std::vector<bool> compiles_;
  std::vector<Group> groups_;
};

}  // namespace

std::vector<Group> groups_of(const std::vector<Cluster::Member>& steps, std::size_t input_count,
                             const std::vector<bool>& per_row, const std::vector<bool>& is_output) {
  return Grouping(steps, input_count, per_row, is_output).run();
}

}  // namespace reel::cpu
