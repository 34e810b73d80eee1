#include "plot/gnuplot_script.h"

#include <reel/error.h>

#include <cmath>
#include <limits>

// It warns of its own code.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#include <gnuplot-iostream.h>
#pragma GCC diagnostic pop

namespace reel {

namespace {

using Style = Curve::Style;

/// Colours that differ for every kind of eyesight (Okabe and Ito 2008).
std::string colour(std::size_t turn) {
  static const std::vector<std::string> colours{"#0072b2", "#d55e00", "#009e73",
                                                "#cc79a7", "#e69f00", "#56b4e9"};
  return colours[turn % colours.size()];
}

/// A text as gnuplot takes it literally: whatever might have a meaning stands there by its number, digits
/// too, which would go on a number before them.
std::string quoted(const std::string& text) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,-";
  std::string literal = "\"";
  for (const char letter : text) {
    char number[8];
    std::snprintf(number, sizeof number, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(letter)));
    literal += plain.find(letter) != plain.npos ? std::string(1, letter) : number;
  }
  return literal + "\"";
}

/// How far the curves go along an axis.
double span(const std::vector<Curve>& curves, std::vector<double> Curve::*values) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  for (const auto& curve : curves)
    for (const double value : curve.*values) {
      // Nothing is less or more than NaN.
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
  return most - least;
}

void set_axis(Gnuplot& gnuplot, const char* name, const Axis& axis, double span) {
  // Over more than so many there are none between whole numbers by themselves.
  constexpr double few = 10;
  if (axis.is_whole && span <= few) gnuplot << "set " << name << "tics 1\n";
  gnuplot << "set " << name << "label " << quoted(axis.label) << " noenhanced\n";
  if (axis.is_logarithmic) gnuplot << "set logscale " << name << "\n";
  if (axis.range)
    gnuplot << "set " << name << "range [" << axis.range->first << ":" << axis.range->second << "]\n";
}

const char* place(Picture::Legend legend) {
  switch (legend) {
    case Picture::Legend::top_right:
      return "top right";
    case Picture::Legend::bottom_left:
      return "bottom left Left reverse";
    case Picture::Legend::above:
      return "outside top center horizontal";
  }
  throw InternalError("place of a legend out of range");
}

void set_up(Gnuplot& gnuplot, const Picture& picture) {
  // Names of its elements that do not differ from run to run, and numbers as everywhere.
  gnuplot
      << "set encoding utf8\nset decimalsign '.'\n"
      << "set terminal svg noenhanced size 720,480 font 'sans-serif,14' background '#ffffff' name 'reel'\n"
      << "set border 3 linecolor '#555555'\nset tics nomirror\nset grid linecolor '#dddddd' linetype 1\n"
      << "set key " << place(picture.legend) << " noenhanced\n"
      << "set title " << quoted(picture.title) << " noenhanced\n";
  set_axis(gnuplot, "x", picture.x, span(picture.curves, &Curve::x));
  set_axis(gnuplot, "y", picture.y, span(picture.curves, &Curve::y));
}

/// How a curve is drawn, and in which colour.
std::string drawn(Style style, const std::string& colour) {
  const auto line = " linewidth 2 linecolor '" + colour + "'";
  switch (style) {
    case Style::line:
      return "with lines" + line;
    case Style::broken:
      return "with lines dashtype 2" + line;
    case Style::dots:
      return "with points pointtype 7 pointsize 0.6 linecolor '" + colour + "'";
    case Style::band:
      return "with filledcurves fillstyle solid 0.2 noborder linecolor '" + colour + "'";
  }
  throw InternalError("style of a curve out of range");
}

void plot(Gnuplot& gnuplot, const std::vector<Curve>& curves) {
  std::size_t turn = 0;
  const char* before = "plot ";
  for (const auto& curve : curves) {
    const bool is_band = curve.style == Style::band;
    gnuplot << before << "'-' using " << (is_band ? "1:2:3 " : "1:2 ") << drawn(curve.style, colour(turn));
    gnuplot << (curve.label.empty() ? " notitle" : " title " + quoted(curve.label));
    // A band is of the line behind it.
    if (!is_band) ++turn;
    before = ", ";
  }
  gnuplot << "\n";
  for (const auto& curve : curves)
    if (curve.style == Style::band)
      gnuplot.send1d(std::make_tuple(curve.x, curve.y, curve.upper));
    else
      gnuplot.send1d(std::make_tuple(curve.x, curve.y));
}

}  // namespace

void write_script(const Picture& picture, const std::string& script) {
  std::FILE* file = std::fopen(script.c_str(), "w");
  if (!file) throw FileError("[draw] cannot write " + script);
  // It closes the file.
  Gnuplot gnuplot(file);
  gnuplot.imbue(std::locale::classic());
  set_up(gnuplot, picture);
  plot(gnuplot, picture.curves);
}

}  // namespace reel
