// What elementwise operations cost, beside what their definitions say (Operation::cost): the time of an
// element of float32, from operands in the nearest cache, over that of writing one to memory and reading it
// there. In one thread; the least of many tries.

#include <reel/cpu_kernel.h>
#include <reel/ops.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

namespace {

using namespace reel;

constexpr std::int64_t tile = 1024;       // elements: with its operands within the nearest cache
constexpr std::size_t far = 64u << 20;    // elements that no cache holds
constexpr std::size_t near = 896u << 10;  // of seven values of 512 KB, as near caches hold them

/// Nanoseconds.
double least_of(int tries, const std::function<void()>& f) {
  double least = 1e300;
  for (int i = 0; i < tries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    least = std::min(least, took.count());
  }
  return least;
}

/// Of writing an element and reading it after all others, of which there are so many.
double nanoseconds_of_memory(std::size_t elements, int tries) {
  std::vector<float> memory(elements), nearest(tile, 1.5f);
  double total = 0;
  const double both = least_of(tries, [&] {
    for (std::size_t at = 0; at < elements; at += tile)
      std::memcpy(&memory[at], nearest.data(), tile * sizeof(float));
    for (std::size_t at = 0; at < elements; at += tile) {
      std::memcpy(nearest.data(), &memory[at], tile * sizeof(float));
      total += nearest[0];
    }
  });
  if (total != 1.5 * tries * static_cast<double>(elements / tile))
    std::fprintf(stderr, "memory holds something else\n");
  return both / static_cast<double>(elements);
}

/// Operands of a sample, with float32 for float64.
std::vector<Array> operands_of(const Sample& sample) {
  std::vector<Array> operands;
  for (const auto& operand : sample.operands) {
    std::vector<float> values(tile);
    for (std::int64_t i = 0; i < tile; ++i)
      values[i] = static_cast<float>(operand.low +
                                     (operand.high - operand.low) * (static_cast<double>(i) + 0.5) / tile);
    const bool is_boolean = operand.type.element == ElementType::boolean;
    operands.push_back(Array({tile}, values).cast(is_boolean ? ElementType::boolean : ElementType::float32));
  }
  return operands;
}

double nanoseconds_of(const std::vector<Array>& operands, MapLoop loop) {
  std::vector<const void*> inputs;
  for (const auto& operand : operands) inputs.push_back(operand.raw());
  std::vector<double> result(tile);
  constexpr int calls = 100;
  const double all = least_of(50, [&] {
    for (int i = 0; i < calls; ++i) loop(inputs.data(), result.data(), tile);
  });
  return all / calls / tile;
}

}  // namespace

int main() {
  const double memory = nanoseconds_of_memory(far, 5), of_caches = nanoseconds_of_memory(near, 100);
  std::printf("An element of float32 is written to memory and read again in %.3f ns,\n", memory);
  std::printf("one of 3.5 MB, seven values of 512 KB, in %.3f ns, %.2f of it.\n\n", of_caches,
              of_caches / memory);
  std::printf("| operation | ns an element | over that of memory | as defined |\n|---|---|---|---|\n");
  for (const auto* operation : operations()) {
    const auto* kernels = operation->kernels.of<CpuKernels>();
    if (operation->kind != Kind::map || !kernels || !kernels->map) continue;
    const auto operands = operands_of(operation->samples()[0]);
    std::vector<TensorType> types;
    std::vector<ElementType> elements;
    for (const auto& operand : operands) {
      types.push_back(operand.type());
      elements.push_back(operand.type().element);
    }
    const auto loop =
        kernels->map(elements, operation->infer(types, operation->samples()[0].attributes).element);
    if (!loop) continue;
    const double time = nanoseconds_of(operands, loop);
    std::printf("| %s | %.3f | %.2f | %.2f |\n", operation->name.c_str(), time, time / memory,
                operation->cost);
  }
}
