// What is drawn stands where the axes say, under the labels it was given, whatever is in them.

#include <reel/error.h>

#include <cstring>
#include <limits>
#include <locale>

#include "drawing.h"
#include "memory_refusals.h"
#include "mutations.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Picture with_style(CurveStyle style) {
  auto picture = small_picture();
  picture.curves[0].style = style;
  if (style == CurveStyle::band) picture.curves[0].upper = {1, 4, 5, 3};
  return picture;
}

struct Rulers {
  Ruler x, y;
};

/// Of small_picture(), whose axes are from 0 to 4.
Rulers rulers(const Drawing& drawing) {
  return {Ruler(drawing.x_ticks(), 0, "0", 4, "4"), Ruler(drawing.y_ticks(), 0, "0", 4, "4")};
}

void check_refused(const Picture& picture, const std::string& reason) {
  const Directory directory;
  CHECK_THROWS_WITH(
      draw(picture, directory / "picture.svg"),
      ContainsSubstring("[draw] " + directory / "picture.svg" + ": ") && ContainsSubstring(reason));
  CHECK_THROWS_AS(draw(picture, directory / "picture.svg"), Error);
  CHECK(directory.names().empty());
}

}  // namespace

TEST_CASE("a picture shows its title, its note, its axes with units and its legend", "[plot]") {
  auto picture = small_picture();
  picture.note = "a note";
  picture.curves.push_back({"", {0, 4}, {1, 1}});
  const Drawing drawing(picture);
  for (const auto& text : {"a title", "a note", "time (s)", "height (m)", "thrown"})
    CHECK(drawing.shows(text));
  CHECK(drawing.title() == "a title");
  CHECK_THAT(drawing.bytes, ContainsSubstring("width=\"720\" height=\"480\""));
  CHECK(drawing.title(1) == "thrown");
  CHECK(drawing.title(2).empty());
  CHECK(drawing.lines(2, false).size() == 1);  // without a sample in the legend

  picture.x.unit.clear();
  picture.y.label.clear();
  picture.title = "one line\nand one more";
  const Drawing other(picture);
  for (const auto& text : {"one line", "and one more", "time", "(m)"}) CHECK(other.shows(text));
}

TEST_CASE("curves go through their values as the axes have them", "[plot]") {
  const auto curve = small_picture().curves[0];
  SECTION("lines") {
    const auto style = GENERATE(CurveStyle::line, CurveStyle::dashed_line);
    const Drawing drawing(with_style(style));
    const auto [x, y] = rulers(drawing);
    const auto lines = drawing.lines(1);
    REQUIRE(lines.size() == 1);
    REQUIRE(lines[0].size() == curve.x.size());
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      CHECK(lines[0][i].x == near(x(curve.x[i])));
      CHECK(lines[0][i].y == near(y(curve.y[i])));
    }
    CHECK(drawing.points(1, false).empty());
    CHECK((drawing.bytes.find("stroke-dasharray") != std::string::npos) ==
          (style == CurveStyle::dashed_line));
  }
  SECTION("points") {
    const Drawing drawing(with_style(CurveStyle::points));
    const auto [x, y] = rulers(drawing);
    const auto points = drawing.points(1);
    REQUIRE(points.size() == curve.x.size());
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      CHECK(points[i].x == near(x(curve.x[i])));
      CHECK(points[i].y == near(y(curve.y[i])));
    }
    CHECK(drawing.lines(1, false).empty());
  }
  SECTION("bands") {
    const auto picture = with_style(CurveStyle::band);
    const Drawing drawing(picture);
    const auto [x, y] = rulers(drawing);
    const auto areas = drawing.areas(1);
    REQUIRE(areas.size() == 1);
    for (std::size_t i = 0; i < curve.x.size(); ++i)
      for (const double edge : {curve.y[i], picture.curves[0].upper[i]}) {
        const auto is_there = [&, x = x, y = y](const Pixel& pixel) {
          return pixel.x == near(x(curve.x[i])) && pixel.y == near(y(edge));
        };
        CHECK(std::any_of(areas[0].begin(), areas[0].end(), is_there));
      }
    CHECK(areas[0].size() == 2 * curve.x.size());
  }
}

