#pragma once
#include <cstddef>
#include <functional>

namespace reel::test {

/// The most memory that `f` holds at a time, in bytes, beyond what was held before: what operator new gave
/// and operator delete did not yet get back, in all threads. Unlike the resident memory of the process it
/// does not rest on what ran before, nor on the system.
std::size_t most_live_bytes(const std::function<void()>& f);

}  // namespace reel::test
