#include <reel/error.h>
#include <reel/plot.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "plot/gnuplot_script.h"

namespace reel {

namespace {

namespace fs = std::filesystem;

/// A folder for gnuplot's files, removed with all it holds.
class Workplace {
 public:
  Workplace() : path_((fs::temp_directory_path() / "reel-plot-XXXXXX").string()) {
    if (!::mkdtemp(path_.data())) throw FileError("[draw] there can be no temporary folder " + path_);
  }
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void check_text(const std::string& text) {
  const auto is_control = [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control))
    throw Error("[draw] a text holds a control character: '" + text + "'");
}

void check_axis(const char* name, const Axis& axis) {
  check_text(axis.label);
  if (!axis.range) return;
  const auto [low, high] = *axis.range;
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high) || (axis.is_logarithmic && low <= 0))
    throw Error(std::string("[draw] the ") + name + " axis cannot go from " + std::to_string(low) + " to " +
                std::to_string(high));
}

/// How many of the values can be drawn.
std::size_t check_values(const Curve& curve, const std::vector<double>& values, const Axis& axis) {
  std::size_t points = 0;
  for (const double value : values) {
    if (std::isinf(value)) throw Error("[draw] curve '" + curve.label + "' has an infinite value");
    if (axis.is_logarithmic && value <= 0)
      throw Error("[draw] curve '" + curve.label + "' has " + std::to_string(value) +
                  " on a logarithmic axis");
    if (!std::isnan(value)) ++points;
  }
  return points;
}

/// Whether there is something to draw of it.
bool check_curve(const Curve& curve, const Picture& picture) {
  check_text(curve.label);
  const bool is_band = curve.style == Curve::Style::band;
  if (curve.x.size() != curve.y.size() || curve.upper.size() != (is_band ? curve.x.size() : 0))
    throw Error("[draw] curve '" + curve.label + "' has " + std::to_string(curve.x.size()) + " x, " +
                std::to_string(curve.y.size()) + " y and " + std::to_string(curve.upper.size()) +
                " upper ends");
  const auto x = check_values(curve, curve.x, picture.x), y = check_values(curve, curve.y, picture.y);
  check_values(curve, curve.upper, picture.y);
  return x > 0 && y > 0;
}

void check(const Picture& picture) {
  check_text(picture.title);
  check_axis("x", picture.x);
  check_axis("y", picture.y);
  bool has_points = false;
  for (const auto& curve : picture.curves) has_points = check_curve(curve, picture) || has_points;
  if (!has_points) throw Error("[draw] the picture '" + picture.title + "' has no points");
}

/// For a shell: nothing in it has a meaning.
std::string quoted(const std::string& text) {
  std::string literal = "'";
  for (const char letter : text) literal += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return literal + "'";
}

/// What gnuplot draws by a script, whatever the user's own settings and language are.
std::string run(const Workplace& place, const std::string& path) {
  const auto svg = place / "picture.svg", errors = place / "errors";
  const auto command = "exec env LC_ALL=C.UTF-8 gnuplot --default-settings " + quoted(place / "script") +
                       " >" + quoted(svg) + " 2>" + quoted(errors) + " </dev/null";
  const int status = std::system(command.c_str());
  const auto said = read_bytes(errors), text = read_bytes(svg);
  const auto is_whole = text.find("<svg") != text.npos && text.rfind("</svg>") != text.npos;
  if (status != 0 || !is_whole)
    throw FileError("[draw] " + path + ": gnuplot, which draws it, " +
                    (said.empty() ? "has failed" : "says: " + said.substr(0, 500)));
  return text;
}

std::vector<double> counted_from_1(std::size_t count) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(static_cast<double>(i + 1));
  return numbers;
}

}  // namespace

void draw(const Picture& picture, const std::string& path) {
  check(picture);
  check_writable(path);
  const Workplace place;
  write_script(picture, place / "script");
  write_whole(path, run(place, path));
}

Picture loss_picture(const std::string& title, const std::string& unit, const std::vector<double>& training,
                     const std::vector<double>& validation, std::optional<std::size_t> best) {
  Picture picture{title, {"epoch"}, {"loss / " + unit}, {}};
  picture.x.is_whole = true;
  picture.curves.push_back({"training", counted_from_1(training.size()), training});
  if (!validation.empty())
    picture.curves.push_back({"validation", counted_from_1(validation.size()), validation});
  if (best) {
    const auto& losses = validation.empty() ? training : validation;
    if (*best >= losses.size()) throw Error("[loss_picture] there is no epoch " + std::to_string(*best + 1));
    picture.curves.push_back({"best", {static_cast<double>(*best + 1)}, {losses[*best]}, Curve::Style::dots});
  }
  return picture;
}

Picture roc_picture(const std::string& title, const std::vector<std::pair<std::string, Roc>>& classifiers) {
  Picture picture{title, {"signal efficiency", {{0, 1}}}, {"background rejection", {{0, 1}}}, {}};
  picture.legend = Picture::Legend::bottom_left;
  for (const auto& [name, roc] : classifiers) {
    std::vector<double> refused;
    for (const double taken : roc.background_efficiency) refused.push_back(1 - taken);
    char area[16];
    std::snprintf(area, sizeof area, "%.3f", roc.area);
    picture.curves.push_back({name + ", area " + area, roc.signal_efficiency, refused});
  }
  picture.curves.push_back({"by chance", {0, 1}, {1, 0}, Curve::Style::broken});
  return picture;
}

Picture forecast_picture(const std::string& title, const Axis& time, const Axis& value, const Curve& measured,
                         const std::vector<Curve>& forecasts) {
  Picture picture{title, time, value, {measured}, Picture::Legend::above};
  picture.curves.insert(picture.curves.end(), forecasts.begin(), forecasts.end());
  return picture;
}

}  // namespace reel
