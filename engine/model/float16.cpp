#include <reel/float16.h>

#include <cstring>

namespace reel {

namespace {

float from_bits(std::uint32_t bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

}  // namespace

float from_float16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ffu;
  constexpr std::uint32_t infinite = 0x7f800000u, other_bias = 127 - 15;
  if (exponent == 0x1f) return from_bits(sign | infinite | fraction << 13);
  if (exponent > 0) return from_bits(sign | (exponent + other_bias) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -small : small;
}

float from_bfloat16(std::uint16_t bits) { return from_bits(std::uint32_t{bits} << 16); }

}  // namespace reel
