#pragma once
/// @file
/// @ingroup programs
/// The version of Reel.
#include <string>

#include "visibility.h"

/// @addtogroup programs
/// @{

/// The version of these headers. Before 1.0 a higher minor version may change what is there.
/// @{
#define REEL_VERSION_MAJOR 0
#define REEL_VERSION_MINOR 1
#define REEL_VERSION_PATCH 0
/// @}
/// In one number to compare with: 1.2.3 is 10203.
#define REEL_VERSION (REEL_VERSION_MAJOR * 10000 + REEL_VERSION_MINOR * 100 + REEL_VERSION_PATCH)
/// @}

namespace REEL_PUBLIC reel {

/// The version of the library that is linked, "0.1.0".
std::string version();

}  // namespace reel
