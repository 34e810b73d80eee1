#include "learning_rates.h"

#include <cmath>
#include <string_view>

namespace reel {

void check_learning_rate(const char* function, double rate) {
  if (!(rate >= 0 && std::isfinite(rate)))
    throw Error("[" + std::string(function) + "] a learning rate is 0 or more, and finite, not " +
                std::to_string(rate));
}

std::vector<Parameter> learning_rates(const Scope& memory) {
  const auto begin = memory.path() + "/";
  constexpr std::string_view ending = "learning_rate";
  std::vector<Parameter> rates;
  for (const auto& state : memory.model().states()) {
    const std::string_view name = state.name();
    if (name.substr(0, begin.size()) != begin) continue;
    // The last part of the name.
    if (name.substr(name.rfind('/') + 1) == ending) rates.push_back(state);
  }
  return rates;
}

}  // namespace reel
