#include "tmva_networks.h"

#include <cmath>
#include <sstream>

namespace reel::test {

std::size_t gates_of(const std::string& kind) { return kind == "RNN" ? 1 : kind == "LSTM" ? 4 : 3; }

PlainLayer recurrent(RandomMatrices& random, const std::string& kind, std::size_t inputs,
                     std::size_t hidden) {
  PlainLayer layer;
  layer.kind = kind;
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate)
    layer.matrices.push_back(random.matrix(hidden, inputs));
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate)
    layer.matrices.push_back(random.matrix(hidden, hidden));
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate) layer.biases.push_back(random.matrix(hidden, 1));
  return layer;
}

PlainLayer dense(RandomMatrices& random, std::size_t inputs, std::size_t width, int activation) {
  PlainLayer layer;
  layer.kind = "Dense";
  layer.activation = activation;
  layer.matrices = {random.matrix(width, inputs)};
  layer.biases = {random.matrix(width, 1)};
  return layer;
}

PlainLayer flattening() {
  PlainLayer layer;
  layer.kind = "Reshape";
  return layer;
}

PlainNetwork tutorial(const std::string& kind, std::size_t steps, std::size_t inputs, std::size_t hidden,
                      bool sequence, bool after) {
  RandomMatrices random;
  PlainNetwork network{steps, inputs, {recurrent(random, kind, inputs, hidden), flattening()}};
  network.layers[0].sequence = sequence;
  network.layers[0].after = after;
  network.layers.push_back(dense(random, hidden * (sequence ? steps : 1), 6, 3));
  network.layers.push_back(dense(random, 6, 1, 0));
  return network;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

namespace {

double activated(int code, double x) {
  switch (code) {
    case 1:
      return x > 0 ? x : 0;
    case 2:
      return logistic(x);
    case 3:
      return std::tanh(x);
    case 4:
      return std::fabs(x);
    case 5:
      return x / (1 + std::fabs(x));
    case 6:
      return std::exp(-x * x);
    default:
      return x;
  }
}

Values times(const PlainMatrix& matrix, const Values& x) {
  Values y(matrix.rows, 0);
  for (std::size_t row = 0; row < matrix.rows; ++row)
    for (std::size_t column = 0; column < matrix.columns; ++column)
      y[row] += matrix.at(row, column) * x.at(column);
  return y;
}

/// W x + U h + b of one gate.
Values gate_sum(const PlainLayer& layer, std::size_t gate, const Values& x, const Values& h) {
  const auto a = times(layer.matrices[gate], x), b = times(layer.matrices[gate + layer.biases.size()], h);
  Values sum(a.size());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = a[i] + b[i] + layer.biases[gate].values[i];
  return sum;
}

/// The state after one step; c is the memory of an LSTM.
Values step(const PlainLayer& layer, const Values& x, const Values& h, Values& c) {
  Values next(h.size());
  if (layer.kind == "RNN") {
    const auto sum = gate_sum(layer, 0, x, h);
    for (std::size_t i = 0; i < h.size(); ++i) next[i] = std::tanh(sum[i]);
  } else if (layer.kind == "LSTM") {
    const auto in = gate_sum(layer, 0, x, h), forget = gate_sum(layer, 1, x, h),
               candidate = gate_sum(layer, 2, x, h), out = gate_sum(layer, 3, x, h);
    for (std::size_t i = 0; i < h.size(); ++i) {
      c[i] = logistic(forget[i]) * c[i] + logistic(in[i]) * std::tanh(candidate[i]);
      next[i] = logistic(out[i]) * std::tanh(c[i]);
    }
  } else {
    const auto reset = gate_sum(layer, 0, x, h), update = gate_sum(layer, 1, x, h);
    const auto wx = times(layer.matrices[2], x), uh = times(layer.matrices[5], h);
    Values rh(h.size());
    for (std::size_t i = 0; i < h.size(); ++i) rh[i] = logistic(reset[i]) * h[i];
    const auto urh = times(layer.matrices[5], rh);
    for (std::size_t i = 0; i < h.size(); ++i) {
      const double of_state = layer.after ? logistic(reset[i]) * uh[i] : urh[i];
      const double g = std::tanh(wx[i] + of_state + layer.biases[2].values[i]);
      next[i] = logistic(update[i]) * h[i] + (1 - logistic(update[i])) * g;
    }
  }
  return next;
}

/// What a layer makes of the steps of one event.
std::vector<Values> forward(const PlainLayer& layer, const std::vector<Values>& x) {
  if (layer.kind == "Reshape") {
    Values flat;
    for (const auto& values : x) flat.insert(flat.end(), values.begin(), values.end());
    return {flat};
  }
  if (layer.kind == "Dense") {
    auto y = times(layer.matrices[0], x.at(0));
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = activated(layer.activation, y[i] + layer.biases[0].values[i]);
    return {y};
  }
  Values h(layer.matrices[0].rows, 0), c = h;
  std::vector<Values> outputs;
  for (const auto& values : x) outputs.push_back(h = step(layer, values, h, c));
  if (layer.sequence) return outputs;
  return {h};
}

}  // namespace

Values run(const PlainNetwork& network, const double* variables) {
  std::vector<Values> x;
  for (std::size_t t = 0; t < network.steps; ++t)
    x.emplace_back(variables + t * network.inputs, variables + (t + 1) * network.inputs);
  for (const auto& layer : network.layers) x = forward(layer, x);
  return x.at(0);
}

Values events_of(const PlainNetwork& network) {
  RandomMatrices random;
  Values x(events * network.steps * network.inputs);
  for (auto& value : x) value = random.next();
  return x;
}

std::vector<std::string> element_names(const std::string& kind) {
  if (kind == "RNN") return {"InputWeights", "StateWeights", "Biases"};
  if (kind == "LSTM")
    return {"InputWeights",       "InputStateWeights", "InputBiases",        "ForgetWeights",
            "ForgetStateWeights", "ForgetBiases",      "CandidateWeights",   "CandidateStateWeights",
            "CandidateBiases",    "OuputWeights",      "OutputStateWeights", "OutputBiases"};
  return {"ResetWeights",     "ResetStateWeights",     "ResetBiases",
          "UpdateWeights",    "UpdateStateWeights",    "UpdateBiases",
          "CandidateWeights", "CandidateStateWeights", "CandidateBiases"};
}

namespace {

std::string matrix_text(const std::string& name, const PlainMatrix& matrix) {
  std::ostringstream text;
  text << "<" << name << " Rows=\"" << matrix.rows << "\" Columns=\"" << matrix.columns << "\">\n";
  text.precision(16);
  for (const auto value : matrix.values) text << std::scientific << value << "  ";
  text << "\n</" << name << ">\n";
  return text.str();
}

std::string attribute(const std::string& name, std::size_t value) {
  return " " + name + "=\"" + std::to_string(value) + "\"";
}

std::string recurrent_text(const PlainLayer& layer, std::size_t steps, bool alternating) {
  const auto hidden = layer.matrices[0].rows;
  auto text = "<" + layer.kind + "Layer" + attribute("StateSize", hidden) +
              (layer.kind == "LSTM" ? attribute("CellSize", hidden) : "") +
              attribute("InputSize", layer.matrices[0].columns) + attribute("TimeSteps", steps) +
              attribute("RememberState", 0) + attribute("ReturnSequence", layer.sequence) +
              (layer.kind == "GRU" ? attribute("ResetGateAfter", layer.after) : "") + ">\n";
  auto list = layer.matrices;
  if (alternating) {
    list.clear();
    for (std::size_t gate = 0; gate < layer.biases.size(); ++gate) {
      list.push_back(layer.matrices[gate]);
      list.push_back(layer.matrices[gate + layer.biases.size()]);
    }
  }
  std::size_t matrix = 0, bias = 0;
  const auto names = element_names(layer.kind);
  for (std::size_t i = 0; i < names.size(); ++i)
    text += matrix_text(names[i], i % 3 == 2 ? layer.biases[bias++] : list[matrix++]);
  return text + "</" + layer.kind + "Layer>\n";
}

std::string layers_text(const PlainNetwork& network, bool alternating) {
  std::string text;
  std::size_t steps = network.steps, units = network.inputs;
  for (const auto& layer : network.layers) {
    if (layer.kind == "Reshape") {
      units *= steps;
      steps = 1;
      text += "<ReshapeLayer" + attribute("Depth", 1) + attribute("Height", 1) + attribute("Width", units) +
              attribute("Flattening", 1) + "/>\n";
    } else if (layer.kind == "Dense") {
      units = layer.matrices[0].rows;
      text += "<DenseLayer" + attribute("Width", units) +
              attribute("ActivationFunction", static_cast<std::size_t>(layer.activation)) + ">\n" +
              matrix_text("Weights", layer.matrices[0]) + matrix_text("Biases", layer.biases[0]) +
              "</DenseLayer>\n";
    } else {
      text += recurrent_text(layer, steps, alternating);
      units = layer.matrices[0].rows;
      if (!layer.sequence) steps = 1;
    }
  }
  return text;
}

std::string variables_text(std::size_t count) {
  auto text = "<Variables" + attribute("NVar", count) + ">\n";
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = "vars[" + std::to_string(i) + "]";
    text += "<Variable" + attribute("VarIndex", i) + " Expression=\"" + name + "\" Label=\"" + name +
            "\" Title=\"" + name + "\" Unit=\"F\" Internal=\"vars_" + std::to_string(i) +
            "_\" Type=\"F\" Min=\"-1.5000000000000000e+00\" Max=\"2.50000000000000000e+00\"/>\n";
  }
  return text + "</Variables>\n";
}

}  // namespace

