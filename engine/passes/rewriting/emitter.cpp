#include "passes/rewriting/emitter.h"

#include <algorithm>

#include <reel/structural.h>

namespace reel::passes {

Emitter::Emitter(Tape& tape, NodeId nodes) : tape_(tape) {
  std::size_t slots = 16;
  while (slots < 2 * static_cast<std::size_t>(nodes)) slots *= 2;
  slots_.resize(slots);
}

NodeId Emitter::emit(const Operation& operation, const std::vector<NodeId>& inputs,
                     const Attributes& attributes, const std::string& label) {
  if (!operation.has_value()) return tape_.append(operation, inputs, attributes, label);
  if (const auto simpler = rewrite(*this, operation, inputs, attributes)) return *simpler;
  auto& known = slot(operation, inputs, attributes);
  return known.id >= 0 ? known.id : take(known, tape_.append(operation, inputs, attributes, label));
}

NodeId Emitter::adopt(const Tape& source, NodeId id, const std::vector<NodeId>& inputs) {
  const auto& node = source.node(id);
  if (!node.operation->has_value()) return tape_.append_same(source, id, inputs);
  auto& known = slot(*node.operation, inputs, node.attributes);
  return known.id >= 0 ? known.id : take(known, tape_.append_same(source, id, inputs));
}

NodeId Emitter::take(Slot& slot, NodeId id) {
  slot.id = id;
  if (++taken_ * 2 > slots_.size()) grow();
  return id;
}

Emitter::Slot& Emitter::slot(const Operation& operation, const std::vector<NodeId>& inputs,
                             const Attributes& attributes) {
  std::size_t hash = std::hash<const void*>()(&operation) ^ attributes.hash();
  for (auto input : inputs) hash = (hash ^ static_cast<std::size_t>(input)) * 0x9e3779b97f4a7c15;
  hash ^= hash >> 32;
  for (auto i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    auto& candidate = slots_[i];
    if (candidate.id < 0) {
      candidate.hash = hash;
      return candidate;
    }
    if (candidate.hash != hash || !is(candidate.id, operation)) continue;
    const auto known = tape_.inputs(candidate.id);
    if (std::equal(known.begin(), known.end(), inputs.begin(), inputs.end()) &&
        node(candidate.id).attributes == attributes)
      return candidate;
  }
}

void Emitter::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const auto& entry : old) {
    if (entry.id < 0) continue;
    auto i = entry.hash & (slots_.size() - 1);
    while (slots_[i].id >= 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = entry;
  }
}

NodeId Emitter::fill(double value, const TensorType& type) {
  return emit(fill_operation(), {}, typed(type, {{"value", value}}));
}

const Concat& Emitter::concat(NodeId id) {
  if (last_concat_.first != id) last_concat_ = {id, Concat::of(tape_, id)};
  return last_concat_.second;
}

std::optional<double> Emitter::uniform_value(NodeId id) const {
  if (!is(id, fill_operation())) return std::nullopt;
  return node(id).attributes.real("value");
}

}  // namespace reel::passes
