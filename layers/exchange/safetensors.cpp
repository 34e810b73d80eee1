#include <reel/safetensors.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "exchange/safetensors_types.h"

namespace reel {

namespace {

using Json = nlohmann::json;

constexpr std::size_t length_bytes = 8;              // of the header's length, which begins the file
constexpr std::uint64_t longest_header = 100000000;  // as the format's own reader has it
const std::string texts_name = "__metadata__";

/// One tensor of a header. Its bytes are [begin, end) of those after the header.
struct Entry {
  std::string name;
  StoredType stored;
  Shape shape;
  std::uint64_t begin, end;
};

/// Reads JSON through and refuses what a parsed object would hide, names that stand there twice, and what
/// would take much memory before it is found to be none: what nests deeper than any header, and long lists.
/// Syntax errors are left to the parser. (Its own callback takes time that grows with the square of a
/// header.)
class HeaderCheck : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderCheck(const std::string& where) : where_(where) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().names.insert(name).second)
      throw FileError(where_ + ": '" + name + "' stands twice in its header");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  /// An object or a list that is not at its end.
  struct Open {
    std::set<std::string> names;
    int values = 0;
  };

  bool open() {
    constexpr std::size_t deepest = 3;  // the header, a tensor in it, its shape
    count();
    if (open_.size() == deepest) throw FileError(where_ + ": its header nests too deep");
    open_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool count() {
    constexpr int most = 1000;
    const bool is_list = !open_.empty() && open_.back().names.empty();
    if (is_list && ++open_.back().values > most)
      throw FileError(where_ + ": its header has a list of more than " + std::to_string(most) + " values");
    return true;
  }

  const std::string& where_;
  std::vector<Open> open_;
};

/// The header's length, checked against what there is.
std::uint64_t header_length(const std::string& bytes, const std::string& where) {
  if (bytes.size() < length_bytes) throw FileError(where + " is no safetensors file: it is cut off");
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), length_bytes);
  if (length > longest_header || length > bytes.size() - length_bytes)
    throw FileError(where + " is no safetensors file, or cut off: its header would have " +
                    std::to_string(length) + " bytes");
  return length;
}

Json parse_header(const std::string& bytes, std::uint64_t length, const std::string& where) {
  const auto* text = bytes.data() + length_bytes;
  // The library would take it for the end, and not see what stands behind it.
  if (std::find(text, text + length, '\0') != text + length)
    throw FileError(where + ": its header is no JSON: it holds a zero byte");
  try {
    HeaderCheck check(where);
    Json::sax_parse(text, text + length, &check);
    auto header = Json::parse(text, text + length);
    if (length == 0 || text[0] != '{' || !header.is_object())
      throw FileError(where + ": its header is no JSON object");
    return header;
  } catch (const Json::exception& error) {
    throw FileError(where + ": its header is no JSON: " + error.what());
  }
}

/// Numbers of 0 or more that an unsigned integer holds. Throws FileError for anything else.
std::vector<std::uint64_t> read_counts(const Json& entry, const char* key, const std::string& where) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) throw FileError(where + " has no list " + key);
  std::vector<std::uint64_t> counts;
  for (const auto& count : *found) {
    if (!count.is_number_unsigned())
      throw FileError(where + ": in " + key + " stands " +
                      count.dump(-1, ' ', true, Json::error_handler_t::replace) + ", which is no count");
    counts.push_back(count.get<std::uint64_t>());
  }
  return counts;
}

Shape read_shape(const Json& entry, ElementType element, const std::string& where) {
  const auto counts = read_counts(entry, "shape", where);
  std::vector<std::int64_t> extents;
  for (const auto count : counts) {
    if (count > static_cast<std::uint64_t>(most_bytes))
      throw FileError(where + " has an extent of " + std::to_string(count));
    extents.push_back(static_cast<std::int64_t>(count));
  }
  try {
    const Shape shape(extents);
    if (!is_addressable({element, shape})) throw FileError(where + " is larger than any memory");
    return shape;
  } catch (const RecordError& broken) {
    throw FileError(where + ": " + broken.rule());
  }
}