std::string document(const PlainNetwork& network, bool alternating) {
  const bool is_matrix = network.layers[0].kind == "Dense";
  return R"(<?xml version="1.0"?>
<MethodSetup Method="DL::TMVA_NET">
  <GeneralInfo>
    <Info name="TMVA Release" value="4.2.1 [262657]"/>
    <Info name="ROOT Release" value="6.26/10 [399882]"/>
    <Info name="Creator" value="somebody"/>
    <Info name="TrainingTime" value="1.6e+01"/>
    <Info name="AnalysisType" value="Classification"/>
  </GeneralInfo>
  <Options>
    <Option name="V" modified="Yes">True</Option>
    <Option name="VarTransform" modified="Yes">None</Option>
    <Option name="InputLayout" modified="Yes">5|3</Option>
  </Options>
)" + variables_text(network.steps * network.inputs) +
         R"(  <Spectators NSpec="0"/>
  <Classes NClass="2">
    <Class Name="Signal" Index="0"/>
    <Class Name="Background" Index="1"/>
  </Classes>
  <Transformations NTransformations="0"/>
  <MVAPdfs/>
  <Weights)" +
         attribute("NetDepth", network.layers.size()) + attribute("InputDepth", network.steps) +
         attribute("InputHeight", 1) + attribute("InputWidth", network.inputs) + attribute("BatchSize", 1) +
         attribute("BatchDepth", is_matrix ? 1 : 100) +
         attribute("BatchHeight", is_matrix ? 100 : network.steps) + attribute("BatchWidth", network.inputs) +
         " LossFunction=\"C\" Initialization=\"F\" Regularization=\"0\" OutputFunction=\"S\" "
         "WeightDecay=\"1.0000000000000000e-02\">\n" +
         layers_text(network, alternating) + "</Weights>\n</MethodSetup>\n";
}

TMVADescription described(CellKind kind, std::int64_t hidden, bool sequence, Reset reset) {
  TMVADescription network;
  network.name = "MyNet";
  network.steps = 4;
  network.inputs = 3;
  network.layers = {TMVARecurrent{kind, hidden, sequence, reset}, TMVAReshape{},
                    TMVADense{5, TMVAActivation::softsign}, TMVADense{1}};
  return network;
}

}  // namespace reel::test
