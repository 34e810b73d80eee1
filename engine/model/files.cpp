#include <reel/characters.h>
#include <reel/files.h>
#include <reel/parse_number.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include <reel/strict_xml.h>

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
  if (shape.rank() == 2) return {shape[0], shape[1]};
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

/// Whether a number is spelled as numbers_text() may spell one: parse_number() also takes "+1", "1.", ".5"
/// and "infinity".
bool is_spelled_out(std::string_view number) {
  if (number[0] == '-') number.remove_prefix(1);
  if (number == "inf" || number == "nan") return true;
  const auto is_digit_at = [&](std::size_t at) {
    return at < number.size() && number[at] >= '0' && number[at] <= '9';
  };
  const auto point = number.find('.');
  return is_digit_at(0) && (point == number.npos || is_digit_at(point + 1));
}

/// Reads the numbers of one matrix. Throws FileError naming the first bad one.
template <class T>
void read_numbers(const std::string& where, std::string_view text, T* values, std::int64_t count) {
  const auto is_space = [](char letter) {
    return letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r';
  };
  const auto length_until = [&](const auto* end) { return static_cast<std::size_t>(end - text.begin()); };
  const auto skip_space = [&] {
    text.remove_prefix(length_until(std::find_if_not(text.begin(), text.end(), is_space)));
  };
  for (std::int64_t i = 0; i < count; ++i) {
    skip_space();
    if (text.empty())
      throw FileError(where + " holds " + std::to_string(i) + " numbers and needs " + std::to_string(count));
    const auto word = text.substr(0, length_until(std::find_if(text.begin(), text.end(), is_space)));
    const auto value = parse_number<T>(word);
    if (!value || !is_spelled_out(word))
      throw FileError(where + " holds a bad number at position " + std::to_string(i) + ": " +
                      shown(std::string(word)));
    values[i] = *value;
    text.remove_prefix(word.size());
  }
  skip_space();
  if (!text.empty()) throw FileError(where + " holds more than its " + std::to_string(count) + " numbers");
}

