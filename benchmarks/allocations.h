#pragma once
#include <cstddef>
#include <functional>

namespace benchmarks {

/// How often `run` asks for memory, on any thread, in C or C++, libraries included.
std::size_t count_allocations(const std::function<void()>& run);

}  // namespace benchmarks
