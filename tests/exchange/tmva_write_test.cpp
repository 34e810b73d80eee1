// Files that are written as TMVA's reader looks them up.

#include <reel/function.h>
#include <reel/tmva.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include <pugixml.hpp>

#include "catch.h"
#include "directory.h"
#include "memory_refusals.h"
#include "tmva_networks.h"

using namespace reel;
using namespace reel::test;

namespace {

/// What a reader of ROOT's finds in an element, where everything that it looks up has to be there.
struct Found {
  pugi::xml_node node;

  std::string text(const char* attribute) const {
    INFO("<" << node.name() << "> " << attribute);
    REQUIRE(node.attribute(attribute));
    return node.attribute(attribute).value();
  }
  /// As its streams read a value.
  template <class T>
  T value(const char* attribute) const {
    std::istringstream stream(text(attribute));
    T value{};
    REQUIRE(stream >> value);
    return value;
  }
  std::size_t size(const char* attribute) const { return value<std::size_t>(attribute); }
  Found child(const std::string& name) const {
    INFO("<" << name << "> in <" << node.name() << ">");
    REQUIRE(node.child(name.c_str()));
    return {node.child(name.c_str())};
  }
  PlainMatrix matrix(const std::string& name, std::size_t rows, std::size_t columns) const {
    const auto found = child(name);
    CHECK(found.size("Rows") == rows);
    CHECK(found.size("Columns") == columns);
    std::istringstream stream(found.node.text().get());
    PlainMatrix matrix{rows, columns, Values(rows * columns)};
    for (auto& value : matrix.values) {
      float number = 0;
      REQUIRE(stream >> number);
      value = number;
    }
    CHECK((stream >> std::ws).eof());
    return matrix;
  }
};

PlainLayer look_up_recurrent(const Found& found, const std::string& kind, std::size_t steps,
                             std::size_t inputs) {
  PlainLayer layer;
  layer.kind = kind;
  const auto hidden = found.size("StateSize");
  CHECK(found.size("InputSize") == inputs);
  CHECK(found.size("TimeSteps") == steps);
  CHECK(found.value<int>("RememberState") == 0);
  layer.sequence = found.value<int>("ReturnSequence") == 1;
  if (kind == "LSTM") CHECK(found.size("CellSize") == hidden);
  if (kind == "GRU") layer.after = found.value<int>("ResetGateAfter") == 1;
  // Into the list of matrices that the layer has made, in the order of these names.
  const auto names = element_names(kind);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i % 3 == 2)
      layer.biases.push_back(found.matrix(names[i], hidden, 1));
    else
      layer.matrices.push_back(
          found.matrix(names[i], hidden, layer.matrices.size() < gates_of(kind) ? inputs : hidden));
  }
  return layer;
}

void look_up_variables(const Found& list, const char* count, const char* index, std::size_t wanted) {
  CHECK(list.size(count) == wanted);
  std::size_t next = 0;
  for (const auto& node : list.node.children()) {
    const Found variable{node};
    CHECK(variable.size(index) == next++);
    for (const auto* attribute : {"Expression", "Label", "Title", "Unit", "Internal"})
      variable.text(attribute);
    CHECK(variable.text("Type") == "F");
    variable.value<double>("Min");
    variable.value<double>("Max");
  }
  CHECK(next == wanted);
}

/// The options of the method and of all methods, of which a reader takes no other.
void look_up_options(const Found& options) {
  const std::set<std::string> declared{"V",
                                       "VerbosityLevel",
                                       "VarTransform",
                                       "H",
                                       "CreateMVAPdfs",
                                       "IgnoreNegWeightsInTraining",
                                       "InputLayout",
                                       "BatchLayout",
                                       "Layout",
                                       "ErrorStrategy",
                                       "WeightInitialization",
                                       "Architecture",
                                       "TrainingStrategy"};
  const std::map<std::string, std::set<std::string>> allowed{
      {"ErrorStrategy", {"CROSSENTROPY", "SUMOFSQUARES", "MUTUALEXCLUSIVE"}},
      {"WeightInitialization", {"XAVIER", "XAVIERUNIFORM"}},
      {"Architecture", {"CPU"}}};
  for (const auto& node : options.node.children()) {
    const auto name = Found{node}.text("name");
    const std::string value = node.text().get();
    CAPTURE(name, value);
    CHECK(declared.count(name) == 1);
    // They are joined by colons before they are taken apart.
    CHECK(value.find(':') == std::string::npos);
    CHECK_FALSE(value.empty());
    if (allowed.count(name)) CHECK(allowed.at(name).count(value) == 1);
  }
}