void expect(const std::string& where, const pugi::xml_node& matrix, const char* attribute,
            const std::string& wanted) {
  const auto found = matrix.attribute(attribute);
  if (!found) throw FileError(where + " has no " + attribute + " and must have '" + wanted + "'");
  if (found.value() != wanted)
    throw FileError(where + " has " + attribute + " " + shown(found.value()) + " and must have '" + wanted +
                    "'");
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

/// The elements in `parent`, all of which must be <wanted>; comments may stand among them.
std::vector<pugi::xml_node> elements(const pugi::xml_node& parent, const std::string& wanted,
                                     const std::string& where) {
  std::vector<pugi::xml_node> found;
  for (const auto& node : parent.children()) {
    if (node.type() == pugi::node_comment) continue;
    if (node.type() != pugi::node_element)
      throw FileError(where + ": in <" + parent.name() + "> stands something other than <" + wanted + ">");
    if (node.name() != wanted)
      throw FileError(where + ": <" + in_one_line(node.name()) + "> stands where only <" + wanted + "> may");
    found.push_back(node);
  }
  return found;
}

void check_root(const pugi::xml_node& root, const std::string& where) {
  if (std::string(root.name()) != "Model") throw FileError(where + " holds no <Model>");
  check_attributes(root, {"Format"}, where + ": <Model>");
  const std::string format = root.attribute("Format").value();
  if (format != std::to_string(format_version))
    throw FileError(where + " has Format " + shown(format) + "; this version reads " +
                    std::to_string(format_version));
}

using Values = std::vector<std::pair<Parameter, Array>>;

/// What a file has of the parameters that are chosen.
Values read_values(PartChoice& choice, const pugi::xml_node& root, const std::string& where) {
  Values values;
  std::set<std::string> seen, layers;
  for (const auto& layer : elements(root, "Layer", where)) {
    check_attributes(layer, {"Name"}, where + ": <Layer>");
    const auto scope = required(layer, "Name", where + ": <Layer>");
    if (!layers.insert(scope).second)
      throw FileError(where + ": layer " + in_one_line(scope) + " stands there twice");
    const auto matrices = elements(layer, "Matrix", where);
    if (matrices.empty()) throw FileError(where + ": layer " + in_one_line(scope) + " holds no <Matrix>");
    for (const auto& matrix : matrices) {
      const auto name = required(matrix, "Name", where + ": <Matrix>");
      const auto full_name = scope.empty() ? name : scope + "/" + name;
      const auto place = where + ": matrix " + in_one_line(full_name);
      check_attributes(matrix, {"Name", "Type", "Rows", "Columns", "Shape"}, place);
      if (split_name(full_name).second != name)
        throw FileError(place + " stands in layer " + shown(scope) + ", which is not its own");
      if (!seen.insert(full_name).second) throw FileError(place + " stands there twice");
      if (const auto parameter = choice.wants(full_name))
        values.emplace_back(*parameter, read_matrix(place, matrix, *parameter));
    }
  }
  return values;
}

/// Throws FileError unless the file and the model hold the same names.
void check_whole(const LoadReport& report, const std::string& where) {
  if (!report.not_in_model.empty())
    throw FileError(where + ": matrix " + in_one_line(report.not_in_model[0]) +
                    " is no parameter of the model");
  if (!report.kept.empty()) throw FileError(where + ": matrix " + report.kept[0] + " is missing");
}

/// The two throw std::bad_alloc, where the library says no more than false and would leave something out.
void add_attribute(pugi::xml_node& node, const char* name, const std::string& value) {
  if (!node.append_attribute(name).set_value(value.c_str())) throw std::bad_alloc();
}
void add_text(pugi::xml_node& node, const std::string& text) {
  if (!node.text().set(text.c_str())) throw std::bad_alloc();
}

void add_matrix(pugi::xml_node& layer, const std::string& name, const Array& value) {
  const auto [rows, columns] = matrix_extents(value.shape());
  auto matrix = layer.append_child("Matrix");
  add_attribute(matrix, "Name", name);
  add_attribute(matrix, "Type", name_of(value.element()));
  add_attribute(matrix, "Rows", std::to_string(rows));
  add_attribute(matrix, "Columns", std::to_string(columns));
  const int rank = value.shape().rank();
  if (rank != 1 && rank != 2) add_attribute(matrix, "Shape", extents_text(value.shape()));
  add_text(matrix, value.element() == ElementType::float32
                       ? numbers_text(value.data<float>(), value.size(), columns)
                       : numbers_text(value.data<double>(), value.size(), columns));
}

/// The whole file of a model.
std::string text_of(const Model& model) {
  pugi::xml_document document;
  auto root = document.append_child("Model");
  add_attribute(root, "Format", std::to_string(format_version));
  std::map<std::string, pugi::xml_node> layers;
  for (const auto& parameter : model.parameters()) {
    const auto [scope, name] = split_name(parameter.name());
    auto& layer = layers[scope];
    if (!layer) {
      layer = root.append_child("Layer");
      add_attribute(layer, "Name", scope);
    }
    add_matrix(layer, name, parameter.value());
  }
  return xml_text(document);
}

Values read_chosen(PartChoice& choice, const std::string& path) {
  const auto where = "[load] " + path;
  return needing_memory_for(where, [&] {
    auto text = read_whole(path);
    pugi::xml_document document;
    const auto root = parse_strictly(text, document, where);
    check_root(root, where);
    return read_values(choice, root, where);
  });
}

}  // namespace

void save(const Model& model, const std::string& path) {
  needing_memory_for("[save] " + path, [&] { write_whole(path, text_of(model)); });
}

void load(Model& model, const std::string& path) {
  const auto where = "[load] " + path;
  PartChoice all(model, {}, where);
  const auto values = read_chosen(all, path);
  check_whole(all.report(), where);
  // Everything has been read: nothing can fail from here on.
  for (const auto& [parameter, value] : values) parameter.assign(value);
}

LoadReport load(Model& model, const std::string& path, const Part& part) {
  PartChoice choice(model, part, "[load] " + path);
  const auto values = read_chosen(choice, path);
  choice.check_patterns();
  auto report = choice.report();
  for (const auto& [parameter, value] : values) parameter.assign(value);
  return report;
}

}  // namespace reel
