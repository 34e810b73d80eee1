#include <reel/characters.h>

#include <algorithm>

namespace reel {

namespace {

bool is_surrogate(char32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

}  // namespace

Character long_character_at(const std::string& text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0xC2 || first > 0xF4) return {};
  const std::size_t bytes = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() - at < bytes) return {};
  char32_t code = first & (0x7F >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3F);
  }
  // What fewer bytes could say is not UTF-8 either; of two bytes the first one has told.
  const bool too_long = code < (bytes == 4 ? 0x10000 : bytes == 3 ? 0x800 : 0x80);
  if (too_long || code > 0x10FFFF || is_surrogate(code)) return {};
  return {code, bytes};
}

bool is_xml_character(char32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return !is_surrogate(code) && code != 0xFFFE && code != 0xFFFF && code <= 0x10FFFF;
}

bool is_control_character(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

std::string lower_case(std::string text) {
  for (auto& letter : text)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return text;
}

std::string in_one_line(const std::string& text) {
  constexpr std::size_t longest = 120;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, bytes] = character_at(text, at);
    const bool is_whole = at + std::max<std::size_t>(bytes, 1) <= longest;
    if (!is_whole) return line + "...";
    if (bytes == 0 || is_control_character(code))
      line += '?';
    else
      line.append(text, at, bytes);
    at += std::max<std::size_t>(bytes, 1);
  }
  return line;
}

std::string shown(const std::string& text) { return "'" + in_one_line(text) + "'"; }

}  // namespace reel
