#include <cstring>

#include <reel/device.h>

#include "run/backend.h"
#include "run/reference/not_finite.h"
#include "run/reference/reference_run.h"
#include "run/runner.h"

namespace reel::reference {

namespace {

void bind(Plan& plan, const std::vector<const Array*>& arguments) {
  for (std::size_t i = 0; i < plan.bases.size(); ++i) {
    const auto& base = plan.bases[i];
    const auto* address = base.kind == plan::Base::Kind::arena
                              ? plan.arena.get()
                              : host_address(base, arguments, {}, plan.run_numbers[i]);
    // Instructions write to the arena alone.
    plan.addresses[i] = static_cast<std::byte*>(const_cast<void*>(address));
  }
}

class ReferenceRunner : public Runner {
 public:
  ReferenceRunner(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}

  const std::vector<plan::Argument>& arguments() const override { return plan_->arguments; }
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    auto& plan = *plan_;
    outputs.resize(plan.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, *plan.outputs[i].type);
    bind(plan, arguments);
    Run run(plan);
    run.all();
    if (plan.options.check_finite && gives_not_finite(plan)) explain_not_finite(plan);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& output = plan.outputs[i];
      std::memcpy(outputs[i].raw(), run.address(output), output.type->bytes());
    }
    for (const auto& update : plan.updates) {
      std::memcpy(update.variable->overwrite().raw(), run.address(update.value), update.value.type->bytes());
    }
  }

  std::size_t arena_bytes() const override { return plan_->arena_bytes; }
  std::size_t kept_bytes() const override { return 0; }
  std::size_t instruction_count() const override { return plan_->instructions.size(); }

  std::string explain() const override {
    std::string text = "reference runner: one plain kernel an operation\n";
    for (const auto& instruction : plan_->instructions)
      text += (instruction.operation ? instruction.operation->name
               : instruction.kind == Instruction::Kind::loop
                   ? "loop of " + std::to_string(instruction.steps) + " steps"
                   : "copy") +
              "\n";
    return text;
  }
  Profile profile(const std::vector<const Array*>&, int) override {
    throw Error("[profile] is there for programs of Device::cpu() compiled without CheckFinite");
  }

 private:
  std::unique_ptr<Plan> plan_;
};

class ReferenceBackend : public Backend {
 public:
  std::string name() const override { return "reference"; }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    auto plan = lower(tape, outputs);
    plan->options = options;
    return std::make_unique<ReferenceRunner>(std::move(plan));
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
