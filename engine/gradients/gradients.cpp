#include "gradients/adjoints.h"

#include <reel/gradients.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <optional>

#include "tape/users.h"

namespace reel {

namespace {

/// Whether an adjoint of the node goes on to what it is made of.
bool passes_on(const Node& node) {
  if (node.operation->derivative.zero) return false;
  return node.operation->has_value() ? is_floating(node.type.element) : node.operation->kind == Kind::unroll;
}

}  // namespace

void spread_influence(const Tape& tape, NodeSet& set, const Body* body) {
  const auto is_influenced = [&](NodeId id) {
    if (!passes_on(tape.node(id))) return false;
    const auto inputs = tape.inputs(id);
    return std::any_of(inputs.begin(), inputs.end(), [&](NodeId input) { return set[input]; });
  };
  for (NodeId id = 0; id < tape.size(); ++id)
    if (!set[id] && is_influenced(id)) set[id] = true;
  if (!body) return;
  std::vector<NodeId> pending;  // influenced, and what reads it not yet
  const auto add = [&](NodeId id) {
    if (set[id]) return;
    set[id] = true;
    pending.push_back(id);
  };
  for (std::size_t k = 0; k < body->carries.size(); ++k)
    if (set[body->next[k]]) add(body->carries[k]);
  if (pending.empty()) return;
  const Users users(tape);
  const NodeLists carries(static_cast<std::size_t>(tape.size()), [&](const auto& add) {
    for (std::size_t k = 0; k < body->carries.size(); ++k) add(body->next[k], body->carries[k]);
  });
  while (!pending.empty()) {
    const auto id = pending.back();
    pending.pop_back();
    for (auto user : users[id])
      if (is_influenced(user)) add(user);
    for (auto carry : carries[static_cast<std::size_t>(id)]) add(carry);
  }
}

namespace {

void accumulate(Tensor& adjoint, const Tensor& part) {
  adjoint = adjoint.defined() ? add(adjoint, part) : part;
}

Tensors operand_adjoints(Tape& tape, NodeId id, const Tensor& adjoint) {
  const auto& operation = *tape.node(id).operation;
  if (!operation.derivative.rule) refuse(operation.name, "has no derivative", {Tensor(tape, id)});
  const auto operands = tape.inputs(id).size();
  auto parts = operation.derivative.rule(Recorded(tape, id), adjoint);
  if (parts.size() != operands)
    throw RecordError("[" + operation.name + "] the derivative returns " + std::to_string(parts.size()) +
                      " adjoints for " + std::to_string(operands) + " operands");
  for (std::size_t i = 0; i < operands; ++i) {
    if (!parts[i].defined()) continue;
    const auto& wanted = tape.node(tape.inputs(id)[i]).type;
    parts[i] = bring(tape, parts[i], operation.name, wanted.element);
    if (parts[i].type() != wanted)
      throw RecordError("[" + operation.name + "] the derivative gives " + to_string(parts[i].type()) +
                        " for operand " + std::to_string(i) + " of type " + to_string(wanted));
  }
  return parts;
}

/// Nodes come from where they came before, once it is gone.
class OriginGuard {
 public:
  explicit OriginGuard(Tape& tape) : tape_(tape), before_(tape.origin_number()) {}
  ~OriginGuard() { tape_.return_to_origin(before_); }
  OriginGuard(const OriginGuard&) = delete;
  OriginGuard& operator=(const OriginGuard&) = delete;

 private:
  Tape& tape_;
  const std::uint32_t before_;
};

/// `y` as a value on a tape: a parameter or a literal may be differentiated as it is.
Tensor on_tape(const Tensor& y) {
  return y.recorded() ? y : bring(destination("gradients", {y}), y, "gradients");
}

}  // namespace

Tensors append_adjoints(Tape& tape, const std::vector<AdjointSeed>& seeds, const NodeSet& influenced) {
  Tensors adjoints(tape.size());
  std::map<NodeId, ProjectionAdjoints> arriving;
  NodeId last = -1;
  for (const auto& seed : seeds) {
    if (!influenced[seed.value]) continue;
    accumulate(adjoints[seed.value], seed.adjoint);
    last = std::max(last, seed.value);
  }
  const OriginGuard guard(tape);
  for (NodeId id = last; id >= 0; --id) {
    const Operation* operation = tape.node(id).operation;
    // Errors name the part of the model an adjoint comes from.
    tape.set_origin(tape.origin(id).of_derivative(operation->name));
    Tensors parts;
    if (operation->kind == Kind::unroll) {
      const auto found = arriving.find(id);
      if (found == arriving.end()) continue;
      NodeSet wanted;
      for (auto input : tape.inputs(id)) wanted.push_back(influenced[input]);
      parts = unroll_adjoints(tape, id, found->second, wanted);
    } else if (!adjoints[id].defined() || tape.inputs(id).empty()) {
      continue;
    } else if (operation->kind == Kind::projection) {
      accumulate(arriving[tape.inputs(id)[0]][Projection::of(tape.node(id))], adjoints[id]);
      continue;
    } else {
      parts = operand_adjoints(tape, id, adjoints[id]);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto input = tape.inputs(id)[i];
      if (parts[i].defined() && influenced[input]) accumulate(adjoints[input], parts[i]);
    }
  }
  return adjoints;
}

Tensors gradients_or_absent(const Tensor& of, const Tensors& xs, const Tensor& dy) {
  check_usable("gradients", of);
  check_usable("gradients", xs);
  const auto y = on_tape(of);
  if (!is_floating(y.element())) refuse("gradients", "only a floating tensor can be differentiated", {y});
  auto& tape = y.tape();
  std::vector<NodeId> sources;
  for (const auto& x : xs) {
    if (x.leaf() && !x.leaf()->outermost)
      refuse("gradients",
             "a literal or constant is recorded anew wherever it is used: differentiate by an argument, a "
             "parameter "
             "or a recorded value",
             {x});
    const auto placed = bring(tape, x, "gradients");
    if (!is_floating(placed.element())) refuse("gradients", "a derivative needs a floating tensor", {placed});
    sources.push_back(placed.id());
  }
  std::optional<Recording> resumed;
  if (Recording::innermost() != &tape) resumed.emplace(tape);
  const auto seed = dy.defined() ? bring(tape, dy, "gradients", y.element()) : tape.fill(1, y.type());
  if (seed.type() != y.type()) refuse("gradients", "the adjoint has another type than the value", {y, seed});
  NodeSet influenced(tape.size());
  for (auto source : sources) influenced[source] = true;
  spread_influence(tape, influenced);
  const auto adjoints = append_adjoints(tape, {{y.id(), seed}}, influenced);
  Tensors result;
  for (auto source : sources) result.push_back(adjoints[source]);
  return result;
}

std::vector<bool> dependencies(const Tensor& y) {
  const auto& tape = y.tape("dependencies");
  NodeSet found(tape.size());
  found[y.id()] = true;
  for (NodeId id = y.id(); id >= 0; --id)
    if (found[id] && passes_on(tape.node(id)))
      for (auto input : tape.inputs(id)) found[input] = true;
  return found;
}

Tensors gradients(const Tensor& of, const Tensors& xs, const Tensor& dy) {
  check_usable("gradients", of);
  const auto y = on_tape(of);
  auto result = gradients_or_absent(y, xs, dy);
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (!result[i].defined()) result[i] = y.tape().fill(0, bring(y.tape(), xs[i], "gradients").type());
  return result;
}

Tensors gradients(const Tensor& y, const Tensors& xs) { return gradients(y, xs, {}); }

}  // namespace reel
