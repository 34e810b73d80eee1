#include "plan/out_of_memory.h"

#include <algorithm>
#include <numeric>

namespace reel::plan {

std::string to_string(const std::vector<Holder>& holders) {
  std::string text;
  for (const auto& holder : holders) {
    text += (text.empty() ? "" : ", ") + reel::to_string(holder.type) + " of " + holder.operation;
    if (!holder.scope.empty()) text += " in scope " + holder.scope;
    text += " (" + std::to_string(holder.bytes) + " bytes)";
  }
  return text;
}

std::vector<std::size_t> largest_buffers(const std::vector<Buffer>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  const auto few = order.begin() + std::min<std::ptrdiff_t>(3, static_cast<std::ptrdiff_t>(order.size()));
  std::partial_sort(order.begin(), few, order.end(),
                    [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  order.erase(few, order.end());
  return order;
}

namespace {

std::string program_of(const std::vector<TensorType>& arguments) {
  return "[Program] of arguments (" + reel::to_string(arguments) + ")";
}

}  // namespace

void refuse_memory(const std::vector<TensorType>& arguments, std::size_t bytes, const std::string& what) {
  throw MemoryError(program_of(arguments) + ": the " + std::to_string(bytes) +
                    " bytes of memory that it needs are not to be had; they hold " + what);
}

std::string lacks_memory(const std::vector<TensorType>& arguments, std::size_t bytes,
                         const std::string& what) {
  return program_of(arguments) + ", which holds " + std::to_string(bytes) + " bytes: " + what;
}

}  // namespace reel::plan
