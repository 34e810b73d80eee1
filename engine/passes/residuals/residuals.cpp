#include "passes/residuals/residuals.h"

#include <reel/structural.h>

#include <algorithm>
#include <map>

#include "passes/residuals/reader.h"
#include "passes/rewriting/rebuild.h"
#include "record/projection.h"
#include "search_limits.h"
#include "tape/users.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// All residuals on one tape.
class Cutting {
 public:
  Cutting(Tape& tape, const NodeIds& wanted, Saving saving, limits::Met& met)
      : tape_(tape), saving_(saving), met_(met), size_(tape.size()), users_(tape, wanted) {}

  /// A reader, and what is kept of what it reads of one unroll.
  struct Cut {
    NodeId reader;
    Residuals residuals;
    Choice choice;
  };

  /// Those that are better than what there is: of each reader one, the rest of its residuals another time.
  std::vector<Cut> decide() const {
    std::vector<Cut> cuts;
    std::vector<bool> is_new(size_);  // is to be replaced
    for (NodeId id = 0; id < size_; ++id) {
      if (tape_.node(id).operation->kind != Kind::unroll) continue;
      for (auto& residuals : find_residuals(id)) {
        if (is_new[residuals.from]) continue;
        auto choice = choice_of(id, residuals);
        if (!choice.is_better) continue;
        cuts.push_back({id, std::move(residuals), std::move(choice)});
        is_new[id] = true;
        break;
      }
    }
    return cuts;
  }

  /// Records what stands in for the readers and their projections: for each node of the tape, or -1.
  NodeIds record(const std::vector<Cut>& cuts) {
    NodeIds replacement(size_, -1);
    for (const auto& [reader, residuals, choice] : cuts) {
      const auto now = record_reader(tape_, reader, residuals, choice);
      replacement[reader] = now.unroll.id();
      for (auto projection : users_[reader]) {
        const auto of = Projection::of(tape_.node(projection));
        const auto same = of.is(Projection::Kind::final) ? of : of.with(now.values[of.which]);
        replacement[projection] = same.record(now.unroll).id();
      }
    }
    return replacement;
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

  Choice choice_of(NodeId reader, const Residuals& residuals) const {
    const auto source = UnrollNode::of(tape_.node(residuals.from).attributes);
    NodeIds used;
    for (const auto& [value, position] : residuals.used) used.push_back(value);
    return choose_kept(*source.body, source.steps, used, kept_anyway(residuals.from, reader, *source.body),
                       saving_, met_);
  }

  Tape& tape_;
  const Saving saving_;
  limits::Met& met_;
  const NodeId size_;
  const Users users_;
};

/// Each time a reader loses the residuals of one unroll. `cutting` is that of what there is now.
template <class Rewritten, class Now>
void cut_in_turn(Rewritten& rewritten, limits::Met& met, const Now& cutting) {
  for (int round = 0; round < limits::most_cuts_in_turn; ++round) {
    auto now = cutting();
    const auto cuts = now.decide();
    if (cuts.empty()) return;
    emit_anew(rewritten, now.record(cuts));
  }
  if (!cutting().decide().empty())
    met.push_back("what derivatives read is chosen anew " + std::to_string(limits::most_cuts_in_turn) +
                  " times at most: something may be kept that need not be");
}

}  // namespace

void cut_residuals(WantedStep& step, Saving saving, limits::Met& met) {
  cut_in_turn(step, met, [&] { return Cutting(*step.body->tape, step.results(), saving, met); });
}

void cut_residuals(Wanted& wanted, Saving saving, limits::Met& met) {
  cut_in_turn(wanted, met, [&] { return Cutting(*wanted.tape, wanted.outputs, saving, met); });
}

}  // namespace reel::passes
