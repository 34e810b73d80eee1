#include <cstring>

#include <reel/device.h>
#include <reel/structural.h>

#include "run/backend.h"
#include "run/reference/interpreter.h"
#include "run/reference/not_finite.h"
#include "run/runner.h"

namespace reel::reference {

namespace {

/// What the interpreter goes through, a line each. Recursive over the nesting of unrolls only.
void list(const Tape& tape, const passes::Live& live, const std::string& indent,
          std::vector<std::string>& lines) {
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto& node = tape.node(id);
    const auto kind = node.operation->kind;
    if (!live.nodes[id] || kind == Kind::leaf || kind == Kind::projection || kind == Kind::update) continue;
    if (kind != Kind::unroll) {
      lines.push_back(indent + node.operation->name);
      continue;
    }
    const auto unroll = UnrollNode::of(node.attributes);
    lines.push_back(indent + "loop of " + std::to_string(unroll.steps) + " steps");
    list(*unroll.body->tape, live.loops.at(id).body, indent + "  ", lines);
  }
}

class ReferenceRunner : public Runner {
 public:
  ReferenceRunner(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options)
      : program_(tape, outputs), checks_finite_(options.check_finite) {
    list(*program_.tape, program_.live, "", lines_);
  }

  const std::vector<plan::Argument>& arguments() const override { return program_.arguments; }
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    outputs.resize(program_.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i)
      make_room(outputs, i, program_.tape->node(program_.outputs[i]).type);
    Interpreter::RunNumbers numbers;
    Interpreter interpreter(program_, arguments, numbers);
    interpreter.run();
    if (checks_finite_ && gives_not_finite(interpreter)) explain_not_finite(program_, arguments, numbers);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& value = interpreter.outputs()[i];
      std::memcpy(outputs[i].raw(), value.elements, value.type->bytes());
    }
    write(interpreter.updates());
  }

  std::size_t arena_bytes() const override { return 0; }
  std::size_t kept_bytes() const override { return 0; }
  std::size_t instruction_count() const override { return lines_.size(); }
  std::string explain() const override {
    std::string text = "reference runner: one plain kernel an operation\n";
    for (const auto& line : lines_) text += line + "\n";
    return text;
  }
  Profile profile(const std::vector<const Array*>&, int) override {
    throw Error("[profile] is there for programs of Device::cpu() compiled without CheckFinite");
  }

 private:
  /// A value may be what another variable holds: all are read before any is written.
  static void write(const std::vector<Interpreter::Update>& updates) {
    std::vector<std::vector<std::byte>> values;
    for (const auto& [variable, value] : updates)
      values.emplace_back(value.elements, value.elements + value.type->bytes());
    for (std::size_t i = 0; i < updates.size(); ++i)
      std::memcpy(updates[i].variable->overwrite().raw(), values[i].data(), values[i].size());
  }

  const Program program_;
  const bool checks_finite_;
  std::vector<std::string> lines_;
};

class ReferenceBackend : public Backend {
 public:
  std::string name() const override { return "reference"; }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    return std::make_unique<ReferenceRunner>(tape, outputs, options);
  }
};

}  // namespace

}  // namespace reel::reference

namespace reel {

Device Device::reference() {
  static const auto backend = std::make_shared<reference::ReferenceBackend>();
  return Device(backend);
}

}  // namespace reel
