#include <reel/pytorch.h>
#include <reel/record.h>
#include <reel/tape.h>

#include <optional>
#include <set>

namespace reel {

namespace {

using Use = PyTorchPart::Use;

std::string below(const std::string& module, const std::string& name) {
  return module.empty() ? name : module + "." + name;
}

[[noreturn]] void refuse(const std::string& module, const std::string& reason) {
  throw Error("[PyTorchNames] " + (module.empty() ? "" : module + ": ") + reason);
}

/// A tensor that is one parameter; of a matrix, the other way round.
PyTorchTensor whole(const std::string& name, const Parameter& parameter, bool is_transposed = false) {
  if (!parameter.variable()) throw Error("[PyTorchNames] " + name + ": the parameter is absent");
  const auto& shape = parameter.shape();
  if (is_transposed && shape.rank() != 2)
    throw Error("[PyTorchNames] " + name + ": parameter " + parameter.name() + " is no matrix");
  return {name, is_transposed ? Shape{shape[1], shape[0]} : shape, {{parameter}}, is_transposed};
}

/// A cell as PyTorch has it.
struct KnownCell {
  std::string scope;                      // In Reel, for errors.
  std::string kind;                       // "LSTM of 4 units": alike in all layers of one module.
  std::vector<const Gate*> gates;         // In PyTorch's order.
  std::optional<PyTorchPart> state_bias;  // Of the last gate, where it is not added to that of the input.
  Parameter projection;                   // Absent where there is none.

