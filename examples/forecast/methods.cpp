#include "methods.h"

#include <algorithm>
#include <cmath>

namespace forecast {

Method persistence(const Series& series) {
  return [&series](std::size_t month) { return std::vector<double>(horizon, series.values[month - 1]); };
}

Method damped_persistence(const Series& series, const Scale& scale) {
  return [&series, scale](std::size_t month) {
    const double last = scale.deviation(series, month - 1);
    std::vector<double> values;
    for (const double share : scale.persisting)
      values.push_back(scale.value(share * last, month + values.size()));
    return values;
  };
}

Method seasonal(const Series& series) {
  return [&series](std::size_t month) {
    const auto from = series.values.begin() + static_cast<std::ptrdiff_t>(month) - 12;
    return std::vector<double>(from, from + horizon);
  };
}

Method climatology(const Scale& scale) {
  return [scale](std::size_t month) {
    std::vector<double> values;
    for (std::int64_t ahead = 0; ahead < horizon; ++ahead)
      values.push_back(scale.value(0, month + values.size()));
    return values;
  };
}

std::vector<double> errors(const Method& method, const Series& series,
                           const std::vector<std::size_t>& months) {
  std::vector<double> squares(horizon);
  for (const auto month : months) {
    const auto forecast = method(month);
    for (std::size_t ahead = 0; ahead < squares.size(); ++ahead)
      squares[ahead] +=
          std::pow(forecast[ahead] - series.values[month + ahead], 2) / static_cast<double>(months.size());
  }
  for (auto& square : squares) square = std::sqrt(square);
  return squares;
}

std::vector<double> usual_errors(const Method& method, const Series& series,
                                 const std::vector<std::size_t>& months) {
  std::vector<double> usual;
  for (std::size_t ahead = 0; ahead < static_cast<std::size_t>(horizon); ++ahead) {
    std::vector<double> sizes;
    for (const auto month : months)
      sizes.push_back(std::abs(method(month)[ahead] - series.values[month + ahead]));
    const auto fifth = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() * 4 / 5);
    std::nth_element(sizes.begin(), fifth, sizes.end());
    usual.push_back(*fifth);
  }
  return usual;
}

}  // namespace forecast