TEST_CASE("where values are missing curves have gaps", "[plot]") {
  const double missing = GENERATE(as<double>{}, not_a_number, infinity, -infinity, 1e301);
  CAPTURE(missing);
  Curve curve{"with gaps", {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, missing, 3, missing, 5, 6, missing}};
  SECTION("of y in a line, where what stands alone is a point") {
    const Drawing drawing({"", {}, {}, {curve}});
    const Ruler x(drawing.x_ticks(), 0, "0", 6, "6"), y(drawing.y_ticks(), 0, "0", 6, "6");
    const auto lines = drawing.lines(1);
    std::vector<std::size_t> lengths;
    for (const auto& line : lines)
      if (line.size() > 1) lengths.push_back(line.size());
    CHECK(lengths == std::vector<std::size_t>{2, 2});
    const auto points = drawing.points(2, false);
    REQUIRE(points.size() == 1);
    CHECK(points[0].x == near(x(3)));
    CHECK(points[0].y == near(y(3)));
    CHECK(drawing.title(2) == "with gaps");
  }
  SECTION("of x") {
    std::swap(curve.x, curve.y);
    const Drawing drawing({"", {}, {}, {curve}});
    CHECK(drawing.points(2, false).size() == 1);
  }
  SECTION("in points") {
    curve.style = CurveStyle::points;
    CHECK(Drawing({"", {}, {}, {curve}}).points(1).size() == 5);
  }
  SECTION("of either edge of a band") {
    curve.style = CurveStyle::band;
    curve.upper = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(Drawing({"", {}, {}, {curve}}).areas(1).size() == 2);
    std::swap(curve.y, curve.upper);
    CHECK(Drawing({"", {}, {}, {curve}}).areas(1).size() == 2);
  }
}

TEST_CASE("curves have colours of their own, in turn or as chosen", "[plot]") {
  Picture picture{"", {}, {}, {}};
  for (int i = 0; i < 8; ++i) picture.curves.push_back({"curve " + std::to_string(i), {0, 1}, {0, 1.0 + i}});
  const auto colour = [](const Drawing& drawing, int part) {
    return drawing.attribute(part, "path", "stroke");
  };
  const Drawing drawing(picture);
  for (int a = 1; a <= 6; ++a)
    for (int b = 1; b < a; ++b) CHECK(colour(drawing, a) != colour(drawing, b));
  CHECK(colour(drawing, 7) == colour(drawing, 1));
  CHECK(drawing.attribute(1, "path", "stroke-dasharray").empty());
  CHECK_FALSE(drawing.attribute(7, "path", "stroke-dasharray").empty());

  picture.curves[0].colour = Colour::black;
  const Drawing other(picture);
  CHECK(colour(other, 1) == "rgb(  0,   0,   0)");
  CHECK(colour(other, 2) == colour(drawing, 1));
}

TEST_CASE("the same picture is the same bytes, in every locale", "[plot]") {
  struct DecimalComma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  auto picture = small_picture();
  picture.curves[0].y = {0.25, 1234.5, 1e5, 0};
  picture.y.range = AxisRange{0.5, 12345.5};
  const Drawing first(picture);
  CHECK(Drawing(picture).bytes == first.bytes);
  const auto old = std::locale::global(std::locale(std::locale(), new DecimalComma));
  const Drawing elsewhere(picture);
  std::locale::global(old);
  CHECK(elsewhere.bytes == first.bytes);
}

TEST_CASE("a picture may have many points", "[plot]") {
  Picture picture{"", {}, {}, {{"long", {}, {}}}};
  for (int i = 0; i < 100000; ++i) {
    picture.curves[0].x.push_back(i);
    picture.curves[0].y.push_back(std::sin(i * 0.001));
  }
  const auto lines = Drawing(picture).lines(1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].size() > 10000);
}

