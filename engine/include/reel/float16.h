#pragma once
/// @cond
/// @file
/// Numbers of half a word, as files hold them.
#include <cstdint>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// The number that these bits are in IEEE 754's binary16: a sign, 5 bits of exponent, 10 of fraction. float32
/// holds each of them, what a NaN carries too.
float from_float16(std::uint16_t bits);

/// The same of bfloat16, which is the upper half of a float32.
float from_bfloat16(std::uint16_t bits);

}  // namespace reel
/// @endcond
