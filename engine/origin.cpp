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

std::string message(const std::string& operation, const std::string& what, const Origin& origin,
                    const std::string& operands) {
  std::string text = "[" + operation + "] " + what;
  if (origin.order > 0) text += "; " + origin.derivative();
  if (!operands.empty()) text += "; operands: " + operands;
  if (!origin.scope.empty()) text += "; in scope " + origin.scope;
  return text;
}

}  // namespace reel
