#pragma once
#include <cstddef>
#include <string>

namespace char_lm {

/// How many bytes the UTF-8 character at `position` has: 1 to 4, or 0 where there is none.
std::size_t utf8_length(const std::string& bytes, std::size_t position);

/// True for what holds a NUL, or more bytes that are no UTF-8 than a text in an older encoding would.
bool looks_binary(const std::string& bytes);

/// `bytes` for a terminal: control characters other than newline and tab, and bytes that are no UTF-8, become
/// question marks.
std::string printable(const std::string& bytes);

}  // namespace char_lm
