#include "rebuild.h"

namespace reel {

namespace {

class Rebuilding {
 public:
  Rebuilding(const Tape& source, const std::vector<NodeId>& replacement, Emitter& to,
             std::vector<NodeId>& ids)
      : source_(source), replacement_(replacement), to_(to), ids_(ids) {}

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
    std::vector<NodeId> inputs;
    for (auto input : source_.inputs(id)) inputs.push_back(ids_[resolved(input)]);
    to_.tape().set_scope(source_.scope(id));
    ids_[id] = to_.emit(*node.operation, inputs, node.attributes, source_.label(id));
  }

  const Tape& source_;
  const std::vector<NodeId>& replacement_;
  Emitter& to_;
  std::vector<NodeId>& ids_;
  std::vector<bool> live_;
  std::int64_t visits_left_ = 0;
};

}  // namespace

void rebuild(const Tape& source, const std::vector<NodeId>& wanted, const std::vector<NodeId>& replacement,
             Emitter& to, std::vector<NodeId>& ids) {
  ids.resize(source.size(), -1);
  Rebuilding(source, replacement, to, ids).run(wanted);
}

}  // namespace reel
