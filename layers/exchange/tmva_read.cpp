#include <reel/characters.h>
#include <reel/parse_number.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include <reel/strict_xml.h>
#include "tmva_layers.h"

namespace reel {

namespace {

using namespace tmva;

/// An element, and where it stands, for messages.
struct Place {
  pugi::xml_node node;
  std::string where;

  [[noreturn]] void refuse(const std::string& what) const { throw FileError(where + " " + what); }

  std::string text(const char* attribute) const { return required(node, attribute, where); }

  std::int64_t integer(const char* attribute, std::int64_t low, std::int64_t high = largest_size) const {
    const auto found = text(attribute);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc() || end != found.data() + found.size() || value < low || value > high)
      refuse("has " + std::string(attribute) + " " + shown(found) + ", which is no integer from " +
             std::to_string(low) + " to " + std::to_string(high));
    return value;
  }

  void expect(const char* attribute, std::int64_t wanted) const {
    if (text(attribute) != std::to_string(wanted))
      refuse("has " + std::string(attribute) + " " + shown(text(attribute)) + " and must have '" +
             std::to_string(wanted) + "'");
  }

  double number(const char* attribute) const {
    const auto found = text(attribute);
    const auto value = parse_number<double>(found);
    if (!value || !std::isfinite(*value))
      refuse("has " + std::string(attribute) + " " + shown(found) + ", which is no finite number");
    return *value;
  }

  template <class T, std::size_t count>
  T code(const char* attribute, const Code<T> (&codes)[count]) const {
    const auto found = text(attribute);
    for (const auto& code : codes)
      if (found == code.text) return code.value;
    std::string known;
    for (const auto& code : codes) known += (known.empty() ? "" : ", ") + std::string(code.text);
    refuse("has " + std::string(attribute) + " " + shown(found) + ", which is none of " + known);
  }

  /// The elements in this one. Throws FileError for text and the like; comments are passed over.
  std::vector<Place> children() const {
    std::vector<Place> found;
    for (const auto& child : node.children()) {
      if (child.type() == pugi::node_comment) continue;
      if (child.type() != pugi::node_element) refuse("holds something other than elements");
      found.push_back({child, where + ": <" + in_one_line(child.name()) + ">"});
    }
    return found;
  }

  /// The only element of that name. Throws FileError where there is none, or more than one.
  Place child(const std::string& name) const {
    const auto found = node.child(name.c_str());
    if (!found) refuse("holds no <" + name + ">");
    if (found.next_sibling(name.c_str())) refuse("holds <" + name + "> twice");
    return {found, where + ": <" + name + ">"};
  }

  /// The numbered elements in this one, as many as `count` says and no fewer than `least`, in their order.
  std::vector<Place> counted(const char* count, const std::string& name, const char* index,
                             std::int64_t least = 1) const {
    auto found = children();
    integer(count, least);
    expect(count, static_cast<std::int64_t>(found.size()));
    for (std::size_t i = 0; i < found.size(); ++i) {
      found[i].where += " " + std::to_string(i);
      if (found[i].node.name() != name) found[i].refuse("stands where only <" + name + "> may");
      found[i].expect(index, static_cast<std::int64_t>(i));
    }
    return found;
  }
};

/// The numbers of a matrix, one after the other.
template <class T>
class Numbers {
 public:
  explicit Numbers(const Place& place) : place_(place) {
    const auto content = place.node.first_child();
    if (content && (content.type() != pugi::node_pcdata || content.next_sibling()))
      place.refuse("holds something other than numbers");
    text_ = content.value();
  }

  /// Refuses sizes that so short a text cannot have, before memory is asked for.
  void check_can_be(std::int64_t rows, std::int64_t columns) const {
    if (rows > static_cast<std::int64_t>(text_.size()) / columns)
      place_.refuse("needs " + std::to_string(rows) + " x " + std::to_string(columns) +
                    " numbers, and holds fewer");
  }

