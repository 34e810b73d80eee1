// Several months ahead: an LSTM forecasts the temperature of the sea off Peru, which follows the seasons and,
// every few years, El Nino. It is tried on years that it has not seen, beside the value of the last month
// (persistence), the mean of the month with what is usually left of the last deviation from it (damped
// persistence), the value of a year before (seasonal), and the mean of the month alone (climatology).
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

#include "forecast/methods.h"
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

/// The name of a method, and its error for each month ahead.
using Result = std::pair<std::string, std::vector<double>>;

/// A row for each method: its error for each month ahead, and their mean.
void print_table(const std::vector<Result>& results) {
  std::printf("  %-18s", "");
  for (int ahead = 1; ahead <= horizon; ++ahead) std::printf("  %5d", ahead);
  std::printf("    mean\n");
  for (const auto& [name, errors] : results) {
    std::printf("  %-18s", name.c_str());
    for (const double error : errors) std::printf("  %5.2f", error);
    std::printf("   %5.2f\n",
                std::accumulate(errors.begin(), errors.end(), 0.0) / static_cast<double>(errors.size()));
  }
}

void print_best(const std::vector<Result>& results) {
  std::printf("\nThe best by months ahead:");
  for (std::size_t ahead = 0; ahead < static_cast<std::size_t>(horizon); ++ahead) {
    const auto best = std::min_element(results.begin(), results.end(), [&](const auto& a, const auto& b) {
      return a.second[ahead] < b.second[ahead];
    });
    std::printf("%s %s", ahead == 0 ? "" : ",", best->first.c_str());
  }
  std::printf("\n");
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
    season.y.push_back(scale.value(0, month));
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

/// The months before which forecasts are made.
struct Months {
  std::vector<std::size_t> training, validation, test;
};

Months split(const Series& series, const Options& options) {
  const auto validate_from = series.january(options.validate_from),
             test_from = series.january(options.test_from);
  return {forecasts_within(0, validate_from), forecasts_within(validate_from, test_from),
          forecasts_within(test_from, series.values.size())};
}

/// Tells the errors of the network and of simpler ways in the months of the test.
void compare(const Method& lstm, const Series& series, const Scale& scale,
             const std::vector<std::size_t>& test) {
  const std::vector<std::pair<const char*, Method>> methods{
      {"LSTM", lstm},
      {"damped persistence", damped_persistence(series, scale)},
      {"persistence", persistence(series)},
      {"seasonal", seasonal(series)},
      {"climatology", climatology(scale)}};
  std::vector<Result> results;
  for (const auto& [name, method] : methods) results.emplace_back(name, errors(method, series, test));
  std::printf(
      "\nRoot of the mean squared error of %zu forecasts from %d on, in degrees, by months ahead:\n\n",
      test.size(), series.first_year + static_cast<int>(test.front() / 12));
  print_table(results);
  print_best(results);
}

void run(const Options& options) {
  reel::check_writable(options.picture);
  const auto series = read_series(options.path);
  check_years(series, options);
  const auto months = split(series, options);
  std::printf("%zu months from %d on; trained on those before %d, validated until %d.\n",
              series.values.size(), series.first_year, options.validate_from, options.test_from);

  const auto scale = scale_of(series, series.january(options.validate_from));
  reel::Model model(reel::Seed{options.seed});
  const Forecaster forecaster(reel::Scope(model, ""), scale);
  train(model, forecaster, series, months.training, months.validation, options.epochs);

  reel::Function predict(model, [&](reel::Tensor x) { return forecaster(x); });
  const Method lstm = [&](std::size_t month) {
    const reel::Array deviations = predict(forecaster.inputs(series, {month}));
    return forecaster.values(deviations.data<float>(), month);
  };
  compare(lstm, series, scale, months.test);
  const auto test_from = series.january(options.test_from);
  const auto usual = usual_errors(lstm, series, months.validation);
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
