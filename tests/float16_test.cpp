// Numbers of 16 bits, all of them.

#include <reel/float16.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "catch.h"

using namespace reel;

TEST_CASE("each float16 is the number that its bits say", "[files][numbers]") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    const double size = exponent == 0x1f ? (fraction == 0 ? INFINITY : NAN)
                        : exponent == 0  ? std::ldexp(fraction, -24)
                                         : std::ldexp(1 + fraction / 1024.0, exponent - 15);
    const double found = from_float16(static_cast<std::uint16_t>(bits));
    const bool is_same = std::isnan(size) ? std::isnan(found) : std::fabs(found) == size;
    wrong += !is_same || std::signbit(found) != (bits >= 0x8000);
  }
  CHECK(wrong == 0);
  CHECK(from_float16(0x3c00) == 1);
  CHECK(from_float16(0x7bff) == 65504);
  CHECK(from_float16(0x8001) == -0x1p-24f);
}

TEST_CASE("each bfloat16 is a float32 without its lower half", "[files][numbers]") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto number = from_bfloat16(static_cast<std::uint16_t>(bits));
    std::uint32_t found;
    std::memcpy(&found, &number, sizeof found);
    wrong += found != bits << 16;
  }
  CHECK(wrong == 0);
  CHECK(from_bfloat16(0x3f80) == 1);
  CHECK(from_bfloat16(0xff80) == -std::numeric_limits<float>::infinity());
}