  T next() {
    skip_space();
    if (text_.empty()) place_.refuse("holds " + std::to_string(count_) + " numbers and needs more");
    const auto word = text_.substr(0, text_.find_first_of(space));
    // Less than the smallest of T is 0, as TMVA reads it.
    const auto value = parse_number<T>(word);
    if (!value || !std::isfinite(*value))
      place_.refuse("holds " + shown(std::string(word)) + " at position " + std::to_string(count_) +
                    ", which is no finite number");
    text_.remove_prefix(word.size());
    ++count_;
    return *value;
  }

  void check_end() {
    skip_space();
    if (!text_.empty()) place_.refuse("holds more than its " + std::to_string(count_) + " numbers");
  }

 private:
  static constexpr auto space = " \n\t\r";

  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(space), text_.size())); }

  const Place& place_;
  std::string_view text_;
  std::int64_t count_ = 0;
};

/// The matrix as Reel has it: [columns, rows] of what the file has as [rows, columns].
template <class T>
Array read_numbers(const Place& place, const Matrix& matrix) {
  Numbers<T> numbers(place);
  numbers.check_can_be(matrix.rows, matrix.columns);
  Array array(matrix.shape(), element_type_of<T>);
  auto* values = array.data<T>();
  for (std::int64_t row = 0; row < matrix.rows; ++row)
    for (std::int64_t column = 0; column < matrix.columns; ++column)
      values[column * matrix.rows + row] = numbers.next();
  numbers.check_end();
  return array;
}

/// Reads the layers one after the other, each with what the one before gives.
class LayerReader {
 public:
  LayerReader(TMVAFile& file, ElementType element)
      : file_(file), element_(element), at_{file.description.steps, file.description.inputs} {}

  void read(const Place& place) {
    const auto layer = layer_of(place);
    const auto fault = fault_of(layer, at_);
    if (!fault.empty()) place.refuse("is none: " + fault);
    read_matrices(place, layer);
    at_ = after(layer, at_);
    file_.description.layers.push_back(layer);
  }

 private:
  TMVALayer layer_of(const Place& place) const {
    const std::string name = place.node.name();
    if (name == "DenseLayer") return dense(place);
    if (name == "ReshapeLayer") return reshape(place);
    for (const auto& kind : recurrent_kinds)
      if (name == kind.text + std::string("Layer")) return recurrent(place, kind.value);
    place.refuse("is a layer that is not read: only RNN, LSTM, GRU, Dense and Reshape are");
  }

  TMVALayer recurrent(const Place& place, TMVARecurrent::Kind kind) const {
    using Kind = TMVARecurrent::Kind;
    check_attributes(
        place.node,
        {"StateSize", "InputSize", "TimeSteps", "RememberState", "ReturnSequence",
         kind == Kind::lstm ? "CellSize" : "StateSize", kind == Kind::gru ? "ResetGateAfter" : "StateSize"},
        place.where);
    TMVARecurrent layer;
    layer.kind = kind;
    layer.hidden = place.integer("StateSize", 1);
    place.expect("InputSize", at_.units);
    place.expect("TimeSteps", at_.steps);
    if (place.integer("RememberState", 0, 1) != 0)
      place.refuse("has RememberState '1': a state that is carried from batch to batch is not read");
    if (kind == Kind::lstm) place.expect("CellSize", layer.hidden);
    if (kind == Kind::gru && place.integer("ResetGateAfter", 0, 1) == 1) layer.reset = Reset::after_product;
    // Older releases had it of no RNN, which gave all steps.
    if (kind != Kind::rnn || place.node.attribute("ReturnSequence"))
      layer.returns_sequence = place.integer("ReturnSequence", 0, 1) == 1;
    return layer;
  }

  static TMVALayer dense(const Place& place) {
    check_attributes(place.node, {"Width", "ActivationFunction"}, place.where);
    TMVADense layer;
    layer.width = place.integer("Width", 1);
    layer.activation = place.code("ActivationFunction", activations);
    return layer;
  }

