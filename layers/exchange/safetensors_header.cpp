#include "exchange/safetensors_header.h"

#include <reel/characters.h>
#include <reel/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace reel {

namespace {

using Json = nlohmann::json;
using Kind = HeaderValue::Kind;

/// Makes a value of what the library reads. Not of the library's own values: those hide names that stand
/// there twice, and ask for memory where they are destroyed, which ends the program where there is none. What
/// would take much memory before it is found to be no header is refused at once: deep nests and long lists.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& where) : where_(where) {}

  bool null() override { return add(Kind::other, "null"); }
  bool boolean(bool value) override { return add(Kind::other, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return add(Kind::other, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    return add(Kind::count, std::to_string(value), value);
  }
  bool number_float(number_float_t, const string_t& text) override { return add(Kind::other, text); }
  bool string(string_t& text) override { return add(Kind::text, std::move(text)); }
  bool binary(binary_t&) override { return false; }  // no text holds one
  bool start_object(std::size_t) override { return open(Kind::object); }
  bool start_array(std::size_t) override { return open(Kind::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().names.insert(name).second)
      throw FileError(where_ + ": " + shown(name) + " stands twice in its header");
    name_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    throw FileError(where_ + ": its header is no JSON: " + in_one_line(error.what()));
  }

  HeaderValue header() { return std::move(root_); }

 private:
  /// An object or a list that is not at its end, and the names in it.
  struct Open {
    HeaderValue* value;
    std::set<std::string> names;
  };

  bool add(Kind kind, std::string text = {}, std::uint64_t count = 0);
  bool open(Kind kind);
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& where_;
  HeaderValue root_;
  std::string name_;  // of the value that comes next
  std::vector<Open> open_;
};

bool HeaderReader::add(Kind kind, std::string text, std::uint64_t count) {
  constexpr std::size_t most = 1000;
  HeaderValue value{kind, std::exchange(name_, {}), std::move(text), count, {}};
  if (open_.empty()) {
    root_ = std::move(value);
    return true;
  }
  auto& whole = *open_.back().value;
  if (whole.kind == Kind::list && whole.values.size() == most)
    throw FileError(where_ + ": its header has a list of more than " + std::to_string(most) + " values");
  whole.values.push_back(std::move(value));
  return true;
}

bool HeaderReader::open(Kind kind) {
  constexpr std::size_t deepest = 3;  // the header, a tensor in it, its shape
  if (open_.size() == deepest) throw FileError(where_ + ": its header nests too deep");
  add(kind);
  // It stays where it is: nothing is added to what it stands in while it is open.
  open_.push_back({open_.empty() ? &root_ : &open_.back().value->values.back(), {}});
  return true;
}

}  // namespace

const HeaderValue* HeaderValue::find(const std::string& wanted) const {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& value) { return value.name == wanted; });
  return found == values.end() ? nullptr : &*found;
}

HeaderValue parse_header(const char* text, std::size_t length, const std::string& where) {
  // The library would take it for the end, and not see what stands behind it.
  if (std::find(text, text + length, '\0') != text + length)
    throw FileError(where + ": its header is no JSON: it holds a zero byte");
  HeaderReader reader(where);
  Json::sax_parse(text, text + length, &reader);
  auto header = reader.header();
  if (text[0] != '{') throw FileError(where + ": its header is no JSON object");
  return header;
}

std::string quoted_text(const std::string& text, const std::string& where) {
  try {
    return Json(text).dump();
  } catch (const Json::exception& error) {
    throw FileError(where + ": " + in_one_line(error.what()));
  }
}

}  // namespace reel
