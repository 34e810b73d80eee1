#include <reel/files.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>
#include <pugixml.hpp>

namespace reel {

namespace {

constexpr int format_version = 1;

std::string extents_text(const Shape& shape) {
  std::string text;
  for (auto extent : shape) text += (text.empty() ? "" : " ") + std::to_string(extent);
  return text;
}

/// Rows and columns under which a parameter is written.
std::pair<std::int64_t, std::int64_t> matrix_extents(const Shape& shape) {
  if (shape.rank() == 0) return {1, 1};
  if (shape.rank() == 1) return {shape[0], 1};
  const auto columns = shape[shape.rank() - 1];
  return {columns == 0 ? 0 : shape.size() / columns, columns};
}

/// "cell/forget/weight" -> {"cell/forget", "weight"}
std::pair<std::string, std::string> split_name(const std::string& name) {
  const auto slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

template <class T>
std::string numbers_text(const T* values, std::int64_t count, std::int64_t columns) {
  constexpr int digits = std::is_same_v<T, float> ? 9 : 17;
  std::string text = "\n";
  char number[64];
  for (std::int64_t i = 0; i < count; ++i) {
    const auto end =
        std::to_chars(number, number + sizeof number, values[i], std::chars_format::general, digits).ptr;
    text.append(number, end);
    text += columns > 0 && (i + 1) % columns == 0 ? '\n' : ' ';
  }
  return text;
}

/// Reads the numbers of one matrix. Throws FileError naming the first bad one.
template <class T>
void read_numbers(const std::string& where, const char* text, T* values, std::int64_t count) {
  const char* end = text + std::char_traits<char>::length(text);
  const auto skip_space = [&] {
    while (text < end && (*text == ' ' || *text == '\n' || *text == '\t' || *text == '\r')) ++text;
  };
  for (std::int64_t i = 0; i < count; ++i) {
    skip_space();
    if (text == end)
      throw FileError(where + " holds " + std::to_string(i) + " numbers and needs " + std::to_string(count));
    const auto [after, error] = std::from_chars(text, end, values[i]);
    const bool whole = after == end || *after == ' ' || *after == '\n' || *after == '\t' || *after == '\r';
    if (error != std::errc() || !whole) {
      std::string word(text, std::min<std::ptrdiff_t>(end - text, 24));
      throw FileError(where + " holds a bad number at position " + std::to_string(i) + ": '" +
                      word.substr(0, word.find_first_of(" \n\t\r")) + "'");
    }
    text = after;
  }
  skip_space();
  if (text != end) throw FileError(where + " holds more than its " + std::to_string(count) + " numbers");
}

void expect(const std::string& where, const pugi::xml_node& matrix, const char* attribute,
            const std::string& wanted) {
  const auto found = matrix.attribute(attribute);
  if (!found) throw FileError(where + " has no " + attribute + " and must have '" + wanted + "'");
  if (found.value() != wanted)
    throw FileError(where + " has " + attribute + " '" + found.value() + "' and must have '" + wanted + "'");
}

/// The value of one matrix, in the type of `parameter`.
Array read_matrix(const std::string& where, const pugi::xml_node& matrix, const Parameter& parameter) {
  const auto& type = parameter.value().type();
  const auto [rows, columns] = matrix_extents(type.shape);
  expect(where, matrix, "Rows", std::to_string(rows));
  expect(where, matrix, "Columns", std::to_string(columns));
  const int rank = type.shape.rank();
  if (matrix.attribute("Shape") || (rank != 1 && rank != 2))
    expect(where, matrix, "Shape", extents_text(type.shape));
  const std::string element = matrix.attribute("Type").value();
  const auto content = matrix.first_child();
  if (content && (content.type() != pugi::node_pcdata || content.next_sibling()))
    throw FileError(where + " holds something other than numbers");
  const char* numbers = content.value();
  if (element == name_of(ElementType::float32)) {
    Array value(type.shape, ElementType::float32);
    read_numbers(where, numbers, value.data<float>(), value.size());
    return value.cast(type.element);
  }
  expect(where, matrix, "Type", name_of(type.element));
  Array value(type);
  read_numbers(where, numbers, value.data<double>(), value.size());
  return value;
}

}  // namespace

void write_whole(const std::string& path, const std::string& text) {
  const auto temporary = path + ".tmp";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) throw FileError("[save] cannot write " + temporary);
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(file, text.data() + written, text.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  // On disk before it is renamed, so that not even a power failure leaves half a file under the name.
  const bool complete = written == text.size() && ::fsync(file) == 0;
  const bool closed = ::close(file) == 0;
  if (!complete || !closed || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    throw FileError("[save] cannot write " + path);
  }
}

void save(const Model& model, const std::string& path) {
  pugi::xml_document document;
  auto root = document.append_child("Model");
  root.append_attribute("Format").set_value(format_version);
  std::map<std::string, pugi::xml_node> layers;
  for (const auto& parameter : model.parameters()) {
    const auto [scope, name] = split_name(parameter.name());
    auto& layer = layers[scope];
    if (!layer) {
      layer = root.append_child("Layer");
      layer.append_attribute("Name").set_value(scope.c_str());
    }
    const auto& value = parameter.value();
    const auto [rows, columns] = matrix_extents(value.shape());
    auto matrix = layer.append_child("Matrix");
    matrix.append_attribute("Name").set_value(name.c_str());
    matrix.append_attribute("Type").set_value(name_of(value.element()));
    matrix.append_attribute("Rows").set_value(static_cast<long long>(rows));
    matrix.append_attribute("Columns").set_value(static_cast<long long>(columns));
    const int rank = value.shape().rank();
    if (rank != 1 && rank != 2)
      matrix.append_attribute("Shape").set_value(extents_text(value.shape()).c_str());
    const auto text = value.element() == ElementType::float32
                          ? numbers_text(value.data<float>(), value.size(), columns)
                          : numbers_text(value.data<double>(), value.size(), columns);
    matrix.text().set(text.c_str());
  }
  std::ostringstream out;
  document.save(out, "  ");
  write_whole(path, out.str());
}

void load(Model& model, const std::string& path) {
  // The parser would ask for as much memory as a directory says it is long.
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) throw FileError("[load] " + path + " is a directory");
  pugi::xml_document document;
  const auto parsed = document.load_file(path.c_str());
  if (!parsed)
    throw FileError("[load] " + path + ": " + parsed.description() +
                    (parsed.offset > 0 ? " at byte " + std::to_string(parsed.offset) : ""));
  const auto root = document.child("Model");
  if (!root) throw FileError("[load] " + path + " holds no <Model>");
  if (root.attribute("Format").as_int() != format_version)
    throw FileError("[load] " + path + " has Format '" + root.attribute("Format").value() +
                    "'; this version reads " + std::to_string(format_version));

