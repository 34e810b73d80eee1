#include <fnmatch.h>
#include <reel/optimisers.h>

namespace reel {

namespace {

/// The first group that the name matches.
std::size_t group_of(const std::string& name, const std::vector<ParameterGroup>& groups) {
  for (std::size_t k = 0; k < groups.size(); ++k)
    if (fnmatch(groups[k].pattern.c_str(), name.c_str(), 0) == 0) return k;
  throw Error("[by_name] no group matches the parameter " + name + R"(; "*" matches all)");
}

}  // namespace

Optimiser by_name(std::vector<ParameterGroup> groups) {
  for (const auto& group : groups) structure::check_optimiser("by_name", group.optimiser);
  return [=](const std::vector<ParameterGradient>& gradients, const Scope& memory) {
    std::vector<std::vector<ParameterGradient>> of_group(groups.size());
    for (const auto& entry : gradients) of_group[group_of(entry.parameter.name(), groups)].push_back(entry);
    for (std::size_t k = 0; k < groups.size(); ++k) {
      if (of_group[k].empty())
        throw Error("[by_name] the group " + groups[k].pattern +
                    " is of no parameter on which the loss depends, but for those of groups before it");
      groups[k].optimiser(of_group[k], memory / ("group " + std::to_string(k + 1)));
    }
  };
}

}  // namespace reel
