#include "tmva_layers.h"

#include <reel/characters.h>

#include <cmath>

namespace reel::tmva {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// "" where `size` is one.
std::string fault_of_size(const std::string& what, std::int64_t size) {
  if (size >= 1 && size <= largest_size) return "";
  return what + " " + std::to_string(size) + " is not between 1 and " + std::to_string(largest_size);
}

/// The gates of a recurrent layer in the order in which TMVA keeps them, and the elements of a file, in which
/// two matrices and a bias for each gate stand.
struct RecurrentNames {
  std::vector<std::string> gates;
  std::vector<std::string> matrices, biases;
};

const RecurrentNames& names_of(TMVARecurrent::Kind kind) {
  static const RecurrentNames rnn{{""}, {"InputWeights", "StateWeights"}, {"Biases"}};
  static const RecurrentNames lstm{
      {"input/", "forget/", "candidate/", "output/"},
      {"InputWeights", "InputStateWeights", "ForgetWeights", "ForgetStateWeights", "CandidateWeights",
       "CandidateStateWeights", "OuputWeights", "OutputStateWeights"},
      {"InputBiases", "ForgetBiases", "CandidateBiases", "OutputBiases"}};
  static const RecurrentNames gru{{"reset/", "update/", "candidate/"},
                                  {"ResetWeights", "ResetStateWeights", "UpdateWeights", "UpdateStateWeights",
                                   "CandidateWeights", "CandidateStateWeights"},
                                  {"ResetBiases", "UpdateBiases", "CandidateBiases"}};
  return kind == TMVARecurrent::Kind::rnn ? rnn : kind == TMVARecurrent::Kind::lstm ? lstm : gru;
}

std::vector<Matrix> matrices_of_recurrent(const TMVARecurrent& layer, std::int64_t inputs, Order order) {
  const auto& names = names_of(layer.kind);
  const auto count = names.gates.size();
  std::vector<Matrix> matrices;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const auto gate = order == Order::grouped ? i % count : i / 2;
    const bool of_input = order == Order::grouped ? i < count : i % 2 == 0;
    matrices.push_back({names.matrices[i], names.gates[gate] + (of_input ? "W" : "U"), layer.hidden,
                        of_input ? inputs : layer.hidden, false});
    if (i % 2 == 1)
      matrices.push_back({names.biases[i / 2], names.gates[i / 2] + "b", layer.hidden, 1, true});
  }
  return matrices;
}

std::string fault_of_output(const TMVADescription& description, std::int64_t units) {
  const auto expect = [&](std::size_t count, const std::string& what) -> std::string {
    if (static_cast<std::size_t>(units) == count) return "";
    return "the last layer has " + std::to_string(units) + " units for " + std::to_string(count) + " " + what;
  };
  if (description.analysis == TMVAAnalysis::classification) return expect(1, "answer of a classification");
  if (description.analysis == TMVAAnalysis::multiclass) return expect(description.classes.size(), "classes");
  return expect(description.targets.size(), "targets");
}

/// Text of UTF-8 that comes back from an attribute of XML as it is: a tab, a line end or the like would not.
bool is_printable(const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, bytes] = character_at(text, at);
    if (bytes == 0 || !is_xml_character(code) || is_control_character(code)) return false;
    at += bytes;
  }
  return !text.empty();
}

std::string fault_of_variables(const std::vector<TMVAVariable>& variables, const std::string& what) {
  for (const auto& variable : variables) {
    if (!is_printable(variable.expression))
      return "the expression of a " + what + " is empty or no single line of UTF-8";
    if (!std::isfinite(variable.minimum) || !std::isfinite(variable.maximum))
      return "the range of " + what + " " + variable.expression + " is not finite";
  }
  return "";
}

std::string fault_of_names(const TMVADescription& description) {
  if (!is_printable(description.name)) return "the method's name is empty or no single line of UTF-8";
  if (description.classes.empty()) return "there are no classes";
  if (description.analysis == TMVAAnalysis::classification && description.classes.size() != 2)
    return "a classification is between 2 classes, not " + std::to_string(description.classes.size());
  for (const auto& name : description.classes)
    if (!is_printable(name)) return "the name of a class is empty or no single line of UTF-8";
  const auto variables = static_cast<std::size_t>(description.steps * description.inputs);
  if (!description.variables.empty() && description.variables.size() != variables)
    return "there are " + std::to_string(description.variables.size()) + " variables for " +
           std::to_string(description.steps) + " steps of " + std::to_string(description.inputs) + " inputs";
  const auto fault = fault_of_variables(description.variables, "variable");
  return fault.empty() ? fault_of_variables(description.targets, "target") : fault;
}

