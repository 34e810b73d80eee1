#include "passes/liveness.h"

#include <reel/structural.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "record/projection.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// Finds what is live, from what is used backward. A nested unroll waits until all is known that reads it, as
/// far as no carry leads back to it; what is used of it later is looked at then, and no more.
class Liveness {
 public:
  explicit Liveness(const Tape& tape) : tape_(tape), silent_(false) { live_.nodes.resize(tape.size()); }
  /// Of the step of an unroll; `silent`: effects have happened already.
  Liveness(const Body& body, bool silent) : tape_(*body.tape), silent_(silent), inputs_(body) {
    live_.nodes.resize(tape_.size());
    live_.carries.resize(body.carries.size());
    if (!silent) use_roots();
  }

  void use(NodeId id) {
    if (live_.nodes[id]) return;
    live_.nodes[id] = true;
    pending_.push_back(id);
  }
  void use_roots() {
    for (auto root : tape_.roots()) use(root);
  }
  void use(const Projection& projection) {
    const auto which = static_cast<std::size_t>(projection.which);
    projection.is(Projection::Kind::final) ? use_carry(inputs_.carries()[which])
                                           : use(static_cast<NodeId>(which));
  }

  /// Looks at all that has been used since the last time. `needs(operand)` is called of what the body is
  /// found to need, once.
  template <class Needs>
  void advance(const Needs& needs) {
    while (true) {
      while (!pending_.empty()) {
        const auto id = pending_.back();
        pending_.pop_back();
        use_operands(id);
      }
      if (waiting_.empty()) break;
      const auto last = std::prev(waiting_.end());
      const auto id = *last;
      waiting_.erase(last);
      enter(id);
    }
    for (const auto* operand : needed_) needs(*operand);
    needed_.clear();
  }

  Live result() {
    for (auto& [id, nested] : nested_) {
      std::sort(nested.projections.begin(), nested.projections.end(), std::greater<>());
      live_.loops[id] = {nested.liveness->result(), std::move(nested.projections)};
    }
    return std::move(live_);
  }

 private:
  struct Nested {
    std::unique_ptr<Liveness> liveness;  // null until it is entered
    NodeIds projections;
    std::size_t entered = 0;  // with so many of them
  };

  void use_carry(const UnrollOperand& carry) {
    if (live_.carries[carry.position]) return;
    live_.carries[carry.position] = true;
    needed_.push_back(&carry);
    use(carry.next);
  }

  void use_operands(NodeId id) {
    const auto kind = tape_.node(id).operation->kind;
    if (kind == Kind::unroll) return void(waiting_.insert(id));
    const auto inputs = tape_.inputs(id);
    for (auto input : inputs) use(input);
    if (kind == Kind::projection) {
      nested_[inputs[0]].projections.push_back(id);
      waiting_.insert(inputs[0]);
    }
    if (!inputs.empty()) return;
    if (const auto* operand = inputs_.find(id)) {
      if (operand->is_carry())
        use_carry(*operand);
      else
        needed_.push_back(operand);
    }
  }

  /// What is live in the body of an unroll, from its projections, and the operands that it needs.
  void enter(NodeId id) {
    auto& nested = nested_[id];
    if (!nested.liveness) {
      const auto unroll = UnrollNode::of(tape_.node(id).attributes);
      nested.liveness = std::make_unique<Liveness>(*unroll.body, silent_ || unroll.silent);
    }
    for (; nested.entered < nested.projections.size(); ++nested.entered)
      nested.liveness->use(Projection::of(tape_.node(nested.projections[nested.entered])));
    const auto outer = tape_.inputs(id);
    nested.liveness->advance([&](const UnrollOperand& operand) { use(outer[operand.number]); });
  }

  const Tape& tape_;
  const bool silent_;
  const UnrollOperands inputs_;  // none of a tape that is no step
  NodeIds pending_;              // live, and its operands not yet
  std::set<NodeId> waiting_;     // live unrolls
  std::map<NodeId, Nested> nested_;
  std::vector<const UnrollOperand*> needed_;
  Live live_;
};

}  // namespace

Live find_live(const Tape& tape, const std::vector<NodeId>& outputs) {
  Liveness liveness(tape);
  liveness.use_roots();
  for (auto output : outputs) liveness.use(output);
  liveness.advance([](const UnrollOperand&) {});
  return liveness.result();
}

}  // namespace reel::passes
