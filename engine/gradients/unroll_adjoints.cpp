#include "gradients/adjoints.h"

#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>
#include <unordered_map>

#include "record/unroll_builder.h"

// The derivative of an unroll is an unroll that runs the other way. Adjoints pair off: stacked with sequence,
// summed with invariant, final with initial carry. Its step is the adjoint of the forward step; what it needs
// of the forward values it gets as sequences of stored values, or recomputes. A carry that every step keeps
// is treated as the invariant that it is: its adjoint is summed, where a carry would add it up in the state's
// type.

namespace reel {

namespace {

using NodeMap = std::unordered_map<NodeId, NodeId>;

/// Body values that influence one of `values` in this or, through the carries, a later step.
NodeSet find_influencing(const Body& body, std::vector<NodeId> values) {
  NodeSet found(body.tape->size());
  std::vector<NodeId> next(body.tape->size(), -1);
  for (const auto& operand : UnrollOperands(body)) next[operand.inner] = operand.next;
  while (!values.empty()) {
    const auto id = values.back();
    values.pop_back();
    if (found[id]) continue;
    found[id] = true;
    for (auto input : body.tape->inputs(id)) values.push_back(input);
    if (next[id] >= 0) values.push_back(next[id]);
  }
  return found;
}

/// Body values that depend on invariants, kept carries and literals alone.
NodeSet find_invariant(const Body& body) {
  const auto& tape = *body.tape;
  NodeSet invariant(tape.size());
  for (const auto& operand : UnrollOperands(body)) invariant[operand.inner] = operand.is_constant();
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto inputs = tape.inputs(id);
    if (tape.node(id).operation != &argument_operation())
      invariant[id] =
          std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) { return invariant[input]; });
  }
  return invariant;
}

class AdjointUnroll {
 public:
  AdjointUnroll(Tape& tape, NodeId id, const ProjectionAdjoints& arriving, const NodeSet& differentiated)
      : outer_(tape),
        id_(id),
        forward_(UnrollNode::of(tape.node(id).attributes)),
        body_(*forward_.body),
        arriving_(arriving),
        differentiated_(differentiated),
        operands_(body_, tape.inputs(id)),
        step_(body_.tape->clone()),
        forward_size_(body_.tape->size()),
        reverse_(tape) {}

  Tensors run() {
    append_step_adjoints();
    collect_results();
    find_used();
    choose_stored();
    build_reverse();
    return emit();
  }

 private:
  /// A carry that has an adjoint: what arrives of it in the step, and what the step hands backwards.
  struct Active {
    UnrollOperand carry;
    NodeId arriving, next;
  };

  /// What arrives at a carry from outside, after the last step; absent where nothing does.
  Tensor arriving_at_end(const UnrollOperand& carry) const {
    const auto position = static_cast<std::int64_t>(carry.position);
    const auto found = arriving_.find({Projection::Kind::final, position});
    return found == arriving_.end() ? Tensor() : found->second;
  }

  /// A carry hands its adjoint backwards if something differentiated influences it, it influences something
  /// projected, and steps change it.
  std::vector<UnrollOperand> active_carries(const NodeSet& influenced) const {
    std::vector<NodeId> projected;
    for (const auto& [projection, adjoint] : arriving_) projected.push_back(projection.value(body_));
    const auto influencing = find_influencing(body_, projected);
    std::vector<UnrollOperand> active;
    for (const auto& carry : operands_.carries()) {
      const bool wanted = influencing[carry.inner] || arriving_at_end(carry).defined();
      if (wanted && influenced[carry.inner] && !carry.is_kept()) active.push_back(carry);
    }
    return active;
  }

