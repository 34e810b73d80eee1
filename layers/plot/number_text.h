#pragma once
#include <locale>
#include <sstream>
#include <string>

namespace reel::plot {

/// The text of what `write` writes to a stream, with a decimal point in every locale.
template <class Write>
std::string text_of(const Write& write) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  write(text);
  return text.str();
}

}  // namespace reel::plot