void look_up_setup(const Found& setup, std::size_t variables) {
  CHECK(std::string(setup.node.name()) == "MethodSetup");
  CHECK(setup.text("Method").substr(0, 4) == "DL::");
  const std::set<std::string> read{"GeneralInfo", "Options",         "Variables", "Spectators", "Classes",
                                   "Targets",     "Transformations", "MVAPdfs",   "Weights"};
  for (const auto& node : setup.node.children()) CHECK(read.count(node.name()) == 1);
  std::map<std::string, std::string> general;
  for (const auto& node : setup.child("GeneralInfo").node.children())
    general[Found{node}.text("name")] = Found{node}.text("value");
  CHECK(general.count("AnalysisType") == 1);
  CHECK(general["TMVA Release"] == "4.2.1 [262657]");
  CHECK(general["ROOT Release"] == "6.24/00 [399360]");
  look_up_options(setup.child("Options"));
  look_up_variables(setup.child("Variables"), "NVar", "VarIndex", variables);
  look_up_variables(setup.child("Spectators"), "NSpec", "SpecIndex", 0);
  std::size_t next = 0;
  for (const auto& node : setup.child("Classes").node.children()) {
    CHECK(Found{node}.size("Index") == next++);
    Found{node}.text("Name");
  }
  CHECK(setup.child("Classes").size("NClass") == next);
  CHECK_FALSE(setup.child("Transformations").node.first_child());
  CHECK_FALSE(setup.child("MVAPdfs").node.first_child());
}

/// The network as TMVA's reader makes it of a document.
PlainNetwork look_up(const std::string& path) {
  pugi::xml_document document;
  REQUIRE(document.load_file(path.c_str()));
  const Found setup{document.first_child()}, weights = setup.child("Weights");
  PlainNetwork network{weights.size("InputDepth"), weights.size("InputWidth"), {}};
  look_up_setup(setup, network.steps * network.inputs);
  CHECK(weights.size("InputHeight") == 1);
  CHECK(weights.size("BatchSize") == 1);
  for (const auto* attribute : {"LossFunction", "Initialization", "Regularization", "OutputFunction"})
    CHECK(weights.text(attribute).size() == 1);
  weights.value<double>("WeightDecay");
  weights.size("BatchDepth");
  CHECK(weights.size("BatchWidth") == network.inputs);
  std::size_t steps = network.steps, units = network.inputs, depth = 0;
  for (const auto& node : weights.node.children()) {
    const Found found{node};
    const std::string name = node.name();
    PlainLayer layer;
    if (name == "ReshapeLayer") {
      layer = flattening();
      CHECK(found.size("Depth") * found.size("Height") * found.size("Width") == steps * units);
      CHECK(found.value<int>("Flattening") == 1);
      units *= steps;
      steps = 1;
    } else if (name == "DenseLayer") {
      layer.kind = "Dense";
      layer.activation = found.value<int>("ActivationFunction");
      const auto width = found.size("Width");
      layer.matrices = {found.matrix("Weights", width, units)};
      layer.biases = {found.matrix("Biases", width, 1)};
      units = width;
    } else {
      layer = look_up_recurrent(found, name.substr(0, name.find("Layer")), steps, units);
      units = layer.matrices[0].rows;
      if (!layer.sequence) steps = 1;
    }
    network.layers.push_back(layer);
    ++depth;
  }
  CHECK(weights.size("NetDepth") == depth);
  if (network.layers[0].kind != "Dense") CHECK(weights.size("BatchHeight") == network.steps);
  return network;
}

std::string option(const std::string& path, const std::string& name) {
  pugi::xml_document document;
  REQUIRE(document.load_file(path.c_str()));
  return document.first_child()
      .child("Options")
      .find_child_by_attribute("Option", "name", name.c_str())
      .text()
      .get();
}

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace

