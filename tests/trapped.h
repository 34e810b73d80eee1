#pragma once
#include <cfenv>

#include "child.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

/// Exceptions of the processor, and programs that run where each of them ends the process.
namespace reel::test {

constexpr int watched = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW;

#if defined(__GLIBC__)
/// What becomes of a process that calls `f` as in_child() does, where every exception ends it, in each
/// thread, and new memory is filled with numbers near the largest of all.
inline std::string trapped(const std::function<bool()>& f) {
  return in_child([&] {
    mallopt(M_PERTURB, 0x80);
    feenableexcept(watched);
    return f();
  });
}
#endif

}  // namespace reel::test
