#include "shown.h"

#include <algorithm>

namespace reel {

std::string shown(const std::string& text) {
  constexpr std::size_t longest = 60;
  auto end = std::min(text.size(), longest);
  // Not within a character of UTF-8.
  if (end < text.size())
    while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  auto beginning = text.substr(0, end);
  std::replace_if(
      beginning.begin(), beginning.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return "'" + beginning + (end < text.size() ? "..." : "") + "'";
}

}  // namespace reel
