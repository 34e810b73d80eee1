// Several months ahead: an LSTM forecasts the temperature of the sea off Peru, which follows the seasons and,
// every few years, El Nino. It is tried on years that it has not seen, beside the value of the last month
// (persistence), that of a year before (seasonal), and the mean of the month (climatology).
//
//   forecast examples/forecast/elnino.csv --picture /tmp/forecast.svg
//
// The file holds monthly means in degrees Celsius of 0-10 degrees south, 90-80 degrees west, of the US
// National Oceanic and Atmospheric Administration (ERSST.V3B, Nino 1+2; public domain), as Python's
// statsmodels ships it.

#include <reel/plot.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

#include "forecast/network.h"

using namespace forecast;

namespace {

struct Options {
  std::string path, picture = "forecast.svg";
  int validate_from = 1990, test_from = 2000, epochs = 200;
  std::uint64_t seed = 1;
};

void declare(CLI::App& app, Options& options) {
  app.add_option("PATH", options.path, "CSV of a row for each year: the year, and twelve months")->required();
  app.option_defaults()->always_capture_default();
  app.add_option("--validate-from", options.validate_from, "First year that is not trained on");
  app.add_option("--test-from", options.test_from, "First year that is forecast");
  app.add_option("--epochs", options.epochs, "At most")->check(CLI::Range(1, 100000));
  app.add_option("--seed", options.seed, "Of the first weights and the order of the batches");
  app.add_option("--picture", options.picture, "SVG of the forecasts");
}

/// Months before which forecasts are made whose months all lie in [first, end).
std::vector<std::size_t> forecasts_within(std::size_t first, std::size_t end) {
  std::vector<std::size_t> months;
  const auto earliest = std::max(first, static_cast<std::size_t>(months_read));
  for (auto month = earliest; month + static_cast<std::size_t>(horizon) <= end; ++month)
    months.push_back(month);
  return months;
}

/// A way to forecast: values of the months from `month` on, of which only those before it are known.
using Method = std::function<std::vector<double>(std::size_t month)>;

/// The root of the mean squared error, in units of the series, for each month ahead.
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

void print_errors(const char* name, const std::vector<double>& errors) {
  std::printf("  %-12s", name);
  for (const double error : errors) std::printf("  %5.2f", error);
  std::printf("   %5.2f\n",
              std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size()));
}

/// For each month ahead the error that four fifths of the forecasts stay within.
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

/// A forecast for every half year from `first` on, within `usual` errors.
reel::Forecast half_yearly_forecasts(const Series& series, std::size_t first, const Method& method,
                                     const std::vector<double>& usual) {
  reel::Forecast forecasts{"forecast every six months", {}, {}};
  forecasts.bounds_label = "four of five errors of validation";
  const auto add = [&](double year, double value, double error) {
    forecasts.time.push_back(year);
    forecasts.value.push_back(value);
    forecasts.low.push_back(value - error);
    forecasts.high.push_back(value + error);
  };
  for (const auto month : forecasts_within(first, series.values.size())) {
    if ((month - first) % static_cast<std::size_t>(horizon) != 0) continue;
    const auto values = method(month);
    for (std::size_t ahead = 0; ahead < values.size(); ++ahead)
      add(series.year_at(month + ahead), values[ahead], usual[ahead]);
    // A gap between two forecasts.
    add(forecasts.time.back(), std::nan(""), 0);
  }
  return forecasts;
}

/// The forecasts, and what was measured and what the season makes expect from month `first` on.
void draw_forecasts(const Series& series, std::size_t first, const reel::Forecast& forecasts,
                    const Scale& scale, const std::string& path) {
  reel::Curve measured{"measured", {}, {}};
  reel::Curve season{"climatology", {}, {}, reel::CurveStyle::dashed_line};
  season.colour = reel::Colour::grey;
  for (auto month = first; month < series.values.size(); ++month) {
    const double year = series.year_at(month);
    measured.x.push_back(year);
    measured.y.push_back(series.values[month]);
    season.x.push_back(year);
    season.y.push_back(scale.climatology[month % 12]);
  }
  const std::string degrees = "\xc2\xb0";
  auto picture =
      reel::forecast_picture({"time", "year"}, {"temperature", degrees + "C"}, measured, {forecasts});
  picture.title = "Temperature of the sea off Peru, years not trained on";
  picture.curves.insert(picture.curves.begin(), season);
  reel::draw(picture, path);
}

