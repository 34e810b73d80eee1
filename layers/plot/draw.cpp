#include <reel/memory.h>
#include <reel/plot.h>
#include <reel/whole_file.h>

#include <new>

#include <reel/strict_xml.h>
#include "check_picture.h"
#include "gnuplot.h"
#include "script.h"

namespace reel {

namespace {

using plot::Points;

/// The picture that gnuplot drew, as XML. Throws Error where it is not whole.
void parse(const std::string& text, pugi::xml_document& svg) {
  constexpr auto all = pugi::parse_full | pugi::parse_ws_pcdata;
  const auto parsed = svg.load_buffer(text.data(), text.size(), all, pugi::encoding_utf8);
  if (parsed.status == pugi::status_out_of_memory) throw std::bad_alloc();
  if (!parsed || std::string(svg.document_element().name()) != "svg")
    throw Error("what gnuplot drew is no whole SVG: " +
                (text.empty() ? std::string("it drew nothing")
                              : parsed.description() + (" at byte " + std::to_string(parsed.offset))));
}

void set_title(pugi::xml_node of, const std::string& title) {
  if (auto node = of.child("title"); node && !node.text().set(title.c_str())) throw std::bad_alloc();
}

/// Gives the picture and its curves the titles that readers of SVG show or read aloud; gnuplot's are its own,
/// and those of curves not all right.
void name_parts(const pugi::xml_document& svg, const Picture& picture,
                const std::vector<std::size_t>& curve_of_parts) {
  set_title(svg.document_element(), picture.title);
  for (std::size_t i = 0; i < curve_of_parts.size(); ++i) {
    const auto id = "gnuplot_plot_" + std::to_string(i + 1);
    const auto part =
        svg.find_node([&](const pugi::xml_node& node) { return node.attribute("id").value() == id; });
    set_title(part, picture.curves[curve_of_parts[i]].label);
  }
}

std::string drawn(const Picture& picture, const std::vector<Points>& curves) {
  const plot::MemoryFile script;
  const auto curve_of_parts = plot::write_script(script, picture, curves);
  pugi::xml_document svg;
  parse(plot::output_of_gnuplot(script), svg);
  name_parts(svg, picture, curve_of_parts);
  return xml_text(svg, pugi::format_raw);
}

/// It; the message of an Error begins with `where`.
std::string drawn_or_refused(const Picture& picture, const std::vector<Points>& curves,
                             const std::string& where) {
  try {
    return drawn(picture, curves);
  } catch (const MemoryError&) {
    throw;
  } catch (const Error& error) {
    throw Error(where + ": " + error.what());
  }
}

}  // namespace

void draw(const Picture& picture, const std::string& path) {
  const auto where = "[draw] " + path;
  needing_memory_for(where, [&] {
    check_writable(path, "draw");
    const auto curves = plot::checked_points(picture, where + ": ");
    write_whole(path, drawn_or_refused(picture, curves, where), "draw");
  });
}

}  // namespace reel
