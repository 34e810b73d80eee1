#include "run/cuda/cuda_plan.h"

#include <reel/cuda_kernel.h>

#include <algorithm>

#include "run/cuda/fusion/fusion_kernel.h"
#include "run/cuda/sum_of_product.h"

namespace reel::cuda {

namespace {

/// Bytes that an address is a multiple of at every step, as far as anybody asks: all memory begins at
/// multiples of 256.
int alignment_of(const plan::Address& address) {
  std::int64_t all = 256 | address.offset;
  for (const auto& step : address.steps) all |= step.bytes;
  return static_cast<int>(all & -all);
}

/// Makes a launch of each piece of work.
class Binding {
 public:
  Binding(CudaPlan& to, ProductPrecision products)
      : to_(to), plan_(to.plan), sums_(to.plan), products_(products) {}

  void run() {
    for (std::size_t i = 0; i < plan_.work.size(); ++i) {
      if (bind_sum_of_product(i)) {
        to_.instructions.push_back({Instruction::Kind::nothing});
        ++i;
      } else {
        bind(plan_.work[i]);
      }
    }
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
    } else if (const auto product = product_of(call, call.request)) {
      instruction =
          add_product(*product, plan_.operand(work, 0), plan_.operand(work, 1), plan_.operand(work, 2));
    } else if (call.on_host || !kernels || !kernels->kernel) {
      instruction.kind = Instruction::Kind::host;
    } else {
      const auto first = kernels->kernel(call.request);
      for (const auto* kernel = &first; kernel; kernel = kernel->next.get())
        to_.launches.push_back(launch_of(*kernel, work.operand_count()));
      instruction.count = static_cast<std::uint32_t>(to_.launches.size() - instruction.index);
    }
  }

  /// A product, and the pass behind it that adds something to it, as one.
  bool bind_sum_of_product(std::size_t i) {
    const auto both = sums_.at(i);
    if (!both) return false;
    const auto& work = plan_.work[i];
    const auto& call = plan_.calls[work.index];
    auto product = product_of(call, both->with_sum);
    const auto with_addend = product_of(call, both->with_addend);
    if (!product || !with_addend) return false;
    product->addend = with_addend->c;
    to_.instructions.push_back(
        add_product(*product, plan_.operand(work, 0), plan_.operand(work, 1), both->sum, both->addend));
    return true;
  }

  Instruction add_product(CudaProduct how, const plan::Address& a, const plan::Address& b,
                          const plan::Address& c, const plan::Address& addend = {}) {
    how.precision = products_;
    how.a.alignment = alignment_of(a);
    how.b.alignment = alignment_of(b);
    how.c.alignment = alignment_of(c);
    if (how.addend) how.addend->alignment = alignment_of(addend);
    to_.products.push_back({how, a, b, c, addend});
    return {Instruction::Kind::product, static_cast<std::uint32_t>(to_.products.size() - 1)};
  }

  static std::optional<CudaProduct> product_of(const plan::Call& call, const KernelRequest& request) {
    const auto* kernels = call.operation->kernels.of<CudaKernels>();
    if (call.on_host || !kernels || !kernels->product) return std::nullopt;
    return kernels->product(request);
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
    if (kernel.work_bytes > 0) {
      launch.work_at = static_cast<int>(launch.words.size());
      launch.words.push_back(0);
      to_.work_bytes = std::max(to_.work_bytes, kernel.work_bytes);
    }
    if (kernel.fault) {
      launch.fault_at = static_cast<int>(launch.words.size());
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
  const SumsOfProducts sums_;
  const ProductPrecision products_;
};

}  // namespace

CudaPlan make_cuda_plan(plan::Plan plan, ProductPrecision products) {
  CudaPlan made;
  made.plan = std::move(plan);
  Binding(made, products).run();
  return made;
}

namespace {

std::string in_precision(const CudaProduct& product) {
  if (product.element != ElementType::float32 || product.precision == ProductPrecision::float32) return "";
  return product.precision == ProductPrecision::tf32 ? ", factors in TF32" : ", factors in bfloat16";
}

}  // namespace

std::string explain(const CudaPlan& plan) {
  const auto how = [&](std::size_t i) -> std::string {
    const auto& instruction = plan.instructions[i];
    if (instruction.kind == Instruction::Kind::host) return " | by the host";
    if (instruction.kind == Instruction::Kind::loop) return "";
    if (instruction.kind == Instruction::Kind::product)
      return " | by cuBLASLt" + in_precision(plan.products[instruction.index].how);
    if (instruction.kind == Instruction::Kind::nothing) return " | with the product before";
    std::string launches;
    for (std::uint32_t k = 0; k < instruction.count; ++k) {
      const auto& launch = plan.launches[instruction.index + k];
      launches += " | " + std::to_string(launch.geometry.blocks) + " blocks of " +
                  std::to_string(launch.geometry.threads) + ", " + launch.kernel.substr(0, 13);
    }
    return launches;
  };
  return plan::explain(plan.plan, how, "; kernels: " + std::to_string(plan.source.kernels.size())) +
         limits::to_string(plan.plan.limits);
}

}  // namespace reel::cuda
