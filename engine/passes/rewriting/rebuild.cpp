#include "passes/rewriting/rebuild.h"

#include <reel/structural.h>

#include <algorithm>

#include "tape/origin_map.h"

namespace reel::passes {

namespace {

class Rebuilding {
 public:
  Rebuilding(const Tape& source, const std::vector<NodeId>& replacement, Emitter& to,
             std::vector<NodeId>& ids)
      : source_(source),
        replacement_(replacement),
        to_(to),
        ids_(ids),
        origins_(source, to.tape()),
        is_as_before_(source.size()) {
    // What is there already, the inputs, is as it was.
    for (NodeId id = 0; id < source.size(); ++id) is_as_before_[id] = ids[id] >= 0;
  }

  void run(const std::vector<NodeId>& wanted) {
    find_live(wanted);
    for (NodeId id = 0; id < source_.size(); ++id)
      visits_left_ += 1 + static_cast<std::int64_t>(source_.inputs(id).size());
    for (NodeId id = 0; id < source_.size(); ++id)
      if (live_[id]) emit_with_operands(id);
    for (NodeId id = 0; id < source_.size(); ++id)
      if (ids_[id] < 0) ids_[id] = ids_[resolved(id)];
  }

 private:
  NodeId resolved(NodeId id) const {
    while (id < static_cast<NodeId>(replacement_.size()) && replacement_[id] >= 0) id = replacement_[id];
    return id;
  }

  void find_live(const std::vector<NodeId>& wanted) {
    live_.resize(source_.size());
    auto pending = wanted;
    pending.insert(pending.end(), source_.roots().begin(), source_.roots().end());
    while (!pending.empty()) {
      const auto id = resolved(pending.back());
      pending.pop_back();
      if (live_[id]) continue;
      live_[id] = true;
      for (auto input : source_.inputs(id)) pending.push_back(input);
    }
  }

  /// What stands in for a node may come behind it, so operands are looked for first.
  void emit_with_operands(NodeId first) {
    const auto inputs = source_.inputs(first);
    const auto is_there = [&](NodeId input) { return ids_[resolved(input)] >= 0; };
    if (ids_[first] < 0 && std::all_of(inputs.begin(), inputs.end(), is_there)) return emit(first);
    std::vector<NodeId> pending{first};
    while (!pending.empty()) {
      const auto id = pending.back();
      if (ids_[id] >= 0) {
        pending.pop_back();
        continue;
      }
      bool ready = true;
      for (auto input : source_.inputs(id)) {
        const auto operand = resolved(input);
        if (ids_[operand] >= 0) continue;
        ready = false;
        pending.push_back(operand);
      }
      if (!ready) {
        // A node waits for its operands once for each user at most.
        if (--visits_left_ < 0) throw InternalError("a rewrite has closed a cycle");
        continue;
      }
      pending.pop_back();
      emit(id);
    }
  }

  void emit(NodeId id) {
    const auto& node = source_.node(id);
    inputs_.clear();
    // A rule looks at a node and what it is made of: it has nothing to say where that has not changed.
    bool as_before = id < static_cast<NodeId>(replacement_.size());
    for (auto input : source_.inputs(id)) {
      const auto operand = resolved(input);
      inputs_.push_back(ids_[operand]);
      as_before = as_before && operand == input && is_as_before_[input];
    }
    origins_.set(id);
    const auto appended = to_.tape().size();
    ids_[id] = as_before ? to_.adopt(source_, id, inputs_)
                         : to_.emit(*node.operation, inputs_, node.attributes, source_.label(id));
    is_as_before_[id] = as_before && ids_[id] >= appended;
  }

  const Tape& source_;
  const std::vector<NodeId>& replacement_;
  Emitter& to_;
  std::vector<NodeId>& ids_;
  OriginMap origins_;
  std::vector<bool> live_;
  std::vector<bool> is_as_before_;  // with all that it is made of
  std::vector<NodeId> inputs_;      // of the node that is being emitted
  std::int64_t visits_left_ = 0;
};

}  // namespace

void rebuild(const Tape& source, const std::vector<NodeId>& wanted, const std::vector<NodeId>& replacement,
             Emitter& to, std::vector<NodeId>& ids) {
  ids.resize(source.size(), -1);
  Rebuilding(source, replacement, to, ids).run(wanted);
}

void copy_inputs(const Body& from, Body& to, std::vector<NodeId>& ids) {
  const auto copy = [&](const std::vector<NodeId>& inputs, std::vector<NodeId>& copies) {
    for (auto input : inputs)
      copies.push_back(ids[input] =
                           to.tape->argument(from.tape->node(input).type, from.tape->label(input)).id());
  };
  copy(from.sequences, to.sequences);
  copy(from.invariants, to.invariants);
  copy(from.carries, to.carries);
}

void emit_anew(WantedStep& step, const std::vector<NodeId>& replacement) {
  const auto& old = *step.body;
  auto body = std::make_shared<Body>(old.tape->floating());
  Emitter emitter(*body->tape, old.tape->size());
  std::vector<NodeId> ids(old.tape->size(), -1);
  copy_inputs(old, *body, ids);
  rebuild(*old.tape, step.results(), replacement, emitter, ids);
  for (auto next : old.next) body->next.push_back(ids[next]);
  for (auto& value : step.values) value = ids[value];
  step.body = body;
}

void emit_anew(Wanted& wanted, const std::vector<NodeId>& replacement) {
  const auto& old = *wanted.tape;
  Wanted result{std::make_unique<Tape>(old.floating()), {}};
  Emitter emitter(*result.tape, old.size());
  std::vector<NodeId> ids(old.size(), -1);
  for (auto id : old.arguments()) ids[id] = result.tape->argument(old.node(id).type, old.label(id)).id();
  rebuild(old, wanted.outputs, replacement, emitter, ids);
  for (auto output : wanted.outputs) result.outputs.push_back(ids[output]);
  wanted = std::move(result);
}

}  // namespace reel::passes
