// The pictures of losses, classifiers and forecasts that need no more than their numbers.

#include <reel/error.h>

#include <limits>
#include <set>

#include "drawing.h"

using namespace reel;
using namespace reel::test;

namespace {

using Values = std::vector<double>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a picture of losses has an axis of epochs and marks the lowest", "[plot]") {
  const Axis loss{"cross-entropy", "nats"};
  const Values training{0.9, 0.5, 0.3, 0.2}, validation{1, 0.625, 0.75, 0.875};
  SECTION("of validation") {
    const auto picture = loss_picture(loss, training, validation);
    REQUIRE(picture.curves.size() == 3);
    CHECK(picture.curves[0].x == Values{1, 2, 3, 4});
    CHECK(picture.curves[0].y == training);
    CHECK(picture.curves[1].y == validation);
    CHECK(picture.curves[2].x == Values{2});
    CHECK(picture.curves[2].y == Values{0.625});
    const Drawing drawing(picture);
    for (const auto& text : {"cross-entropy", "cross-entropy (nats)", "epoch", "training", "validation",
                             "lowest validation, 0.625 at epoch 2"})
      CHECK(drawing.shows(text));
    CHECK(drawing.x_ticks().size() == 4);
    const auto mark = drawing.points(3);
    REQUIRE(mark.size() == 1);
    CHECK(mark[0].x == near(drawing.x_ticks().at("2")));
  }
  SECTION("of training, where there is no other") {
    const Drawing drawing(loss_picture(loss, training, {}, "step"));
    CHECK(drawing.shows("step"));
    CHECK(drawing.shows("lowest training, 0.2 at step 4"));
    CHECK_FALSE(drawing.shows("validation"));
  }
  SECTION("of those that are numbers") {
    const auto picture = loss_picture(loss, training, {not_a_number, 2, not_a_number, 1.5});
    REQUIRE(picture.curves.size() == 3);
    CHECK(picture.curves[2].x == Values{4});
    CHECK(loss_picture(loss, training, Values(4, not_a_number)).curves.size() == 2);
  }
  SECTION("of one epoch") {
    const Drawing drawing(loss_picture(loss, {0.5}, {0.6}));
    CHECK(drawing.points(2, false).size() == 1);
    CHECK(drawing.points(4, false).size() == 1);
    CHECK(drawing.x_ticks().count("1"));
  }
  SECTION("of one epoch, of losses at one place: that of training, that of validation and the mark") {
    const Drawing drawing(loss_picture(loss, {0.5}, {0.5}));
    std::set<std::string> shapes, sizes;
    for (const int part : {2, 4, 5}) {
      const auto places = drawing.points(part, false);
      REQUIRE_FALSE(places.empty());
      CHECK(places[0].x == near(drawing.x_ticks().at("1")));
      CHECK(places[0].y == near(drawing.y_ticks().at("0.5")));
      shapes.insert(drawing.attribute(part, "use", "xlink:href"));
      sizes.insert(drawing.attribute(part, "use", "transform"));
    }
    CHECK(shapes.size() == 3);
    CHECK(sizes.size() == 3);
  }
  SECTION("far on in a training the number of the step is whole") {
    Values long_training(1234567, 1);
    long_training.back() = 0.5;
    CHECK(loss_picture(loss, long_training, {}).curves.back().label ==
          "lowest training, 0.5 at epoch 1234567");
  }
  CHECK_THROWS_WITH(loss_picture(loss, training, {1}),
                    "[loss_picture] there are 4 losses of training and 1 of validation");
  const Directory directory;
  CHECK_THROWS_WITH(draw(loss_picture(loss, {}, {}), directory / "losses.svg"),
                    ContainsSubstring("it is empty"));
}

TEST_CASE("a picture of classifiers is a square with the areas beneath their curves", "[plot]") {
  const auto good = roc_curve({0.9, 0.8, 0.7, 0.1}, {true, true, false, false});
  const auto fair = roc_curve({0.9, 0.8, 0.7, 0.1}, {true, false, true, false});
  const Drawing drawing(roc_picture({{"good", good}, {"fair", fair}}));
  for (const auto& text : {"false positive rate", "true positive rate", "AUC 1.000, good", "AUC 0.750, fair",
                           "AUC 0.500, chance"})
    CHECK(drawing.shows(text));
  const auto x_ticks = drawing.x_ticks(), y_ticks = drawing.y_ticks();
  const Ruler x(x_ticks, 0, "0", 1, "1"), y(y_ticks, 0, "0", 1, "1");
  CHECK(x(1) - x(0) == Approx(y(0) - y(1)).margin(1));
  const auto lines = drawing.lines(2);
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0].size() == 5);
  CHECK(lines[0][2].x == near(x(0.5)));
  CHECK(lines[0][2].y == near(y(0.5)));
  const auto chance = drawing.lines(3);
  REQUIRE(chance.size() == 1);
  CHECK(chance[0].front().x == near(x(0)));
  CHECK(chance[0].front().y == near(y(0)));
  CHECK(chance[0].back().x == near(x(1)));
  CHECK(chance[0].back().y == near(y(1)));
  CHECK(Drawing(roc_picture({})).shows("AUC 0.500, chance"));
}

