#include "passes/residuals/residuals.h"

#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "passes/residuals/min_cut.h"
#include "passes/rewriting/rebuild.h"
#include "passes/rewriting/users.h"
#include "record/projection.h"
#include "record/unroll_builder.h"
#include "search_limits.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// Values of one unroll, `from`, that another reads at every step.
struct Residuals {
  NodeId from;
  /// The body value, and the sequence it is of the reader's body, by position.
  std::vector<std::pair<NodeId, std::size_t>> used;
};

/// What is kept of a body so that everything used can be had from it.
struct Choice {
  NodeIds kept, recomputed;
  bool is_better = false;
};

/// The smallest cut in the body of the unroll that values are kept of.
class Cut {
 public:
  Cut(const Body& body, const NodeIds& used, const std::vector<bool>& kept_anyway)
      : tape_(*body.tape), used_(used), kept_anyway_(kept_anyway), next_(tape_.size(), -1) {
    is_input_.resize(tape_.size());
    is_invariant_.resize(tape_.size());
    for (const auto& operand : UnrollOperands(body)) {
      is_input_[operand.inner] = !operand.is_carry();
      is_invariant_[operand.inner] = operand.is_invariant();
      next_[operand.inner] = operand.next;
    }
    is_handed_on_.resize(tape_.size());
    for (auto id : body.next) is_handed_on_[id] = true;
    for (NodeId id = 0; id < tape_.size(); ++id) {
      const auto inputs = tape_.inputs(id);
      if (tape_.node(id).operation != &argument_operation())
        is_invariant_[id] =
            std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) { return is_invariant_[input]; });
    }
  }

  Choice run(limits::Met& met) {
    find_reachable();
    MinCut cut;
    std::unordered_map<NodeId, std::pair<int, int>> places;  // a node's way in and out
    for (auto id : nodes_) places[id] = {cut.add_node(), cut.add_node()};
    for (auto id : nodes_) {
      const auto [in, out] = places[id];
      cut.add_edge(in, out, price_to_keep(id));
      cut.add_edge(cut.source(), in, price_to_recompute(id));
      if (is_recomputable(id))
        for (auto input : tape_.inputs(id)) cut.add_edge(places[input].second, in, MinCut::unlimited);
      else if (is_shift(id))
        // Its values are those handed on, a step later.
        cut.add_edge(places[next_[id]].second, out, MinCut::unlimited);
    }
    for (auto id : used_) cut.add_edge(places[id].second, cut.sink(), MinCut::unlimited);
    const auto forward =
        cut.source_side(limits::most_looks_at_an_edge * std::max(cut.edge_count(), limits::many_edges));
    if (!forward) {
      met.push_back("what a derivative reads of " + std::to_string(nodes_.size()) +
                    " nodes of a step is all kept: the least is not found by looking " +
                    std::to_string(limits::most_looks_at_an_edge) + " times at each way through them");
      return {};
    }
    Choice choice;
    std::int64_t price = 0;
    for (auto id : nodes_) {
      const auto [in, out] = places[id];
      if (!(*forward)[in] && !is_input_[id]) {
        choice.recomputed.push_back(id);
        price += price_to_recompute(id);
      } else if (!(*forward)[out]) {
        choice.kept.push_back(id);
        price += price_to_keep(id);
      }
    }
    choice.is_better = price < price_now();
    return choice;
  }

 private:
  /// No more than what no system has anyway, so that prices can be added up and stay below `unlimited`.
  std::int64_t bytes(NodeId id) const {
    constexpr std::int64_t most = std::int64_t{1} << 44;
    return std::min(static_cast<std::int64_t>(tape_.node(id).type.bytes()), most);
  }
  /// A carry that is another value, a step later.
  bool is_shift(NodeId id) const { return next_[id] >= 0 && next_[next_[id]] < 0; }

  bool is_recomputable(NodeId id) const {
    const auto kind = tape_.node(id).operation->kind;
    if (tape_.inputs(id).empty()) return &argument_operation() != tape_.node(id).operation;
    if (is_invariant_[id]) return kind != Kind::unroll && kind != Kind::projection;
    // What is handed on must be there a step later too.
    return !is_handed_on_[id] && (kind == Kind::map || kind == Kind::index_map);
  }

  /// What it takes to keep a value, in sixteenths of a byte a step. What is there already, or is another
  /// value a step later, costs nothing.
  std::int64_t price_to_keep(NodeId id) const {
    return is_input_[id] || kept_anyway_[id] || is_shift(id) ? 0 : 16 * bytes(id);
  }

  std::int64_t price_to_recompute(NodeId id) const {
    if (!is_recomputable(id)) return is_input_[id] ? 0 : MinCut::unlimited;
    const auto& operation = *tape_.node(id).operation;
    if (is_invariant_[id] || operation.kind != Kind::map) return 0;
    // An expensive one takes nearly as long as to write its result and read it again.
    return (operation.cost == Cost::cheap ? 1 : 12) * bytes(id);
  }

  /// What it takes to keep all that is used, each by itself.
  std::int64_t price_now() const {
    std::set<NodeId> kept;
    for (auto id : used_) kept.insert(is_shift(id) ? next_[id] : id);
    std::int64_t price = 0;
    for (auto id : kept) price += price_to_keep(id);
    return price;
  }

  void find_reachable() {
    std::vector<bool> seen(tape_.size());
    auto pending = used_;
    while (!pending.empty()) {
      const auto id = pending.back();
      pending.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      if (is_shift(id)) pending.push_back(next_[id]);
      if (is_recomputable(id))
        for (auto input : tape_.inputs(id)) pending.push_back(input);
    }
    for (NodeId id = 0; id < tape_.size(); ++id)
      if (seen[id]) nodes_.push_back(id);
  }

  const Tape& tape_;
  const NodeIds& used_;
  const std::vector<bool>& kept_anyway_;
  NodeIds next_;
  std::vector<bool> is_input_, is_invariant_, is_handed_on_;
  NodeIds nodes_;
};

