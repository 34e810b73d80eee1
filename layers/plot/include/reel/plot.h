#pragma once
/// @file
/// @ingroup pictures
/// Pictures, as SVG.
#include <reel/roc.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace REEL_PUBLIC reel {

/// The ends of an axis; the first is less than the second.
struct AxisRange {
  double low;   ///< To the left, or at the bottom.
  double high;  ///< To the right, or at the top.
};

/// A quantity along one side of a picture. Numbers at its ticks never overlap and are never long: where they
/// would be, as of seconds since 1970, their label tells what was subtracted from them, as in
/// "time - 1700000000 (s)", and a power of ten that they count, as in "charge (1e-12 C)".
struct Axis {
  std::string label;                    ///< What it is, such as "time".
  std::string unit = {};                ///< Such as "s", shown in parentheses; empty for a pure number.
  std::optional<AxisRange> range = {};  ///< Otherwise where the curves are.
  bool logarithmic = false;             ///< For positive values, their logarithms at equal distances.
  bool whole_numbers = false;           ///< Has no ticks between whole numbers, such as counts.
};

/// Colours that also people tell apart who see few of them (Okabe and Ito 2008).
enum class Colour {
  black,       ///< What was measured.
  grey,        ///< What others are compared with.
  blue,        ///< The first of those that curves are given in turn.
  vermillion,  ///< The second.
  green,       ///< The third.
  purple,      ///< The fourth.
  orange,      ///< The fifth.
  sky_blue     ///< The last.
};

/// How a curve is drawn.
enum class CurveStyle {
  line,         ///< From point to point.
  dashed_line,  ///< The same in dashes.
  points,       ///< A dot at each.
  band          ///< The area between y and upper, faint.
};

/// Values y over x. Where one is NaN or infinite, beyond 1e300 or, on a logarithmic axis, not positive, the
/// curve has a gap. A value of a line that stands alone between gaps is shown as a point, open and of another
/// shape for each of four curves, so that those at one place are all seen.
struct Curve {
  std::string label;                    ///< In the legend, in one line; empty for none there.
  std::vector<double> x;                ///< Positions along the x axis.
  std::vector<double> y;                ///< As many values; of a band its lower edge.
  CurveStyle style = CurveStyle::line;  ///< How it is drawn.
  std::vector<double> upper = {};       ///< The upper edge of a band, as many values; of other styles empty.
  std::optional<Colour> colour = {};    ///< Otherwise the next that was not chosen so, from blue to sky_blue,
                                        ///< then again, and lines dotted.
};

/// Curves between two axes, drawn in their order, the later above the earlier. Texts are UTF-8, shown as they
/// are; a line feed begins a new line, and other control characters are refused.
struct Picture {
  std::string title;          ///< Above it.
  Axis x;                     ///< Along its lower side.
  Axis y;                     ///< Along its left side.
  std::vector<Curve> curves;  ///< At least one.
  std::string note = {};      ///< In small letters below the title.
  bool square = false;        ///< As high as wide, for axes of one scale.
};

/// Draws `picture` as a file of SVG, 720 x 480 pixels, with gnuplot, a program which is looked for along
/// PATH. The same picture gives the same bytes with one version of gnuplot. The legend stands below the axes,
/// or to the right of a square picture, and has room for some ten curves, there with labels of some 30
/// letters; a line of a title has room for 80. The file appears whole or not at all, as write_whole() says.
/// Throws FileError where `path` cannot be written, before anything else. Throws Error where a curve has not
/// as many x as y, or of a band upper edges, or no point that can be drawn; where a range is none; for a text
/// that is not UTF-8; where gnuplot is not there; and, with what it says, where it fails or warns, as of a
/// legend that it has no room for; MemoryError where there is no memory for it.
void draw(const Picture& picture, const std::string& path);

/// The loss after each epoch, or whatever a `step` is, from 1 on: of training and, unless it is empty, of
/// validation. The lowest loss of validation, or else of training, is marked. Throws Error where there are
/// losses of both, but of one more than of the other; NaN stands for one that was not computed.
///
///   draw(loss_picture({"cross-entropy", "nats"}, training, validation), "losses.svg");
Picture loss_picture(const Axis& loss, const std::vector<double>& training,
                     const std::vector<double>& validation, const std::string& step = "epoch");

/// The curves of classifiers, the area beneath each in the legend before its name, of which both ends are
/// shown where it has more than 20 characters; and the diagonal that a classifier follows which guesses.
///
///   draw(roc_picture({{"LSTM", roc_curve(scores, is_signal)}}), "roc.svg");
Picture roc_picture(const std::vector<std::pair<std::string, RocCurve>>& classifiers);

/// What is foretold for some times, and unless they are empty the bounds between which it is expected.
struct Forecast {
  std::string label;              ///< In the legend.
  std::vector<double> time;       ///< Positions along the time axis.
  std::vector<double> value;      ///< What is foretold, as many values.
  std::vector<double> low = {};   ///< The lower bounds, as many values or none.
  std::vector<double> high = {};  ///< The upper bounds, as many values or none.
  std::string bounds_label = {};  ///< In the legend, such as "90 % of cases".
};

/// What was measured, in black, and beside it forecasts, above their bands.
///
///   Curve measured{"measured", hours, loads};
///   draw(forecast_picture({"time", "h"}, {"load", "MW"}, measured, {forecast}), "load.svg");
Picture forecast_picture(const Axis& time, const Axis& value, const Curve& measured,
                         const std::vector<Forecast>& forecasts);

}  // namespace reel
