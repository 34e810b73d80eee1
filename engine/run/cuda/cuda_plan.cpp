#include "run/cuda/cuda_plan.h"

#include <reel/cuda_kernel.h>

#include "run/cuda/fusion/fusion_kernel.h"

namespace reel::cuda {

namespace {

/// Makes a launch of each piece of work.
class Binding {
 public:
  explicit Binding(CudaPlan& to) : to_(to), plan_(to.plan) {}

  void run() {
    for (const auto& work : plan_.work) bind(work);
    for (const auto& output : plan_.outputs)
      to_.outputs.push_back(output.is_written ? Launch{} : to_contiguous(output.from));
    for (const auto& update : plan_.updates) to_.updates.push_back(to_contiguous(update.value));
  }

 private:
  using Kind = plan::Work::Kind;

  void bind(const plan::Work& work) {
    Instruction instruction{Instruction::Kind::launch, static_cast<std::uint32_t>(to_.launches.size())};
    if (work.kind == Kind::loop) {
      instruction.kind = Instruction::Kind::loop;
    } else if (work.kind == Kind::copy) {
      to_.launches.push_back(launch_of(make_copy_kernel(plan_.operand(work, 0), plan_.operand(work, 1)), 2));
    } else if (work.kind == Kind::fusion) {
      std::vector<const plan::Address*> operands;
      for (std::uint32_t k = 0; k < work.operand_count(); ++k) operands.push_back(&plan_.operand(work, k));
      to_.launches.push_back(launch_of(
          make_fusion_kernel(plan_.fusions[work.index], operands, work.input_count), operands.size()));
    } else {
      bind_call(work, plan_.calls[work.index], instruction);
    }
    to_.instructions.push_back(instruction);
  }

  void bind_call(const plan::Work& work, const plan::Call& call, Instruction& instruction) {
    const auto* kernels = call.operation->kernels.of<CudaKernels>();
    if (work.kind == Kind::finish) {
      to_.launches.push_back(finish(*kernels, call.request));
    } else if (const auto product = product_of(call, kernels)) {
      instruction = {Instruction::Kind::product, static_cast<std::uint32_t>(to_.products.size())};
      to_.products.push_back(*product);
    } else if (call.on_host || !kernels || !kernels->kernel) {
      instruction.kind = Instruction::Kind::host;
    } else {
      to_.launches.push_back(launch_of(kernels->kernel(call.request), work.operand_count()));
    }
  }

  static std::optional<CudaProduct> product_of(const plan::Call& call, const CudaKernels* kernels) {
    if (call.on_host || !kernels || !kernels->product) return std::nullopt;
    return kernels->product(call.request);
  }

  Launch launch_of(const FusionKernel& kernel, std::size_t operands) {
    Launch launch;
    launch.geometry = kernel.geometry;
    launch.words.assign(operands, 0);
    launch.words.insert(launch.words.end(), kernel.numbers.begin(), kernel.numbers.end());
    launch.kernel = add_kernel(to_.source, kernel.texts, launch.words.size(), kernel.body);
    return launch;
  }

  Launch launch_of(const CudaKernel& kernel, std::size_t operands) {
    Launch launch;
    launch.geometry = {kernel.blocks, kernel.threads, kernel.shared_bytes};
    launch.words.assign(operands, 0);
    if (kernel.fault) {
      launch.fault_at = static_cast<int>(operands);
      launch.fault = kernel.fault;
      launch.words.insert(launch.words.end(), 2, 0);
    }
    launch.words.insert(launch.words.end(), kernel.numbers.begin(), kernel.numbers.end());
    launch.kernel =
        add_kernel(to_.source, {kernel.text}, launch.words.size(), "  " + kernel.function + "(words);\n");
    return launch;
  }

  Launch finish(const CudaKernels& kernels, const KernelRequest& request) {
    const auto& reduced = request.operands[0].type;
    const auto columns = request.result.type.shape.size();
    FusionKernel kernel;
    kernel.texts = {{"fusion.cuh", ""}, kernels.reduction.text};
    kernel.body = "  finish<" + kernels.reduction.type + ", " + cuda_name(reduced.element) + ">(words);\n";
    kernel.numbers = {columns == 0 ? 0 : block_count(reduced.shape.size() / columns), columns};
    kernel.geometry = {CudaKernel::blocks_for(columns, 64), 64, 0};
    return launch_of(kernel, 2);
  }

  Launch to_contiguous(const plan::Address& from) {
    plan::Address to;
    to.layout = Layout::contiguous(from.layout.type);
    return launch_of(make_copy_kernel(from, to), 2);
  }

  CudaPlan& to_;
  const plan::Plan& plan_;
};

}  // namespace

CudaPlan make_cuda_plan(plan::Plan plan) {
  CudaPlan made;
  made.plan = std::move(plan);
  Binding(made).run();
  return made;
}

std::string explain(const CudaPlan& plan) {
  const auto how = [&](std::size_t i) -> std::string {
    const auto& instruction = plan.instructions[i];
    if (instruction.kind == Instruction::Kind::host) return " | by the host";
    if (instruction.kind == Instruction::Kind::loop) return "";
    if (instruction.kind == Instruction::Kind::product) return " | by cuBLASLt";
    const auto& launch = plan.launches[instruction.index];
    return " | " + std::to_string(launch.geometry.blocks) + " blocks of " +
           std::to_string(launch.geometry.threads) + ", " + launch.kernel.substr(0, 13);
  };
  return plan::explain(plan.plan, how, "; kernels: " + std::to_string(plan.source.kernels.size()));
}

}  // namespace reel::cuda
