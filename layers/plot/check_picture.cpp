#include "check_picture.h"

#include <reel/characters.h>
#include <reel/error.h>

#include "scale.h"

namespace reel::plot {

namespace {

enum class Lines { one, several };

void check_text(const std::string& text, const std::string& whose, Lines lines = Lines::several) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, bytes] = character_at(text, at);
    const auto place = " at byte " + std::to_string(at);
    if (bytes == 0) throw Error(whose + " is not UTF-8" + place);
    if (code == '\n' && lines == Lines::one) throw Error(whose + " goes on in another line" + place);
    if (is_control_character(code) && code != '\n')
      throw Error(whose + " holds a control character other than a line feed" + place);
    if (!is_xml_character(code)) throw Error(whose + " holds a character that SVG cannot" + place);
    at += bytes;
  }
}

void check_axis(const Axis& axis, const std::string& whose) {
  check_text(axis.label, whose + ": its label");
  check_text(axis.unit, whose + ": its unit");
  if (!axis.range) return;
  const auto [low, high] = *axis.range;
  if (!(low < high)) throw Error(whose + ": the low end of its range is not less than the high one");
  if (!(low >= -largest && high <= largest))
    throw Error(whose + ": its range goes beyond 1e300, further than can be drawn");
  if (axis.logarithmic && !(low >= smallest))
    throw Error(whose + ": the range of a logarithmic axis begins at 1e-300 or above");
  if (is_one_value(*axis.range))
    throw Error(whose + ": its range is too narrow for numbers to tell its ends apart");
}

/// "the curve 2 "validation"", counted from 1, as people count what is in a legend.
std::string name_of(const Picture& picture, std::size_t index) {
  const auto& label = picture.curves[index].label;
  return "the curve " + std::to_string(index + 1) + (label.empty() ? "" : " \"" + label + '"');
}

void check_sizes(const Curve& curve, const std::string& whose) {
  if (curve.x.size() != curve.y.size())
    throw Error(whose + " has " + std::to_string(curve.x.size()) + " values of x and " +
                std::to_string(curve.y.size()) + " of y");
  const bool is_band = curve.style == CurveStyle::band;
  if (is_band && curve.upper.size() != curve.y.size())
    throw Error(whose + " is a band with " + std::to_string(curve.y.size()) +
                " values of its lower edge and " + std::to_string(curve.upper.size()) + " of its upper one");
  if (!is_band && !curve.upper.empty()) throw Error(whose + " has an upper edge and is no band");
}

}  // namespace

std::vector<Points> checked_points(const Picture& picture, const std::string& place) {
  check_text(picture.title, place + "the title");
  check_text(picture.note, place + "the note");
  check_axis(picture.x, place + "the x axis");
  check_axis(picture.y, place + "the y axis");
  if (picture.curves.empty()) throw Error(place + "the picture has no curves");
  std::vector<Points> curves;
  for (std::size_t i = 0; i < picture.curves.size(); ++i) {
    const auto& curve = picture.curves[i];
    // Its name is said only once it is known to be a text.
    check_text(curve.label, place + "the curve " + std::to_string(i + 1) + ": its label", Lines::one);
    const auto whose = place + name_of(picture, i);
    check_sizes(curve, whose);
    curves.push_back(points_of(picture, curve));
    if (!has_points(curves.back()))
      throw Error(whose + " has no point that can be drawn" + (curve.x.empty() ? ": it is empty" : ""));
  }
  return curves;
}

}  // namespace reel::plot
