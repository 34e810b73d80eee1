#include "script.h"

#include <reel/error.h>

#include <locale>
#include <tuple>

#include <gnuplot-iostream.h>

#include "scale.h"

namespace reel::plot {

namespace {

/// Those of Okabe and Ito, as web colours, in the order of Colour.
constexpr const char* colours[] = {"#000000", "#7f7f7f", "#0072b2", "#d55e00",
                                   "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
constexpr int first_given = static_cast<int>(Colour::blue), given = 8 - first_given;

/// The text, its ampersands as gnuplot takes them: what looks like a reference to a character it leaves as it
/// is.
std::string without_references(std::string text) {
  const std::string reference = "&#x", ampersand = "&#x26;";
  for (auto at = text.find(reference); at != text.npos; at = text.find(reference, at + ampersand.size()))
    text.replace(at, 1, ampersand);
  return text;
}

/// The text as gnuplot's string, all but plain letters and spaces as octal numbers: whatever is in it,
/// gnuplot finds no command and no end of the string. So are digits, since it takes those behind such a
/// number for part of it.
std::string quoted(const std::string& text) {
  std::string string = "\"";
  for (const unsigned char byte : without_references(text)) {
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == ' ';
    if (is_plain) {
      string += static_cast<char>(byte);
    } else {
      const int octal[] = {byte >> 6, byte >> 3 & 7, byte & 7};
      string += '\\';
      for (const int digit : octal) string += static_cast<char>('0' + digit);
    }
  }
  return string + '"';
}

std::string label_of(const Axis& axis) {
  if (axis.unit.empty()) return axis.label;
  return axis.label + (axis.label.empty() ? "(" : " (") + axis.unit + ")";
}

/// The label of the axis above the legend, to which an empty line keeps the distance.
std::string label_above_legend(const Axis& axis) { return quoted(label_of(axis) + '\n') + " offset 0,0.5"; }

void write_axis(std::ostream& script, const std::string& name, const Axis& axis, const Scale& scale) {
  if (axis.logarithmic) script << "set logscale " << name << '\n';
  if (scale.range)
    script << "set " << name << "range [" << scale.range->low << ':' << scale.range->high << "]\n";
  if (scale.by_ones) script << "set " << name << "tics 1\n";
  if (!scale.ticks.empty()) {
    script << "set " << name << "tics (";
    for (std::size_t i = 0; i < scale.ticks.size(); ++i) script << (i > 0 ? "," : "") << scale.ticks[i];
    script << ")\n";
  }
  script << "set format " << name << " \"%." << scale.digits << "g\"\n";
}

void write_frame(std::ostream& script, const Picture& picture) {
  script << "set encoding utf8\n"
            "set terminal svg size 720,480 noenhanced rounded font \"sans-serif,13\" background \"#ffffff\"\n"
            "set border 3 linecolor rgb \"#404040\"\n"
            "set tics nomirror out scale 0.6 textcolor rgb \"#202020\"\n"
            "set grid back linetype 1 linecolor rgb \"#e0e0e0\" linewidth 0.8\n"
            "set rmargin 4\n";
  const bool has_note = !picture.note.empty();
  script << "set title " << quoted(picture.title) << " font \",15\" offset 0," << (has_note ? "0.3" : "0")
         << '\n';
  if (has_note)
    script << "set label 1 " << quoted(picture.note)
           << " at graph 0.5,1 center offset 0,0.7 font \",11\" textcolor rgb \"#606060\"\n";
  // The square is of 350 pixels; beside it is room for the legend.
  script << (picture.square
                 ? "set lmargin at screen 0.12\nset rmargin at screen 0.606\n"
                   "set bmargin at screen 0.14\nset tmargin at screen 0.87\n"
                   "set key at screen 0.64,0.87 left top vertical Left reverse samplen 2.5 font \",12\"\n"
                 : "set key bmargin center horizontal Left reverse\n");
}

/// The colour of each curve, and how often all that are given in turn had been given before.
std::vector<std::pair<const char*, int>> colours_of(const Picture& picture) {
  std::vector<std::pair<const char*, int>> chosen;
  int next = 0;
  for (const auto& curve : picture.curves) {
    const bool is_own = curve.colour.has_value();
    const int index = is_own ? static_cast<int>(*curve.colour) : first_given + next % given;
    chosen.emplace_back(colours[index], is_own ? 0 : next / given);
    if (!is_own) ++next;
  }
  return chosen;
}

void write_style(std::ostream& script, CurveStyle style, const char* colour, int round) {
  const std::string colour_text = std::string(" linecolor rgb \"") + colour + '"';
  if (style == CurveStyle::band)
    script << " using 1:2:3 with filledcurves" << colour_text << " fillstyle transparent solid 0.25 noborder";
  else if (style == CurveStyle::points)
    script << " using 1:2 with points pointtype 7 pointsize 0.6" << colour_text;
  else
    script << " using 1:2 with lines linewidth 2" << colour_text
           << (style == CurveStyle::dashed_line ? " dashtype (8,6)"
               : round > 0                      ? " dashtype (2,4)"
                                                : "");
}

/// What gnuplot plots as one.
struct Part {
  std::size_t curve;                                       // its place in the picture
  std::vector<std::tuple<double, double, double>> values;  // of points, as the library sends them
  bool is_lone = false;                                    // holds the points that stand alone in a line
};

Part part_of(std::size_t curve, const Points& points, bool is_lone) {
  Part part{curve, {}, is_lone};
  for (const auto& point : points) part.values.emplace_back(point.x, point.y, point.upper);
  return part;
}

std::vector<Part> parts_of(const Picture& picture, const std::vector<Points>& curves) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    parts.push_back(part_of(i, curves[i], false));
    const auto style = picture.curves[i].style;
    if (style != CurveStyle::line && style != CurveStyle::dashed_line) continue;
    if (const auto alone = lone(curves[i]); !alone.empty()) parts.push_back(part_of(i, alone, true));
  }
  return parts;
}

/// The command that plots these parts, whose values are to follow it: as bytes, since gnuplot takes seconds
/// to read as many numbers as it draws in a tenth of one. It counts them, so that none is read as a command.
void write_plot(Gnuplot& script, const Picture& picture, const std::vector<Part>& parts) {
  const auto chosen = colours_of(picture);
  script << "plot";
  const char* before = " ";
  for (const auto& part : parts) {
    const auto& curve = picture.curves[part.curve];
    const auto [colour, round] = chosen[part.curve];
    script << before << "\"-\" binary" << script.binFmt1d(part.values, "record");
    before = ", ";
    if (part.is_lone)
      script << " using 1:2 with points pointtype 7 pointsize 0.5 linecolor rgb \"" << colour << '"';
    else
      write_style(script, curve.style, colour, round);
    const bool has_title = !part.is_lone && !curve.label.empty();
    script << (has_title ? " title " + quoted(curve.label) : " notitle");
  }
  script << '\n';
}

}  // namespace

std::vector<std::size_t> write_script(const MemoryFile& file, const Picture& picture,
                                      const std::vector<Points>& curves) {
  Gnuplot script(file.writer());
  // Numbers have decimal points there, whatever the program's locale.
  script.imbue(std::locale::classic());
  write_frame(script, picture);
  const auto extent = extent_of(picture, curves);
  script << "set xlabel " << label_above_legend(picture.x) << "\nset ylabel " << quoted(label_of(picture.y))
         << '\n';
  write_axis(script, "x", picture.x, scale_of(picture.x, extent.x, true));
  write_axis(script, "y", picture.y, scale_of(picture.y, extent.y, extent.is_beside));
  const auto parts = parts_of(picture, curves);
  write_plot(script, picture, parts);
  std::vector<std::size_t> curve_of_parts;
  for (const auto& part : parts) {
    script.sendBinary1d(part.values);
    curve_of_parts.push_back(part.curve);
  }
  if (!script.flush()) throw Error("the commands for gnuplot cannot be written");
  return curve_of_parts;
}

}  // namespace reel::plot
