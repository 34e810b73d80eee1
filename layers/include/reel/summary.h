#pragma once
/// @file
/// @ingroup training
/// What a model holds.
#include <reel/model.h>

#include <string>

namespace REEL_PUBLIC reel {

/// A line for each parameter, with its shape and how many numbers it holds, and the sum of them.
std::string summary(const Model& model);

}  // namespace reel
