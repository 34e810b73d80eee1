#include "run/cpu/cluster/uses.h"

#include <algorithm>

namespace reel::cpu {

Uses::Uses(const std::vector<Cluster::Member>& steps, std::size_t input_count,
           const std::vector<Cluster::Output>& outputs, const std::vector<bool>& per_row)
    : steps_(steps), input_count_(input_count) {
  const auto values = input_count + steps.size();
  outputs_of_.resize(values);
  for (std::size_t o = 0; o < outputs.size(); ++o) outputs_of_[at(outputs[o].value)].push_back(o);
  std::vector<bool> is_output;
  for (auto value = input_count; value < values; ++value) is_output.push_back(!outputs_of_[value].empty());
  groups_ = groups_of(steps, input_count, per_row, is_output);

  group_of_.assign(values, never);
  last_use_.assign(values, never);
  is_taken_by_loop_.assign(values, false);
  for (int g = 0; g < last(); ++g)
    for (auto s : groups_[at(g)].steps) {
      group_of_[input_count + at(s)] = g;
      for (auto operand : steps[at(s)].operands) {
        const auto source = at(source_of(operand, g));
        last_use_[source] = g;
        if (!groups_[at(g)].is_compiled) is_taken_by_loop_[source] = true;
      }
    }
  last_reader_ = last_use_;
  for (const auto& output : outputs) last_use_[at(output.value)] = last();
  ends_.resize(groups_.size());
  for (std::size_t value = 0; value < values; ++value)
    if (last_use_[value] >= 0 && last_use_[value] < last())
      ends_[at(last_use_[value])].push_back(static_cast<int>(value));
}

int Uses::source_of(int value, int g) const {
  if (!groups_[at(g)].is_compiled || at(value) < input_count_) return value;
  const auto& step = steps_[at(value) - input_count_];
  return step.is_repeat() ? step.operands[0] : value;
}

bool Uses::is_safe(const Cluster::Output& output) const {
  const int made = group_of(output.value);
  return std::all_of(output.overwrites.begin(), output.overwrites.end(),
                     [&](int input) { return last_use(input) <= made; });
}

}  // namespace reel::cpu
