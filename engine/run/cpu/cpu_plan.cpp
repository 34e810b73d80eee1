#include "run/cpu/cpu_plan.h"

#include <reel/structural.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace reel::cpu {

namespace {

/// Binds the work of a plan: each piece becomes a kernel, a cluster or a copy for its layouts.
class Binding {
 public:
  Binding(CpuPlan& to, UniformTiles& uniforms, CompiledPasses& passes, bool compiles)
      : to_(to), plan_(to.plan), uniforms_(uniforms), passes_(passes), compiles_(compiles) {}

  void run() {
    to_.instructions.reserve(plan_.work.size());
    to_.operands.reserve(plan_.operands.size());
    to_.kernels.reserve(plan_.calls.size());
    for (const auto& address : plan_.operands) to_.operands.push_back(operand(address));
    for (const auto& work : plan_.work) bind(work);
    for (const auto& output : plan_.outputs)
      to_.outputs.push_back(output.is_written ? CpuPlan::Moved{} : moved(output.from));
    for (const auto& update : plan_.updates) to_.updates.push_back(moved(update.value));
  }

 private:
  using Kind = plan::Work::Kind;

  Operand operand(const plan::Address& address) {
    Operand result{address.base,
                   static_cast<std::uint32_t>(to_.strides.size()),
                   static_cast<std::uint32_t>(address.steps.size()),
                   address.offset,
                   0,
                   0};
    to_.strides.insert(to_.strides.end(), address.steps.begin(), address.steps.end());
    std::tie(result.low, result.high) = address.reach();
    return result;
  }

  CpuPlan::Moved moved(const plan::Address& from) {
    return {operand(from), Copy(from.layout, Layout::contiguous(from.layout.type))};
  }

  void bind(const plan::Work& work) {
    Instruction instruction;
    instruction.reverse = work.reverse;
    instruction.cached = work.cached;
    instruction.end = work.end;
    instruction.steps = work.steps;
    instruction.first_operand = work.first_operand;
    instruction.input_count = work.input_count;
    instruction.output_count = work.output_count;
    if (work.kind == Kind::loop)
      instruction.kind = Instruction::Kind::loop;
    else if (work.kind == Kind::copy)
      bind_copy(work, instruction);
    else if (work.kind == Kind::fusion)
      bind_fusion(work, instruction);
    else
      bind_kernel(kernel_of(work, plan_.calls[work.index]), instruction);
    to_.instructions.push_back(instruction);
  }

  void bind_copy(const plan::Work& work, Instruction& instruction) {
    const auto &from = plan_.operand(work, 0).layout, &to = plan_.operand(work, 1).layout;
    instruction.kind = Instruction::Kind::copy;
    instruction.index = static_cast<std::uint32_t>(to_.copies.size());
    to_.copies.emplace_back(from, to);
    const auto bytes = static_cast<double>(to_.copies.back().bytes());
    instruction.nanoseconds = 10 + bytes * (from.is_contiguous() ? 0.03 : 0.1);
  }

  void bind_kernel(CpuKernel kernel, Instruction& instruction) {
    instruction.kind = Instruction::Kind::kernel;
    instruction.index = static_cast<std::uint32_t>(to_.kernels.size());
    instruction.nanoseconds = kernel.nanoseconds;
    to_.scratch_bytes = std::max(to_.scratch_bytes, kernel.scratch_bytes);
    to_.kernels.push_back(std::move(kernel));
  }

  static CpuKernel kernel_of(const plan::Work& work, const plan::Call& call) {
    const auto* kernels = call.operation->kernels.of<CpuKernels>();
    if (work.kind == Kind::prepare) return kernels->prepared.kernel(call.request);
    if (work.kind == Kind::finish) {
      const auto& reduced = call.request.operands[0].type;
      const auto columns = call.request.result.type.shape.size();
      return finish_columns(kernels->columns(reduced.element), block_count(reduced.shape.size() / columns),
                            columns);
    }
    return kernels && kernels->kernel ? kernels->kernel(call.request) : reference_kernel(call);
  }

  /// Plain, in one thread; its views stand in scratch memory.
  static CpuKernel reference_kernel(const plan::Call& call) {
    CpuKernel kernel;
    kernel.scratch_bytes = call.request.operands.size() * sizeof(ConstView);
    kernel.run = [&operation = *call.operation, request = call.request](const CpuCall& at) {
      auto* views = static_cast<ConstView*>(at.scratch);
      const auto count = request.operands.size();
      for (std::size_t i = 0; i < count; ++i)
        new (views + i) ConstView{at.inputs[i], &request.operands[i].type};
      View output{nullptr, nullptr};
      if (operation.has_value()) output = {at.output, &request.result.type};
      operation.kernels.reference({{views, count}, output, request.attributes, at.steps});
    };
    return kernel;
  }

