#pragma once
#include "run/cpu/cluster/groups.h"

namespace reel::cpu {

/// The groups in which the steps of a cluster are done, and which of them takes a value. What a cluster gives
/// back is taken once more by its outputs, after all groups.
class Uses {
 public:
  static constexpr int never = -1;

  Uses(const std::vector<Cluster::Member>& steps, std::size_t input_count,
       const std::vector<Cluster::Output>& outputs, const std::vector<bool>& per_row);

  const std::vector<Group>& groups() const { return groups_; }
  int last() const { return static_cast<int>(groups_.size()); }

  /// What group `g` reads for an operand: for a repeated row value a compiled pass reads the row value.
  int source_of(int value, int g) const;
  /// The group that makes a value, which is the result of a step.
  int group_of(int value) const { return group_of_[at(value)]; }
  /// The last one that takes it: last() where that is an output, `never` where there is none.
  int last_use(int value) const { return last_use_[at(value)]; }
  /// The same, outputs aside.
  int last_reader(int value) const { return last_reader_[at(value)]; }
  bool is_taken_by_loop(int value) const { return is_taken_by_loop_[at(value)]; }
  /// Values that nothing behind group `g` takes.
  const std::vector<int>& ends(int g) const { return ends_[at(g)]; }
  /// Which outputs a value is.
  const std::vector<std::size_t>& outputs_of(int value) const { return outputs_of_[at(value)]; }
  /// Whether nothing that the memory of an output holds is read once its value is made.
  bool is_safe(const Cluster::Output& output) const;

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  const std::vector<Cluster::Member>& steps_;
  const std::size_t input_count_;
  std::vector<Group> groups_;
  std::vector<int> group_of_, last_use_, last_reader_;  // of each value
  std::vector<bool> is_taken_by_loop_;
  std::vector<std::vector<std::size_t>> outputs_of_;
  std::vector<std::vector<int>> ends_;  // of each group
};

}  // namespace reel::cpu
