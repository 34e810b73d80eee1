#include <fnmatch.h>
#include <reel/part.h>

namespace reel {

namespace {

void add_line(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text += what + (" (" + std::to_string(names.size()) + "):");
  for (const auto& name : names) text += " " + name;
  text += "\n";
}

}  // namespace

std::string to_string(const LoadReport& report) {
  std::string text;
  add_line(text, "taken", report.taken);
  add_line(text, "in the file, not asked for", report.not_asked);
  add_line(text, "in the file, not in the model", report.not_in_model);
  add_line(text, "kept as they were", report.kept);
  return text;
}

PartChoice::PartChoice(const Model& model, Part part, std::string where)
    : model_(&model), part_(std::move(part)), where_(std::move(where)) {
  for (const auto& parameter : model.parameters()) by_name_[parameter.name()] = parameter;
}

/// Every pattern is tried, so that one that matches nothing is found.
bool PartChoice::matches_one(const std::vector<std::string>& patterns, const std::string& name) {
  bool found = false;
  for (const auto& pattern : patterns) {
    if (fnmatch(pattern.c_str(), name.c_str(), 0) != 0) continue;
    matched_.insert(pattern);
    found = true;
  }
  return found;
}

std::optional<Parameter> PartChoice::wants(const std::string& name) {
  const bool is_taken = matches_one(part_.take, name), is_excepted = matches_one(part_.except, name);
  const auto found = by_name_.find(name);
  auto& list = !is_taken || is_excepted  ? report_.not_asked
               : found == by_name_.end() ? report_.not_in_model
                                         : report_.taken;
  list.push_back(name);
  if (&list != &report_.taken) return std::nullopt;
  return found->second;
}

LoadReport PartChoice::report() const {
  auto report = report_;
  const std::set<std::string> taken(report.taken.begin(), report.taken.end());
  for (const auto& parameter : model_->parameters())
    if (!taken.count(parameter.name())) report.kept.push_back(parameter.name());
  return report;
}

void PartChoice::check_patterns() const {
  for (const auto* patterns : {&part_.take, &part_.except})
    for (const auto& pattern : *patterns)
      if (!matched_.count(pattern)) throw FileError(where_ + ": no name in it matches '" + pattern + "'");
}

}  // namespace reel