  TMVALayer reshape(const Place& place) const {
    check_attributes(place.node, {"Depth", "Height", "Width", "Flattening"}, place.where);
    TMVAReshape layer;
    layer.flattens = place.integer("Flattening", 0, 1) == 1;
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const auto depth = place.integer("Depth", 0), height = place.integer("Height", 0);
    const auto width = place.integer("Width", 0, most);
    const auto wanted = after(layer, at_);
    // A layout of "RESHAPE|FLAT" alone leaves them at 0 until the layer is made.
    const bool is_left_open = layer.flattens && depth == 0 && height == 0 && width == 0;
    if (!is_left_open && (depth != 1 || height != wanted.steps || width != wanted.units))
      place.refuse("gives " + std::to_string(depth) + " x " + std::to_string(height) + " x " +
                   std::to_string(width) + "; only 1 x " + std::to_string(wanted.steps) + " x " +
                   std::to_string(wanted.units) + " is read there");
    return layer;
  }

  /// How the matrices of a layer are ordered: the columns of the second one tell.
  Order order_of(const Place& place, const TMVALayer& layer) const {
    const auto* recurrent = std::get_if<TMVARecurrent>(&layer);
    if (!recurrent || recurrent->kind == TMVARecurrent::Kind::rnn || at_.units == recurrent->hidden)
      return Order::grouped;
    const auto second = place.child(matrices_of(layer, at_)[1].element);
    return second.text("Columns") == std::to_string(recurrent->hidden) ? Order::alternating : Order::grouped;
  }

  void read_matrices(const Place& place, const TMVALayer& layer) {
    const auto matrices = matrices_of(layer, at_, order_of(place, layer));
    for (const auto& child : place.children())
      if (std::none_of(matrices.begin(), matrices.end(),
                       [&](const Matrix& matrix) { return matrix.element == child.node.name(); }))
        child.refuse("means nothing there");
    for (const auto& matrix : matrices) {
      const auto child = place.child(matrix.element);
      check_attributes(child.node, {"Rows", "Columns"}, child.where);
      child.expect("Rows", matrix.rows);
      child.expect("Columns", matrix.columns);
      file_.weights.emplace(name_of(layer, file_.description.layers.size()) + "/" + matrix.parameter,
                            element_ == ElementType::float32 ? read_numbers<float>(child, matrix)
                                                             : read_numbers<double>(child, matrix));
    }
  }

  TMVAFile& file_;
  ElementType element_;
  Extents at_;
};

TMVAAnalysis read_analysis(const Place& general) {
  for (const auto& info : general.children()) {
    if (info.text("name") != "AnalysisType") continue;
    for (const auto& analysis : analyses)
      if (lower_case(info.text("value")) == lower_case(analysis.text)) return analysis.value;
    info.refuse("has AnalysisType " + shown(info.text("value")) + ", which is no analysis");
  }
  general.refuse("holds no AnalysisType");
}

void check_untransformed(const Place& setup) {
  const auto options = setup.child("Options");
  for (const auto& option : options.children()) {
    if (option.text("name") != "VarTransform") continue;
    const std::string transform = option.node.text().get();
    if (const auto lower = lower_case(transform); lower != "none" && lower != "i" && !lower.empty())
      option.refuse("has VarTransform " + shown(transform) + ": transformed inputs are not read");
  }
  const auto transformations = setup.child("Transformations");
  const auto found = transformations.children();
  transformations.integer("NTransformations", 0);
  transformations.expect("NTransformations", static_cast<std::int64_t>(found.size()));
  for (const auto& transformation : found)
    if (transformation.text("Name") != "Identity")
      transformation.refuse("has Name " + shown(transformation.text("Name")) +
                            ": transformed inputs are not read");
}

std::vector<TMVAVariable> read_variables(const std::vector<Place>& places) {
  std::vector<TMVAVariable> variables;
  for (const auto& place : places)
    variables.push_back({place.text("Expression"), place.number("Min"), place.number("Max")});
  return variables;
}