TEST_CASE("texts are shown as they are, and nothing in them is a command", "[plot]") {
  const Directory directory;
  const auto touch = "touch " + directory / "ran";
  const std::string text = GENERATE_COPY(
      "`" + touch + "`", "$(" + touch + ")", "'; system '" + touch + "'; set title '",
      "\"; system \"" + touch + "\"; set title \"", "\\\"\\n!" + touch, "@" + touch,
      "\\140" + touch + "\\140", std::string("{/Symbol a} x_1^2 ~a{-} &{x}"),
      std::string("a\\nb \\\\ \\t \\101"), std::string("<script>alert(1)</script>"),
      std::string("]]> <![CDATA[ <!-- -->"), std::string("&amp; &#65; &#x41; &#x&#x26; &lt; & &"),
      std::string("</title></g></svg>"), std::string("%s %g %%"),
      std::string("0.22027 at 1e-3 10\xe2\x82\xac"
                  "5"),
      std::string("# no comment"), std::string("' \" '' \"\""),
      std::string("\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e \xe6\x99\x82\xe9\x96\x93"), std::string("  a  b  "),
      std::string("columnhead"), std::string(40, '@'));
  CAPTURE(text);
  Picture picture{"title " + text, {"x " + text, "u " + text}, {"y " + text}, {}, "note " + text};
  picture.curves.push_back({"curve " + text, {0, 1}, {0, 1}});
  const Drawing drawing(picture);
  CHECK(drawing.shows("title " + text));
  CHECK(drawing.shows("x " + text + " (u " + text + ")"));
  CHECK(drawing.shows("y " + text));
  CHECK(drawing.shows("note " + text));
  CHECK(drawing.shows("curve " + text));
  CHECK(drawing.title() == "title " + text);
  CHECK(drawing.title(1) == "curve " + text);
  CHECK(directory.names().empty());

  picture.title = "two\n" + text;
  CHECK(Drawing(picture).shows(text));
}

TEST_CASE("values whose bytes spell a command are values", "[plot]") {
  const Directory directory;
  auto command = "\n!touch " + directory / "ran" + "\n";
  command.resize((command.size() / 24 + 1) * 24, '\n');
  Curve curve{"band", {}, {}, CurveStyle::band};
  for (std::size_t at = 0; at < command.size(); at += 24) {
    double values[3];
    std::memcpy(values, command.data() + at, sizeof values);
    curve.x.push_back(values[0]);
    curve.y.push_back(values[1]);
    curve.upper.push_back(values[2]);
  }
  CHECK_FALSE(Drawing({"", {}, {}, {curve, curve}}).areas(2).empty());
  // Nor where gnuplot complains of the picture.
  curve.label.assign(1000, 'x');
  check_refused({"", {}, {}, {curve}}, "gnuplot complains");
  CHECK(directory.names().empty());
}

TEST_CASE("every byte that a text may hold is shown as it is", "[plot]") {
  auto picture = small_picture();
  for (char c = ' '; c < 0x7F; ++c)
    for (const char next : {'0', '7', 'n', '\\'}) (picture.title += c) += next;
  CHECK(Drawing(picture).shows(picture.title));
}

TEST_CASE("texts that cannot be shown are refused", "[plot]") {
  auto picture = small_picture();
  SECTION("of curves, in two lines") {
    picture.curves[0].label = "two\nlines";
    check_refused(picture, "the curve 1: its label goes on in another line at byte 3");
  }
  const auto [text, reason] = GENERATE(
      std::make_pair("a\xff", "is not UTF-8 at byte 1"), std::make_pair("\xc3", "is not UTF-8 at byte 0"),
      std::make_pair("tab\t", "control character other than a line feed at byte 3"),
      std::make_pair("\x1b[1m", "control character"),
      std::make_pair("\xef\xbf\xbe", "character that SVG cannot"));
  SECTION("of the title") {
    picture.title = text;
    check_refused(picture, reason);
    check_refused(picture, "the title ");
  }
  SECTION("of the note") {
    picture.note = text;
    check_refused(picture, reason);
    check_refused(picture, "the note ");
  }
  SECTION("of an axis") {
    picture.x.label = text;
    check_refused(picture, reason);
    check_refused(picture, "the x axis: its label ");
  }
  SECTION("of a unit") {
    picture.y.unit = text;
    check_refused(picture, reason);
    check_refused(picture, "the y axis: its unit ");
  }
  SECTION("of a curve") {
    picture.curves[0].label = text;
    check_refused(picture, reason);
    check_refused(picture, "the curve 1: its label ");
  }
  SECTION("with a zero") {
    picture.title = std::string("a\0b", 3);
    check_refused(picture, "the title holds a control character");
  }
}

