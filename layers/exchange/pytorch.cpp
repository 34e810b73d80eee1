#include <fnmatch.h>
#include <reel/characters.h>
#include <reel/program.h>
#include <reel/pytorch.h>
#include <reel/record.h>
#include <reel/safetensors.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace reel {

namespace {

using Use = PyTorchPart::Use;

std::string below(const std::string& module, const std::string& name) {
  return module.empty() ? name : module + "." + name;
}

Shape turned(const Shape& shape, bool is_transposed) {
  return is_transposed && shape.rank() == 2 ? Shape{shape[1], shape[0]} : shape;
}

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
    if (part.use != Use::zero) return part.parameter.value().element();
  return ElementType::float32;
}

void check_zeros(const Array& rows, const std::string& tensor, const std::string& where) {
  for (std::int64_t i = 0; i < rows.size(); ++i)
    if (rows.at(i) != 0)
      throw FileError(where + ": tensor " + tensor +
                      " has a bias beside the reset product, which this GRU lacks: make it with "
                      "Reset::after_product_with_bias");
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

}  // namespace

void PyTorchNames::add_tensor(PyTorchTensor tensor) {
  for (const auto& known : tensors_)
    if (known.name == tensor.name)
      throw Error("[PyTorchNames] there is a tensor " + tensor.name + " already");
  tensors_.push_back(std::move(tensor));
}

void PyTorchNames::add(const std::string& name, const Parameter& parameter) {
  if (!parameter.variable()) throw Error("[PyTorchNames] " + name + ": there is no parameter");
  add_tensor({name, parameter.shape(), {{parameter}}});
}

void PyTorchNames::add(const std::string& module, const Linear& linear) {
  whole([&] {
    add_tensor({below(module, "weight"), turned(linear.weight.shape(), true), {{linear.weight}}, true});
    add(below(module, "bias"), linear.bias);
  });
}

void PyTorchNames::add(const std::string& module, const Embedding& embedding) {
  add(below(module, "weight"), embedding.table);
}

void PyTorchNames::add(const std::string& module, const LayerNorm& norm) {
  if (!norm.scale.variable()) throw Error("[PyTorchNames] " + module + ": the LayerNorm has no parameters");
  whole([&] {
    add(below(module, "weight"), norm.scale);
    add(below(module, "bias"), norm.shift);
  });
}

void PyTorchNames::add_gates(const Layers& layers, const std::string& suffix,
                             const std::vector<const Gate*>& gates,
                             const std::optional<PyTorchPart>& last_state_bias) {
  const auto count = static_cast<std::int64_t>(gates.size()), hidden = gates[0]->b.shape()[0];
  const auto matrix = [&](const char* name, Parameter Gate::*which) {
    PyTorchTensor tensor{
        below(layers.module, name + suffix), {count * hidden, ((*gates[0]).*which).shape()[0]}, {}, true};
    for (const auto* gate : gates) tensor.parts.push_back({gate->*which});
    add_tensor(std::move(tensor));
  };
  matrix("weight_ih", &Gate::W);
  matrix("weight_hh", &Gate::U);
  PyTorchTensor of_input{below(layers.module, "bias_ih" + suffix), {count * hidden}, {}};
  PyTorchTensor of_state{below(layers.module, "bias_hh" + suffix), {count * hidden}, {}};
  for (const auto* gate : gates) {
    of_input.parts.push_back({gate->b});
    of_state.parts.push_back({gate->b, Use::added});
  }
  if (last_state_bias) of_state.parts.back() = *last_state_bias;
  add_tensor(std::move(of_input));
  add_tensor(std::move(of_state));
}

std::string PyTorchNames::begin_layer(Layers& layers, int directions) {
  if (layers.count > 0 && layers.directions != directions)
    throw Error("[PyTorchNames] " + layers.module +
                ": in PyTorch all layers of a module have one direction, or all have both");
  // What the layer takes is what the one below it gives; of the first it is not known yet.
  layers.features = layers.outputs * directions;
  layers.directions = directions;
  return "_l" + std::to_string(layers.count++);
}

void PyTorchNames::check_like_others(Layers& layers, const std::string& kind, std::int64_t features,
                                     std::int64_t outputs) {
  if (layers.first_kind.empty()) layers.first_kind = kind;
  if (layers.first_kind != kind)
    throw Error("[PyTorchNames] " + layers.module + ": the layers of one module are alike in PyTorch, not " +
                layers.first_kind + " and " + kind);
  if (layers.features == 0) layers.features = features;
  if (layers.features != features)
    throw Error("[PyTorchNames] " + layers.module + ": layer " + std::to_string(layers.count - 1) +
                " takes " + std::to_string(features) + " features where it gets " +
                std::to_string(layers.features));
  layers.outputs = outputs;
}

