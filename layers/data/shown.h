#pragma once
#include <string>

namespace reel {

/// What stands in a file or a name, in quotes, as a message can show it: its beginning where it is long, in
/// one line.
std::string shown(const std::string& text);

}  // namespace reel
