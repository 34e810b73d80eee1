#include <reel/origin.h>

namespace reel {

std::string Origin::derivative() const {
  if (order == 0) return "";
  const std::string which = order == 1   ? ""
                            : order == 2 ? "second "
                            : order == 3 ? "third "
                                         : std::to_string(order) + "th ";
  return which + "derivative of " + operation;
}

namespace {

std::string in_turn(Span<const std::int64_t> steps) {
  std::string text;
  for (auto step : steps) text += (text.empty() ? "step " : " of the outer and step ") + std::to_string(step);
  return text;
}

}  // namespace

std::string message(const std::string& operation, const std::string& what, const Origin& origin,
                    const std::string& operands, Span<const std::int64_t> steps) {
  std::string text = "[" + operation + "] " + what;
  if (origin.order > 0) text += "; " + origin.derivative();
  if (!operands.empty()) text += "; operands: " + operands;
  if (!origin.scope.empty()) text += "; in scope " + origin.scope;
  // Which unroll is around which is not known where one is expanded and another is not.
  if (!origin.steps.empty())
    text += "; at " + in_turn(origin.steps) + (steps.empty() ? "" : " of what is expanded");
  if (!steps.empty()) text += "; at " + in_turn(steps);
  return text;
}

}  // namespace reel
