#include <reel/parse_number.h>

#include <locale.h>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace reel {

namespace {

/// What a text is: whether it is a number, and its value unless it is beyond the largest of T.
template <class T>
struct Reading {
  bool is_number = false;
  std::optional<T> value;
};

/// Of a number that is out of T's range: infinite where it is too large, else what is nearest to it.
template <class T>
T nearest(const std::string& text) {
  static const locale_t classic = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if constexpr (std::is_same_v<T, float>)
    return ::strtof_l(text.c_str(), nullptr, classic);
  else
    return ::strtod_l(text.c_str(), nullptr, classic);
}

template <class T>
Reading<T> read(std::string_view text) {
  // std::from_chars takes no plus; a minus behind one is none.
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return {};
  }
  T value = 0;
  const auto* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, value);
  // It takes "nan(1)" too.
  if (error == std::errc::invalid_argument || after != end || text.back() == ')') return {};
  if (error != std::errc::result_out_of_range) return {true, value};
  value = nearest<T>(std::string(text));
  return {true, std::isinf(value) ? std::nullopt : std::optional(value)};
}

}  // namespace

bool is_number(std::string_view text) { return read<double>(text).is_number; }

template <>
std::optional<float> parse_number<float>(std::string_view text) {
  return read<float>(text).value;
}

template <>
std::optional<double> parse_number<double>(std::string_view text) {
  return read<double>(text).value;
}

}  // namespace reel
