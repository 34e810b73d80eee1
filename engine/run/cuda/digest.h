#pragma once
#include <string>

namespace reel::cuda {

/// 128 bits that tell one text from another, in hexadecimal digits: the same in every process.
std::string digest(const std::string& text);

}  // namespace reel::cuda
