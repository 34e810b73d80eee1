#pragma once
#include <reel/plot.h>

#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

#include <pugixml.hpp>

#include "catch.h"
#include "directory.h"

/// Pictures are drawn, and read back as what they are: XML with texts and paths.
namespace reel::test {

inline Picture small_picture() {
  return {"a title", {"time", "s"}, {"height", "m"}, {{"thrown", {0, 1, 2, 4}, {0, 3, 4, 2}}}};
}

struct Pixel {
  double x, y;
};
using Pixels = std::vector<Pixel>;

/// "translate(1,2) ..." and "M1,2 L3,4 M5,6": numbers in pairs.
inline Pixels pixels_in(std::string text) {
  for (char& c : text)
    if (!std::strchr("0123456789.-", c)) c = ' ';
  std::istringstream numbers(text);
  Pixels pixels;
  for (Pixel pixel; numbers >> pixel.x >> pixel.y;) pixels.push_back(pixel);
  return pixels;
}

class Drawing {
 public:
  explicit Drawing(const Picture& picture) {
    const Directory directory;
    draw(picture, directory / "picture.svg");
    bytes = read(directory / "picture.svg");
    REQUIRE(svg_.load_buffer(bytes.data(), bytes.size(), pugi::parse_default | pugi::parse_ws_pcdata));
    REQUIRE(std::string(svg_.document_element().name()) == "svg");
  }

  std::string bytes;

  /// All texts that are shown, in the order of the file.
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& found : svg_.select_nodes("//*[local-name()='text']"))
      if (const std::string text = found.node().text().get(); !text.empty()) texts.push_back(text);
    return texts;
  }
  bool shows(const std::string& text) const {
    const auto all = texts();
    return std::find(all.begin(), all.end(), text) != all.end();
  }

  /// The title of the picture, or of what was plotted as number `part`, from 1 on.
  std::string title() const { return svg_.document_element().child("title").text().get(); }
  std::string title(int part) const { return group(part).child("title").text().get(); }

  /// The lines that were drawn, apart from their sample in the legend.
  std::vector<Pixels> lines(int part, bool in_legend = true) const {
    std::vector<Pixels> lines;
    for (const auto& path : group(part).select_nodes(".//*[local-name()='path']")) {
      std::istringstream moves(path.node().attribute("d").value());
      for (std::string move; std::getline(moves, move, 'M');)
        if (const auto pixels = pixels_in(move); !pixels.empty()) lines.push_back(pixels);
    }
    if (in_legend && !lines.empty()) lines.erase(lines.begin());
    return lines;
  }
  /// The symbols that were drawn, which come before their sample in the legend.
  Pixels points(int part, bool in_legend = true) const {
    Pixels points;
    for (const auto& use : group(part).select_nodes(".//*[local-name()='use']"))
      points.push_back(pixels_in(use.node().attribute("transform").value()).at(0));
    if (in_legend && !points.empty()) points.pop_back();
    return points;
  }
  std::vector<Pixels> areas(int part, bool in_legend = true) const {
    std::vector<Pixels> areas;
    for (const auto& polygon : group(part).select_nodes(".//*[local-name()='polygon']"))
      areas.push_back(pixels_in(polygon.node().attribute("points").value()));
    if (in_legend && !areas.empty()) areas.erase(areas.begin());
    return areas;
  }
  std::string attribute(int part, const char* element, const char* name) const {
    const auto query = ".//*[local-name()='" + std::string(element) + "']";
    return group(part).select_node(query.c_str()).node().attribute(name).value();
  }

  /// Where the ticks with numbers are, by number.
  std::map<std::string, double> x_ticks() const { return ticks("middle", &Pixel::x); }
  std::map<std::string, double> y_ticks() const { return ticks("end", &Pixel::y); }
  /// Where all of them are that have their text so: "middle" along x, "end" along y.
  std::vector<std::pair<Pixel, std::string>> tick_texts(const std::string& anchor) const {
    std::vector<std::pair<Pixel, std::string>> found_texts;
    for (const auto& found : svg_.select_nodes("//*[local-name()='text']")) {
      const auto place = found.node().parent();
      const auto mark = place.parent().child("path");
      if (mark && place.attribute("text-anchor").value() == anchor)
        found_texts.emplace_back(pixels_in(mark.attribute("d").value()).at(0), found.node().text().get());
    }
    return found_texts;
  }

 private:
  pugi::xml_node group(int part) const {
    const auto query = "//*[@id='gnuplot_plot_" + std::to_string(part) + "']";
    return svg_.select_node(query.c_str()).node();
  }

  std::map<std::string, double> ticks(const std::string& anchor, double Pixel::*coordinate) const {
    std::map<std::string, double> ticks;
    for (const auto& [mark, number] : tick_texts(anchor)) ticks[number] = mark.*coordinate;
    return ticks;
  }

  pugi::xml_document svg_;
};

/// From values to pixels, by two ticks of an axis.
class Ruler {
 public:
  Ruler(const std::map<std::string, double>& ticks, double a, const std::string& at_a, double b,
        const std::string& at_b)
      : start_(a), pixel_(ticks.at(at_a)), scale_((ticks.at(at_b) - ticks.at(at_a)) / (b - a)) {}
  double operator()(double value) const { return pixel_ + (value - start_) * scale_; }

 private:
  double start_, pixel_, scale_;
};

/// Twice what gnuplot rounds to.
inline Approx near(double pixel) { return Approx(pixel).epsilon(0).margin(0.03); }

}  // namespace reel::test
