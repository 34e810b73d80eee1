#include "met_limits.h"

#include <set>

namespace reel::limits {

std::string to_string(const Met& met) {
  std::set<std::string> said;
  std::string text;
  for (const auto& line : met)
    if (said.insert(line).second) text += "limit: " + line + "\n";
  return text;
}

}  // namespace reel::limits
