#pragma once
#include <string>

namespace reel {

/// `name` where it comes back from a weight file as it is: in UTF-8, without control characters and others
/// that XML 1.0 cannot hold, and with no empty part between its slashes. Throws Error for any other.
std::string checked_name(const std::string& name);

}  // namespace reel