  /// Appends to a copy of the body the adjoint of one step.
  void append_step_adjoints() {
    NodeSet influenced(forward_size_);
    for (const auto& operand : operands_) influenced[operand.inner] = differentiated_[operand.number];
    spread_influence(*body_.tape, influenced, &body_);

    Recording recording(*step_);
    std::vector<AdjointSeed> seeds;
    const auto seed = [&](NodeId value, const std::string& what) {
      const auto adjoint = step_->argument(body_.tape->node(value).type, "adjoint of " + what);
      seeds.push_back({value, adjoint});
      return adjoint.id();
    };
    for (const auto& [projection, adjoint] : arriving_) {
      const auto value = projection.value(body_);
      if (projection.is(Projection::Kind::stacked))
        stacked_seeds_.push_back({seed(value, "output"), adjoint});
      else if (projection.is(Projection::Kind::summed))
        summed_seeds_.push_back({seed(value, "sum"), adjoint});
    }
    for (const auto& carry : active_carries(influenced))
      active_.push_back({carry, seed(carry.next, "state " + std::to_string(carry.position)), -1});
    adjoints_ = append_adjoints(*step_, seeds, influenced);
    for (auto& [carry, arriving, next] : active_) {
      const auto& handed = adjoints_[carry.inner];
      next = handed.defined() ? handed.id() : step_->fill(0, type_of(carry)).id();
    }
  }

  /// The step's adjoints that the operands of the unroll ask for, and everything they are computed from.
  void collect_results() {
    for (const auto& operand : operands_) {
      const auto& adjoint = adjoints_[operand.inner];
      const bool is_changing = operand.is_carry() && !operand.is_kept();
      if (differentiated_[operand.number] && !is_changing && adjoint.defined())
        results_.push_back({operand.number, adjoint.id()});
    }
    for (const auto& carry : active_) roots_.push_back(carry.next);
    for (const auto& [operand, value] : results_) roots_.push_back(value);
  }

  /// A projection of a nested forward unroll, made by the derivative: it is a forward value, so it goes onto
  /// the body itself, where it can be stored.
  NodeId adopt_projection(NodeId id) {
    auto& tape = *body_.tape;
    const auto& node = step_->node(id);
    const auto inputs = step_->inputs(id);
    for (; looked_at_ < tape.size(); ++looked_at_)
      if (tape.node(looked_at_).operation->kind == Kind::projection)
        projections_.insert(
            {{tape.inputs(looked_at_)[0], Projection::of(tape.node(looked_at_))}, looked_at_});
    const auto known = projections_.find({inputs[0], Projection::of(node)});
    return known != projections_.end() ? known->second : tape.append_copy(*step_, id, inputs);
  }

  /// The adjoint nodes that are needed, and the forward values they use.
  void find_used() {
    auto pending = roots_;
    NodeSet seen(step_->size());
    while (!pending.empty()) {
      const auto id = pending.back();
      pending.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      const bool is_projection = step_->node(id).operation->kind == Kind::projection;
      if (id < forward_size_) {
        used_.push_back(id);
      } else if (is_projection && step_->inputs(id)[0] < forward_size_) {
        adopted_[id] = adopt_projection(id);
        used_.push_back(adopted_[id]);
      } else {
        live_adjoints_.push_back(id);
        for (auto input : step_->inputs(id)) pending.push_back(input);
      }
    }
    std::sort(live_adjoints_.begin(), live_adjoints_.end());
  }

  /// Of the forward values used, the inputs of the body and what is stored; the rest is recomputed.
  void choose_stored() {
    const auto invariant = find_invariant(body_);
    NodeSet seen(body_.tape->size());
    auto pending = used_;
    while (!pending.empty()) {
      const auto id = pending.back();
      pending.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      const auto& operation = *body_.tape->node(id).operation;
      const bool is_input = &operation == &argument_operation();
      const bool recompute = forward_.recompute || invariant[id] || operation.kind == Kind::unroll;
      if (is_input || !recompute) {
        given_.push_back(id);
      } else {
        recomputed_.push_back(id);
        for (auto input : body_.tape->inputs(id)) pending.push_back(input);
      }
    }
    std::sort(given_.begin(), given_.end());
    std::sort(recomputed_.begin(), recomputed_.end());
  }

