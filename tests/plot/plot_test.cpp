#include <reel/error.h>
#include <reel/plot.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include <pugixml.hpp>

#include "catch.h"
#include "directory.h"

using namespace reel;
using namespace reel::test;

namespace {

using Style = Curve::Style;

/// What was drawn.
struct Drawing {
  std::vector<std::string> texts;
  std::vector<std::pair<double, double>> dots;  // in pixels, from the top left
  std::string svg;

  bool has(const std::string& text) const {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  }
};

Drawing drawing_in(const std::string& path) {
  Drawing drawing;
  drawing.svg = read(path);
  pugi::xml_document document;
  REQUIRE(document.load_string(drawing.svg.c_str(), pugi::parse_default | pugi::parse_ws_pcdata));
  for (const auto& text : document.select_nodes("//text")) {
    std::string whole;
    for (const auto& piece : text.node().select_nodes(".//text()")) whole += piece.node().value();
    const auto first = whole.find_first_not_of(" \t\n"), last = whole.find_last_not_of(" \t\n");
    if (first != whole.npos) drawing.texts.push_back(whole.substr(first, last - first + 1));
  }
  for (const auto& dot : document.select_nodes("//use")) {
    double x = 0, y = 0;
    if (std::sscanf(dot.node().attribute("transform").value(), "translate(%lf,%lf)", &x, &y) == 2)
      drawing.dots.emplace_back(x, y);
  }
  return drawing;
}

Drawing drawn(const Picture& picture) {
  const Directory directory;
  draw(picture, directory / "picture.svg");
  CHECK(directory.names() == std::vector<std::string>{"picture.svg"});
  return drawing_in(directory / "picture.svg");
}

Picture line(const std::string& text = "line") { return {"title", {"x"}, {"y"}, {{text, {1, 2}, {3, 4}}}}; }

}  // namespace

TEST_CASE("a picture has its title, labels, legend and ticks", "[plot]") {
  const auto drawing =
      drawn({"A title",
             {"time / s", {{0, 10}}},
             {"loss / nats"},
             {{"training", {1, 2, 3}, {0.5, 0.25, 0.125}}, {"", {1, 2}, {0.3, 0.3}, Style::broken}}});
  for (const auto* text : {"A title", "time / s", "loss / nats", "training", "0", "10"}) {
    CAPTURE(text);
    CHECK(drawing.has(text));
  }
  CHECK(drawing.svg.find("width=\"720\" height=\"480\"") != std::string::npos);
}

TEST_CASE("points stand where their values are", "[plot]") {
  const double nan = std::nan("");
  const auto dots = drawn({"t",
                           {"x", {{0, 10}}},
                           {"y", {{0, 100}}},
                           {{"", {0, 10, 5, 7, nan}, {0, 100, 25, nan, 3}, Style::dots}}})
                        .dots;
  REQUIRE(dots.size() == 3);
  CHECK(dots[0].first < dots[1].first);
  CHECK(dots[0].second > dots[1].second);
  CHECK(std::abs(dots[2].first - (dots[0].first + dots[1].first) / 2) < 0.2);
  CHECK(std::abs(dots[2].second - (0.75 * dots[0].second + 0.25 * dots[1].second)) < 0.2);
  SECTION("on a logarithmic axis too") {
    const auto decades =
        drawn({"t", {"x"}, {"y", {{1, 100}}, true}, {{"", {1, 2, 3}, {1, 10, 100}, Style::dots}}}).dots;
    REQUIRE(decades.size() == 3);
    CHECK(std::abs(decades[1].second - (decades[0].second + decades[2].second) / 2) < 0.2);
  }
}

TEST_CASE("a line has a gap where there is no value", "[plot]") {
  const auto moves = [](const std::string& svg) {
    const auto at = svg.find("stroke='rgb(  0, 114, 178)'");
    const auto lines = svg.substr(at == svg.npos ? svg.find("0, 114, 178") : at);
    return std::count(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(lines.find("</g>")), 'M');
  };
  auto picture = line("");
  picture.curves[0] = {"", {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}};
  const auto whole = moves(drawn(picture).svg);
  picture.curves[0].y[2] = std::nan("");
  CHECK(moves(drawn(picture).svg) == whole + 1);
}

TEST_CASE("texts stand in a picture as they are", "[plot]") {
  const auto text =
      GENERATE(as<std::string>(), "it's 'quoted'", "\"double\"", "`touch hacked`", "$(touch hacked)",
               "@x ^2 _1 {/=20 big}", "a & b <c> &amp;", "back\\slash \\n", "%d %s",
               "\xc2\xb0"
               "C \xe2\x82\xac",
               "'; system 'touch hacked'; '", "#comment", "e");
  CAPTURE(text);
  auto picture = line(text);
  picture.title = "title " + text;
  picture.x.label = "x " + text;
  picture.y.label = "y " + text;
  const auto drawing = drawn(picture);
  for (const auto& wanted : {text, "title " + text, "x " + text, "y " + text}) CHECK(drawing.has(wanted));
}