Entry read_entry(const std::string& name, const Json& entry, const std::string& file) {
  const auto where = file + ": tensor '" + name + "'";
  if (!entry.is_object()) throw FileError(where + " is no object");
  for (const auto& item : entry.items())
    if (item.key() != "dtype" && item.key() != "shape" && item.key() != "data_offsets")
      throw FileError(where + " has '" + item.key() + "', which means nothing there");
  const auto type = entry.find("dtype");
  if (type == entry.end() || !type->is_string()) throw FileError(where + " has no dtype");
  const auto stored = stored_type(type->get<std::string>());
  if (!stored)
    throw FileError(where + " is of type " + type->get<std::string>() + ", which Reel does not read");
  const auto shape = read_shape(entry, stored->element, where);
  const auto offsets = read_counts(entry, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    throw FileError(where + ": data_offsets are a beginning and an end");
  if (offsets[1] - offsets[0] != static_cast<std::uint64_t>(shape.size()) * stored->bytes)
    throw FileError(where + " has " + std::to_string(offsets[1] - offsets[0]) + " bytes for shape " +
                    to_string(shape) + " of " + type->get<std::string>());
  return {name, *stored, shape, offsets[0], offsets[1]};
}

/// Throws FileError unless the entries' bytes are all of `size`, one behind the other.
void check_cover(std::vector<Entry>& entries, std::uint64_t size, const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const auto& entry : entries) {
    const auto text = where + ": tensor '" + entry.name + "'";
    if (entry.end > size)
      throw FileError(text + " ends at byte " + std::to_string(entry.end) + " of " + std::to_string(size));
    if (entry.begin != end)
      throw FileError(text + (entry.begin < end ? " overlaps the one before" : " leaves a gap before it"));
    end = entry.end;
  }
  if (end != size)
    throw FileError(where + " goes on for " + std::to_string(size - end) + " bytes behind its tensors");
}

std::map<std::string, std::string> read_texts(const Json& object, const std::string& where) {
  if (!object.is_object()) throw FileError(where + ": __metadata__ is no object");
  std::map<std::string, std::string> texts;
  for (const auto& item : object.items()) {
    if (!item.value().is_string()) throw FileError(where + ": __metadata__ '" + item.key() + "' is no text");
    texts[item.key()] = item.value().get<std::string>();
  }
  return texts;
}

Array read_array(const Entry& entry, const char* data, const std::string& where) {
  Array array(entry.shape, entry.stored.element);
  if (!entry.stored.read(data + entry.begin, array.size(), array))
    throw FileError(where + ": tensor '" + entry.name + "' holds a byte that is neither 0 nor 1");
  return array;
}

/// The longest elements first, so that each array begins at a multiple of its elements' size.
std::vector<const std::pair<const std::string, Array>*> in_file_order(const Safetensors& content) {
  std::vector<const std::pair<const std::string, Array>*> order;
  for (const auto& item : content.arrays) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return size_of(a->second.element()) > size_of(b->second.element());
  });
  return order;
}

std::string header_text(const Safetensors& content, const std::string& path) {
  auto header = nlohmann::ordered_json::object();
  if (!content.texts.empty()) header[texts_name] = content.texts;
  std::uint64_t end = 0;
  for (const auto* item : in_file_order(content)) {
    const auto& [name, array] = *item;
    if (name == texts_name) throw FileError("[write_safetensors] " + path + ": no tensor is called " + name);
    const auto begin = end;
    end += array.bytes();
    header[name] = {{"dtype", stored_name(array.element())},
                    {"shape", array.shape().extents()},
                    {"data_offsets", {begin, end}}};
  }
  try {
    auto text = header.dump();
    text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
    return text;
  } catch (const Json::exception& error) {
    throw FileError("[write_safetensors] " + path + ": " + error.what());
  }
}

std::string bytes_of(const Safetensors& content, const std::string& path) {
  const auto header = header_text(content, path);
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), length_bytes);
  bytes += header;
  for (const auto* item : in_file_order(content))
    bytes.append(static_cast<const char*>(item->second.raw()), item->second.bytes());
  return bytes;
}

}  // namespace

void write_safetensors(const std::string& path, const Safetensors& content) {
  needing_memory([&] { write_whole(path, bytes_of(content, path)); },
                 [&] { return "[write_safetensors] " + path + ": the memory to write it is not to be had"; });
}

Safetensors parse_safetensors(const std::string& bytes, const std::string& where) {
  const auto length = header_length(bytes, where);
  const auto header = parse_header(bytes, length, where);
  Safetensors content;
  std::vector<Entry> entries;
  for (const auto& item : header.items()) {
    if (item.key() == texts_name)
      content.texts = read_texts(item.value(), where);
    else
      entries.push_back(read_entry(item.key(), item.value(), where));
  }
  const auto data = length_bytes + length;
  check_cover(entries, bytes.size() - data, where);
  for (const auto& entry : entries)
    content.arrays.emplace(entry.name, read_array(entry, bytes.data() + data, where));
  return content;
}

Safetensors read_safetensors(const std::string& path) {
  const auto where = "[read_safetensors] " + path;
  return needing_memory([&] { return parse_safetensors(read_bytes(path), where); },
                        [&] { return where + ": the memory to read it is not to be had"; });
}

}  // namespace reel