TEST_CASE("a written document holds what TMVA's reader looks up, and is the same network to it", "[tmva]") {
  const auto kind = GENERATE(CellKind::rnn, CellKind::lstm, CellKind::gru);
  const std::int64_t hidden = GENERATE(3, 6);
  const bool sequence = GENERATE(true, false);
  const auto reset = GENERATE(Reset::before_product, Reset::after_product);
  const Directory directory;
  Model model(Seed{7});
  const TMVANetwork network(model / "network", described(kind, hidden, sequence, reset));
  write_tmva(directory / "net.xml", network);
  const auto plain = look_up(directory / "net.xml");

  Function predict(model, [&](Tensor x) { return network.output(network(x)); });
  const auto x = events_of(plain);
  const std::vector<float> narrow(x.begin(), x.end());
  const auto found = predict(Array(Shape{events, 4, 3}, narrow)).to_vector<float>();
  const Values seen(narrow.begin(), narrow.end());
  REQUIRE(found.size() == events);
  for (std::size_t event = 0; event < events; ++event)
    CHECK(found[event] == Approx(logistic(run(plain, seen.data() + 12 * event)[0])).margin(1e-6));
}

TEST_CASE("the options of a written document give the layout again", "[tmva]") {
  const Directory directory;
  Model model(Seed{1});
  auto description = described(CellKind::gru, 6, true, Reset::after_product);
  description.batch = 50;
  write_tmva(directory / "gru.xml", TMVANetwork(model / "gru", description));
  CHECK(option(directory / "gru.xml", "InputLayout") == "4|3");
  CHECK(option(directory / "gru.xml", "BatchLayout") == "50|4|3");
  CHECK(option(directory / "gru.xml", "Layout") ==
        "GRU|6|3|4|0|1|1,RESHAPE|FLAT,DENSE|5|SOFTSIGN,DENSE|1|LINEAR");
  description.layers = {TMVARecurrent{CellKind::lstm, 2, false}, TMVAReshape{false},
                        TMVADense{1, TMVAActivation::gauss}};
  write_tmva(directory / "lstm.xml", TMVANetwork(model / "lstm", description));
  CHECK(option(directory / "lstm.xml", "Layout") == "LSTM|2|3|4|0|0,RESHAPE|1|1|2,DENSE|1|GAUSS");
  CHECK(to_string(read_tmva(directory / "lstm.xml").description) == to_string(description));
  description.steps = 1;
  description.layers = {TMVADense{2, TMVAActivation::relu}, TMVADense{1}};
  write_tmva(directory / "dense.xml", TMVANetwork(model / "dense", description));
  CHECK(option(directory / "dense.xml", "InputLayout") == "1|1|3");
  CHECK(option(directory / "dense.xml", "BatchLayout") == "1|50|3");
  CHECK(read_tmva(directory / "dense.xml").description.batch == 50);
}

TEST_CASE("a network comes back from its file bit for bit", "[tmva]") {
  const auto element = GENERATE(ElementType::float32, ElementType::float64);
  const Directory directory;
  Model model(Seed{3}, Device::cpu(), element);
  auto description = described(CellKind::gru, 4, false, Reset::after_product);
  description.analysis = TMVAAnalysis::multiclass;
  description.classes = {"a<b>", "\"c\" & 'd'", "e"};
  description.loss = TMVALoss::softmax_cross_entropy;
  description.output = TMVAOutput::softmax;
  description.regularisation = TMVARegularisation::l1;
  description.initialisation = TMVAInitialisation::zero;
  description.weight_decay = 0.1;
  description.batch = 17;
  description.layers.back() = TMVADense{3, TMVAActivation::gauss};
  description.variables = default_tmva_variables(4, 3);
  description.variables[5] = {"sqrt(x[1] < 2 && y > 0)", -1.0 / 3, 1e300};
  const TMVANetwork network(model / "network", description);
  auto file = network.file();
  if (element == ElementType::float32) {
    auto* numbers = file.weights.at("gru 1/reset/U").data<float>();
    numbers[0] = std::numeric_limits<float>::denorm_min();
    numbers[1] = -std::numeric_limits<float>::max();
    numbers[2] = -0.0f;
    numbers[3] = std::nextafter(1.0f, 2.0f);
  }
  write_tmva(directory / "net.xml", file);
  const auto back = read_tmva(directory / "net.xml", element);
  REQUIRE(back.weights.size() == file.weights.size());
  for (const auto& [name, value] : file.weights) {
    CAPTURE(name);
    CHECK(same_bits(back.weights.at(name), value));
  }
  CHECK(to_string(back.description) == to_string(description));
  CHECK(back.description.classes == description.classes);
  CHECK(back.description.weight_decay == 0.1);
  CHECK(back.description.regularisation == TMVARegularisation::l1);
  CHECK(back.description.initialisation == TMVAInitialisation::zero);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(back.description.variables[i].expression == description.variables[i].expression);
    CHECK(back.description.variables[i].minimum == description.variables[i].minimum);
    CHECK(back.description.variables[i].maximum == description.variables[i].maximum);
  }
  write_tmva(directory / "again.xml", back);
  CHECK(read(directory / "again.xml") == read(directory / "net.xml"));
}

