#include <fnmatch.h>
#include <reel/characters.h>
#include <reel/pytorch.h>
#include <reel/safetensors.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace reel {

namespace {

using Use = PyTorchPart::Use;

/// Rows and columns of a matrix exchanged.
template <class T>
Array transpose_of(const Array& matrix) {
  const auto rows = matrix.shape()[0], columns = matrix.shape()[1];
  Array turned({columns, rows}, matrix.element());
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      turned.data<T>()[c * rows + r] = matrix.data<T>()[r * columns + c];
  return turned;
}

Array transpose(const Array& matrix) {
  return with_type(matrix.element(), [&](auto zero) { return transpose_of<decltype(zero)>(matrix); });
}

/// The elements of two arrays of one floating type added up.
void add_to(Array& sum, const Array& term) {
  with_type(sum.element(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < sum.size(); ++i)
      sum.data<T>()[i] = static_cast<T>(sum.data<T>()[i] + term.data<T>()[i]);
  });
}

/// The rows of a tensor of which part number `part` is made.
Array rows_of(const PyTorchTensor& tensor, const Array& array, std::size_t part) {
  if (tensor.parts.size() == 1) return array;
  const auto count = tensor.shape[0] / static_cast<std::int64_t>(tensor.parts.size());
  Array rows(tensor.shape.with_extent(0, count), array.element());
  if (rows.bytes() > 0)
    std::memcpy(rows.raw(), static_cast<const std::byte*>(array.raw()) + part * rows.bytes(), rows.bytes());
  return rows;
}

/// A tensor of a file in the model's type. Throws FileError where it is missing or another.
Array tensor_in(const Safetensors& file, const PyTorchTensor& tensor, ElementType element,
                const std::string& where) {
  const auto found = file.arrays.find(tensor.name);
  if (found == file.arrays.end()) throw FileError(where + ": tensor " + tensor.name + " is missing");
  const auto& array = found->second;
  if (array.shape() != tensor.shape)
    throw FileError(where + ": tensor " + tensor.name + " has shape " + to_string(array.shape()) +
                    " and must have " + to_string(tensor.shape));
  const bool fits =
      array.element() == element || (array.element() == ElementType::float32 && is_floating(element));
  if (!fits)
    throw FileError(where + ": tensor " + tensor.name + " is " + name_of(array.element()) +
                    ", and the model " + name_of(element));
  return array.cast(element);
}

ElementType element_of(const PyTorchTensor& tensor) {
  for (const auto& part : tensor.parts)
    if (part.use != Use::zero) return part.parameter.variable()->type().element;
  return ElementType::float32;
}

bool is_zero(const Array& array) {
  for (std::int64_t i = 0; i < array.size(); ++i)
    if (array.at(i) != 0) return false;
  return true;
}

/// Throws FileError for a tensor of the file that is neither asked for nor left out.
void check_others(const Safetensors& file, const PyTorchNames& names, const std::vector<std::string>& others,
                  const std::string& where) {
  std::set<std::string> known;
  for (const auto& tensor : names.tensors()) known.insert(tensor.name);
  const auto is_left_out = [&](const std::string& name) {
    return std::any_of(others.begin(), others.end(),
                       [&](const auto& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  };
  for (const auto& item : file.arrays)
    if (!known.count(item.first) && !is_left_out(item.first))
      throw FileError(where + ": tensor " + in_one_line(item.first) + " is of no layer that was named");
}

/// What a tensor has of its parts' parameters put together.
Array value_of(const PyTorchTensor& tensor) {
  Array whole(tensor.shape, element_of(tensor));
  auto* to = static_cast<std::byte*>(whole.raw());
  const auto bytes = whole.bytes() / tensor.parts.size();
  for (const auto& part : tensor.parts) {
    if (part.use == Use::same && bytes > 0) {
      const auto& value = part.parameter.value();
      const auto turned = tensor.is_transposed ? transpose(value) : value;
      std::memcpy(to, turned.raw(), bytes);
    }
    to += bytes;
  }
  return whole;
}

/// What a file gives a parameter: the elements that it has, and those that are added to them.
struct Sum {
  Parameter parameter;
  std::optional<Array> first, added;
  int first_count = 0, added_count = 0;  // Of tensors that give each.
};

/// By the variables of their parameters.
using Sums = std::map<const Variable*, Sum>;

/// Takes up what rows of a tensor are to a parameter. Throws FileError where another tensor has it otherwise.
void take_part(Sums& sums, const PyTorchPart& part, Array value, const std::string& tensor,
               const std::string& where) {
  auto& sum = sums[part.parameter.variable().get()];
  const bool is_added = part.use == Use::added;
  auto& term = is_added ? sum.added : sum.first;
  if (term && !(*term == value))
    throw FileError(where + ": " + tensor + " gives " + part.parameter.name() +
                    " other values than a tensor before it");
  sum.parameter = part.parameter;
  term = std::move(value);
  ++(is_added ? sum.added_count : sum.first_count);
}

/// Takes up a tensor, part by part.
void take_tensor(Sums& sums, const PyTorchTensor& tensor, const Array& array, const std::string& where) {
  for (std::size_t i = 0; i < tensor.parts.size(); ++i) {
    const auto rows = rows_of(tensor, array, i);
    if (tensor.parts[i].use != Use::zero)
      take_part(sums, tensor.parts[i], tensor.is_transposed ? transpose(rows) : rows, tensor.name, where);
    else if (!is_zero(rows))
      throw FileError(where + ": tensor " + tensor.name +
                      " has a bias beside the reset product, which this GRU lacks: make it with "
                      "Reset::after_product_with_bias");
  }
}

/// Adds to the first what is added, zeros leaving its bits as they are. Throws FileError where a tensor has
/// the first by itself: it would differ.
void add_up(Sum& sum, const std::string& where) {
  if (!sum.added || is_zero(*sum.added)) return;
  if (sum.first_count != sum.added_count)
    throw FileError(where + ": a bias_hh other than 0 is added to " + sum.parameter.name() +
                    ", which another tensor has by itself");
  add_to(*sum.first, *sum.added);
}

void load(const PyTorchNames& names, const std::string& path, const std::vector<std::string>& others,
          const std::string& where) {
  const auto file = parse_safetensors(read_bytes(path, "load_pytorch"), where);
  check_others(file, names, others, where);
  Sums sums;
  for (const auto& tensor : names.tensors())
    take_tensor(sums, tensor, tensor_in(file, tensor, element_of(tensor), where), where);
  for (auto& [variable, sum] : sums) add_up(sum, where);
  for (const auto& [variable, sum] : sums) sum.parameter.assign(*sum.first);
}

void save(const PyTorchNames& names, const std::string& path, const std::string& where) {
  Safetensors content;
  // The format's name for PyTorch, which its reader asks for.
  content.texts["format"] = "pt";
  for (const auto& tensor : names.tensors()) content.arrays[tensor.name] = value_of(tensor);
  write_whole(path, format_safetensors(content, where), "save_pytorch");
}

}  // namespace

void load_pytorch(const PyTorchNames& names, const std::string& path,
                  const std::vector<std::string>& others) {
  const auto where = "[load_pytorch] " + path;
  needing_memory_for(where, [&] { load(names, path, others, where); });
}

void save_pytorch(const PyTorchNames& names, const std::string& path) {
  const auto where = "[save_pytorch] " + path;
  needing_memory_for(where, [&] { save(names, path, where); });
}

}  // namespace reel