  void bind_fusion(const plan::Work& work, Instruction& instruction) {
    const auto& fusion = plan_.fusions[work.index];
    std::vector<Cluster::Input> inputs;
    std::vector<Cluster::Output> outputs;
    for (std::uint32_t i = 0; i < work.input_count; ++i) {
      const auto& address = plan_.operand(work, i);
      inputs.push_back({address.layout, uniform_element(address), is_cold(address)});
    }
    for (std::size_t o = 0; o < fusion.outputs.size(); ++o) {
      const auto& address = plan_.operand(work, work.input_count + o);
      outputs.push_back(
          {fusion.outputs[o].value, address.layout, fusion.outputs[o].overwrites, is_cold(address)});
    }
    instruction.kind = Instruction::Kind::cluster;
    instruction.index = cluster_of(work.index, inputs, outputs);
    const auto& cluster = to_.clusters[instruction.index];
    constexpr double per_element = 0.1, per_byte = 0.03, per_call = 40;
    instruction.nanoseconds =
        per_call + cluster.bytes_moved() * per_byte +
        static_cast<double>(cluster.elements()) * static_cast<double>(fusion.members.size()) * per_element;
    to_.scratch_bytes = std::max(to_.scratch_bytes, cluster.scratch_bytes());
  }

  /// Among the clusters: one that is there already where the same is done on memory that lies alike.
  std::uint32_t cluster_of(std::uint32_t fusion, const std::vector<Cluster::Input>& inputs,
                           const std::vector<Cluster::Output>& outputs) {
    auto& known = clusters_[fusion];
    for (const auto& each : known)
      if (each.inputs == inputs && each.outputs == outputs) return each.index;
    const auto index = static_cast<std::uint32_t>(to_.clusters.size());
    const auto& of = plan_.fusions[fusion];
    to_.clusters.emplace_back(of.space, inputs, steps_of(of, inputs), outputs, uniforms_, passes_);
    known.push_back({inputs, outputs, index});
    return index;
  }

  /// Few elements fill no vector, and of very many steps the code takes more memory than their values.
  static bool is_worth_compiling(const plan::Fusion& fusion) {
    constexpr std::int64_t fewest_elements = 8;
    constexpr std::size_t most_steps = 1000;
    return fusion.space.size() >= fewest_elements && fusion.members.size() <= most_steps;
  }

  std::vector<Cluster::Member> steps_of(const plan::Fusion& fusion,
                                        const std::vector<Cluster::Input>& inputs) const {
    std::vector<ElementType> elements;  // of the values
    for (const auto& input : inputs) elements.push_back(input.layout.type.element);
    std::vector<Cluster::Member> steps;
    steps.reserve(fusion.members.size());
    std::vector<ElementType> operands;
    for (const auto& member : fusion.members) {
      operands.clear();
      for (auto operand : member.operands) operands.push_back(elements[operand]);
      steps.push_back({member.operands, member.result});
      auto& bound = steps.back();
      const auto* kernels = member.operation ? member.operation->kernels.of<CpuKernels>() : nullptr;
      if (member.kind == plan::Member::Kind::map) {
        bound.map = kernels->map(operands, member.result);
        if (kernels->code && compiles_ && is_worth_compiling(fusion)) bound.code = kernels->code(operands);
      } else if (member.kind == plan::Member::Kind::rows)
        bound.rows = kernels->rows(operands[0]);
      else if (member.kind == plan::Member::Kind::columns)
        bound.columns = std::make_shared<const ColumnLoops>(kernels->columns(operands[0]));
      elements.push_back(member.result);
    }
    return steps;
  }

  /// The element that all of an operand equals, where that is known.
  const void* uniform_element(const plan::Address& address) const {
    const auto& base = plan_.bases[address.base];
    if (base.kind != plan::Base::Kind::constant || !address.steps.empty()) return nullptr;
    const auto& strides = address.layout.strides;
    const auto& shape = address.layout.type.shape;
    for (int axis = 0; axis < shape.rank(); ++axis)
      if (strides[axis] != 0 && shape[axis] != 1) return nullptr;
    return static_cast<const std::byte*>(base.constant->raw()) + address.offset;
  }

  /// Whether memory is hardly in the cache when it is needed: another part of it at each step, or too much.
  static bool is_cold(const plan::Address& address) {
    constexpr std::int64_t cached = 256 * 1024;  // bytes
    const auto [low, high] = address.reach();
    return !address.steps.empty() || high - low > cached;
  }

  /// A cluster that has been made, and of what.
  struct Made {
    std::vector<Cluster::Input> inputs;
    std::vector<Cluster::Output> outputs;
    std::uint32_t index;
  };

  CpuPlan& to_;
  const plan::Plan& plan_;
  UniformTiles& uniforms_;
  CompiledPasses& passes_;
  const bool compiles_;                                            // passes
  std::unordered_map<std::uint32_t, std::vector<Made>> clusters_;  // by fusion
};

}  // namespace

std::unique_ptr<CpuPlan> make_cpu_plan(plan::Plan plan, UniformTiles& uniforms, CompiledPasses& passes,
                                       const CpuOptions& options) {
  auto made = std::make_unique<CpuPlan>();
  made->plan = std::move(plan);
  made->threads = options.threads;
  Binding(*made, uniforms, passes, options.compiles_passes).run();
  divide_work(*made, options.worth_dividing);
  return made;
}

}  // namespace reel::cpu
