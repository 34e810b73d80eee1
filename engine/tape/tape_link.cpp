#include <reel/tape.h>

namespace reel {

namespace {

std::string text_of(const TensorType& type, const std::string& operation, const std::string& label,
                    const std::string& scope) {
  std::string text = to_string(type);
  text += label.empty() ? " made by [" + operation + "]" : " (" + label + ")";
  return scope.empty() ? text : text + " in scope " + scope;
}

}  // namespace

std::string TapeLink::origin_of(NodeId id) const {
  if (const auto* living = tape()) {
    const auto& node = living->node(id);
    return text_of(node.type, node.operation->name, living->label(id), living->scope(id));
  }
  if (!epitaph_) return "a tensor of a recording that is over";
  const auto& line = epitaph_->lines[static_cast<std::size_t>(id)];
  return text_of(epitaph_->types[line.type], epitaph_->operations[line.operation],
                 epitaph_->labels[line.label], epitaph_->origins[line.origin].scope);
}

void TapeLink::bury(std::unique_ptr<const Epitaph> epitaph) noexcept {
  epitaph_ = std::move(epitaph);
  tape_.store(nullptr, std::memory_order_release);
}

}  // namespace reel