/// All residuals on one tape.
class Cutting {
 public:
  Cutting(Tape& tape, const NodeIds& wanted, limits::Met& met)
      : tape_(tape),
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
    const auto choice = Cut(*source.body, used, kept_anyway(residuals.from, reader, *source.body)).run(met_);
    if (!choice.is_better) return false;
    replace(reader, residuals, *source.body, choice);
    return true;
  }

  /// The reader's step with what is recomputed in front, and the values that are kept as its sequences.
  void replace(NodeId reader, const Residuals& residuals, const Body& source, const Choice& choice) {
    const auto unroll = UnrollNode::of(tape_.node(reader).attributes);
    const auto& old = *unroll.body->tape;
    const auto operands = UnrollOperands::of(tape_, reader);
    const auto source_operands = UnrollOperands::of(tape_, residuals.from);
    UnrollBuilder builder(tape_);
    NodeIds from_source(source.tape->size(), -1), from_old(old.size(), -1);
    const auto get = [&](NodeId id) {
      if (from_source[id] < 0) from_source[id] = builder.value_of(residuals.from, source_operands, id);
      return from_source[id];
    };
    for (auto id : choice.kept) get(id);
    for (auto id : choice.recomputed) {
      if (from_source[id] >= 0) continue;
      NodeIds inputs;
      for (auto operand : source.tape->inputs(id)) inputs.push_back(get(operand));
      from_source[id] = builder.step().append_copy(*source.tape, id, inputs);
    }

    std::vector<bool> is_residual(operands.sequences().size());
    for (const auto& [value, position] : residuals.used) is_residual[position] = true;
    const auto keep = [&](const UnrollOperand& operand) {
      from_old[operand.inner] = builder.input(operand.kind, operand.outer, old.label(operand.inner));
    };
    for (const auto& sequence : operands.sequences())
      if (!is_residual[sequence.position]) keep(sequence);
    for (const auto& [value, position] : residuals.used)
      from_old[operands.sequences()[position].inner] = get(value);
    for (const auto& operand : operands)
      if (!operand.is_sequence()) keep(operand);
    for (NodeId id = 0; id < old.size(); ++id) {
      if (from_old[id] >= 0) continue;
      NodeIds inputs;
      for (auto operand : old.inputs(id)) inputs.push_back(from_old[operand]);
      from_old[id] = builder.step().append_copy(old, id, inputs);
    }
    for (const auto& carry : operands.carries()) builder.hand_on(from_old[carry.inner], from_old[carry.next]);

    tape_.set_origin(tape_.origin(reader));
    const auto made = builder.finish(unroll);
    replacement_[reader] = made.id();
    for (auto projection : users_[reader]) {
      const auto of = Projection::of(tape_.node(projection));
      const bool is_final = of.is(Projection::Kind::final);
      const auto same = is_final ? of : of.with(from_old[of.which]);
      replacement_[projection] = same.record(made).id();
    }
  }

  Tape& tape_;
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

void cut_residuals(WantedStep& step, limits::Met& met) {
  cut_in_turn(step, met, [&] { return Cutting(*step.body->tape, step.results(), met).run(); });
}

void cut_residuals(Wanted& wanted, limits::Met& met) {
  cut_in_turn(wanted, met, [&] { return Cutting(*wanted.tape, wanted.outputs, met).run(); });
}

}  // namespace reel::passes
