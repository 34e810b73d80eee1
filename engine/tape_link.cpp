#include <reel/tape.h>

namespace reel {

TapeLink::Epitaph TapeLink::epitaph(const Tape& tape, NodeId id) {
  const auto& node = tape.node(id);
  return {node.type, node.operation->name, tape.scope(id), tape.label(id)};
}

std::string TapeLink::origin_of(NodeId id) const {
  const auto* living = tape();
  const auto from = living ? epitaph(*living, id) : epitaphs_[static_cast<std::size_t>(id)];
  std::string text = to_string(from.type);
  text += from.label.empty() ? " made by [" + from.operation + "]" : " (" + from.label + ")";
  return from.scope.empty() ? text : text + " in scope " + from.scope;
}

void TapeLink::bury() {
  const auto& tape = *this->tape();
  epitaphs_.reserve(static_cast<std::size_t>(tape.size()));
  for (NodeId id = 0; id < tape.size(); ++id) epitaphs_.push_back(epitaph(tape, id));
  tape_.store(nullptr, std::memory_order_release);
}

}  // namespace reel
