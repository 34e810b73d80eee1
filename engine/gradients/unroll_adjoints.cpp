#include "gradients/adjoints.h"

#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>
#include <unordered_map>

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
  NodeMap next;
  for (std::size_t k = 0; k < body.carries.size(); ++k) next[body.carries[k]] = body.next[k];
  while (!values.empty()) {
    const auto id = values.back();
    values.pop_back();
    if (found[id]) continue;
    found[id] = true;
    for (auto input : body.tape->inputs(id)) values.push_back(input);
    if (const auto carry = next.find(id); carry != next.end()) values.push_back(carry->second);
  }
  return found;
}

/// Body values that depend on invariants, kept carries and literals alone.
NodeSet find_invariant(const Body& body) {
  const auto& tape = *body.tape;
  NodeSet invariant(tape.size());
  for (auto id : body.invariants) invariant[id] = true;
  for (std::size_t k = 0; k < body.carries.size(); ++k) invariant[body.carries[k]] = body.keeps(k);
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
        operands_(tape.inputs(id).begin(), tape.inputs(id).end()),
        step_(body_.tape->clone()),
        forward_size_(body_.tape->size()),
        reverse_(std::make_shared<Body>(tape.floating())) {}

  Tensors run() {
    append_step_adjoints();
    collect_results();
    find_used();
    choose_stored();
    build_reverse();
    return emit();
  }

 private:
  std::size_t first_invariant() const { return body_.sequences.size(); }
  std::size_t first_carry() const { return first_invariant() + body_.invariants.size(); }

  static Projection final_carry(std::int64_t k) { return {Projection::Kind::final, k}; }

  /// A carry hands its adjoint backwards if something differentiated influences it, it influences something
  /// projected, and steps change it.
  std::vector<std::int64_t> active_carries(const NodeSet& influenced) const {
    std::vector<NodeId> projected;
    for (const auto& [projection, adjoint] : arriving_) projected.push_back(projection.value(body_));
    const auto influencing = find_influencing(body_, projected);
    std::vector<std::int64_t> active;
    for (std::size_t k = 0; k < body_.carries.size(); ++k) {
      const bool wanted = influencing[body_.carries[k]] || arriving_.count(final_carry(k));
      if (wanted && influenced[body_.carries[k]] && !body_.keeps(k)) active.push_back(k);
    }
    return active;
  }

  /// Appends to a copy of the body the adjoint of one step.
  void append_step_adjoints() {
    NodeSet influenced(forward_size_);
    const auto mark = [&](const std::vector<NodeId>& inputs, std::size_t first) {
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (differentiated_[first + i]) influenced[inputs[i]] = true;
    };
    mark(body_.sequences, 0);
    mark(body_.invariants, first_invariant());
    mark(body_.carries, first_carry());
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
    active_ = active_carries(influenced);
    for (auto k : active_) carry_seeds_.push_back(seed(body_.next[k], "state " + std::to_string(k)));
    adjoints_ = append_adjoints(*step_, seeds, influenced);
    for (std::size_t p = 0; p < active_.size(); ++p) {
      const auto carry = body_.carries[active_[p]];
      next_.push_back(adjoints_[carry].defined() ? adjoints_[carry].id()
                                                 : step_->fill(0, body_.tape->node(carry).type).id());
    }
  }

  /// The step's adjoints that the operands of the unroll ask for, and everything they are computed from.
  void collect_results() {
    const auto collect = [&](NodeId input, std::size_t operand) {
      if (differentiated_[operand] && adjoints_[input].defined())
        results_.push_back({operand, adjoints_[input].id()});
    };
    std::size_t operand = 0;
    for (auto input : body_.sequences) collect(input, operand++);
    for (auto input : body_.invariants) collect(input, operand++);
    for (std::size_t k = 0; k < body_.carries.size(); ++k)
      if (body_.keeps(k)) collect(body_.carries[k], first_carry() + k);
    roots_ = next_;
    for (const auto& [operand, value] : results_) roots_.push_back(value);
  }

  /// A projection of a nested forward unroll, made by the derivative: it is a forward value, so it goes onto
  /// the body itself, where it can be stored.
  NodeId adopt_projection(NodeId id) {
    auto& tape = *body_.tape;
    const auto& node = step_->node(id);
    const auto inputs = step_->inputs(id);
    for (NodeId known = inputs[0]; known < tape.size(); ++known)
      if (tape.node(known).operation == node.operation && tape.inputs(known)[0] == inputs[0] &&
          tape.node(known).attributes == node.attributes)
        return known;
    return tape.append_copy(*step_, id, inputs);
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

  /// The operand that an input of the body is at every step, or -1.
  std::int64_t constant_operand(NodeId id) const {
    if (const auto i = position(body_.invariants, id); i >= 0) return first_invariant() + i;
    const auto k = position(body_.carries, id);
    return k >= 0 && body_.keeps(k) ? first_carry() + k : -1;
  }

  NodeId argument(const Tape& source, NodeId id, std::vector<NodeId>& kind) {
    const auto input = reverse_->tape->argument(source.node(id).type, source.label(id)).id();
    kind.push_back(input);
    return input;
  }

  /// Copies a node; an unroll that is computed a second time does so silently.
  void copy_into_reverse(const Tape& source, NodeId id, NodeMap& map) {
    std::vector<NodeId> inputs;
    for (auto input : source.inputs(id)) inputs.push_back(map.at(input));
    const auto& node = source.node(id);
    if (node.operation->kind == Kind::unroll) {
      auto unroll = UnrollNode::of(node.attributes);
      unroll.silent = true;
      map[id] = reverse_->tape->append(*node.operation, inputs, unroll.attributes());
    } else {
      map[id] = reverse_->tape->append_copy(source, id, inputs);
    }
  }

  void build_reverse() {
    Recording recording(*reverse_->tape);
    reverse_->tape->set_scope(outer_.scope(id_));
    NodeMap forward;  // from the body
    for (auto id : given_) {
      const auto sequence = position(body_.sequences, id);
      const auto constant = constant_operand(id);
      if (constant >= 0) {
        invariants_.push_back(operands_[constant]);
        forward[id] = argument(*body_.tape, id, reverse_->invariants);
      } else {
        sequences_.push_back(sequence >= 0 ? operands_[sequence] : Unroll(outer_, id_).stacked(id).id());
        forward[id] = argument(*body_.tape, id, reverse_->sequences);
      }
    }
    for (auto id : recomputed_) copy_into_reverse(*body_.tape, id, forward);

    NodeMap step;  // from the copy of the body with its adjoints
    for (NodeId id = 0; id < forward_size_; ++id)
      if (const auto found = forward.find(id); found != forward.end()) step[id] = found->second;
    for (const auto& [id, original] : adopted_) step[id] = forward.at(original);
    for (const auto& [id, adjoint] : stacked_seeds_) {
      sequences_.push_back(adjoint.id());
      step[id] = argument(*step_, id, reverse_->sequences);
    }
    for (const auto& [id, adjoint] : summed_seeds_) {
      invariants_.push_back(adjoint.id());
      step[id] = argument(*step_, id, reverse_->invariants);
    }
    for (auto id : carry_seeds_) step[id] = argument(*step_, id, reverse_->carries);
    for (auto id : live_adjoints_)
      if (!step.count(id)) copy_into_reverse(*step_, id, step);
    for (auto id : next_) reverse_->next.push_back(step.at(id));
    for (auto& [operand, value] : results_) value = step.at(value);
  }

  Tensors emit() {
    std::vector<NodeId> inputs = sequences_;
    inputs.insert(inputs.end(), invariants_.begin(), invariants_.end());
    for (auto k : active_) {
      const auto found = arriving_.find(final_carry(k));
      inputs.push_back(found != arriving_.end() ? found->second.id() : outer_.fill(0, carry_type(k)).id());
    }
    const UnrollNode node{reverse_, forward_.steps, !forward_.reverse, forward_.recompute, true};
    const Unroll unroll(outer_, outer_.append(unroll_operation(), inputs, node.attributes()));
    Tensors adjoints(operands_.size());
    for (const auto& [operand, value] : results_)
      adjoints[operand] = operand < first_invariant() ? unroll.stacked(value) : unroll.summed(value);
    for (std::size_t p = 0; p < active_.size(); ++p)
      if (differentiated_[first_carry() + active_[p]])
        adjoints[first_carry() + active_[p]] = unroll.final_carry(p);
    for (const auto& [projection, adjoint] : arriving_)
      if (projection.is(Projection::Kind::final) && body_.keeps(projection.which)) {
        auto& kept = adjoints[first_carry() + projection.which];
        kept = kept.defined() ? add(kept, adjoint) : adjoint;
      }
    return adjoints;
  }

  TensorType carry_type(std::int64_t k) const { return body_.tape->node(body_.carries[k]).type; }

  static std::int64_t position(const std::vector<NodeId>& list, NodeId id) {
    const auto found = std::find(list.begin(), list.end(), id);
    return found == list.end() ? -1 : found - list.begin();
  }

  Tape& outer_;
  const NodeId id_;
  const UnrollNode forward_;
  Body& body_;
  const ProjectionAdjoints& arriving_;
  const NodeSet& differentiated_;  // per operand of the unroll
  const std::vector<NodeId> operands_;

  std::unique_ptr<Tape> step_;  // the body, and behind its nodes the adjoint of one step
  const NodeId forward_size_;
  std::vector<std::pair<NodeId, Tensor>> stacked_seeds_, summed_seeds_;
  std::vector<NodeId> carry_seeds_;
  std::vector<std::int64_t> active_;  // carries that have an adjoint
  Tensors adjoints_;
  std::vector<NodeId> next_;                             // adjoint of each active carry, handed backwards
  std::vector<std::pair<std::size_t, NodeId>> results_;  // operand of the unroll, its adjoint in the step
  std::vector<NodeId> roots_, live_adjoints_, used_;
  NodeMap adopted_;
  std::vector<NodeId> given_, recomputed_;  // forward values, on the body

  std::shared_ptr<Body> reverse_;
  std::vector<NodeId> sequences_, invariants_;  // operands of the reverse unroll
};

}  // namespace

Tensors unroll_adjoints(Tape& tape, NodeId unroll, const ProjectionAdjoints& arriving,
                        const NodeSet& differentiated) {
  return AdjointUnroll(tape, unroll, arriving, differentiated).run();
}

}  // namespace reel
