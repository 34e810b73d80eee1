#include "model/names.h"

#include <reel/characters.h>
#include <reel/error.h>

namespace reel {

namespace {

/// The name, bytes that are no printable ASCII written as numbers.
std::string printable(const std::string& name) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : name)
    if (byte >= ' ' && byte < 0x7F)
      text += static_cast<char>(byte);
    else
      (text += "\\x") += {digits[byte / 16], digits[byte % 16]};
  return text;
}

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error("[Model] the name '" + printable(name) + "' would not come back from a file: " + reason);
}

bool has_empty_part(const std::string& name) {
  return name.empty() || name.front() == '/' || name.back() == '/' || name.find("//") != std::string::npos;
}

}  // namespace

std::string checked_name(const std::string& name) {
  for (std::size_t at = 0; at < name.size();) {
    const auto [code, bytes] = character_at(name, at);
    const auto place = " at byte " + std::to_string(at);
    if (bytes == 0) refuse(name, "it must be UTF-8 and is not" + place);
    if (is_control_character(code)) refuse(name, "it holds a control character" + place);
    if (!is_xml_character(code)) refuse(name, "it holds a character that XML cannot" + place);
    at += bytes;
  }
  if (has_empty_part(name)) refuse(name, "a part of it, between slashes, is empty");
  return name;
}

}  // namespace reel
