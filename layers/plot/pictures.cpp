#include <reel/characters.h>
#include <reel/error.h>
#include <reel/plot.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <numeric>

#include "number_text.h"

namespace reel {

namespace {

/// A name with no more characters than a legend has room for behind an area: of a longer one both ends, since
/// names that begin alike are told apart by what is behind.
std::string shortened(const std::string& name) {
  constexpr std::size_t most = 20;
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at < name.size();) {
    begins.push_back(at);
    const auto bytes = character_at(name, at).bytes;
    if (bytes == 0) return name;  // it is no text, and draw() says so
    at += bytes;
  }
  if (begins.size() <= most) return name;
  const std::string ellipsis = "\xe2\x80\xa6";
  return name.substr(0, begins[most / 2]) + ellipsis + name.substr(begins[begins.size() - (most / 2 - 1)]);
}

/// A point at the lowest of the losses; none where all are NaN.
std::optional<Curve> lowest(const std::string& name, const std::string& step,
                            const std::vector<double>& steps, const std::vector<double>& losses) {
  // NaN is less than nothing, and nothing is less than it.
  const auto less = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  const auto found = std::min_element(losses.begin(), losses.end(), less);
  if (found == losses.end() || !std::isfinite(*found)) return std::nullopt;
  const double at = steps[static_cast<std::size_t>(found - losses.begin())];
  Curve mark{plot::text_of([&](auto& text) {
               text << "lowest " << name << ", " << std::setprecision(4) << *found << " at " << step << ' '
                    << std::setprecision(15) << at;
             }),
             {at},
             {*found},
             CurveStyle::points};
  mark.colour = Colour::black;
  return mark;
}

}  // namespace

Picture loss_picture(const Axis& loss, const std::vector<double>& training,
                     const std::vector<double>& validation, const std::string& step) {
  if (!validation.empty() && validation.size() != training.size())
    throw Error("[loss_picture] there are " + std::to_string(training.size()) + " losses of training and " +
                std::to_string(validation.size()) + " of validation");
  std::vector<double> steps(training.size());
  std::iota(steps.begin(), steps.end(), 1.0);
  Picture picture{loss.label.empty() ? "loss" : loss.label, {step}, loss, {}};
  picture.x.whole_numbers = true;
  picture.curves.push_back({"training", steps, training});
  if (!validation.empty()) picture.curves.push_back({"validation", steps, validation});
  const auto& judged = picture.curves.back();
  if (auto mark = lowest(judged.label, step, steps, judged.y)) picture.curves.push_back(std::move(*mark));
  return picture;
}

Picture roc_picture(const std::vector<std::pair<std::string, RocCurve>>& classifiers) {
  const AxisRange whole{0, 1};
  Picture picture{"ROC curve", {"false positive rate", "", whole}, {"true positive rate", "", whole}, {}};
  picture.square = true;
  for (const auto& [name, curve] : classifiers) {
    const double area = curve.area;
    const auto area_text =
        plot::text_of([&](auto& text) { text << std::fixed << std::setprecision(3) << area; });
    picture.curves.push_back(
        {"AUC " + area_text + ", " + shortened(name), curve.false_positive_rates, curve.true_positive_rates});
  }
  Curve chance{"AUC 0.500, chance", {0, 1}, {0, 1}, CurveStyle::dashed_line};
  chance.colour = Colour::grey;
  picture.curves.push_back(std::move(chance));
  return picture;
}

Picture forecast_picture(const Axis& time, const Axis& value, const Curve& measured,
                         const std::vector<Forecast>& forecasts) {
  constexpr Colour colours[] = {Colour::blue,   Colour::vermillion, Colour::green,
                                Colour::purple, Colour::orange,     Colour::sky_blue};
  Picture picture{value.label + ", measured and forecast", time, value, {}};
  std::vector<Curve> lines;
  for (const auto& forecast : forecasts) {
    const auto colour = colours[lines.size() % std::size(colours)];
    if (!forecast.low.empty() || !forecast.high.empty())
      picture.curves.push_back(
          {forecast.bounds_label, forecast.time, forecast.low, CurveStyle::band, forecast.high, colour});
    lines.push_back({forecast.label, forecast.time, forecast.value, CurveStyle::line, {}, colour});
  }
  picture.curves.push_back(measured);
  if (!measured.colour) picture.curves.back().colour = Colour::black;
  picture.curves.insert(picture.curves.end(), lines.begin(), lines.end());
  return picture;
}

}  // namespace reel
