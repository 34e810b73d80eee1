#include <reel/whole_file.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <new>

#include <reel/strict_xml.h>
#include "tmva_layers.h"

namespace reel {

namespace {

using namespace tmva;

/// The releases whose format this is: TMVA's reader takes it for a file of theirs. In brackets a byte for
/// each part of the version, as a number.
constexpr auto tmva_release = "4.2.1 [262657]", root_release = "6.24/00 [399360]";

/// What the library has no memory for it leaves out and says no more than false.
pugi::xml_node child_of(pugi::xml_node parent, const std::string& name) {
  const auto child = parent.append_child(name.c_str());
  if (!child) throw std::bad_alloc();
  return child;
}
void set(pugi::xml_node node, const char* attribute, const std::string& value) {
  if (!node.append_attribute(attribute).set_value(value.c_str())) throw std::bad_alloc();
}
void set(pugi::xml_node node, const char* attribute, std::int64_t value) {
  set(node, attribute, std::to_string(value));
}
void set_text(pugi::xml_node node, const std::string& text) {
  if (!node.text().set(text.c_str())) throw std::bad_alloc();
}

/// In scientific notation, as TMVA has it, with the digits that bring back the same bits.
template <class T>
void append_number(std::string& text, T value) {
  constexpr int decimals = std::is_same_v<T, float> ? 8 : 16;
  char number[64];
  const auto end =
      std::to_chars(number, number + sizeof number, value, std::chars_format::scientific, decimals).ptr;
  text.append(number, end);
}

std::string number_text(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

void add_info(pugi::xml_node general, const std::string& name, const std::string& value) {
  const auto info = child_of(general, "Info");
  set(info, "name", name);
  set(info, "value", value);
}

void add_option(pugi::xml_node options, const std::string& name, const std::string& value) {
  const auto option = child_of(options, "Option");
  set(option, "name", name);
  set(option, "modified", "Yes");
  set_text(option, value);
}

/// One layer in the words of TMVA's option Layout.
std::string layout_of(const TMVALayer& layer, const Extents& before) {
  static const char* const names[] = {"LINEAR", "RELU", "SIGMOID", "TANH", "SYMMRELU", "SOFTSIGN", "GAUSS"};
  if (const auto* dense = std::get_if<TMVADense>(&layer))
    return "DENSE|" + std::to_string(dense->width) + "|" + names[static_cast<int>(dense->activation)];
  const auto extents = std::to_string(before.steps) + "|" + std::to_string(before.units);
  if (const auto* reshape = std::get_if<TMVAReshape>(&layer))
    return reshape->flattens ? "RESHAPE|FLAT" : "RESHAPE|1|" + extents;
  const auto& recurrent = std::get<TMVARecurrent>(layer);
  const auto text = text_of(recurrent_kinds, recurrent.kind) + ("|" + std::to_string(recurrent.hidden)) +
                    "|" + std::to_string(before.units) + "|" + std::to_string(before.steps) + "|0|" +
                    (recurrent.returns_sequence ? "1" : "0");
  if (recurrent.kind != TMVARecurrent::Kind::gru) return text;
  return text + (recurrent.reset == Reset::after_product ? "|1" : "|0");
}

std::string layout_of(const TMVADescription& description) {
  std::string text;
  Extents at{description.steps, description.inputs};
  for (const auto& layer : description.layers) {
    text += (text.empty() ? "" : ",") + layout_of(layer, at);
    at = after(layer, at);
  }
  return text;
}

/// Whether TMVA has the batch as rows of one matrix, as where a network begins with a dense layer.
bool is_matrix(const TMVADescription& description) {
  return std::holds_alternative<TMVADense>(description.layers.front());
}

/// Depth, height and width of the batch.
std::array<std::int64_t, 3> batch_extents(const TMVADescription& description) {
  if (is_matrix(description)) return {1, description.batch, description.inputs};
  return {description.batch, description.steps, description.inputs};
}

std::string training_of(const TMVADescription& description) {
  static const char* const names[] = {"None", "L1", "L2"};
  return "BatchSize=" + std::to_string(description.batch) +
         ",WeightDecay=" + number_text(description.weight_decay) +
         ",Regularization=" + names[static_cast<int>(description.regularisation)];
}

void add_options(pugi::xml_node setup, const TMVADescription& description) {
  const auto options = child_of(setup, "Options");
  const auto& [depth, height, width] = batch_extents(description);
  add_option(options, "V", "False");
  add_option(options, "VarTransform", "None");
  add_option(options, "H", "False");
  add_option(options, "CreateMVAPdfs", "False");
  add_option(options, "IgnoreNegWeightsInTraining", "False");
  add_option(options, "InputLayout",
             is_matrix(description)
                 ? "1|1|" + std::to_string(description.inputs)
                 : std::to_string(description.steps) + "|" + std::to_string(description.inputs));
  add_option(options, "BatchLayout",
             std::to_string(depth) + "|" + std::to_string(height) + "|" + std::to_string(width));
  add_option(options, "Layout", layout_of(description));
  add_option(options, "ErrorStrategy",
             description.loss == TMVALoss::cross_entropy ? "CROSSENTROPY"
             : description.loss == TMVALoss::squares     ? "SUMOFSQUARES"
                                                         : "MUTUALEXCLUSIVE");
  // The option has a word for these two alone; a reader takes what <Weights> says.
  add_option(options, "WeightInitialization",
             description.initialisation == TMVAInitialisation::glorot_normal ? "XAVIER" : "XAVIERUNIFORM");
  add_option(options, "Architecture", "CPU");
  add_option(options, "TrainingStrategy", training_of(description));
}

void add_general(pugi::xml_node setup, const TMVADescription& description) {
  const auto general = child_of(setup, "GeneralInfo");
  add_info(general, "TMVA Release", tmva_release);
  add_info(general, "ROOT Release", root_release);
  add_info(general, "Creator", "Reel");
  add_info(general, "TrainingTime", number_text(0));
  add_info(general, "AnalysisType", text_of(analyses, description.analysis));
}

/// The name under which ROOT keeps what an expression gives: letters, digits and underscores.
std::string internal_name(std::string expression) {
  for (auto& letter : expression)
    if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
  return expression;
}

void add_variable(pugi::xml_node node, const TMVAVariable& variable) {
  set(node, "Expression", variable.expression);
  set(node, "Label", variable.expression);
  set(node, "Title", variable.expression);
  set(node, "Unit", "");
  set(node, "Internal", internal_name(variable.expression));
  set(node, "Type", "F");
  set(node, "Min", number_text(variable.minimum));
  set(node, "Max", number_text(variable.maximum));
}

struct VariableNames {
  const char *list, *count, *variable, *index;
};

void add_variables(pugi::xml_node setup, const VariableNames& names,
                   const std::vector<TMVAVariable>& variables) {
  const auto list = child_of(setup, names.list);
  set(list, names.count, static_cast<std::int64_t>(variables.size()));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto node = child_of(list, names.variable);
    set(node, names.index, static_cast<std::int64_t>(i));
    add_variable(node, variables[i]);
  }
}

/// What stands before the weights.
void add_setup(pugi::xml_node setup, const TMVADescription& description) {
  set(setup, "Method", "DL::" + description.name);
  add_general(setup, description);
  add_options(setup, description);
  add_variables(setup, {"Variables", "NVar", "Variable", "VarIndex"},
                description.variables.empty() ? default_tmva_variables(description.steps, description.inputs)
                                              : description.variables);
  add_variables(setup, {"Spectators", "NSpec", "Spectator", "SpecIndex"}, {});
  const auto classes = child_of(setup, "Classes");
  set(classes, "NClass", static_cast<std::int64_t>(description.classes.size()));
  for (std::size_t i = 0; i < description.classes.size(); ++i) {
    const auto node = child_of(classes, "Class");
    set(node, "Name", description.classes[i]);
    set(node, "Index", static_cast<std::int64_t>(i));
  }
  if (description.analysis == TMVAAnalysis::regression)
    add_variables(setup, {"Targets", "NTrgt", "Target", "TargetIndex"}, description.targets);
  set(child_of(setup, "Transformations"), "NTransformations", 0);
  child_of(setup, "MVAPdfs");
}

void set_layer(pugi::xml_node node, const TMVALayer& layer, const Extents& before) {
  if (const auto* recurrent = std::get_if<TMVARecurrent>(&layer)) {
    set(node, "StateSize", recurrent->hidden);
    if (recurrent->kind == TMVARecurrent::Kind::lstm) set(node, "CellSize", recurrent->hidden);
    set(node, "InputSize", before.units);
    set(node, "TimeSteps", before.steps);
    set(node, "RememberState", 0);
    set(node, "ReturnSequence", recurrent->returns_sequence ? 1 : 0);
    if (recurrent->kind == TMVARecurrent::Kind::gru)
      set(node, "ResetGateAfter", recurrent->reset == Reset::after_product ? 1 : 0);
  } else if (const auto* dense = std::get_if<TMVADense>(&layer)) {
    set(node, "Width", dense->width);
    set(node, "ActivationFunction", text_of(activations, dense->activation));
  } else {
    const auto extents = after(layer, before);
    set(node, "Depth", 1);
    set(node, "Height", extents.steps);
    set(node, "Width", extents.units);
    set(node, "Flattening", std::get<TMVAReshape>(layer).flattens ? 1 : 0);
  }
}

template <class T>
std::string numbers_text(const std::string& where, const T* values, const Matrix& matrix) {
  std::string text;
  for (std::int64_t row = 0; row < matrix.rows; ++row)
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
      const auto value = values[column * matrix.rows + row];
      if (!std::isfinite(value))
        throw Error(where + " holds a number that is not finite, which TMVA cannot read");
      if (!text.empty()) text += ' ';
      append_number(text, value);
    }
  return text;
}

void add_matrix(pugi::xml_node layer, const std::string& where, const Matrix& matrix, const Array& weights) {
  if (!is_floating(weights.element()) || weights.shape() != matrix.shape())
    throw Error(where + " is " + to_string(weights.type()) + " and must be floating " +
                to_string(matrix.shape()));
  const auto node = child_of(layer, matrix.element);
  set(node, "Rows", matrix.rows);
  set(node, "Columns", matrix.columns);
  set_text(node, weights.element() == ElementType::float32
                     ? numbers_text(where, weights.data<float>(), matrix)
                     : numbers_text(where, weights.data<double>(), matrix));
}

void add_layers(pugi::xml_node parent, const TMVAFile& file, const std::string& where) {
  Extents at{file.description.steps, file.description.inputs};
  std::size_t count = 0;
  for (std::size_t i = 0; i < file.description.layers.size(); ++i) {
    const auto& layer = file.description.layers[i];
    const auto node = child_of(parent, element_of(layer));
    set_layer(node, layer, at);
    for (const auto& matrix : matrices_of(layer, at)) {
      const auto name = name_of(layer, i) + "/" + matrix.parameter;
      const auto weights = file.weights.find(name);
      if (weights == file.weights.end()) throw Error(where + ": there are no weights for " + name);
      add_matrix(node, where + ": " + name, matrix, weights->second);
      ++count;
    }
    at = after(layer, at);
  }
  if (count != file.weights.size())
    throw Error(where + ": there are weights for parameters that no layer has");
}

void add_weights(pugi::xml_node setup, const TMVAFile& file, const std::string& where) {
  const auto& description = file.description;
  const auto& [depth, height, width] = batch_extents(description);
  const auto weights = child_of(setup, "Weights");
  set(weights, "NetDepth", static_cast<std::int64_t>(description.layers.size()));
  set(weights, "InputDepth", description.steps);
  set(weights, "InputHeight", 1);
  set(weights, "InputWidth", description.inputs);
  set(weights, "BatchSize", 1);
  set(weights, "BatchDepth", depth);
  set(weights, "BatchHeight", height);
  set(weights, "BatchWidth", width);
  set(weights, "LossFunction", text_of(losses, description.loss));
  set(weights, "Initialization", text_of(initialisations, description.initialisation));
  set(weights, "Regularization", text_of(regularisations, description.regularisation));
  set(weights, "OutputFunction", text_of(outputs, description.output));
  set(weights, "WeightDecay", number_text(description.weight_decay));
  add_layers(weights, file, where);
}

std::string document_of(const TMVAFile& file, const std::string& where) {
  if (const auto fault = fault_of(file.description); !fault.empty()) throw Error(where + ": " + fault);
  pugi::xml_document document;
  const auto setup = document.append_child("MethodSetup");
  add_setup(setup, file.description);
  add_weights(setup, file, where);
  return xml_text(document);
}

}  // namespace

void write_tmva(const std::string& path, const TMVAFile& file) {
  const auto where = "[write_tmva] " + path;
  needing_memory_for(where, [&] { write_whole(path, document_of(file, where), "write_tmva"); });
}

void write_tmva(const std::string& path, const TMVANetwork& network) { write_tmva(path, network.file()); }

}  // namespace reel
