#include <reel/linear.h>
#include <reel/lstm.h>
#include <reel/rnn.h>
#include <reel/structural.h>

#include "tmva_layers.h"

namespace reel {

namespace {

using Part = std::function<Tensor(const Tensor&)>;

Tensor output_of(const Tensor& h) { return h; }
Tensor output_of(const LSTMState& state) { return state.h; }

template <class Cell>
Part recurrent_part(const Cell& cell, bool returns_sequence) {
  return [cell, returns_sequence](const Tensor& x) {
    const auto [outputs, state] = unroll(cell, x, cell.initial_state(x.extent(1)));
    return returns_sequence ? outputs : unsqueeze(output_of(state), 0);
  };
}

Part part_of(const Scope& scope, const TMVARecurrent& layer, const tmva::Extents& before) {
  const CellInit init{glorot_uniform(), glorot_uniform()};
  switch (layer.kind) {
    case TMVARecurrent::Kind::rnn:
      return recurrent_part(RNN(scope, before.units, layer.hidden, tanh, init), layer.returns_sequence);
    case TMVARecurrent::Kind::lstm:
      return recurrent_part(LSTM(scope, before.units, layer.hidden, ForgetBias(0), InitialisedBy(init)),
                            layer.returns_sequence);
    case TMVARecurrent::Kind::gru:
      return recurrent_part(GRU(scope, before.units, layer.hidden, layer.reset, init),
                            layer.returns_sequence);
  }
  throw InternalError("the kind of a recurrent layer is out of range");
}

Tensor activated(TMVAActivation activation, const Tensor& x) {
  switch (activation) {
    case TMVAActivation::identity:
      return x;
    case TMVAActivation::relu:
      return relu(x);
    case TMVAActivation::sigmoid:
      return sigmoid(x);
    case TMVAActivation::tanh:
      return tanh(x);
    case TMVAActivation::symmetric_relu:
      return symmetric_relu(x);
    case TMVAActivation::softsign:
      return softsign(x);
    case TMVAActivation::gauss:
      return gauss(x);
  }
  throw InternalError("an activation is out of range");
}

Part part_of(const Scope& scope, const TMVADense& layer, const tmva::Extents& before) {
  const Linear linear(scope, before.units, layer.width);
  const auto activation = layer.activation;
  return [linear, activation](const Tensor& x) { return activated(activation, linear(x)); };
}

Part part_of(const Scope&, const TMVAReshape& layer, const tmva::Extents& before) {
  if (!layer.flattens) return [](const Tensor& x) { return x; };
  const auto units = before.steps * before.units;
  return [units](const Tensor& x) { return reshape(transpose(x, 0, 1), {1, x.extent(1), units}); };
}

void check(const TMVADescription& description) {
  const auto fault = tmva::fault_of(description);
  if (!fault.empty()) throw Error("[TMVANetwork] " + fault);
}

/// Calls `use` with the name of each parameter, in the network.
template <class Use>
void for_each_parameter(const TMVADescription& description, const Use& use) {
  tmva::Extents at{description.steps, description.inputs};
  for (std::size_t i = 0; i < description.layers.size(); ++i) {
    const auto& layer = description.layers[i];
    for (const auto& matrix : tmva::matrices_of(layer, at))
      use(tmva::name_of(layer, i) + "/" + matrix.parameter);
    at = tmva::after(layer, at);
  }
}

}  // namespace

TMVANetwork::TMVANetwork(const Scope& scope, const TMVADescription& description)
    : scope_(scope), description_(description) {
  check(description);
  Provisional made(scope.model());
  tmva::Extents at{description.steps, description.inputs};
  for (std::size_t i = 0; i < description.layers.size(); ++i) {
    const auto& layer = description.layers[i];
    const auto place = scope / tmva::name_of(layer, i);
    layers_.push_back(std::visit([&](const auto& kind) { return part_of(place, kind, at); }, layer));
    at = tmva::after(layer, at);
  }
  made.keep();
}

TMVANetwork::TMVANetwork(const Scope& scope, const TMVAFile& file)
    : scope_(scope), description_(file.description) {
  Provisional made(scope.model());
  *this = TMVANetwork(scope, file.description);
  std::size_t count = 0;
  for_each_parameter(description_, [&](const std::string& name) {
    const auto found = file.weights.find(name);
    if (found == file.weights.end()) throw Error("[TMVANetwork] there are no weights for " + name);
    if (!is_floating(found->second.element()))
      throw Error("[TMVANetwork] the weights for " + name + " are " + to_string(found->second.type()));
    const auto& parameter = scope.model().parameter((scope / name).path());
    parameter.assign(found->second.cast(scope.model().element()));
    ++count;
  });
  if (count != file.weights.size())
    throw Error("[TMVANetwork] there are weights for parameters that it has not");
  made.keep();
}

Tensor TMVANetwork::operator()(const Tensor& x) const {
  const ScopeGuard guard(scope_.path());
  const auto& [steps, inputs] = std::pair(description_.steps, description_.inputs);
  const auto& shape = x.shape();
  const bool has_steps = shape.rank() == 3 && shape[1] == steps && shape[2] == inputs;
  const bool is_flat = shape.rank() == 2 && shape[1] == steps * inputs;
  if (!has_steps && !is_flat)
    throw RecordError("TMVANetwork", "x is " + to_string(shape) + " and must be [batch, " +
                                         std::to_string(steps) + ", " + std::to_string(inputs) +
                                         "], or have these two axes as one");
  auto value = transpose(reshape(x, {shape[0], steps, inputs}), 0, 1);
  for (const auto& layer : layers_) value = layer(value);
  return index(value, 0, 0);
}

Tensor TMVANetwork::output(const Tensor& values) const {
  const ScopeGuard guard(scope_.path());
  if (description_.output == TMVAOutput::sigmoid) return sigmoid(values);
  return description_.output == TMVAOutput::softmax ? softmax(values) : values;
}

TMVAFile TMVANetwork::file() const {
  TMVAFile file{description_, {}};
  for_each_parameter(description_, [&](const std::string& name) {
    file.weights.emplace(name, scope_.model().parameter((scope_ / name).path()).value());
  });
  return file;
}

}  // namespace reel
