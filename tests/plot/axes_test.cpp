// Axes have their ticks at round numbers that are apart, and values their places on them, whatever their
// magnitude.

#include <algorithm>
#include <limits>

#include "drawing.h"

using namespace reel;
using namespace reel::test;

namespace {

/// What is left, at least, between neighbours whose letters are so wide.
double least_gap(std::vector<std::pair<Pixel, std::string>> texts, double Pixel::*along, double letter) {
  std::sort(texts.begin(), texts.end(),
            [&](const auto& a, const auto& b) { return a.first.*along < b.first.*along; });
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < texts.size(); ++i) {
    const auto letters = static_cast<double>(texts[i - 1].second.size() + texts[i].second.size());
    least = std::min(least, texts[i].first.*along - texts[i - 1].first.*along - letter * letters / 2);
  }
  return least;
}

}  // namespace

TEST_CASE("a logarithmic axis has its ticks at round numbers, and no place for what is not positive",
          "[plot]") {
  auto picture = small_picture();
  picture.curves[0] = {"falling", {1, 2, 3, 4, 5}, {0.9, 0.3, 0, 0.11, -2}};
  picture.y.logarithmic = true;
  const Drawing drawing(picture);
  const auto ticks = drawing.y_ticks();
  REQUIRE(ticks.size() == 4);
  const Ruler x(drawing.x_ticks(), 1, "1", 4, "4");
  const Ruler y(ticks, std::log10(0.1), "0.1", std::log10(1), "1");
  CHECK(ticks.at("0.2") == near(y(std::log10(0.2))));
  CHECK(ticks.at("0.5") == near(y(std::log10(0.5))));
  const auto lines = drawing.lines(1);
  REQUIRE_FALSE(lines.empty());
  REQUIRE(lines[0].size() == 2);
  CHECK(lines[0][1].x == near(x(2)));
  CHECK(lines[0][1].y == near(y(std::log10(0.3))));
  const auto alone = drawing.points(2, false);
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].y == near(y(std::log10(0.11))));

  SECTION("a part between two of them has ticks at equal steps") {
    picture.y.range = AxisRange{0.21, 0.47};
    const auto equal = Drawing(picture).y_ticks();
    REQUIRE(equal.size() == 13);
    const Ruler part(equal, std::log10(0.22), "0.22", std::log10(0.46), "0.46");
    CHECK(equal.at("0.3") == near(part(std::log10(0.3))));
  }
  SECTION("values that are close are drawn over the whole height") {
    picture.curves[0].y = {1.7e9, 1.7e9 + 0.1, 1.7e9 + 0.3, 1.7e9 + 0.5, 1.7e9};
    const Drawing close(picture);
    CHECK(close.shows("height - 1700000000 (m)"));
    CHECK(close.y_ticks().count("0.3"));
    CHECK(close.lines(1)[0][3].y == near(close.y_ticks().at("0.5")));
  }
  SECTION("of many decades a tick at each is enough") {
    picture.curves[0].y = {1e-8, 1, 10, 100, 1e8};
    const auto many = Drawing(picture).y_ticks();
    CHECK(many.count("1"));
    CHECK_FALSE(many.count("2"));
    CHECK(many.size() > 3);
  }
}

TEST_CASE("axes end where they are told, or where the values do", "[plot]") {
  auto picture = small_picture();
  SECTION("ranges that were given") {
    picture.x.range = AxisRange{-1, 3};
    picture.y.range = AxisRange{-2, 8};
    const Drawing drawing(picture);
    const auto x = drawing.x_ticks(), y = drawing.y_ticks();
    CHECK(x.count("-1"));
    CHECK(x.count("3"));
    CHECK_FALSE(x.count("3.5"));
    CHECK(y.count("-2"));
    CHECK(y.count("8"));
  }
  SECTION("of what lies within the other's range") {
    picture.x.range = AxisRange{0, 1.5};
    CHECK(Drawing(picture).y_ticks().count("3"));
    CHECK_FALSE(Drawing(picture).y_ticks().count("4"));
  }
  SECTION("beside all points") {
    picture.x.range = AxisRange{10, 20};
    CHECK(Drawing(picture).y_ticks().count("4"));
  }
  SECTION("a line leaves them towards values far beyond") {
    picture.curves[0] = {"thrown", {0, 1, 4}, {0, 1, 1e300}};
    picture.x.range = AxisRange{0, 4};
    picture.y.range = AxisRange{0, 2};
    const Drawing drawing(picture);
    const Ruler x(drawing.x_ticks(), 0, "0", 4, "4"), y(drawing.y_ticks(), 0, "0", 2, "2");
    const auto line = drawing.lines(1).at(0);
    REQUIRE(line.size() == 3);
    CHECK(line[1].y == near(y(1)));
    CHECK(line[2].x == Approx(x(1)).margin(0.1));
    CHECK(line[2].y == near(y(2)));
  }
  SECTION("between whole numbers there are none") {
    picture.x.whole_numbers = true;
    picture.x.range = AxisRange{1.25, 1.75};
    const Drawing drawing(picture);
    CHECK(drawing.x_ticks().empty());
    CHECK_FALSE(drawing.y_ticks().empty());
  }
  SECTION("whole numbers alone") {
    picture.x.whole_numbers = true;
    const auto ticks = Drawing(picture).x_ticks();
    CHECK(ticks.size() == 5);
    CHECK(ticks.count("3"));
  }
}

