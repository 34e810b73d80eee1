#include "passes/split/step_groups.h"

#include <algorithm>

#include "record/unroll_operands.h"

namespace reel::passes {

namespace {

class Classification {
 public:
  Classification(const Body& body, const std::vector<NodeId>& wanted)
      : tape_(*body.tape),
        wanted_(wanted),
        next_(tape_.size(), -1),
        is_sequence_(tape_.size()),
        live_(tape_.size()) {
    for (const auto& operand : UnrollOperands(body)) {
      next_[operand.inner] = operand.next;
      is_sequence_[operand.inner] = operand.is_sequence();
    }
  }

  StepGroups run() {
    find_live();
    const auto size = static_cast<std::size_t>(tape_.size());
    projections_ = NodeLists::by(size, tape_.size(), [&](NodeId id) {
      const bool is_one = live_[id] && tape_.node(id).operation->kind == Kind::projection;
      return is_one ? tape_.inputs(id)[0] : -1;
    });
    const auto count = find_components();
    result_.components = NodeLists::by(count, tape_.size(), [&](NodeId id) { return result_.component[id]; });
    for (std::size_t c = 0; c < count; ++c) result_.of_component.push_back(classify(result_.components[c]));
    return std::move(result_);
  }

 private:
  void find_live() {
    std::vector<NodeId> pending(wanted_.begin(), wanted_.end());
    while (!pending.empty()) {
      const auto id = pending.back();
      pending.pop_back();
      if (live_[id]) continue;
      live_[id] = true;
      for (auto input : tape_.inputs(id)) pending.push_back(input);
      if (next_[id] >= 0) pending.push_back(next_[id]);
    }
  }

  /// What a node depends on, one after the other: its operands; for a carry what the step before hands on;
  /// for an unroll its projections, so that they stay together. -1 behind the last.
  NodeId dependency(NodeId id, std::size_t i) const {
    const auto inputs = tape_.inputs(id);
    if (i < inputs.size()) return inputs[i];
    i -= inputs.size();
    if (i < projections_[id].size()) return projections_[id][i];
    return i == projections_[id].size() ? next_[id] : -1;
  }

  /// Tarjan's algorithm, with a stack of its own: components come out behind what they depend on. Returns
  /// how many there are.
  std::size_t find_components() {
    std::vector<std::int32_t> number(tape_.size(), -1), lowest(tape_.size());
    std::vector<bool> open(tape_.size());
    std::vector<NodeId> unassigned;
    struct Visit {
      NodeId id;
      std::size_t dependency;
    };
    std::vector<Visit> visits;
    std::int32_t count = 0, components = 0;
    const auto enter = [&](NodeId id) {
      number[id] = lowest[id] = count++;
      open[id] = true;
      unassigned.push_back(id);
      visits.push_back({id, 0});
    };
    result_.component.assign(tape_.size(), -1);
    for (NodeId first = 0; first < tape_.size(); ++first) {
      if (!live_[first] || number[first] >= 0) continue;
      enter(first);
      while (!visits.empty()) {
        auto& visit = visits.back();
        const auto id = visit.id;
        if (const auto other = dependency(id, visit.dependency); other >= 0) {
          ++visit.dependency;
          if (number[other] < 0)
            enter(other);
          else if (open[other])
            lowest[id] = std::min(lowest[id], number[other]);
          continue;
        }
        visits.pop_back();
        if (!visits.empty()) lowest[visits.back().id] = std::min(lowest[visits.back().id], lowest[id]);
        if (lowest[id] != number[id]) continue;
        for (bool last = false; !last;) {
          const auto member = unassigned.back();
          unassigned.pop_back();
          last = member == id;
          open[member] = false;
          result_.component[member] = components;
        }
        ++components;
      }
    }
    return static_cast<std::size_t>(components);
  }

  StepGroup classify(Span<const NodeId> component) const {
    StepGroup of;
    const auto self = result_.component[component[0]];
    bool is_cycle = false, is_opaque = false;
    for (auto id : component) {
      const auto& node = tape_.node(id);
      is_cycle |= next_[id] >= 0 && component.size() > 1;
      is_opaque |= node.operation->kind == Kind::unroll && UnrollNode::of(node.attributes).recompute;
      of.varies |= is_sequence_[id] || (next_[id] >= 0 && next_[id] != id);
      for (std::size_t i = 0;; ++i) {
        const auto other = dependency(id, i);
        if (other < 0) break;
        if (result_.component[other] == self) continue;
        const auto& before = result_[other];
        of.stage = std::max(of.stage, before.stage);
        of.varies |= before.varies;
      }
    }
    // What an unroll that recomputes yields would, taken out of the loop, be stored at every step.
    if (is_cycle || (is_opaque && of.varies)) {
      of.loop = self;
      ++of.stage;
    }
    return of;
  }

  const Tape& tape_;
  const std::vector<NodeId>& wanted_;
  std::vector<NodeId> next_;  // of a carry, what is handed on to it
  std::vector<bool> is_sequence_, live_;
  NodeLists projections_;  // of unrolls
  StepGroups result_;
};

}  // namespace

StepGroups group_steps(const Body& body, const std::vector<NodeId>& wanted) {
  return Classification(body, wanted).run();
}

std::vector<NodeId> live_projections(const Tape& tape, const StepGroups& groups, NodeId id) {
  std::vector<NodeId> found;
  for (auto other : groups.components[groups.component[id]])
    if (tape.node(other).operation->kind == Kind::projection && tape.inputs(other)[0] == id)
      found.push_back(other);
  return found;
}

}  // namespace reel::passes
