#include <reel/characters.h>
#include <reel/safetensors.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "exchange/safetensors_header.h"
#include "exchange/safetensors_types.h"

namespace reel {

namespace {

using Kind = HeaderValue::Kind;

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

/// Numbers of 0 or more that an unsigned integer holds. Throws FileError for anything else.
std::vector<std::uint64_t> read_counts(const HeaderValue& entry, const std::string& key,
                                       const std::string& where) {
  const auto* found = entry.find(key);
  if (!found || found->kind != Kind::list) throw FileError(where + " has no list " + key);
  std::vector<std::uint64_t> counts;
  for (const auto& count : found->values) {
    if (count.kind != Kind::count)
      throw FileError(where + ": in " + key + " stands " + in_one_line(count.text) + ", which is no count");
    counts.push_back(count.count);
  }
  return counts;
}

Shape read_shape(const HeaderValue& entry, ElementType element, const std::string& where) {
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

Entry read_entry(const HeaderValue& entry, const std::string& file) {
  const auto where = file + ": tensor " + shown(entry.name);
  if (entry.kind != Kind::object) throw FileError(where + " is no object");
  for (const auto& item : entry.values)
    if (item.name != "dtype" && item.name != "shape" && item.name != "data_offsets")
      throw FileError(where + " has " + shown(item.name) + ", which means nothing there");
  const auto* type = entry.find("dtype");
  if (!type || type->kind != Kind::text) throw FileError(where + " has no dtype");
  const auto stored = stored_type(type->text);
  if (!stored)
    throw FileError(where + " is of type " + in_one_line(type->text) + ", which Reel does not read");
  const auto shape = read_shape(entry, stored->element, where);
  const auto offsets = read_counts(entry, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    throw FileError(where + ": data_offsets are a beginning and an end");
  if (offsets[1] - offsets[0] != static_cast<std::uint64_t>(shape.size()) * stored->bytes)
    throw FileError(where + " has " + std::to_string(offsets[1] - offsets[0]) + " bytes for shape " +
                    to_string(shape) + " of " + type->text);
  return {entry.name, *stored, shape, offsets[0], offsets[1]};
}

/// Throws FileError unless the entries' bytes are all of `size`, one behind the other.
void check_cover(std::vector<Entry>& entries, std::uint64_t size, const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const auto& entry : entries) {
    const auto text = where + ": tensor " + shown(entry.name);
    if (entry.end > size)
      throw FileError(text + " ends at byte " + std::to_string(entry.end) + " of " + std::to_string(size));
    if (entry.begin != end)
      throw FileError(text + (entry.begin < end ? " overlaps the one before" : " leaves a gap before it"));
    end = entry.end;
  }
  if (end != size)
    throw FileError(where + " goes on for " + std::to_string(size - end) + " bytes behind its tensors");
}

std::map<std::string, std::string> read_texts(const HeaderValue& object, const std::string& where) {
  if (object.kind != Kind::object) throw FileError(where + ": __metadata__ is no object");
  std::map<std::string, std::string> texts;
  for (const auto& item : object.values) {
    if (item.kind != Kind::text)
      throw FileError(where + ": __metadata__ " + shown(item.name) + " is no text");
    texts[item.name] = item.text;
  }
  return texts;
}

Array read_array(const Entry& entry, const char* data, const std::string& where) {
  Array array(entry.shape, entry.stored.element);
  if (!entry.stored.read(data + entry.begin, array.size(), array))
    throw FileError(where + ": tensor " + shown(entry.name) + " holds a byte that is neither 0 nor 1");
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

/// "[2,3]"
template <class Numbers>
std::string list_text(const Numbers& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return "[" + text + "]";
}

std::string texts_text(const std::map<std::string, std::string>& texts, const std::string& where) {
  std::string text;
  for (const auto& [name, value] : texts)
    text += (text.empty() ? "" : ",") + quoted_text(name, where) + ":" +
            quoted_text(value, where + ": the text " + shown(name));
  return "{" + text + "}";
}

/// Put together of texts, for the reason that HeaderReader has not to make the library's own values.
std::string header_text(const Safetensors& content, const std::string& where) {
  std::string text = "{";
  if (!content.texts.empty()) text += quoted_text(texts_name, where) + ":" + texts_text(content.texts, where);
  std::uint64_t end = 0;
  for (const auto* item : in_file_order(content)) {
    const auto& [name, array] = *item;
    if (name == texts_name) throw FileError(where + ": no tensor is called " + name);
    const auto begin = end;
    end += array.bytes();
    text += (text.size() > 1 ? "," : "") + quoted_text(name, where) + R"(:{"dtype":")" +
            stored_name(array.element()) + R"(","shape":)" + list_text(array.shape()) +
            R"(,"data_offsets":)" + list_text(std::vector{begin, end}) + "}";
  }
  text += "}";
  text.resize((text.size() + length_bytes - 1) / length_bytes * length_bytes, ' ');
  return text;
}

std::string bytes_of(const Safetensors& content, const std::string& where) {
  const auto header = header_text(content, where);
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), length_bytes);
  bytes += header;
  for (const auto* item : in_file_order(content))
    bytes.append(static_cast<const char*>(item->second.raw()), item->second.bytes());
  return bytes;
}

Safetensors parse(const std::string& bytes, const std::string& where) {
  const auto length = header_length(bytes, where);
  const auto header = parse_header(bytes.data() + length_bytes, length, where);
  Safetensors content;
  std::vector<Entry> entries;
  for (const auto& item : header.values) {
    if (item.name == texts_name)
      content.texts = read_texts(item, where);
    else
      entries.push_back(read_entry(item, where));
  }
  const auto data = length_bytes + length;
  check_cover(entries, bytes.size() - data, where);
  for (const auto& entry : entries)
    content.arrays.emplace(entry.name, read_array(entry, bytes.data() + data, where));
  return content;
}

}  // namespace

void write_safetensors(const std::string& path, const Safetensors& content) {
  write_whole(path, format_safetensors(content, "[write_safetensors] " + path), "write_safetensors");
}

std::string format_safetensors(const Safetensors& content, const std::string& where) {
  return needing_memory_for(where, [&] { return bytes_of(content, where); });
}

Safetensors parse_safetensors(const std::string& bytes, const std::string& where) {
  return needing_memory_for(where, [&] { return parse(bytes, where); });
}

Safetensors read_safetensors(const std::string& path) {
  return parse_safetensors(read_bytes(path, "read_safetensors"), "[read_safetensors] " + path);
}

}  // namespace reel
