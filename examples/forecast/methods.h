#pragma once
#include <functional>

#include "scale.h"

namespace forecast {

/// A way to forecast: values of `horizon` months from `month` on, of which only those before it are known.
using Method = std::function<std::vector<double>(std::size_t month)>;

/// Ways without a network, of a series that must outlive them: the value of the last month;
Method persistence(const Series& series);
/// what the season makes expect, and of the last month's deviation from it the share that is usually left;
Method damped_persistence(const Series& series, const Scale& scale);
/// the value of a year before;
Method seasonal(const Series& series);
/// and what the season makes expect.
Method climatology(const Scale& scale);

/// The root of the mean squared error of forecasts made before these months, in units of the series, for each
/// month ahead.
std::vector<double> errors(const Method& method, const Series& series,
                           const std::vector<std::size_t>& months);

/// For each month ahead the error that four fifths of the forecasts stay within.
std::vector<double> usual_errors(const Method& method, const Series& series,
                                 const std::vector<std::size_t>& months);

}  // namespace forecast