/// Compared as years, of which any may be asked for.
void check_years(const Series& series, const Options& options) {
  const bool trains = options.validate_from >= series.first_year + 5,
             validates = options.test_from > options.validate_from,
             tests = options.test_from < series.end_year();
  if (!trains || !validates || !tests)
    throw reel::Error("there are years from " + std::to_string(series.first_year) + " to " +
                      std::to_string(series.end_year() - 1) +
                      ": five to train on, one for validation and one to forecast are needed");
}

void run(const Options& options) {
  reel::check_writable(options.picture);
  const auto series = read_series(options.path);
  check_years(series, options);
  const auto validate_from = series.january(options.validate_from),
             test_from = series.january(options.test_from);
  const auto training = forecasts_within(0, validate_from),
             validation = forecasts_within(validate_from, test_from),
             test = forecasts_within(test_from, series.values.size());
  std::printf("%zu months from %d on; trained on those before %d, validated until %d.\n",
              series.values.size(), series.first_year, options.validate_from, options.test_from);

  const auto scale = scale_of(series, validate_from);
  reel::Model model(reel::Seed{options.seed});
  const Forecaster forecaster(reel::Scope(model, ""), scale);
  train(model, forecaster, series, training, validation, options.epochs);

  reel::Function predict(model, [&](reel::Tensor x) { return forecaster(x); });
  const Method lstm = [&](std::size_t month) {
    const reel::Array deviations = predict(forecaster.inputs(series, {month}));
    return forecaster.values(deviations.data<float>(), month);
  };
  const Method persistence = [&](std::size_t month) {
    return std::vector<double>(horizon, series.values[month - 1]);
  };
  const Method seasonal = [&](std::size_t month) {
    const auto from = series.values.begin() + static_cast<std::ptrdiff_t>(month) - 12;
    return std::vector<double>(from, from + horizon);
  };
  const Method climatology = [&](std::size_t month) {
    std::vector<double> means;
    for (std::size_t ahead = 0; ahead < static_cast<std::size_t>(horizon); ++ahead)
      means.push_back(scale.climatology[(month + ahead) % 12]);
    return means;
  };
  std::printf(
      "\nRoot of the mean squared error of %zu forecasts from %d on, in degrees, by months ahead:\n\n  %-12s",
      test.size(), options.test_from, "");
  for (int ahead = 1; ahead <= horizon; ++ahead) std::printf("  %5d", ahead);
  std::printf("    mean\n");
  const std::vector<std::pair<const char*, std::vector<double>>> results{
      {"LSTM", errors(lstm, series, test)},
      {"persistence", errors(persistence, series, test)},
      {"seasonal", errors(seasonal, series, test)},
      {"climatology", errors(climatology, series, test)}};
  for (const auto& [name, by_month] : results) print_errors(name, by_month);
  std::printf("\nThe best by months ahead:");
  for (std::size_t ahead = 0; ahead < static_cast<std::size_t>(horizon); ++ahead) {
    const auto best = std::min_element(results.begin(), results.end(), [&](const auto& a, const auto& b) {
      return a.second[ahead] < b.second[ahead];
    });
    std::printf(" %s", best->first);
  }
  std::printf("\n");
  const auto usual = usual_errors(lstm, series, validation);
  draw_forecasts(series, test_from, half_yearly_forecasts(series, test_from, lstm, usual), scale,
                 options.picture);
  std::printf("\nDrawn in %s.\n", options.picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Forecasts a monthly signal with seasons several months ahead, beside simpler ways.");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "forecast: " << error.what() << "\n";
    return 1;
  }
}
