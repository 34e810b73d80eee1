#pragma once
#include <map>
#include <string>
#include <vector>

namespace benchmarks {

using Environment = std::map<std::string, std::string>;

/// What a program prints, run with `additions` to the environment; what it writes to standard error is shown.
/// Throws std::runtime_error where it fails or takes longer than `seconds`; it is killed then.
std::string output_of(const std::vector<std::string>& command, const Environment& additions, double seconds);

/// This program's own path.
std::string own_path();

}  // namespace benchmarks
