#pragma once
#include <reel/reel.h>

#include "scale.h"

namespace forecast {

/// Months that the network reads before it forecasts.
constexpr std::int64_t months_read = 36;

/// Forecasts deviations from what the season makes expect: the share of the last one that is usually left,
/// and what an LSTM adds that reads those of past months, and the season. It begins as damped persistence:
/// what the LSTM adds is 0 at first.
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
  Scale scale_;
  reel::LSTM cell_;
  reel::Linear head_;
  reel::Parameter persisting_;  // [horizon]
};

/// Trains on forecasts made before the months of `training`, until those before the months of `validation`
/// get no better, and leaves the network as it was best there. How many months it reads, its units, the rates
/// and the decay were chosen by the validation of 1990 to 1999 alone, as the mean over five seeds.
void train(reel::Model& model, const Forecaster& forecaster, const Series& series,
           const std::vector<std::size_t>& training, const std::vector<std::size_t>& validation, int epochs);

}  // namespace forecast
