#include "utf8.h"

#include <algorithm>

namespace char_lm {

namespace {

unsigned byte_at(const std::string& bytes, std::size_t position) {
  return static_cast<unsigned char>(bytes[position]);
}

/// What the first byte of a character says about its length; 0 where no character begins so.
std::size_t announced_length(unsigned first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

/// Too long a spelling, half a surrogate pair, or beyond the last character: the second byte tells.
bool is_forbidden(unsigned first, unsigned second) {
  return (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
         (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
}

}  // namespace

std::size_t utf8_length(const std::string& bytes, std::size_t position) {
  const auto length = announced_length(byte_at(bytes, position));
  if (position + length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte_at(bytes, position + i) & 0xC0) != 0x80) return 0;
  if (length > 1 && is_forbidden(byte_at(bytes, position), byte_at(bytes, position + 1))) return 0;
  return length;
}

bool looks_binary(const std::string& bytes) {
  constexpr std::size_t examined = 8192;
  const auto start = bytes.substr(0, examined);
  if (start.find('\0') != std::string::npos) return true;
  std::size_t invalid = 0;
  for (std::size_t i = 0; i < start.size();) {
    const auto length = utf8_length(start, i);
    if (length == 0) ++invalid;
    i += std::max<std::size_t>(length, 1);
  }
  return invalid > 3 + start.size() / 10;  // 3: a character may be cut off at the end
}

std::string printable(const std::string& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto length = utf8_length(bytes, i);
    const auto byte = byte_at(bytes, i);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
    text += length == 0 || control ? "?" : bytes.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return text;
}

}  // namespace char_lm