/// What stands before the weights.
void read_setup(const Place& setup, TMVADescription& description) {
  const std::string method = setup.text("Method");
  const std::string type = "DL::";
  if (method.compare(0, type.size(), type) != 0 || method.size() == type.size())
    setup.refuse("has Method " + shown(method) + ", which does not begin with 'DL::'");
  description.name = method.substr(type.size());
  static const std::vector<std::string> known{"GeneralInfo",     "Options", "Variables",
                                              "Spectators",      "Classes", "Targets",
                                              "Transformations", "MVAPdfs", "Weights"};
  for (const auto& child : setup.children())
    if (std::find(known.begin(), known.end(), child.node.name()) == known.end())
      child.refuse("means nothing there");
  for (const auto& name : known)
    if (setup.node.child(name.c_str())) setup.child(name);
  description.analysis = read_analysis(setup.child("GeneralInfo"));
  check_untransformed(setup);
  description.variables = read_variables(setup.child("Variables").counted("NVar", "Variable", "VarIndex"));
  // They are not kept, but are to be what they say.
  if (setup.node.child("Spectators")) setup.child("Spectators").counted("NSpec", "Spectator", "SpecIndex", 0);
  description.classes.clear();
  for (const auto& place : setup.child("Classes").counted("NClass", "Class", "Index"))
    description.classes.push_back(place.text("Name"));
  if (setup.node.child("Targets"))
    description.targets = read_variables(setup.child("Targets").counted("NTrgt", "Target", "TargetIndex"));
}

/// The input's extents. Where a network begins with a dense layer TMVA has the batch as rows of one matrix,
/// else each event as one, a row for each step.
void read_extents(const Place& weights, TMVADescription& description) {
  weights.integer("BatchSize", 1);
  description.steps = weights.integer("InputDepth", 1);
  description.inputs = weights.integer("InputWidth", 1);
  weights.expect("InputHeight", 1);
  weights.expect("BatchWidth", description.inputs);
  const bool is_matrix = description.steps == 1 && weights.text("BatchDepth") == "1";
  description.batch = weights.integer(is_matrix ? "BatchHeight" : "BatchDepth", 1);
  if (!is_matrix) weights.expect("BatchHeight", description.steps);
}

void read_weights(const Place& weights, TMVAFile& file, ElementType element) {
  check_attributes(
      weights.node,
      {"NetDepth", "InputDepth", "InputHeight", "InputWidth", "BatchSize", "BatchDepth", "BatchHeight",
       "BatchWidth", "LossFunction", "Initialization", "Regularization", "OutputFunction", "WeightDecay"},
      weights.where);
  auto& description = file.description;
  read_extents(weights, description);
  description.loss = weights.code("LossFunction", losses);
  description.initialisation = weights.code("Initialization", initialisations);
  description.regularisation = weights.code("Regularization", regularisations);
  description.output = weights.code("OutputFunction", outputs);
  description.weight_decay = weights.number("WeightDecay");
  auto layers = weights.children();
  weights.integer("NetDepth", 1);
  weights.expect("NetDepth", static_cast<std::int64_t>(layers.size()));
  LayerReader reader(file, element);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].where += " " + std::to_string(i + 1);
    reader.read(layers[i]);
  }
}

TMVAFile read_document(const std::string& path, const std::string& where, ElementType element) {
  auto text = read_whole(path, "read_tmva");
  pugi::xml_document document;
  const Place setup{parse_strictly(text, document, where), where + ": <MethodSetup>"};
  if (std::string(setup.node.name()) != "MethodSetup") throw FileError(where + " holds no <MethodSetup>");
  TMVAFile file;
  read_setup(setup, file.description);
  read_weights(setup.child("Weights"), file, element);
  if (const auto fault = fault_of(file.description); !fault.empty()) throw FileError(where + ": " + fault);
  return file;
}

}  // namespace

TMVAFile read_tmva(const std::string& path, ElementType element) {
  if (!is_floating(element))
    throw Error("[read_tmva] weights are float32 or float64, not " + std::string(name_of(element)));
  const auto where = "[read_tmva] " + path;
  return needing_memory_for(where, [&] { return read_document(path, where, element); });
}

}  // namespace reel
