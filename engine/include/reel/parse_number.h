#pragma once
/// @file
/// @ingroup files
/// Numbers in texts.
#include <optional>
#include <string_view>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// Whether the whole of a text is a decimal number, as large as it may be: "1", "-1.5", "+.5", "5.",
/// "1e-400", or, in any case of letters, "inf", "infinity" and "nan" with or without a sign. Whatever the
/// locale, the decimal point is a point. No blanks stand around it: who lets them pass takes them off.
bool is_number(std::string_view text);

/// The number that the whole of a text is, as is_number() has it: the nearest of T, float or double, so that
/// what is closer to 0 than its smallest number becomes 0 with the sign that it has. Absent where the text is
/// no number, and for one beyond the largest of T, such as "1e400", which is_number() tells apart.
///
///     if (const auto rate = parse_number<double>(word)) set_learning_rate(*rate);
/// @{
template <class T>
std::optional<T> parse_number(std::string_view text) = delete;
template <>
std::optional<float> parse_number<float>(std::string_view text);
template <>
std::optional<double> parse_number<double>(std::string_view text);
/// @}

}  // namespace reel
