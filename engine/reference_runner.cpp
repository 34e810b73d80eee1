#include "plan.h"
#include "runner.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace reel {

namespace {

/// Position of the first NaN or infinity among the elements, or -1.
std::int64_t first_not_finite(const void* data, const TensorType& type) {
  const auto search = [&](const auto* elements) -> std::int64_t {
    const auto* end = elements + type.shape.size();
    const auto* found = std::find_if(elements, end, [](auto x) { return !std::isfinite(x); });
    return found == end ? -1 : found - elements;
  };
  if (type.element == ElementType::float32) return search(static_cast<const float*>(data));
  if (type.element == ElementType::float64) return search(static_cast<const double*>(data));
  return -1;
}

/// "nan at [1, 0] of float32[2, 3]"
std::string element_text(const void* data, const TensorType& type, std::int64_t position) {
  const double value = type.element == ElementType::float32 ? static_cast<const float*>(data)[position]
                                                            : static_cast<const double*>(data)[position];
  std::vector<std::int64_t> index(type.shape.rank());
  for (int axis = type.shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = position % type.shape[axis];
    position /= type.shape[axis];
  }
  return (std::isnan(value) ? "nan"
          : value < 0       ? "-inf"
                            : "inf") +
         std::string(" at ") + to_string(Shape(index)) + " of " + to_string(type);
}

/// One run of a plan. Recursive only over the nesting of loops.
class Run {
 public:
  explicit Run(Plan& plan) : plan_(plan) {}

  void all() { range(0, static_cast<std::int32_t>(plan_.instructions.size()), 0); }

  std::byte* address(const Operand& operand) const {
    std::byte* address = plan_.addresses[operand.base] + operand.offset;
    for (std::uint32_t i = 0; i < operand.stride_count; ++i) {
      const auto& stride = plan_.strides[operand.first_stride + i];
      address += plan_.steps[stride.level] * stride.bytes;
    }
    return address;
  }

 private:
  void range(std::int32_t begin, std::int32_t end, int level) {
    for (std::int32_t i = begin; i < end; ++i) {
      const auto& instruction = plan_.instructions[i];
      switch (instruction.kind) {
        case Instruction::Kind::kernel:
          kernel(instruction, level);
          break;
        case Instruction::Kind::copy:
          copy(instruction);
          break;
        case Instruction::Kind::loop:
          for (std::int64_t step = 0; step < instruction.steps; ++step) {
            plan_.steps[level] = instruction.reverse ? instruction.steps - 1 - step : step;
            range(i + 1, instruction.end, level + 1);
          }
          i = instruction.end - 1;
          break;
      }
    }
  }

  void kernel(const Instruction& instruction, int level) {
    const Operand* operands = &plan_.operands[instruction.first_operand];
    const bool has_output = instruction.operation->has_value();
    const std::size_t inputs = instruction.operand_count - (has_output ? 1 : 0);
    for (std::size_t i = 0; i < inputs; ++i) plan_.views[i] = {address(operands[i]), operands[i].type};
    View output{nullptr, nullptr};
    if (has_output) output = {address(operands[inputs]), operands[inputs].type};
    const Span<const std::int64_t> steps{plan_.steps.data(), static_cast<std::size_t>(level)};
    try {
      instruction.operation->kernels.reference(
          {{plan_.views.data(), inputs}, output, instruction.attributes, steps});
    } catch (const RunError& error) {
      throw RunError(context(instruction, {operands, inputs}, error.what(), steps));
    }
    if (!plan_.options.check_finite || !has_output) return;
    if (const auto position = first_not_finite(output.data, *output.type); position >= 0)
      throw RunError(context(instruction, {operands, inputs},
                             "gives " + element_text(output.data, *output.type, position), steps));
  }

  void copy(const Instruction& instruction) {
    const auto& from = plan_.operands[instruction.first_operand];
    const auto& to = plan_.operands[instruction.first_operand + 1];
    std::memcpy(address(to), address(from), from.type->bytes());
  }

  std::string context(const Instruction& instruction, Span<const Operand> inputs, const std::string& what,
                      Span<const std::int64_t> steps) const {
    std::string text = "[" + instruction.operation->name + "] " + what;
    const char* separator = "; operands: ";
    for (const auto& input : inputs) {
      text += separator + to_string(*input.type);
      if (const auto& name = plan_.names[input.name]; !name.empty()) text += " (" + name + ")";
      separator = ", ";
    }
    if (const auto& scope = plan_.names[instruction.scope]; !scope.empty()) text += "; in scope " + scope;
    return text + at_steps(steps);
  }

  Plan& plan_;
};

void bind(Plan& plan, const std::vector<const Array*>& arguments) {
  for (std::size_t i = 0; i < plan.bases.size(); ++i) {
    const auto& base = plan.bases[i];
    const void* address = nullptr;
    switch (base.kind) {
      case Plan::Base::Kind::arena:
        address = plan.arena.get();
        break;
      case Plan::Base::Kind::argument:
        address = arguments[base.argument]->raw();
        break;
      case Plan::Base::Kind::variable:
        address = variable_address(*base.variable, plan.run_number);
        break;
      case Plan::Base::Kind::constant:
        address = base.constant->raw();
        break;
      case Plan::Base::Kind::result:
        throw InternalError("the reference runner writes to its arena alone");
    }
    // Instructions write to the arena alone.
    plan.addresses[i] = static_cast<std::byte*>(const_cast<void*>(address));
  }
}

void check_inputs(const Plan& plan, const std::vector<const Array*>& arguments) {
  const auto check = [](const std::string& name, const Array& value) {
    if (const auto position = first_not_finite(value.raw(), value.type()); position >= 0)
      throw RunError("[check_finite] " + name + " holds " +
                     element_text(value.raw(), value.type(), position));
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) check("argument " + std::to_string(i), *arguments[i]);
  for (const auto& base : plan.bases)
    if (base.variable) check("parameter " + base.variable->name, base.variable->value);
}

class ReferenceRunner : public Runner {
 public:
  ReferenceRunner(std::unique_ptr<Plan> plan) : plan_(std::move(plan)) {}

  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    auto& plan = *plan_;
    check_arguments(plan.arguments, arguments);
    outputs.resize(plan.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, *plan.outputs[i].type);
    bind(plan, arguments);
    if (plan.options.check_finite) check_inputs(plan, arguments);
    Run run(plan);
    run.all();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& output = plan.outputs[i];
      std::memcpy(outputs[i].raw(), run.address(output), output.type->bytes());
    }
    for (const auto& update : plan.updates) {
      std::memcpy(update.variable->value.raw(), run.address(update.value), update.value.type->bytes());
      ++update.variable->version;
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

}  // namespace

std::unique_ptr<Runner> make_reference_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                              const CompileOptions& options) {
  auto plan = lower(tape, outputs);
  plan->options = options;
  return std::make_unique<ReferenceRunner>(std::move(plan));
}

}  // namespace reel