TEST_CASE("the same picture gives the same bytes", "[plot]") {
  CHECK(drawn(line()).svg == drawn(line()).svg);
}

TEST_CASE("a user's own settings of gnuplot and language change no picture", "[plot]") {
  const auto before = drawn(line()).svg;
  const Directory home;
  write(home / ".gnuplot", "set grid noxtics\nset key off\nset title 'of mine'\n");
  const std::string old_home = std::getenv("HOME") ? std::getenv("HOME") : "";
  ::setenv("HOME", home.path.c_str(), 1);
  ::setenv("LC_NUMERIC", "de_DE.UTF-8", 1);
  CHECK(drawn(line()).svg == before);
  ::unsetenv("LC_NUMERIC");
  ::setenv("HOME", old_home.c_str(), 1);
}

TEST_CASE("pictures of trainings, classifiers and forecasts", "[plot]") {
  SECTION("losses") {
    const auto picture = loss_picture("LSTM", "nats", {30, 20, 10}, {30, 25, 26}, 1);
    CHECK(picture.curves.at(0).x == std::vector<double>{1, 2, 3});
    CHECK(picture.curves.at(2).x == std::vector<double>{2});
    CHECK(picture.curves.at(2).y == std::vector<double>{25});
    const auto drawing = drawn(picture);
    for (const auto* text : {"training", "validation", "best", "epoch", "loss / nats", "2"})
      CHECK(drawing.has(text));
    CHECK_FALSE(drawing.has("1.5"));
    auto not_whole = picture;
    not_whole.x.is_whole = false;
    CHECK(drawn(not_whole).has("1.5"));
    CHECK_THROWS_WITH(loss_picture("LSTM", "nats", {3}, {}, 1), ContainsSubstring("there is no epoch 2"));
    CHECK(loss_picture("LSTM", "nats", {3, 2}, {}).curves.size() == 1);
  }
  SECTION("ROC curves") {
    const auto roc = roc_curve({3, 2, 1, 0}, {true, false, true, false});
    const auto picture = roc_picture("t", {{"lstm", roc}});
    CHECK(picture.curves.at(0).y == std::vector<double>{1, 1, 0.5, 0.5, 0});
    CHECK(drawn(picture).has("lstm, area 0.750"));
  }
  SECTION("forecasts") {
    const Curve measured{"measured", {1, 2, 3}, {1, 2, 1}};
    const Curve band{"most errors", {2, 3}, {1, 0}, Style::band, {3, 2}};
    const auto drawing =
        drawn(forecast_picture("t", {"year"}, {"K"}, measured, {band, {"LSTM", {2, 3}, {2, 1}}}));
    for (const auto* text : {"measured", "most errors", "LSTM"}) CHECK(drawing.has(text));
  }
}

TEST_CASE("what cannot be drawn is refused", "[plot]") {
  const Directory directory;
  const auto refuse = [&](const Picture& picture, const std::string& reason) {
    CHECK_THROWS_WITH(draw(picture, directory / "x.svg"),
                      ContainsSubstring("[draw]") && ContainsSubstring(reason));
    CHECK(directory.names().empty());
  };
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  auto picture = line();
  refuse({"empty", {"x"}, {"y"}, {}}, "'empty' has no points");
  refuse({"t", {"x"}, {"y"}, {{"c", {nan}, {1}}}}, "has no points");
  refuse({"t", {"x"}, {"y"}, {{"c", {1, 2}, {1}}}}, "'c' has 2 x, 1 y");
  refuse({"t", {"x"}, {"y"}, {{"c", {1}, {1}, Style::band}}}, "0 upper ends");
  refuse({"t", {"x"}, {"y"}, {{"c", {1}, {1}, Style::line, {1}}}}, "1 upper ends");
  refuse({"t", {"x"}, {"y"}, {{"c", {1}, {infinity}}}}, "'c' has an infinite value");
  refuse({"t", {"x"}, {"y", {}, true}, {{"c", {1}, {0}}}}, "on a logarithmic axis");
  refuse({"t", {"x", {{1, 1}}}, {"y"}, picture.curves}, "the x axis cannot go from");
  refuse({"t", {"x"}, {"y", {{0, nan}}}, picture.curves}, "the y axis cannot go from");
  refuse({"t", {"x"}, {"y", {{0, 1}}, true}, picture.curves}, "the y axis cannot go from");
  refuse({"two\nlines", {"x"}, {"y"}, picture.curves}, "a control character");
  refuse({"t", {"x\t"}, {"y"}, picture.curves}, "a control character");
  SECTION("a place that cannot be written") {
    CHECK_THROWS_AS(draw(picture, directory / "none/x.svg"), FileError);
  }
  SECTION("without gnuplot") {
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    CHECK_THROWS_AS(draw(picture, directory / "x.svg"), FileError);
    CHECK_THROWS_WITH(draw(picture, directory / "x.svg"),
                      ContainsSubstring("gnuplot") && ContainsSubstring("not found"));
    CHECK(directory.names().empty());
    ::setenv("PATH", before.c_str(), 1);
  }
}
