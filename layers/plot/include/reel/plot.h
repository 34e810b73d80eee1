#pragma once
/// @file
/// Pictures, as SVG.
#include <reel/roc.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace REEL_PUBLIC reel {

/// One axis of a picture: what it shows and in which unit, "loss / nats"; from where to where, or as far as
/// the curves go.
struct Axis {
  std::string label;                                    ///< In one line.
  std::optional<std::pair<double, double>> range = {};  ///< The lower end and the upper one.
  bool is_logarithmic = false;                          ///< For values above 0, in powers of ten.
  bool is_whole = false;  ///< Of whole numbers, such as epochs: without ticks between them.
};

/// Points of a picture, drawn as a line, a broken line, dots, or the band between `y` and `upper`. A point
/// with NaN leaves a gap.
struct Curve {
  /// How it is drawn.
  enum class Style {
    line,    ///< From point to point.
    broken,  ///< The same in dashes.
    dots,    ///< One at each point.
    band     ///< All between `y` and `upper`.
  };

  std::string label;               ///< In the legend; none where it is empty.
  std::vector<double> x,           ///< Where its points stand.
      y;                           ///< As many values.
  Style style = Style::line;       ///< How it is drawn.
  std::vector<double> upper = {};  ///< As many again, of a band.
};

/// Curves over two axes. Those drawn later cover those before; lines and dots get colours that people with
/// any eyesight tell apart, by turns, bands the colour of the line after them, and lighter.
struct Picture {
  /// Where labels of curves stand.
  enum class Legend {
    top_right,    ///< Within the axes, where little is in the way at the end of a curve that falls.
    bottom_left,  ///< Within the axes, below a curve that begins high.
    above         ///< Outside.
  };

  std::string title;                  ///< Above it, in one line.
  Axis x,                             ///< Below the picture.
      y;                              ///< To its left.
  std::vector<Curve> curves;          ///< In the order in which they are drawn.
  Legend legend = Legend::top_right;  ///< Where labels of curves stand.
};

/// Draws a picture as SVG, of 720 by 480 pixels, by the program gnuplot. The file appears whole or not at
/// all, as write_whole() says; the same picture gives the same bytes. Texts are in UTF-8 and stand there as
/// they are. Throws Error for a picture without points, curves whose numbers of x and y differ, infinite
/// values, values that are not above 0 on a logarithmic axis, an empty range and control characters in
/// texts; FileError where the file cannot be written, and where gnuplot is not installed or fails, with what
/// it said.
void draw(const Picture& picture, const std::string& path);

/// The losses of a training by epoch, from 1, and the epoch that was best, from 0. `unit` is what losses are
/// in, such as "nats". `validation` may be empty.
Picture loss_picture(const std::string& title, const std::string& unit, const std::vector<double>& training,
                     const std::vector<double>& validation, std::optional<std::size_t> best = {});

/// How well classifiers tell signal from background: the share of background that is refused over the share
/// of signal that is taken, with the area under each curve in the legend.
Picture roc_picture(const std::string& title, const std::vector<std::pair<std::string, Roc>>& classifiers);

/// A signal and forecasts of it, `forecasts` with labels and positions of their own.
Picture forecast_picture(const std::string& title, const Axis& time, const Axis& value, const Curve& measured,
                         const std::vector<Curve>& forecasts);

}  // namespace reel