TEST_CASE("areas beneath curves are seen whatever the names of classifiers are", "[plot]") {
  const auto curve = roc_curve({0.9, 0.1}, {true, false});
  const auto label = [&](const std::string& name) { return roc_picture({{name, curve}}).curves[0].label; };
  CHECK(label("") == "AUC 1.000, ");
  CHECK(label("a name of twenty lett") ==
        "AUC 1.000, a name of \xe2\x80\xa6"
        "enty lett");
  CHECK(label("a name of twenty let") == "AUC 1.000, a name of twenty let");
  std::string accents, ends;
  for (int i = 0; i < 20; ++i) accents += "\xc3\xa9";
  CHECK(label(accents) == "AUC 1.000, " + accents);
  for (int i = 0; i < 9; ++i) ends += "\xc3\xa9";
  CHECK(label(accents + accents) == "AUC 1.000, \xc3\xa9" + ends + "\xe2\x80\xa6" + ends);
  const std::string long_name(500, 'n');
  const Drawing drawing(roc_picture({{long_name + " first", curve}, {long_name + " second", curve}}));
  CHECK(drawing.shows("AUC 1.000, nnnnnnnnnn\xe2\x80\xa6nnn first"));
  CHECK(drawing.shows("AUC 1.000, nnnnnnnnnn\xe2\x80\xa6nn second"));
  const Directory directory;
  CHECK_THROWS_WITH(draw(roc_picture({{std::string(30, '\xff'), curve}}), directory / "roc.svg"),
                    ContainsSubstring("is not UTF-8"));
}

TEST_CASE("a picture of forecasts has them above their bands, in one colour each", "[plot]") {
  const Curve measured{"measured", {0, 1, 2, 3}, {5, 6, 7, 6}};
  const Forecast model{"LSTM", {3, 4, 5}, {6, 5, 4}, {5.5, 4, 2}, {6.5, 6, 6}, "LSTM, 90 % of cases"};
  const Forecast same_as_before{"persistence", {3, 4, 5}, {6, 6, 6}};
  const auto picture = forecast_picture({"time", "h"}, {"load", "MW"}, measured, {model, same_as_before});
  const Drawing drawing(picture);
  for (const auto& text : {"load, measured and forecast", "time (h)", "load (MW)", "measured", "LSTM",
                           "LSTM, 90 % of cases", "persistence"})
    CHECK(drawing.shows(text));
  REQUIRE(picture.curves.size() == 4);
  CHECK(drawing.areas(1).size() == 1);
  CHECK(drawing.attribute(1, "polygon", "fill") == drawing.attribute(3, "path", "stroke"));
  CHECK(drawing.attribute(2, "path", "stroke") == "rgb(  0,   0,   0)");
  CHECK(drawing.attribute(3, "path", "stroke") != drawing.attribute(4, "path", "stroke"));
  const auto line = drawing.lines(3);
  const Ruler x(drawing.x_ticks(), 0, "0", 5, "5"), y(drawing.y_ticks(), 2, "2", 7, "7");
  REQUIRE(line.size() == 1);
  CHECK(line[0].back().x == near(x(5)));
  CHECK(line[0].back().y == near(y(4)));

  SECTION("measured points keep the style and the colour they have") {
    auto points = measured;
    points.style = CurveStyle::points;
    points.colour = Colour::grey;
    const Drawing other(forecast_picture({"time"}, {"load"}, points, {}));
    CHECK(other.points(1).size() == 4);
    CHECK(other.attribute(1, "use", "color") == "rgb(127, 127, 127)");
  }
  SECTION("with bounds for some times alone they are refused") {
    auto half = model;
    half.high.pop_back();
    const Directory directory;
    CHECK_THROWS_WITH(draw(forecast_picture({}, {}, measured, {half}), directory / "forecast.svg"),
                      ContainsSubstring("3 values of its lower edge and 2 of its upper one"));
  }
}