  std::int64_t inputs() const { return gates[0]->W.shape()[0]; }
  std::int64_t outputs() const { return gates[0]->U.shape()[0]; }
  std::int64_t units() const { return gates[0]->b.shape()[0]; }
};

std::string units_text(const std::string& kind, std::int64_t units) {
  return kind + " of " + std::to_string(units) + " units";
}

/// "tanh", "relu", or "" for another activation: it is recorded, and what that gave is looked at.
std::string nonlinearity_of(const RNN& cell) {
  Tape tape;
  const Recording recording(tape);
  const Tensor x = tape.argument({ElementType::float32, {1, cell.hidden}});
  const Tensor y = cell.activation(x);
  if (!y.recorded() || &y.tape() != &tape) return "";
  const auto is = [&](const Tensor& known) {
    return tape.node(y.id()).operation == tape.node(known.id()).operation && tape.inputs(y.id())[0] == x.id();
  };
  return y.id() == x.id() ? "" : is(tanh(x)) ? "tanh" : is(relu(x)) ? "relu" : "";
}

KnownCell known(const std::string& module, const RNN& cell) {
  const auto activation = nonlinearity_of(cell);
  if (activation.empty())
    refuse(module, "PyTorch's RNN has tanh or relu, and " + cell.gate.scope + " another activation");
  return {cell.gate.scope, units_text("RNN", cell.hidden) + " with " + activation, {&cell.gate}, {}, {}};
}

KnownCell known(const std::string& module, const LSTM& cell) {
  const auto& options = cell.options;
  const auto* lacking = options.peepholes    ? "peepholes"
                        : options.coupled    ? "coupled gates"
                        : options.normalised ? "normalisation"
                                             : nullptr;
  if (lacking)
    refuse(module, "PyTorch's LSTM has no " + std::string(lacking) + ", and " + cell.scope + " has");
  if (options.projection > 0 && options.projection >= cell.hidden)
    refuse(module, "PyTorch's LSTM is projected to fewer units than it has, and " + cell.scope + " to all " +
                       std::to_string(cell.hidden));
  auto kind = units_text("LSTM", cell.hidden);
  if (options.projection > 0) kind += " projected to " + std::to_string(options.projection);
  return {cell.scope, kind, {&cell.input, &cell.forget, &cell.candidate, &cell.output}, {}, cell.projection};
}

KnownCell known(const std::string& module, const GRU& cell) {
  if (cell.form == Reset::before_product)
    refuse(module, "PyTorch's GRU resets after the product, and " + cell.scope + " before it");
  const bool has_bias = cell.form == Reset::after_product_with_bias;
  return {cell.scope,
          units_text("GRU", cell.hidden),
          {&cell.reset, &cell.update, &cell.candidate},
          has_bias ? PyTorchPart{cell.state_bias} : PyTorchPart{{}, Use::zero},
          {}};
}

bool has(const Parameter& parameter, const Shape& shape) {
  return parameter.variable() && parameter.shape() == shape;
}

/// Whether its parameters, which may have been put in from outside, are of one cell.
bool is_whole(const KnownCell& cell) {
  const auto& first = *cell.gates[0];
  for (const auto* matrix : {&first.W, &first.U})
    if (!matrix->variable() || matrix->shape().rank() != 2) return false;
  if (!first.b.variable() || first.b.shape().rank() != 1) return false;
  const auto inputs = cell.inputs(), outputs = cell.outputs(), units = cell.units();
  for (const auto* gate : cell.gates)
    if (!has(gate->W, {inputs, units}) || !has(gate->U, {outputs, units}) || !has(gate->b, {units}))
      return false;
  if (cell.state_bias && cell.state_bias->use == Use::same && !has(cell.state_bias->parameter, {units}))
    return false;
  return cell.projection.variable() ? has(cell.projection, {units, outputs}) : outputs == units;
}

/// Any of them, with inputs and units.
template <class AnyCell>
KnownCell known_of(const std::string& module, const AnyCell& cell) {
  auto found = std::visit([&](const auto* each) { return known(module, *each); }, cell);
  if (!is_whole(found)) refuse(module, "the parameters of " + found.scope + " do not make up one cell");
  if (found.inputs() == 0 || found.units() == 0)
    refuse(module, "PyTorch's layers have inputs and units, and " + found.scope + " has " +
                       std::to_string(found.inputs()) + " and " + std::to_string(found.units()));
  return found;
}

/// Its tensors, weight_ih to weight_hr, with `suffix` behind their names.
void append(std::vector<PyTorchTensor>& tensors, const std::string& module, const std::string& suffix,
            const KnownCell& cell) {
  const auto rows = static_cast<std::int64_t>(cell.gates.size()) * cell.units();
  const auto name = [&](const char* kind) { return below(module, kind + suffix); };
  PyTorchTensor of_input{name("weight_ih"), {rows, cell.inputs()}, {}, true};
  PyTorchTensor of_state{name("weight_hh"), {rows, cell.outputs()}, {}, true};
  PyTorchTensor input_bias{name("bias_ih"), {rows}, {}};
  PyTorchTensor state_bias{name("bias_hh"), {rows}, {}};
  for (const auto* gate : cell.gates) {
    of_input.parts.push_back({gate->W});
    of_state.parts.push_back({gate->U});
    input_bias.parts.push_back({gate->b});
    state_bias.parts.push_back({gate->b, Use::added});
  }
  if (cell.state_bias) state_bias.parts.back() = *cell.state_bias;
  tensors.insert(tensors.end(), {of_input, of_state, input_bias, state_bias});
  if (cell.projection.variable()) tensors.push_back(whole(name("weight_hr"), cell.projection, true));
}

/// Throws Error unless a cell is like the first one of its module, and takes what it is given.
void check_fit(const std::string& module, const KnownCell& cell, const KnownCell& first,
               std::int64_t inputs) {
  if (cell.kind != first.kind)
    refuse(module, "the layers of one module are alike in PyTorch, and " + first.scope + " is " + first.kind +
                       ", " + cell.scope + " " + cell.kind);
  if (cell.inputs() != inputs)
    refuse(module, cell.scope + " takes " + std::to_string(cell.inputs()) +
                       " inputs, and in its place in PyTorch it takes " + std::to_string(inputs));
}

/// Whether PyTorch takes it: names between dots.
bool is_name(const std::string& text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == text.npos;
}

}  // namespace

void PyTorchNames::add(const std::string& name, const Parameter& parameter) {
  add_tensors({whole(name, parameter)});
}

void PyTorchNames::add(const std::string& module, const Linear& linear) {
  add_tensors(
      {whole(below(module, "weight"), linear.weight, true), whole(below(module, "bias"), linear.bias)});
}

void PyTorchNames::add(const std::string& module, const Embedding& embedding) {
  add_tensors({whole(below(module, "weight"), embedding.table)});
}

void PyTorchNames::add(const std::string& module, const LayerNorm& norm) {
  if (!norm.scale.variable()) refuse(module, "the LayerNorm has no parameters");
  add_tensors({whole(below(module, "weight"), norm.scale), whole(below(module, "bias"), norm.shift)});
}

void PyTorchNames::add_layers(const std::string& module, const std::vector<Layer>& layers) {
  if (layers.empty()) refuse(module, "a module of PyTorch has one layer or more, and this none");
  std::vector<PyTorchTensor> tensors;
  std::optional<KnownCell> first;
  std::int64_t inputs = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& directions = layers[i];
    for (std::size_t d = 0; d < directions.size(); ++d) {
      auto cell = known_of(module, directions[d]);
      if (directions.size() > 1) cell.kind += " in both directions";
      if (!first) {
        first = cell;
        inputs = cell.inputs();
      }
      check_fit(module, cell, *first, inputs);
      append(tensors, module, "_l" + std::to_string(i) + (d > 0 ? "_reverse" : ""), cell);
    }
    inputs = first->outputs() * static_cast<std::int64_t>(directions.size());
  }
  add_tensors(tensors);
}

void PyTorchNames::add_single(const std::string& module, const AnyCell& any) {
  const auto cell = known_of(module, any);
  if (cell.projection.variable())
    refuse(module, "PyTorch's LSTMCell is not projected, and " + cell.scope + " is");
  std::vector<PyTorchTensor> tensors;
  append(tensors, module, "", cell);
  add_tensors(tensors);
}

void PyTorchNames::add_tensors(const std::vector<PyTorchTensor>& tensors) {
  std::set<std::string> names;
  for (const auto& tensor : tensors_) names.insert(tensor.name);
  for (const auto& tensor : tensors) {
    if (!is_name(tensor.name))
      throw Error("[PyTorchNames] PyTorch has no tensor of the name \"" + tensor.name +
                  "\", which has an empty part");
    if (!names.insert(tensor.name).second)
      throw Error("[PyTorchNames] there is a tensor " + tensor.name + " already");
  }
  auto all = tensors_;
  all.insert(all.end(), tensors.begin(), tensors.end());
  tensors_.swap(all);
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

}  // namespace reel