TEST_CASE("a regression has targets", "[tmva]") {
  const Directory directory;
  Model model(Seed{3});
  auto description = described(CellKind::rnn, 2, true, Reset::before_product);
  description.analysis = TMVAAnalysis::regression;
  description.output = TMVAOutput::identity;
  description.loss = TMVALoss::squares;
  CHECK_THROWS_WITH(TMVANetwork(model / "network", description),
                    "[TMVANetwork] the last layer has 1 units for 0 targets");
  CHECK(model.parameters().empty());
  description.targets = {{"energy", 0, 100}};
  const TMVANetwork network(model / "network", description);
  write_tmva(directory / "net.xml", network);
  const auto back = read_tmva(directory / "net.xml").description;
  REQUIRE(back.targets.size() == 1);
  CHECK(back.targets[0].expression == "energy");
  CHECK(back.targets[0].maximum == 100);
  Function values(model, [&](Tensor x) { return std::pair(network(x), network.output(network(x))); });
  const auto [before, output] = values(Array(Shape{2, 12}, std::vector<float>(24, 0.5f)));
  CHECK(before == output);
}

TEST_CASE("descriptions that are none are refused, and make nothing", "[tmva]") {
  const Directory directory;
  Model model(Seed{1});
  const auto good = described(CellKind::gru, 4, true, Reset::before_product);
  const auto refused = [&](const std::function<void(TMVADescription&)>& change, const std::string& reason) {
    auto description = good;
    change(description);
    CAPTURE(reason);
    CHECK_THROWS_WITH(TMVANetwork(model / "network", description),
                      ContainsSubstring("[TMVANetwork] " + reason));
    CHECK_THROWS_WITH(to_string(description), ContainsSubstring(reason));
    CHECK_THROWS_WITH(write_tmva(directory / "net.xml", TMVAFile{description, {}}),
                      ContainsSubstring("[write_tmva] " + (directory / "net.xml") + ": " + reason));
    CHECK(model.parameters().empty());
  };
  refused([](auto& d) { d.steps = 0; }, "steps 0 is not between 1 and 2147483647");
  refused([](auto& d) { d.inputs = -1; }, "inputs -1 is not");
  refused([](auto& d) { d.batch = std::int64_t{1} << 40; }, "batch 1099511627776 is not");
  refused([](auto& d) { d.layers.clear(); }, "there are no layers");
  refused([](auto& d) { d.layers.erase(d.layers.begin() + 1); }, "layer 2: a dense layer gets 4 steps");
  refused([](auto& d) { d.layers.resize(1); }, "the last layer gives 4 steps, not one");
  refused([](auto& d) { d.layers.resize(3); }, "the last layer has 5 units for 1 answer of a classification");
  refused([](auto& d) { d.layers[0] = TMVARecurrent{CellKind::lstm, 0}; }, "layer 1: hidden size 0 is not");
  refused([](auto& d) { d.layers[2] = TMVADense{-5}; }, "layer 3: width -5 is not");
  refused(
      [](auto& d) {
        d.layers[2] = TMVADense{5, static_cast<TMVAActivation>(7)};
      },
      "layer 3: the activation is none");
  refused(
      [](auto& d) {
        d.layers[0] = TMVARecurrent{static_cast<CellKind>(3), 4};
      },
      "layer 1: the kind is none");
  refused([](auto& d) { d.loss = static_cast<TMVALoss>(9); }, "the loss is none");
  refused([](auto& d) { d.output = static_cast<TMVAOutput>(9); }, "the output function is none");
  refused([](auto& d) { d.analysis = static_cast<TMVAAnalysis>(9); }, "the analysis is none");
  refused([](auto& d) { d.initialisation = static_cast<TMVAInitialisation>(9); },
          "the initialisation is none");
  refused([](auto& d) { d.regularisation = static_cast<TMVARegularisation>(9); },
          "the regularisation is none");
  refused([](auto& d) { d.weight_decay = std::nan(""); }, "the weight decay is not finite");
  refused([](auto& d) { d.name = ""; }, "the method's name is empty");
  refused([](auto& d) { d.name = "a\nb"; }, "the method's name is empty or no single line");
  refused([](auto& d) { d.name = "Sign\xe4l"; }, "the method's name is empty or no single line of UTF-8");
  refused([](auto& d) { d.classes[0] = "\xef\xbf\xbe"; }, "the name of a class is empty or no single line");
  refused([](auto& d) { d.classes[0] = "\t"; }, "the name of a class is empty or no single line");
  refused([](auto& d) { d.classes.clear(); }, "there are no classes");
  refused([](auto& d) { d.classes.resize(1); }, "a classification is between 2 classes, not 1");
  refused([](auto& d) { d.classes.push_back("Third"); }, "a classification is between 2 classes, not 3");
  refused([](auto& d) { d.variables.resize(11); }, "there are 11 variables for 4 steps of 3 inputs");
  refused([](auto& d) { d.variables = std::vector<TMVAVariable>(12); },
          "the expression of a variable is empty");
  refused([](auto& d) { d.targets = {{"E", 0, std::nan("")}}; }, "the range of target E is not finite");
  CHECK(directory.names().empty());
}