namespace {

/// "tanh" or "relu", which of an RNN's activation is told by what it makes of some numbers; "" for any other.
std::string nonlinearity_of(const RNN& cell) {
  Tape tape(ElementType::float64);
  const Recording recording(tape);
  const Tensor x = constant(Array(std::vector<double>{-3, -1, -0.1, 0.1, 1, 3}));
  const auto made =
      compile(tape, Tensors{bring(tape, cell.activation(x), "PyTorchNames"), tanh(x), relu(x)}, Device::reference())
          .run(std::vector<Array>{});
  return made[0] == made[1] ? "tanh" : made[0] == made[2] ? "relu" : "";
}

std::string of_units(std::int64_t units) { return " of " + std::to_string(units) + " units"; }

}  // namespace

void PyTorchNames::add_direction(Layers& layers, const std::string& suffix, const RNN& cell) {
  const auto nonlinearity = nonlinearity_of(cell);
  if (nonlinearity.empty())
    throw Error("[PyTorchNames] " + layers.module +
                ": PyTorch's RNN has tanh or relu, and no other activation");
  check_like_others(layers, "RNN with " + nonlinearity + of_units(cell.hidden), cell.gate.W.shape()[0],
                    cell.hidden);
  add_gates(layers, suffix, {&cell.gate});
}

void PyTorchNames::add_direction(Layers& layers, const std::string& suffix, const LSTM& cell) {
  const auto& options = cell.options;
  if (options.peepholes || options.coupled || options.normalised)
    throw Error("[PyTorchNames] " + layers.module +
                ": PyTorch has no LSTM with peepholes, coupled gates or normalisation");
  const auto projected = options.projection == 0 ? "" : " projected to " + std::to_string(options.projection);
  check_like_others(layers, "LSTM" + of_units(cell.hidden) + projected, cell.input.W.shape()[0],
                    options.projection == 0 ? cell.hidden : options.projection);
  add_gates(layers, suffix, {&cell.input, &cell.forget, &cell.candidate, &cell.output});
  if (cell.projection.variable())
    add_tensor({below(layers.module, "weight_hr" + suffix),
                turned(cell.projection.shape(), true),
                {{cell.projection}},
                true});
}

void PyTorchNames::add_direction(Layers& layers, const std::string& suffix, const GRU& cell) {
  if (cell.form == Reset::before_product)
    throw Error("[PyTorchNames] " + layers.module + ": PyTorch's GRU resets after the product");
  check_like_others(layers, "GRU" + of_units(cell.hidden), cell.reset.W.shape()[0], cell.hidden);
  const PyTorchPart bias =
      cell.state_bias.variable() ? PyTorchPart{cell.state_bias} : PyTorchPart{{}, Use::zero};
  add_gates(layers, suffix, {&cell.reset, &cell.update, &cell.candidate}, bias);
}

std::string to_string(const PyTorchNames& names) {
  std::string text;
  for (const auto& tensor : names.tensors()) {
    text += tensor.name + " " + to_string(tensor.shape) + ":";
    for (const auto& part : tensor.parts) {
      text += &part == &tensor.parts[0] ? " " : ", ";
      text += part.use == Use::zero ? "zeros"
                                    : (part.use == Use::added ? "added to " : "") + part.parameter.name();
    }
    text += tensor.is_transposed ? " transposed\n" : "\n";
  }
  return text;
}

namespace {

/// What a file gives a parameter: the tensor that it is, and one that is added to it.
struct Sum {
  Parameter parameter;
  std::optional<Array> first, added;
};

void load(const PyTorchNames& names, const std::string& path, const std::vector<std::string>& others,
          const std::string& where) {
  const auto file = parse_safetensors(read_bytes(path, "load_pytorch"), where);
  check_others(file, names, others, where);
  std::map<const Variable*, Sum> sums;
  for (const auto& tensor : names.tensors()) {
    const auto whole = tensor_in(file, tensor, element_of(tensor), where);
    for (std::size_t i = 0; i < tensor.parts.size(); ++i) {
      const auto& part = tensor.parts[i];
      const auto rows = rows_of(tensor, whole, i);
      if (part.use == Use::zero) {
        check_zeros(rows, tensor.name, where);
        continue;
      }
      auto& sum = sums[part.parameter.variable().get()];
      sum.parameter = part.parameter;
      auto& term = part.use == Use::added ? sum.added : sum.first;
      auto value = tensor.is_transposed ? transpose(rows) : rows;
      if (term && !(*term == value))
        throw FileError(where + ": " + tensor.name + " gives " + part.parameter.name() +
                        " other values than a tensor before it");
      term = std::move(value);
    }
  }
  for (auto& [variable, sum] : sums) {
    auto value = std::move(sum.first.value());
    if (sum.added) add_to(value, *sum.added);
    sum.parameter.assign(value);
  }
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