TEST_CASE("curves that cannot be drawn are refused", "[plot]") {
  auto picture = small_picture();
  auto& curve = picture.curves[0];
  SECTION("none") {
    picture.curves.clear();
    check_refused(picture, "has no curves");
  }
  SECTION("of different lengths") {
    curve.y.pop_back();
    check_refused(picture, "the curve 1 \"thrown\" has 4 values of x and 3 of y");
  }
  SECTION("without a label") {
    picture.curves.push_back({"", {1}, {}});
    check_refused(picture, "the curve 2 has 1 values of x and 0 of y");
  }
  SECTION("bands") {
    curve.style = CurveStyle::band;
    curve.upper = {1};
    check_refused(picture, "is a band with 4 values of its lower edge and 1 of its upper one");
  }
  SECTION("no bands") {
    curve.upper = curve.y;
    check_refused(picture, "has an upper edge and is no band");
  }
  SECTION("empty") {
    curve.x.clear();
    curve.y.clear();
    check_refused(picture, "has no point that can be drawn: it is empty");
  }
  SECTION("of gaps") {
    curve.y = {not_a_number, infinity, -infinity, not_a_number};
    check_refused(picture, "\"thrown\" has no point that can be drawn");
  }
  SECTION("nowhere on a logarithmic axis") {
    picture.y.logarithmic = true;
    curve.y = {0, -1, not_a_number, 0};
    check_refused(picture, "has no point that can be drawn");
  }
  SECTION("more than the legend holds") {
    for (int i = 0; i < 60; ++i)
      picture.curves.push_back({"the curve of number " + std::to_string(i), {0, 1}, {0, 1}});
    check_refused(picture, "gnuplot complains: ");
    picture = small_picture();
    picture.curves[0].label.assign(1000, 'x');
    check_refused(picture, "gnuplot complains: ");
  }
}

TEST_CASE("ranges that are none are refused", "[plot]") {
  auto picture = small_picture();
  const auto [low, high, reason] = GENERATE(
      std::make_tuple(1.0, 1.0, "not less"), std::make_tuple(2.0, 1.0, "not less"),
      std::make_tuple(not_a_number, 1.0, "not less"), std::make_tuple(0.0, not_a_number, "not less"),
      std::make_tuple(-infinity, 1.0, "beyond 1e300"), std::make_tuple(0.0, infinity, "beyond 1e300"),
      std::make_tuple(1.0, 1 + 8e-16, "too narrow"), std::make_tuple(0.0, 1e-310, "too narrow"));
  CAPTURE(low, high);
  SECTION("of x") {
    picture.x.range = AxisRange{low, high};
    check_refused(picture, "the x axis: ");
    check_refused(picture, reason);
  }
  SECTION("of y") {
    picture.y.range = AxisRange{low, high};
    check_refused(picture, "the y axis: ");
    check_refused(picture, reason);
  }
  SECTION("logarithmic") {
    picture.y.logarithmic = true;
    picture.y.range = AxisRange{0, 1};
    check_refused(picture, "the y axis: the range of a logarithmic axis begins at 1e-300");
  }
}

TEST_CASE("pictures of any texts and numbers are drawn or refused", "[plot][slow]") {
  const std::string seed = "losses of a run\nepoch\n1 0.5 2 0.25 3 0.125 4 nan 5 1e-3\n";
  survive_mutations({seed, replaced(seed, "of a run", "&<\"\\'`{}_^ \xc3\xa9")}, [](const std::string& file) {
    const auto first = file.find('\n'), second = file.find('\n', first + 1);
    Picture picture{
        file.substr(0, first), {file.substr(first + 1, second - first - 1)}, {}, {{"values", {}, {}}}};
    picture.y.logarithmic = file.size() % 2 == 0;
    std::istringstream numbers(second == file.npos ? "" : file.substr(second));
    for (std::string x, y; numbers >> x >> y;) {
      picture.curves[0].x.push_back(std::strtod(x.c_str(), nullptr));
      picture.curves[0].y.push_back(std::strtod(y.c_str(), nullptr));
    }
    const Drawing drawing(picture);
    CHECK(drawing.title() == picture.title);
    CHECK((picture.title.empty() || drawing.shows(picture.title)));
  });
}

TEST_CASE("a picture for which there is no memory is refused as that", "[plot][slow]") {
  const Directory directory;
  const auto path = directory / "picture.svg";
  auto picture = small_picture();
  auto& curve = picture.curves[0];
  curve.x.clear();
  for (int i = 0; i < 3000; ++i) curve.x.push_back(i);
  curve.y = curve.x;
  CHECK(refusals_for_memory(path, [&] { draw(picture, path); }) > 5);
}
