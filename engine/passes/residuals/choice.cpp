#include "passes/residuals/choice.h"

#include <reel/structural.h>

#include <algorithm>
#include <set>

#include "passes/value_cut.h"
#include "passes/worth.h"

namespace reel::passes {

namespace {

class Cut {
 public:
  Cut(const Body& body, std::int64_t steps, const std::vector<NodeId>& used,
      const std::vector<bool>& kept_anyway, Saving saving)
      : tape_(*body.tape),
        steps_(steps),
        used_(used),
        kept_anyway_(kept_anyway),
        saving_(saving),
        next_(tape_.size(), -1) {
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
    ValueCut cut;
    for (auto id : nodes_) cut.add(id, price_to_keep(id), price_to_recompute(id));
    for (auto id : nodes_) {
      if (is_recomputable(id))
        for (auto input : tape_.inputs(id)) cut.reads(id, input);
      else if (is_shift(id))
        cut.is_as(id, next_[id]);  // handed on a step before
    }
    for (auto id : used_) cut.use(id);
    const auto what = "what a derivative reads of " + std::to_string(nodes_.size()) + " nodes of a step";
    if (!cut.run(what, met)) return {};
    Choice choice;
    std::int64_t price = 0;
    for (auto id : nodes_) {
      if (cut.is_computed(id)) {
        choice.recomputed.push_back(id);
        price += price_to_recompute(id);
      } else if (cut.is_kept(id)) {
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
    constexpr std::int64_t most = std::int64_t{1} << 32;
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

  // Prices are in parts of what it takes to write a byte to memory and read it again, at every step: `one`.
  // In near caches it takes a third of that, as benchmarks/costs measures.
  static constexpr std::int64_t one = 1000, near = 340;

  /// What memory is worth beside the time that it takes to keep something there, in parts of that.
  std::int64_t worth_of_memory(NodeId id) const {
    if (!is_memory_worth(saving_, tape_.node(id).type, steps_)) return 0;
    return saving_ == Saving::memory ? 100 : 1;
  }

  /// What is there already, or is another value a step later, costs nothing.
  std::int64_t price_to_keep(NodeId id) const {
    if (is_input_[id] || kept_anyway_[id] || is_shift(id)) return 0;
    // Where memory is all that counts, near bytes are as many as far ones.
    const bool takes_less = saving_ != Saving::memory && is_near(tape_.node(id).type, steps_);
    return (takes_less ? near : one) * (1 + worth_of_memory(id)) * bytes(id);
  }

  std::int64_t price_to_recompute(NodeId id) const {
    if (!is_recomputable(id)) return MinCut::unlimited;
    const auto& operation = *tape_.node(id).operation;
    if (is_invariant_[id] || operation.kind != Kind::map) return 0;
    return static_cast<std::int64_t>(operation.cost * one) * bytes(id);
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
  const std::int64_t steps_;
  const std::vector<NodeId>& used_;
  const std::vector<bool>& kept_anyway_;
  const Saving saving_;
  std::vector<NodeId> next_;
  std::vector<bool> is_input_, is_invariant_, is_handed_on_;
  std::vector<NodeId> nodes_;
};

}  // namespace

Choice choose_kept(const Body& body, std::int64_t steps, const std::vector<NodeId>& used,
                   const std::vector<bool>& kept_anyway, Saving saving, limits::Met& met) {
  return Cut(body, steps, used, kept_anyway, saving).run(met);
}

}  // namespace reel::passes
