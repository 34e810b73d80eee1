#include "passes/residuals/residuals.h"

#include <reel/structural.h>

#include <algorithm>
#include <map>

#include "passes/residuals/reader.h"
#include "passes/rewriting/rebuild.h"
#include "passes/rewriting/users.h"
#include "record/projection.h"
#include "search_limits.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// All residuals on one tape.
class Cutting {
 public:
  Cutting(Tape& tape, const NodeIds& wanted, Saving saving, limits::Met& met)
      : tape_(tape),
        saving_(saving),
        met_(met),
        size_(tape.size()),
        replacement_(tape.size(), -1),
        users_(tape, wanted),
        is_new_(size_) {}

  /// What stands in for the unrolls that read residuals, and their projections; empty where nothing changes.
  NodeIds run() {
    bool changed = false;
    for (NodeId id = 0; id < size_; ++id) {
      if (tape_.node(id).operation->kind != Kind::unroll) continue;
      for (const auto& residuals : find_residuals(id))
        // One at a time; the rest of its residuals another time.
        if (!is_new_[residuals.from] && cut(id, residuals)) {
          changed = is_new_[id] = true;
          break;
        }
    }
    return changed ? std::move(replacement_) : NodeIds{};
  }

 private:
  bool is_stacked(NodeId id) const { return tape_.node(id).operation == &stacked_operation(); }
  NodeId value_of(NodeId stacked) const {
    return static_cast<NodeId>(Projection::of(tape_.node(stacked)).which);
  }

  std::vector<Residuals> find_residuals(NodeId reader) const {
    const auto unroll = UnrollNode::of(tape_.node(reader).attributes);
    if (unroll.recompute) return {};
    const auto operands = UnrollOperands::of(tape_, reader);
    std::map<NodeId, Residuals> found;
    for (const auto& sequence : operands.sequences()) {
      if (!is_stacked(sequence.outer)) continue;
      const auto from = tape_.inputs(sequence.outer)[0];
      const auto source = UnrollNode::of(tape_.node(from).attributes);
      if (source.recompute || source.steps != unroll.steps) continue;
      auto& residuals = found[from];
      residuals.from = from;
      residuals.used.push_back({value_of(sequence.outer), sequence.position});
    }
    std::vector<Residuals> list;
    for (auto& [from, residuals] : found) list.push_back(std::move(residuals));
    return list;
  }

  /// Values of an unroll that someone other than `reader` wants at every step.
  std::vector<bool> kept_anyway(NodeId from, NodeId reader, const Body& body) const {
    std::vector<bool> kept(body.tape->size());
    for (auto projection : users_[from]) {
      if (projection < 0 || !is_stacked(projection)) continue;
      const auto& users = users_[projection];
      kept[value_of(projection)] =
          kept[value_of(projection)] ||
          std::any_of(users.begin(), users.end(), [&](NodeId user) { return user != reader; });
    }
    return kept;
  }

  bool cut(NodeId reader, const Residuals& residuals) {
    const auto source = UnrollNode::of(tape_.node(residuals.from).attributes);
    NodeIds used;
    for (const auto& [value, position] : residuals.used) used.push_back(value);
    const auto choice = choose_kept(*source.body, source.steps, used,
                                    kept_anyway(residuals.from, reader, *source.body), saving_, met_);
    if (choice.is_better) replace(reader, record_reader(tape_, reader, residuals, choice));
    return choice.is_better;
  }

  void replace(NodeId reader, const NewReader& now) {
    replacement_[reader] = now.unroll.id();
    for (auto projection : users_[reader]) {
      const auto of = Projection::of(tape_.node(projection));
      const auto same = of.is(Projection::Kind::final) ? of : of.with(now.values[of.which]);
      replacement_[projection] = same.record(now.unroll).id();
    }
  }

  Tape& tape_;
  const Saving saving_;
  limits::Met& met_;
  const NodeId size_;
  NodeIds replacement_;
  const Users users_;
  std::vector<bool> is_new_;  // replaced already
};

/// Each time a reader loses the residuals of one unroll.
template <class Rewritten, class Once>
void cut_in_turn(Rewritten& rewritten, limits::Met& met, const Once& cut) {
  for (int round = 0; round < limits::most_cuts_in_turn; ++round) {
    const auto replacement = cut();
    if (replacement.empty()) return;
    emit_anew(rewritten, replacement);
  }
  if (!cut().empty())
    met.push_back("what derivatives read is chosen anew " + std::to_string(limits::most_cuts_in_turn) +
                  " times at most: something may be kept that need not be");
}

}  // namespace

void cut_residuals(WantedStep& step, Saving saving, limits::Met& met) {
  cut_in_turn(step, met, [&] { return Cutting(*step.body->tape, step.results(), saving, met).run(); });
}

void cut_residuals(Wanted& wanted, Saving saving, limits::Met& met) {
  cut_in_turn(wanted, met, [&] { return Cutting(*wanted.tape, wanted.outputs, saving, met).run(); });
}

}  // namespace reel::passes