TEST_CASE("numbers that would be long are counted from an origin, and in powers of ten, which labels tell",
          "[plot]") {
  const auto [values, label, tick] = GENERATE(table<std::vector<double>, std::string, std::string>(
      {{{1.7e9, 1.7e9 + 0.5}, "time - 1700000000 (s)", "0.5"},
       {{1.7e9 + 100, 1.7e9 + 86400}, "time - 1700000000 (s)", "20000"},
       {{1.7e9, 1.73e9}, "time (1e9 s)", "1.72"},
       {{-1.7e9 - 0.5, -1.7e9}, "time + 1700000000 (s)", "-0.5"},
       {{1e15, 1e15 + 2}, "time - 1e+15 (s)", "2"},
       {{1e15 + 123, 1e15 + 127}, "time - 1.00000000000012e+15 (s)", "5"},
       {{0.1, 0.1 + 9e-12}, "time - 0.1 (1e-12 s)", "5"},
       {{9e299, 9e299 + 4e285}, "time - 9e+299 (1e285 s)", "4"},
       {{7e299, 1e300}, "time (1e300 s)", "0.8"},
       {{-1e300, 1e300}, "time (1e300 s)", "-0.4"},
       {{1e-300, 4e-300}, "time (1e-300 s)", "3"},
       {{1e-300, 1.2e-300}, "time (1e-300 s)", "1.1"},
       {{0, 5e-7}, "time (1e-7 s)", "4"},
       {{1e9, 1e9 + 3}, "time - 1000000000 (s)", "3"},
       {{0.69314, 0.69315}, "time (s)", "0.693144"},
       {{0, 0.0012}, "time (s)", "0.001"},
       {{0, 1234567}, "time (s)", "1000000"}}));
  CAPTURE(values, tick);
  for (const bool upright : {false, true}) {
    Picture picture{"", {"x", "1"}, {"y", "1"}, {{"values", values, {0, 1}}}};
    picture.x = {"time", "s"};
    if (upright) {
      std::swap(picture.x, picture.y);
      std::swap(picture.curves[0].x, picture.curves[0].y);
    }
    const Drawing drawing(picture);
    CHECK(drawing.shows(label));
    CHECK((upright ? drawing.y_ticks() : drawing.x_ticks()).count(tick));
  }
  const Drawing without_labels({"", {}, {"", "m"}, {{"values", {1e9, 1e9 + 1}, {2e9, 2e9 + 1}}}});
  CHECK(without_labels.shows("x - 1000000000"));
  CHECK(without_labels.shows("y - 2000000000 (m)"));
}

TEST_CASE("values are drawn where they are however close they are beside their size", "[plot]") {
  const double size = GENERATE(1.7e9, -1.7e9, 1e15, -1e15, 1.0, 0.1, 9e299, 1e-280);
  const double step = 16 * std::numeric_limits<double>::epsilon() * size;
  CAPTURE(size);
  const std::vector<double> values{size, size + step, size + 4 * step, size + 2 * step};
  const Picture picture{"", {}, {}, {{"values", {0, 1, 2, 3}, values}}};
  const auto line = Drawing(picture).lines(1).at(0);
  REQUIRE(line.size() == 4);
  const double height = line[2].y - line[0].y;
  CHECK(std::abs(height) > 100);
  for (const std::size_t i : {1, 3})
    CHECK(line[i].y - line[0].y == near(height * (values[i] - size) / (values[2] - size)));
}

TEST_CASE("numbers at ticks differ and do not overlap", "[plot]") {
  const auto [square, rows] = GENERATE(table<bool, int>({{false, 1}, {false, 10}, {true, 1}}));
  const bool logarithmic = GENERATE(false, true);
  const double size = GENERATE(1.0, 3.3e-5, 1.7e9, 9.99999e6, 1e300, 1e-300, -2e-8);
  const double spread = GENERATE(0.0, 4e-15, 1.1e-5, 1.3e-3, 0.3, 7.0);
  if (logarithmic && size < 0) return;
  const double other = size + (size > 1 && spread > 0.9 ? -0.99 : spread) * size;
  CAPTURE(square, logarithmic, size, spread, rows);
  Picture picture{"", {"x"}, {"y"}, {}, "", square};
  picture.x.logarithmic = picture.y.logarithmic = logarithmic;
  const std::vector<double> ends{size, other};
  for (int i = 0; i < rows; ++i)
    picture.curves.push_back({square ? "short" : "a label that takes half of a row or more", ends, ends});
  const Drawing drawing(picture);
  const auto x = drawing.tick_texts("middle"), y = drawing.tick_texts("end");
  CHECK(x.size() == drawing.x_ticks().size());
  CHECK(y.size() == drawing.y_ticks().size());
  CHECK(y.size() >= 2);
  // A digit takes 8.3 pixels, the height of a line is 15.
  CHECK(least_gap(x, &Pixel::x, 8.3) > 4);
  CHECK(least_gap(y, &Pixel::y, 0) > 15);
}

TEST_CASE("axes of any magnitude are drawn", "[plot]") {
  const bool logarithmic = GENERATE(false, true);
  using Values = std::vector<double>;
  const auto values =
      GENERATE(Values{3}, Values{0.5, 0.5}, Values{1, 1 + 1e-15}, Values{1, 1 + 1e-8}, Values{1e300, 1e300},
               Values{-1e300, 1e300}, Values{1e-300, 1e300}, Values{0, 0, 1}, Values{0, 5e-324, 1},
               Values{1e-300, 2e-300}, Values{1e12, 1e12 + 1}, Values{-3, 1e-9, 1e9});
  CAPTURE(logarithmic, values);
  Picture picture{"", {}, {}, {{"values", values, values}}};
  picture.x.logarithmic = picture.y.logarithmic = logarithmic;
  CHECK(Drawing(picture).title(1) == "values");
  picture.x.whole_numbers = picture.y.whole_numbers = true;
  CHECK(Drawing(picture).title(1) == "values");
}