std::string fault_of_codes(const TMVADescription& description) {
  if (!text_of(analyses, description.analysis)) return "the analysis is none of TMVAAnalysis";
  if (!text_of(losses, description.loss)) return "the loss is none of TMVALoss";
  if (!text_of(outputs, description.output)) return "the output function is none of TMVAOutput";
  if (!text_of(initialisations, description.initialisation))
    return "the initialisation is none of TMVAInitialisation";
  if (!text_of(regularisations, description.regularisation))
    return "the regularisation is none of TMVARegularisation";
  if (!std::isfinite(description.weight_decay)) return "the weight decay is not finite";
  return "";
}

std::string fault_of_layers(const TMVADescription& description) {
  if (description.layers.empty()) return "there are no layers";
  Extents at{description.steps, description.inputs};
  for (std::size_t i = 0; i < description.layers.size(); ++i) {
    const auto fault = fault_of(description.layers[i], at);
    if (!fault.empty()) return "layer " + std::to_string(i + 1) + ": " + fault;
    at = after(description.layers[i], at);
  }
  if (at.steps != 1) return "the last layer gives " + std::to_string(at.steps) + " steps, not one";
  return fault_of_output(description, at.units);
}

}  // namespace

Extents after(const TMVALayer& layer, const Extents& before) {
  return std::visit(
      Overloaded{[&](const TMVARecurrent& recurrent) {
                   return Extents{recurrent.returns_sequence ? before.steps : 1, recurrent.hidden};
                 },
                 [](const TMVADense& dense) {
                   return Extents{1, dense.width};
                 },
                 [&](const TMVAReshape& reshape) {
                   return reshape.flattens ? Extents{1, before.steps * before.units} : before;
                 }},
      layer);
}

std::string fault_of(const TMVALayer& layer, const Extents& before) {
  if (const auto* recurrent = std::get_if<TMVARecurrent>(&layer)) {
    if (!text_of(recurrent_kinds, recurrent->kind)) return "the kind is none of TMVARecurrent::Kind";
    if (recurrent->reset == Reset::after_product_with_bias)
      return "TMVA's GRU has no bias within its reset product";
    return fault_of_size("hidden size", recurrent->hidden);
  }
  if (const auto* dense = std::get_if<TMVADense>(&layer)) {
    if (!text_of(activations, dense->activation)) return "the activation is none of TMVAActivation";
    if (before.steps != 1)
      return "a dense layer gets " + std::to_string(before.steps) + " steps, which no Reshape has flattened";
    return fault_of_size("width", dense->width);
  }
  return "";
}

std::string fault_of(const TMVADescription& description) {
  for (const auto& fault :
       {fault_of_size("steps", description.steps), fault_of_size("inputs", description.inputs),
        fault_of_size("batch", description.batch)})
    if (!fault.empty()) return fault;
  for (const auto check : {fault_of_codes, fault_of_names, fault_of_layers}) {
    const auto fault = check(description);
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string name_of(const TMVALayer& layer, std::size_t index) {
  auto name = element_of(layer);
  name.erase(name.size() - std::string("Layer").size());
  return lower_case(name) + " " + std::to_string(index + 1);
}

std::string element_of(const TMVALayer& layer) {
  return std::visit(Overloaded{[](const TMVARecurrent& recurrent) -> std::string {
                                 return text_of(recurrent_kinds, recurrent.kind) + std::string("Layer");
                               },
                               [](const TMVADense&) -> std::string { return "DenseLayer"; },
                               [](const TMVAReshape&) -> std::string { return "ReshapeLayer"; }},
                    layer);
}

std::vector<Matrix> matrices_of(const TMVALayer& layer, const Extents& before, Order order) {
  return std::visit(Overloaded{[&](const TMVARecurrent& recurrent) {
                                 return matrices_of_recurrent(recurrent, before.units, order);
                               },
                               [&](const TMVADense& dense) -> std::vector<Matrix> {
                                 return {{"Weights", "weight", dense.width, before.units, false},
                                         {"Biases", "bias", dense.width, 1, true}};
                               },
                               [](const TMVAReshape&) -> std::vector<Matrix> { return {}; }},
                    layer);
}

}  // namespace reel::tmva
