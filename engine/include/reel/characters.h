#pragma once
/// @cond
/// @file
/// Texts in UTF-8, character by character.
#include <cstddef>
#include <string>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// A character of a text in UTF-8.
struct Character {
  char32_t code = 0;      ///< Its number in Unicode.
  std::size_t bytes = 0;  ///< That it takes; 0 where they are not UTF-8.
};

/// The one that begins at byte `at` of `text`, which must not be its end, where it takes more than one byte.
Character long_character_at(const std::string& text, std::size_t at);

/// The one that begins at byte `at` of `text`, which must not be its end.
inline Character character_at(const std::string& text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  return first < 0x80 ? Character{first, 1} : long_character_at(text, at);
}

/// What a file of XML 1.0 may hold: Char in section 2.2 of the recommendation.
bool is_xml_character(char32_t code);

/// Unicode's category Cc.
bool is_control_character(char32_t code);

/// Its letters from A to Z made small ones, whatever the locale.
std::string lower_case(std::string text);

/// What stands in a file or a name, as a message can show it: in one line, its beginning where it is longer
/// than 120 bytes, a question mark for each control character and for each byte that is no UTF-8.
std::string in_one_line(const std::string& text);

/// It in single quotes.
std::string shown(const std::string& text);

}  // namespace reel
/// @endcond
