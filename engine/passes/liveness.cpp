#include "passes/liveness.h"

#include <reel/structural.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include "record/projection.h"

namespace reel::passes {

namespace {

/// Finds what is live, from what is used backward. A nested unroll waits until all is known that reads it, as
/// far as no carry leads back to it.
class Liveness {
 public:
  /// `silent`: within an unroll whose effects have happened already. `body`: of which it is the tape, or
  /// null.
  Liveness(const Tape& tape, bool silent, const Body* body) : tape_(tape), silent_(silent), body_(body) {
    live_.nodes.resize(tape.size());
    if (!body) return;
    live_.carries.resize(body->carries.size());
    for (std::size_t k = 0; k < body->carries.size(); ++k) carry_of_.emplace(body->carries[k], k);
  }

  void use(NodeId id) {
    if (live_.nodes[id]) return;
    live_.nodes[id] = true;
    pending_.push_back(id);
  }
  void use_carry(std::size_t k) {
    if (live_.carries[k]) return;
    live_.carries[k] = true;
    use(body_->next[k]);
  }

  Live run() {
    while (true) {
      for (; !pending_.empty();) {
        const auto id = pending_.back();
        pending_.pop_back();
        use_operands(id);
      }
      if (waiting_.empty()) return std::move(live_);
      const auto last = std::prev(waiting_.end());
      const auto id = *last;
      waiting_.erase(last);
      enter(id);
    }
  }

 private:
  void use_operands(NodeId id) {
    const auto kind = tape_.node(id).operation->kind;
    if (kind == Kind::unroll) return void(waiting_.insert(id));
    const auto inputs = tape_.inputs(id);
    for (auto input : inputs) use(input);
    if (kind == Kind::projection) {
      live_.loops[inputs[0]].projections.push_back(id);
      waiting_.insert(inputs[0]);
    }
    const auto carry = carry_of_.find(id);
    if (carry != carry_of_.end()) use_carry(carry->second);
  }

  /// The live part of the body of an unroll, from its projections, and the operands that it needs.
  void enter(NodeId id) {
    const auto unroll = UnrollNode::of(tape_.node(id).attributes);
    auto& loop = live_.loops[id];
    std::sort(loop.projections.begin(), loop.projections.end(), std::greater<>());
    const auto& tape = *unroll.body->tape;
    const bool silent = silent_ || unroll.silent;
    Liveness inside(tape, silent, unroll.body.get());
    if (!silent)
      for (auto root : tape.roots()) inside.use(root);
    for (auto projection : loop.projections) {
      const auto of = Projection::of(tape_.node(projection));
      if (of.is(Projection::Kind::final))
        inside.use_carry(static_cast<std::size_t>(of.which));
      else
        inside.use(static_cast<NodeId>(of.which));
    }
    loop.body = inside.run();
    for (const auto& operand : UnrollOperands(*unroll.body, tape_.inputs(id)))
      if (loop.body.needs(operand)) use(operand.outer);
  }

  const Tape& tape_;
  const bool silent_;
  const Body* body_;
  std::unordered_map<NodeId, std::size_t> carry_of_;  // position, by input
  std::vector<NodeId> pending_;                       // live, and its operands not yet
  std::set<NodeId> waiting_;                          // live unrolls
  Live live_;
};

}  // namespace

Live find_live(const Tape& tape, const std::vector<NodeId>& outputs) {
  Liveness liveness(tape, false, nullptr);
  for (auto root : tape.roots()) liveness.use(root);
  for (auto output : outputs) liveness.use(output);
  return liveness.run();
}

}  // namespace reel::passes