  /// Copies a node; an unroll that is computed a second time does so silently.
  void copy_into_reverse(const Tape& source, NodeId id, NodeMap& map) {
    std::vector<NodeId> inputs;
    for (auto input : source.inputs(id)) inputs.push_back(map.at(input));
    const auto& node = source.node(id);
    if (node.operation->kind == Kind::unroll) {
      auto unroll = UnrollNode::of(node.attributes);
      unroll.silent = true;
      map[id] = reverse_.step().append(*node.operation, inputs, unroll.attributes());
    } else {
      map[id] = reverse_.step().append_copy(source, id, inputs);
    }
  }

  void build_reverse() {
    Recording recording(reverse_.step());
    reverse_.step().set_scope(outer_.scope(id_));
    NodeMap forward;  // from the body
    for (auto id : given_) forward[id] = reverse_.value_of(id_, operands_, id);
    for (auto id : recomputed_) copy_into_reverse(*body_.tape, id, forward);

    NodeMap step;  // from the copy of the body with its adjoints
    for (NodeId id = 0; id < forward_size_; ++id)
      if (const auto found = forward.find(id); found != forward.end()) step[id] = found->second;
    for (const auto& [id, original] : adopted_) step[id] = forward.at(original);
    for (const auto& [id, adjoint] : stacked_seeds_)
      step[id] = reverse_.sequence(adjoint.id(), step_->label(id));
    for (const auto& [id, adjoint] : summed_seeds_)
      step[id] = reverse_.invariant(adjoint.id(), step_->label(id));
    for (const auto& [carry, arriving, next] : active_) {
      const auto last = arriving_at_end(carry);
      const auto initial = last.defined() ? last : outer_.fill(0, type_of(carry));
      step[arriving] = reverse_.carry(initial.id(), step_->label(arriving));
    }
    for (auto id : live_adjoints_)
      if (!step.count(id)) copy_into_reverse(*step_, id, step);
    for (const auto& carry : active_) reverse_.hand_on(step.at(carry.arriving), step.at(carry.next));
    for (auto& [operand, value] : results_) value = step.at(value);
  }

  Tensors emit() {
    auto properties = forward_;
    properties.reverse = !forward_.reverse;
    properties.silent = true;
    const auto unroll = reverse_.finish(properties);
    Tensors adjoints(differentiated_.size());
    for (const auto& [operand, value] : results_)
      adjoints[operand] = operands_[operand].is_sequence() ? unroll.stacked(value) : unroll.summed(value);
    for (std::size_t p = 0; p < active_.size(); ++p)
      if (const auto number = active_[p].carry.number; differentiated_[number])
        adjoints[number] = unroll.final_carry(p);
    for (const auto& carry : operands_.carries()) {
      const auto last = arriving_at_end(carry);
      if (!carry.is_kept() || !last.defined()) continue;
      auto& kept = adjoints[carry.number];
      kept = kept.defined() ? add(kept, last) : last;
    }
    return adjoints;
  }

  const TensorType& type_of(const UnrollOperand& operand) const {
    return body_.tape->node(operand.inner).type;
  }

  Tape& outer_;
  const NodeId id_;
  const UnrollNode forward_;
  Body& body_;
  const ProjectionAdjoints& arriving_;
  const NodeSet& differentiated_;  // per operand of the unroll
  const UnrollOperands operands_;

  std::unique_ptr<Tape> step_;  // the body, and behind its nodes the adjoint of one step
  const NodeId forward_size_;
  std::vector<std::pair<NodeId, Tensor>> stacked_seeds_, summed_seeds_;
  std::vector<Active> active_;
  Tensors adjoints_;
  std::vector<std::pair<std::size_t, NodeId>> results_;  // operand of the unroll, its adjoint in the step
  std::vector<NodeId> roots_, live_adjoints_, used_;
  NodeMap adopted_;
  std::map<std::pair<NodeId, Projection>, NodeId> projections_;  // on the body, by unroll
  NodeId looked_at_ = 0;                                         // nodes of the body, for those
  std::vector<NodeId> given_, recomputed_;                       // forward values, on the body

  UnrollBuilder reverse_;
};

}  // namespace

Tensors unroll_adjoints(Tape& tape, NodeId unroll, const ProjectionAdjoints& arriving,
                        const NodeSet& differentiated) {
  return AdjointUnroll(tape, unroll, arriving, differentiated).run();
}

}  // namespace reel
