#include <reel/body.h>
#include <reel/to_dot.h>

#include <map>
#include <sstream>

#include "record/unroll_operands.h"

namespace reel {

namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result;
}

class Drawing {
 public:
  std::string draw(const Tape& tape) {
    out_ << "digraph tape {\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", "
            "fontsize=10];\n";
    nodes(tape, "n", "  ");
    out_ << "}\n";
    return out_.str();
  }

 private:
  void nodes(const Tape& tape, const std::string& prefix, const std::string& indent) {
    for (NodeId id = 0; id < tape.size(); ++id) {
      const auto& node = tape.node(id);
      const auto name = prefix + std::to_string(id);
      out_ << indent << name << " [label=\"" << label(tape, id) << "\", fillcolor=\""
           << colour(tape.scope(id)) << "\"];\n";
      const auto inputs = tape.inputs(id);
      for (auto input : inputs) out_ << indent << prefix << input << " -> " << name << ";\n";
      if (node.operation->kind == Kind::unroll)
        body(UnrollNode::of(node.attributes), UnrollOperands::of(tape, id), prefix, name, indent);
    }
  }

  /// The body in a box; dashed arrows lead from the operands of the unroll to what they are inside.
  void body(const UnrollNode& unroll, const UnrollOperands& operands, const std::string& prefix,
            const std::string& name, const std::string& indent) {
    const auto inner = name + "_";
    out_ << indent << "subgraph cluster_" << name << " {\n"
         << indent << "  label=\"" << unroll.steps << " steps"
         << (unroll.reverse ? ", from the last to the first" : "") << "\";\n";
    nodes(*unroll.body->tape, inner, indent + "  ");
    for (const auto& carry : operands.carries())
      out_ << indent << "  " << inner << carry.next << " -> " << inner << carry.inner
           << " [style=bold, constraint=false, label=\"next step\"];\n";
    out_ << indent << "}\n";
    for (const auto& operand : operands)
      out_ << indent << prefix << operand.outer << " -> " << inner << operand.inner << " [style=dashed];\n";
  }

  static std::string label(const Tape& tape, NodeId id) {
    const auto& node = tape.node(id);
    std::string text = escaped(node.operation->name);
    if (!tape.label(id).empty()) text += "\\n" + escaped(tape.label(id));
    if (node.operation->has_value()) text += "\\n" + to_string(node.type);
    // A leaf's attributes are its type and name; an unroll's stand at its box.
    if (node.operation->kind != Kind::leaf && node.operation->kind != Kind::unroll)
      if (const auto attributes = to_string(node.attributes); !attributes.empty())
        text += "\\n" + escaped(attributes);
    const auto& origin = tape.origin(id);
    if (origin.order > 0) text += "\\n" + escaped(origin.derivative());
    if (!origin.scope.empty()) text += "\\n" + escaped(origin.scope);
    return text;
  }

  std::string colour(const std::string& scope) {
    static const char* const palette[] = {"#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3",
                                          "#ede9fe", "#cffafe", "#ffedd5"};
    if (scope.empty()) return "#ffffff";
    const auto entry = colours_.emplace(scope, colours_.size()).first;
    return palette[entry->second % std::size(palette)];
  }

  std::ostringstream out_;
  std::map<std::string, std::size_t> colours_;
};

}  // namespace

std::string to_dot(const Tape& tape) { return Drawing().draw(tape); }

}  // namespace reel
