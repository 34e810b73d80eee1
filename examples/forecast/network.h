#pragma once
#include <reel/reel.h>

#include "series.h"

namespace forecast {

/// Months that the network reads before it forecasts, and how many months ahead it forecasts.
constexpr std::int64_t months_read = 18, horizon = 6;

/// What the network knows of the data: only what was before the first month it is tried on.
struct Scale {
  std::vector<double> climatology;  // of the twelve months
  double deviation = 1;             // of the values from it
};
Scale scale_of(const Series& series, std::size_t end);

/// Forecasts deviations from what the season makes expect: a share of the last one, which goes on for some
/// months, and what an LSTM adds that reads those of past months, and the season.
class Forecaster {
 public:
  Forecaster(const reel::Scope& scope, Scale scale);

  /// x: [months_read, batch, 3] -> [batch, horizon], deviations in units of the scale.
  reel::Tensor operator()(const reel::Tensor& x) const;

  /// Inputs of forecasts made before these months, [months_read, batch, 3], and what they should be, [batch,
  /// horizon].
  reel::Array inputs(const Series& series, const std::vector<std::size_t>& months) const;
  reel::Array targets(const Series& series, const std::vector<std::size_t>& months) const;
  /// A forecast as values of the series; `month` is the first one forecast.
  std::vector<double> values(const float* deviations, std::size_t month) const;

 private:
  float deviation(const Series& series, std::size_t month) const;

  Scale scale_;
  reel::LSTM cell_;
  reel::Linear head_;
  reel::Parameter persisting_;  // [horizon]
};

/// Trains on forecasts made before the months of `training`, until those before the months of `validation`
/// get no better.
void train(reel::Model& model, const Forecaster& forecaster, const Series& series,
           const std::vector<std::size_t>& training, const std::vector<std::size_t>& validation, int epochs);

}  // namespace forecast
