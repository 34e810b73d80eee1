#include <reel/parse_number.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace reel {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// What is left of a text behind the digits that it begins with.
std::string_view behind_digits(std::string_view text) {
  text.remove_prefix(
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin()));
  return text;
}

bool takes_sign(std::string_view& text) {
  const bool has_one = !text.empty() && (text[0] == '+' || text[0] == '-');
  if (has_one) text.remove_prefix(1);
  return has_one;
}

/// Whether a text is one of these words, in small letters or others.
bool is_word(std::string_view text) {
  const auto same = [](char letter, char small) { return letter == small || letter == small - 'a' + 'A'; };
  for (const std::string_view word : {"inf", "infinity", "nan"})
    if (std::equal(text.begin(), text.end(), word.begin(), word.end(), same)) return true;
  return false;
}

/// A number without its sign that is no word.
struct Parts {
  std::string_view before_point, behind_point, exponent;
  bool is_number = false;
};

Parts parts_of(std::string_view text) {
  Parts parts;
  auto rest = behind_digits(text);
  parts.before_point = text.substr(0, text.size() - rest.size());
  if (!rest.empty() && rest[0] == '.') {
    const auto behind = rest.substr(1);
    rest = behind_digits(behind);
    parts.behind_point = behind.substr(0, behind.size() - rest.size());
  }
  const bool has_digits = !parts.before_point.empty() || !parts.behind_point.empty();
  if (!has_digits || rest.empty()) {
    parts.is_number = has_digits;
    return parts;
  }
  if (rest[0] != 'e' && rest[0] != 'E') return parts;
  parts.exponent = rest.substr(1);
  auto digits = parts.exponent;
  takes_sign(digits);
  parts.is_number = !digits.empty() && behind_digits(digits).empty();
  return parts;
}

/// Of a number outside of the range of a floating type: whether it is beyond its largest, not too close to 0.
bool is_large(const Parts& parts) {
  // More than any text has digits.
  constexpr auto most = std::numeric_limits<std::int64_t>::max() / 2;
  const auto first = parts.before_point.find_first_not_of('0');
  // Decimal places from the first digit that counts to the point.
  const auto places = first != std::string_view::npos
                          ? static_cast<std::int64_t>(parts.before_point.size() - first)
                          : -static_cast<std::int64_t>(parts.behind_point.find_first_not_of('0'));
  auto digits = parts.exponent;
  const bool is_negative = !digits.empty() && digits[0] == '-';
  takes_sign(digits);
  std::int64_t exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec == std::errc::result_out_of_range || exponent > most) exponent = most;
  return places + (is_negative ? -exponent : exponent) > 0;
}

template <class T>
std::optional<T> parse(std::string_view text) {
  const bool is_negative = !text.empty() && text[0] == '-';
  // std::from_chars takes a minus alone, which is none behind another sign.
  if (takes_sign(text) && !text.empty() && text[0] == '-') return std::nullopt;
  T value = 0;
  const auto* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    // The value is as it was: 0.
    const auto parts = parts_of(text);
    if (!parts.is_number || is_large(parts)) return std::nullopt;
  } else if (error != std::errc() || after != end || (std::isnan(value) && !is_word(text))) {
    return std::nullopt;
  }
  return is_negative ? -value : value;
}

}  // namespace

bool is_number(std::string_view text) {
  takes_sign(text);
  return is_word(text) || parts_of(text).is_number;
}

template <>
std::optional<float> parse_number<float>(std::string_view text) {
  return parse<float>(text);
}

template <>
std::optional<double> parse_number<double>(std::string_view text) {
  return parse<double>(text);
}

}  // namespace reel
