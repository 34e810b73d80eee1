// What it takes to record, differentiate and compile grows with the size of a program, not with its square.

#include "../benchmarks/growth/growing.h"
#include "catch.h"
#include "processor_time.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("a program of twice the size is compiled in little more than twice the time", "[slow]") {
  for (const auto& growing : benchmarks::all_growing()) {
    const auto size = std::min<std::int64_t>(growing.size, 8000);
    const auto first_call_of = [&](std::int64_t size) { return [&growing, size] { growing.make(size)(); }; };
    INFO(growing.what << ", " << size << " " << growing.size_of);
    // Where each had to do with all others it would be 2.
    CHECK(growth(first_call_of(size), first_call_of(size / 2), 1.25) < 1.5);
  }
}