TEST_CASE("weights that do not fit are refused, and leave model and file as they were", "[tmva]") {
  const Directory directory;
  Model source(Seed{1}), model(Seed{2});
  const auto good =
      TMVANetwork(source / "network", described(CellKind::gru, 4, true, Reset::before_product)).file();
  write(directory / "net.xml", "as it was");
  const auto refused = [&](const std::function<void(TMVAFile&)>& change, const std::string& reason) {
    auto file = good;
    change(file);
    CAPTURE(reason);
    CHECK_THROWS_AS(TMVANetwork(model / "network", file), Error);
    CHECK(model.parameters().empty());
    CHECK_THROWS_WITH(write_tmva(directory / "net.xml", file), ContainsSubstring(reason));
    CHECK(read(directory / "net.xml") == "as it was");
  };
  refused([](auto& file) { file.weights.erase("gru 1/reset/U"); }, "there are no weights for gru 1/reset/U");
  refused([](auto& file) { file.weights.emplace("gru 1/x", Array(1.0f)); },
          "weights for parameters that no layer has");
  refused([](auto& file) { file.weights["dense 3/bias"] = Array(std::vector<float>(4)); },
          "dense 3/bias is float32[4] and must be floating [5]");
  refused([](auto& file) { file.weights["dense 3/bias"] = Array(std::vector<std::int32_t>(5)); },
          "dense 3/bias is int32[5] and must be floating [5]");
  auto infinite = good;
  infinite.weights["gru 1/reset/b"].data<float>()[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(
      write_tmva(directory / "net.xml", infinite),
      ContainsSubstring("gru 1/reset/b holds a number that is not finite, which TMVA cannot read"));
  CHECK(read(directory / "net.xml") == "as it was");
  CHECK_THROWS_AS(write_tmva(directory / "missing/net.xml", good), FileError);
}

TEST_CASE("a GRU with a bias within its reset product is none of TMVA's", "[tmva]") {
  Model model(Seed{1});
  CHECK_THROWS_WITH(
      TMVANetwork(model / "network", described(CellKind::gru, 4, false, Reset::after_product_with_bias)),
      ContainsSubstring("TMVA's GRU has no bias within its reset product"));
}

TEST_CASE("a file of TMVA's for which there is no memory is refused as that", "[tmva][slow]") {
  const Directory directory;
  const auto path = directory / "net.xml";
  Model model(Seed{1});
  const TMVANetwork network(model / "network", described(CellKind::lstm, 50, true, Reset::before_product));
  const auto file = network.file();
  CHECK(refusals_for_memory(path, [&] { write_tmva(path, file); }) > 5);
  for (const auto element : {ElementType::float32, ElementType::float64})
    CHECK(refusals_for_memory(path, [&] { read_tmva(path, element); }) > 5);
}