  std::map<std::string, Parameter> wanted;
  for (const auto& parameter : model.parameters()) wanted[parameter.name()] = parameter;
  std::vector<std::pair<Parameter, Array>> values;
  std::set<std::string> seen;
  const auto is_element = [&](const pugi::xml_node& node, const std::string& wanted) {
    if (node.type() != pugi::node_element) return false;
    if (node.name() != wanted)
      throw FileError("[load] " + path + ": <" + node.name() + "> stands where only <" + wanted + "> may");
    return true;
  };
  for (const auto& layer : root.children()) {
    if (!is_element(layer, "Layer")) continue;
    for (const auto& matrix : layer.children()) {
      if (!is_element(matrix, "Matrix")) continue;
      const std::string scope = layer.attribute("Name").value(), name = matrix.attribute("Name").value();
      const auto full_name = scope.empty() ? name : scope + "/" + name;
      const auto where = "[load] " + path + ": matrix " + full_name;
      if (!seen.insert(full_name).second) throw FileError(where + " stands there twice");
      const auto found = wanted.find(full_name);
      if (found == wanted.end()) throw FileError(where + " is no parameter of the model");
      values.emplace_back(found->second, read_matrix(where, matrix, found->second));
    }
  }
  for (const auto& [name, parameter] : wanted)
    if (!seen.count(name)) throw FileError("[load] " + path + ": matrix " + name + " is missing");
  // Everything has been read: nothing can fail from here on.
  for (const auto& [parameter, value] : values) parameter.assign(value);
}

}  // namespace reel
