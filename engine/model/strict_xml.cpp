#include <reel/strict_xml.h>

#include <reel/characters.h>
#include <reel/error.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <new>
#include <utility>

namespace reel {

namespace {

const std::string byte_order_mark = "\xEF\xBB\xBF";

bool stands_at(const std::string& text, std::size_t at, const std::string& wanted) {
  return text.compare(at, wanted.size(), wanted) == 0;
}

/// Whether "&lt;", "&#65;" or the like, for a character that XML holds, begins at `at`.
bool is_reference(const std::string& text, std::size_t at) {
  for (const char* name : {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"})
    if (stands_at(text, at, name)) return true;
  if (!stands_at(text, at, "&#")) return false;
  const bool hexadecimal = stands_at(text, at, "&#x");
  const char *begin = text.data() + at + (hexadecimal ? 3 : 2), *end = text.data() + text.size();
  std::uint32_t code = 0;
  const auto [after, error] = std::from_chars(begin, end, code, hexadecimal ? 16 : 10);
  return error == std::errc() && after != end && *after == ';' && is_xml_character(code);
}

/// What is wrong with a text byte by byte, before it is parsed. What the parser itself refuses may pass.
class Scan {
 public:
  Scan(const std::string& text, const std::string& where) : text_(text), where_(where) {}

  void run() {
    for (std::size_t at = 0; at < text_.size();) {
      if (is_of_number(text_[at])) {
        ++at;
        continue;
      }
      const auto [code, bytes] = character_at(text_, at);
      if (bytes == 0) refuse("is not UTF-8", at);
      if (!is_xml_character(code)) refuse("holds a character that XML does not", at);
      if (at >= comment_end_) see(text_[at], at);
      at += bytes;
    }
  }

 private:
  /// Most of a file is numbers, in which nothing is wrong here. A digit, a sign, the point, and what is
  /// beside.
  static bool is_of_number(char letter) {
    return (letter >= '(' && letter <= ';') || letter == ' ' || letter == '\n';
  }

  void see(char letter, std::size_t at) {
    if (letter == '&' && !is_reference(text_, at)) refuse("holds a '&' that begins no reference", at);
    if (letter == '<' && in_tag_) refuse("holds a '<' within a tag", at);
    if (letter == '<' && stands_at(text_, at, "<!--")) return skip_comment(at);
    if (letter == '<') in_tag_ = true;
    if (!in_tag_) return;
    if (quote_ == 0 && letter == '>') in_tag_ = false;
    if (letter == quote_)
      quote_ = 0;
    else if (quote_ == 0 && (letter == '"' || letter == '\''))
      quote_ = letter;
  }

  void skip_comment(std::size_t at) {
    comment_end_ = text_.find("--", at + 4);
    if (comment_end_ == std::string::npos) return;
    comment_end_ += 2;
    if (!stands_at(text_, comment_end_, ">")) refuse("holds '--' within a comment", comment_end_);
  }

  [[noreturn]] void refuse(const std::string& what, std::size_t at) const {
    throw FileError(where_ + " " + what + " at byte " + std::to_string(at));
  }

  const std::string &text_, &where_;
  std::size_t comment_end_ = 0;
  bool in_tag_ = false;
  char quote_ = 0;  // the one that a value began with and that ends it
};

/// A declaration such as <?xml version="1.0" encoding="UTF-8"?>.
void check_declaration(const pugi::xml_node& declaration, const std::string& where) {
  const auto place = where + ": <?xml>";
  check_attributes(declaration, {"version", "encoding", "standalone"}, place);
  if (required(declaration, "version", place) != "1.0")
    throw FileError(place + " has another version than '1.0'");
  const std::string encoding = declaration.attribute("encoding").as_string("UTF-8");
  if (lower_case(encoding) != "utf-8")
    throw FileError(place + " has encoding " + shown(encoding) + ", which is not UTF-8");
  const std::string standalone = declaration.attribute("standalone").as_string("no");
  if (standalone != "yes" && standalone != "no")
    throw FileError(place + " has standalone " + shown(standalone) + ", which is neither yes nor no");
}

struct TextWriter : pugi::xml_writer {
  std::string text;
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
};

}  // namespace

pugi::xml_node parse_strictly(std::string& text, pugi::xml_document& document, const std::string& where) {
  Scan(text, where).run();
  const auto start = stands_at(text, 0, byte_order_mark) ? byte_order_mark.size() : 0;
  const bool declared = text.compare(start, 5, "<?xml") == 0;
  // Everything becomes a node, text beside the root too, so that nothing is passed over.
  constexpr auto all = pugi::parse_full | pugi::parse_fragment;
  // With the zero behind the text: the parser writes one over the last byte that it gets.
  const auto parsed = document.load_buffer_inplace(text.data(), text.size() + 1, all, pugi::encoding_utf8);
  if (parsed.status == pugi::status_out_of_memory) throw std::bad_alloc();
  if (!parsed)
    throw FileError(where + ": " + parsed.description() +
                    (parsed.offset > 0 ? " at byte " + std::to_string(parsed.offset) : ""));
  pugi::xml_node root;
  for (const auto& node : document.children()) {
    const auto type = node.type();
    if (type == pugi::node_comment) continue;
    if (type == pugi::node_declaration && declared && node == document.first_child())
      check_declaration(node, where);
    else if (type == pugi::node_element && !root)
      root = node;
    else if (type == pugi::node_element)
      throw FileError(where + " holds a second root, <" + in_one_line(node.name()) + ">");
    else if (type == pugi::node_pcdata || type == pugi::node_cdata)
      throw FileError(where + " holds text outside of its elements");
    else
      throw FileError(where + " holds a declaration, document type or instruction that it may not");
  }
  if (!root) throw FileError(where + " holds no element");
  return root;
}

std::string required(const pugi::xml_node& node, const char* attribute, const std::string& where) {
  const auto found = node.attribute(attribute);
  if (!found) throw FileError(where + " has no " + attribute);
  return found.value();
}

void check_attributes(const pugi::xml_node& node, std::initializer_list<std::string> allowed,
                      const std::string& where) {
  for (auto attribute = node.first_attribute(); attribute; attribute = attribute.next_attribute()) {
    const std::string name = attribute.name();
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      throw FileError(where + " has an attribute " + in_one_line(name) + ", which means nothing there");
    if (node.attribute(attribute.name()) != attribute)
      throw FileError(where + " has " + in_one_line(name) + " twice");
  }
}

std::string xml_text(const pugi::xml_document& document, unsigned format) {
  TextWriter writer;
  document.save(writer, "  ", format, pugi::encoding_utf8);
  return std::move(writer.text);
}

}  // namespace reel
