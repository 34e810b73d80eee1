#include <reel/version.h>

namespace reel {

std::string version() {
  return std::to_string(REEL_VERSION_MAJOR) + "." + std::to_string(REEL_VERSION_MINOR) + "." +
         std::to_string(REEL_VERSION_PATCH);
}

}  // namespace reel
