#include <reel/summary.h>

#include <algorithm>

namespace reel {

std::string summary(const Model& model) {
  struct Line {
    std::string name, shape, count;
  };
  std::vector<Line> lines{{"parameter", "shape", "numbers"}};
  std::int64_t total = 0;
  for (const auto& parameter : model.parameters()) {
    total += parameter.shape().size();
    lines.push_back(
        {parameter.name(), to_string(parameter.shape()), std::to_string(parameter.shape().size())});
  }
  lines.push_back({"all", "", std::to_string(total)});
  std::size_t name = 0, shape = 0, count = 0;
  for (const auto& line : lines) {
    name = std::max(name, line.name.size());
    shape = std::max(shape, line.shape.size());
    count = std::max(count, line.count.size());
  }
  std::string text;
  for (const auto& line : lines)
    text += line.name + std::string(name + 2 - line.name.size(), ' ') + line.shape +
            std::string(shape + 2 - line.shape.size() + count - line.count.size(), ' ') + line.count + "\n";
  return text;
}

}  // namespace reel
