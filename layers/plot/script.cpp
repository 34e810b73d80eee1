#include "script.h"

#include <reel/error.h>

#include <algorithm>
#include <cmath>
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

/// How many times a character stands in a text.
double count_of(char character, const std::string& text) {
  return static_cast<double>(std::count(text.begin(), text.end(), character));
}

/// The rows of the legend below the axes, or somewhat more: gnuplot gives each label the width of the
/// longest.
double rows_of_legend(const Picture& picture) {
  constexpr double width = 600, letter = 8, sample = 60;
  double longest = 0, count = 0;
  for (const auto& curve : picture.curves) {
    longest = std::max(longest, static_cast<double>(curve.label.size()));
    if (!curve.label.empty()) ++count;
  }
  return std::ceil(count / std::max(1.0, std::floor(width / (longest * letter + sample))));
}

constexpr double pixels_of_square = 350;

/// What the legend and the texts leave to the axes, or somewhat less.
Room room_of_x(const Picture& picture) {
  constexpr double width = 560;
  return {picture.square ? pixels_of_square : width, true};
}
Room room_of_y(const Picture& picture) {
  constexpr double height = 340, row = 20, line_of_title = 25, least = 40;
  const double taken = row * (rows_of_legend(picture) + count_of('\n', picture.x.label + picture.x.unit)) +
                       line_of_title * count_of('\n', picture.title);
  return {picture.square ? pixels_of_square : std::max(height - taken, least), false};
}

/// How each axis of a picture is shown.
struct Scales {
  Scale x, y;
};

Scales scales_of(const Picture& picture, const std::vector<Points>& curves) {
  const auto extent = extent_of(picture, curves);
  return {scale_of(picture.x, extent.x, true, room_of_x(picture)),
          scale_of(picture.y, extent.y, extent.is_beside, room_of_y(picture))};
}

/// gnuplot draws between 0 and 1 alone, whatever the values are.
void write_axis(std::ostream& script, const std::string& name, const Scale& scale) {
  script << "set " << name << "range [0:1]\n";
  if (scale.ticks.empty()) {
    script << "unset " << name << "tics\n";
    return;
  }
  script << "set " << name << "tics (";
  const char* before = "";
  for (const auto& tick : scale.ticks) {
    script << before << quoted(tick.number) << ' ' << tick.place << (tick.number.empty() ? " 1" : " 0");
    before = ",";
  }
  script << ")\n";
}

/// The labels of the axes. An empty line keeps the distance from the legend.
void write_labels(std::ostream& script, const Picture& picture, const Scales& scales) {
  script << "set xlabel " << quoted(label_of(picture.x, "x", scales.x.counting) + '\n') << " offset 0,0.5\n"
         << "set ylabel " << quoted(label_of(picture.y, "y", scales.y.counting)) << '\n';
}

/// Where the axes of a square picture, and its legend to the right of them, are.
void write_square(std::ostream& script, const Scale& y) {
  constexpr double width = 720, letter = 8.5, beside_numbers = 45, least = 86, gap = 25;
  std::size_t longest = 0;
  for (const auto& tick : y.ticks) longest = std::max(longest, tick.number.size());
  const double left = std::max(least, beside_numbers + letter * static_cast<double>(longest));
  const double right = left + pixels_of_square;
  script << "set lmargin at screen " << left / width << "\nset rmargin at screen " << right / width
         << "\nset bmargin at screen 0.14\nset tmargin at screen 0.87\nset key at screen "
         << (right + gap) / width << ",0.87 left top vertical Left reverse samplen 2.5 font \",12\"\n";
}

void write_frame(std::ostream& script, const Picture& picture, const Scales& scales) {
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
  if (picture.square)
    write_square(script, scales.y);
  else
    script << "set key bmargin center horizontal Left reverse\n";
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

/// Points that stand alone, of each curve in another open shape, and larger: what is beneath is seen.
void write_style_of_lone(std::ostream& script, std::size_t curve, const char* colour) {
  constexpr int circle = 6, square = 4, triangle = 8, diamond = 12;
  constexpr int shapes[] = {circle, square, triangle, diamond};
  constexpr double sizes[] = {1, 1.4, 1.8, 2.2};
  script << " using 1:2 with points pointtype " << shapes[curve % std::size(shapes)] << " pointsize "
         << sizes[curve % std::size(shapes)] << " linewidth 1.5 linecolor rgb \"" << colour << '"';
}

/// What gnuplot plots as one.
struct Part {
  std::size_t curve;                                       // its place in the picture
  std::vector<std::tuple<double, double, double>> values;  // of points, as the library sends them
  bool is_lone = false;                                    // holds the points that stand alone in a line
};

Part part_of(std::size_t curve, const Points& points, const Scales& scales, bool is_lone) {
  Part part{curve, {}, is_lone};
  for (const auto& point : points)
    part.values.emplace_back(scales.x.place_of(point.x), scales.y.place_of(point.y),
                             scales.y.place_of(point.upper));
  return part;
}

std::vector<Part> parts_of(const Picture& picture, const std::vector<Points>& curves, const Scales& scales) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    parts.push_back(part_of(i, curves[i], scales, false));
    const auto style = picture.curves[i].style;
    if (style != CurveStyle::line && style != CurveStyle::dashed_line) continue;
    if (const auto alone = lone(curves[i]); !alone.empty()) parts.push_back(part_of(i, alone, scales, true));
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
      write_style_of_lone(script, part.curve, colour);
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
  const auto scales = scales_of(picture, curves);
  write_frame(script, picture, scales);
  write_labels(script, picture, scales);
  write_axis(script, "x", scales.x);
  write_axis(script, "y", scales.y);
  const auto parts = parts_of(picture, curves, scales);
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
