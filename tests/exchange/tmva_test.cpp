#include <reel/losses.h>
#include <reel/tmva.h>
#include <reel/training_step.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>

#include <pugixml.hpp>

#include "catch.h"
#include "directory.h"
#include "memory_refusals.h"
#include "mutations.h"

using namespace reel;
using namespace reel::test;

namespace {

using Values = std::vector<double>;
using CellKind = TMVARecurrent::Kind;

/// A matrix, row by row.
struct PlainMatrix {
  std::size_t rows = 0, columns = 0;
  Values values;

  double at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// A layer as TMVA has it: its matrices [output, input] in the order of its list, and its biases.
struct PlainLayer {
  std::string kind;  // "RNN", "LSTM", "GRU", "Dense" or "Reshape"
  bool sequence = true, after = false;
  int activation = 0;
  std::vector<PlainMatrix> matrices, biases;
};

struct PlainNetwork {
  std::size_t steps = 0, inputs = 0;
  std::vector<PlainLayer> layers;
};

class Drawing {
 public:
  PlainMatrix matrix(std::size_t rows, std::size_t columns) {
    PlainMatrix made{rows, columns, Values(rows * columns)};
    // Numbers of float32, so that both element types read the same.
    for (auto& value : made.values) value = static_cast<float>(next());
    return made;
  }
  double next() { return std::uniform_real_distribution<>(-1, 1)(engine_); }

 private:
  std::mt19937_64 engine_{5};
};

std::size_t gates_of(const std::string& kind) { return kind == "RNN" ? 1 : kind == "LSTM" ? 4 : 3; }

/// All matrices of the input, then all of the state.
PlainLayer recurrent(Drawing& random, const std::string& kind, std::size_t inputs, std::size_t hidden) {
  PlainLayer layer;
  layer.kind = kind;
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate)
    layer.matrices.push_back(random.matrix(hidden, inputs));
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate)
    layer.matrices.push_back(random.matrix(hidden, hidden));
  for (std::size_t gate = 0; gate < gates_of(kind); ++gate) layer.biases.push_back(random.matrix(hidden, 1));
  return layer;
}

PlainLayer dense(Drawing& random, std::size_t inputs, std::size_t width, int activation) {
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

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

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

/// `variables` is an event: steps * inputs numbers, those of a step together.
Values run(const PlainNetwork& network, const double* variables) {
  std::vector<Values> x;
  for (std::size_t t = 0; t < network.steps; ++t)
    x.emplace_back(variables + t * network.inputs, variables + (t + 1) * network.inputs);
  for (const auto& layer : network.layers) x = forward(layer, x);
  return x.at(0);
}

// ---- The document, as TMVA writes it.

/// The names under which the matrices of a layer stand, a bias after each two.
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

std::string document(const PlainNetwork& network, bool alternating = false) {
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

/// A network as in TMVA's tutorial: recurrent, flattened, dense with tanh, dense with one unit.
PlainNetwork tutorial(const std::string& kind, std::size_t steps, std::size_t inputs, std::size_t hidden,
                      bool sequence = true, bool after = false) {
  Drawing random;
  PlainNetwork network{steps, inputs, {recurrent(random, kind, inputs, hidden), flattening()}};
  network.layers[0].sequence = sequence;
  network.layers[0].after = after;
  network.layers.push_back(dense(random, hidden * (sequence ? steps : 1), 6, 3));
  network.layers.push_back(dense(random, 6, 1, 0));
  return network;
}

constexpr std::size_t events = 4;

Values events_of(const PlainNetwork& network) {
  Drawing random;
  Values x(events * network.steps * network.inputs);
  for (auto& value : x) value = random.next();
  return x;
}

/// What Reel makes of a file, in float64, for events with an axis of steps or without.
Values run_by_reel(const std::string& path, const PlainNetwork& network, bool flat) {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const TMVANetwork read(model / "network", read_tmva(path, ElementType::float64));
  Function predict(model, [&](Tensor x) { return read(x); });
  const auto steps = static_cast<std::int64_t>(network.steps),
             inputs = static_cast<std::int64_t>(network.inputs);
  const auto x = events_of(network);
  return predict(flat ? Array(Shape{events, steps * inputs}, x) : Array(Shape{events, steps, inputs}, x))
      .to_vector<double>();
}

void check_runs_alike(const std::string& path, const PlainNetwork& network) {
  const auto x = events_of(network);
  for (const bool flat : {false, true}) {
    const auto found = run_by_reel(path, network, flat);
    Values expected;
    for (std::size_t event = 0; event < events; ++event)
      for (const auto value : run(network, x.data() + event * network.steps * network.inputs))
        expected.push_back(value);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i, flat);
      CHECK(found[i] == Approx(expected[i]).margin(1e-12).epsilon(1e-12));
    }
  }
}

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace

TEST_CASE("a network that TMVA wrote gives what TMVA's equations give", "[tmva]") {
  const std::string kind = GENERATE("RNN", "LSTM", "GRU");
  const std::size_t hidden = GENERATE(3, 4);
  const bool sequence = GENERATE(true, false), after = GENERATE(false, true);
  if (after && kind != "GRU") return;
  const Directory directory;
  const auto network = tutorial(kind, 5, 3, hidden, sequence, after);
  CAPTURE(kind, hidden, sequence, after);
  write(directory / "net.xml", document(network));
  check_runs_alike(directory / "net.xml", network);
  SECTION("also where an older release wrote input and state in turn") {
    if (hidden == 3) return;  // nothing tells them there
    write(directory / "net.xml", document(network, true));
    check_runs_alike(directory / "net.xml", network);
  }
}

TEST_CASE("recurrent layers follow on one another, and a last step needs no reshape", "[tmva]") {
  const Directory directory;
  Drawing random;
  PlainNetwork network{
      4,
      2,
      {recurrent(random, "LSTM", 2, 3), recurrent(random, "GRU", 3, 3), recurrent(random, "RNN", 3, 5)}};
  network.layers[2].sequence = false;
  network.layers.push_back(dense(random, 5, 1, 0));
  write(directory / "net.xml", document(network));
  check_runs_alike(directory / "net.xml", network);
}

TEST_CASE("every activation of a dense layer is TMVA's", "[tmva]") {
  const int activation = GENERATE(0, 1, 2, 3, 4, 5, 6);
  const Directory directory;
  Drawing random;
  PlainNetwork network{1, 4, {dense(random, 4, 7, activation), dense(random, 7, 1, activation)}};
  CAPTURE(activation);
  write(directory / "net.xml", document(network));
  check_runs_alike(directory / "net.xml", network);
  CHECK(read_tmva(directory / "net.xml").description.batch == 100);
}

TEST_CASE("the elements of LSTM and GRU hold other matrices than their names say", "[tmva]") {
  const Directory directory;
  PlainNetwork network{2, 1, {}};
  const auto number = [next = 0.0]() mutable { return PlainMatrix{1, 1, {++next}}; };
  const auto counted = [&](const std::string& kind) {
    PlainLayer layer;
    layer.kind = kind;
    auto count = number;
    for (std::size_t i = 0; i < 2 * gates_of(kind); ++i) layer.matrices.push_back(count());
    for (std::size_t i = 0; i < gates_of(kind); ++i) layer.biases.push_back(count());
    return layer;
  };
  Drawing random;
  network.layers = {counted("LSTM"), counted("GRU"), flattening(), dense(random, 2, 1, 0)};
  const auto text = document(network);
  // The table as it stands in the file: the second matrix under names of the input gate is the forget gate's.
  CHECK_THAT(text, ContainsSubstring("<InputStateWeights Rows=\"1\" Columns=\"1\">\n2.0"));
  CHECK_THAT(text, ContainsSubstring("<OuputWeights Rows=\"1\" Columns=\"1\">\n7.0"));
  write(directory / "net.xml", text);
  const auto weights = read_tmva(directory / "net.xml").weights;
  const std::map<std::string, double> expected{
      {"lstm 1/input/W", 1},   {"lstm 1/forget/W", 2},   {"lstm 1/candidate/W", 3},  {"lstm 1/output/W", 4},
      {"lstm 1/input/U", 5},   {"lstm 1/forget/U", 6},   {"lstm 1/candidate/U", 7},  {"lstm 1/output/U", 8},
      {"lstm 1/input/b", 9},   {"lstm 1/forget/b", 10},  {"lstm 1/candidate/b", 11}, {"lstm 1/output/b", 12},
      {"gru 2/reset/W", 1},    {"gru 2/update/W", 2},    {"gru 2/candidate/W", 3},   {"gru 2/reset/U", 4},
      {"gru 2/update/U", 5},   {"gru 2/candidate/U", 6}, {"gru 2/reset/b", 7},       {"gru 2/update/b", 8},
      {"gru 2/candidate/b", 9}};
  CHECK(weights.size() == expected.size() + 2);
  for (const auto& [name, value] : expected) {
    CAPTURE(name);
    REQUIRE(weights.count(name) == 1);
    CHECK(weights.at(name).item() == value);
  }
}

TEST_CASE("a description is read from a file", "[tmva]") {
  const Directory directory;
  auto text = document(tutorial("GRU", 5, 3, 4, true, true));
  write(directory / "net.xml", text);
  const auto found = read_tmva(directory / "net.xml").description;
  CHECK(found.name == "TMVA_NET");
  CHECK(found.steps == 5);
  CHECK(found.inputs == 3);
  CHECK(found.batch == 100);
  CHECK(found.weight_decay == 0.01);
  CHECK(found.classes == std::vector<std::string>{"Signal", "Background"});
  REQUIRE(found.variables.size() == 15);
  CHECK(found.variables[14].expression == "vars[14]");
  CHECK(found.variables[14].minimum == -1.5);
  CHECK(found.variables[14].maximum == 2.5);
  CHECK(to_string(found) ==
        "DL::TMVA_NET, Classification, batch 100, loss cross-entropy, output sigmoid\n"
        "  gru 1: 5 x 3 -> 5 x 4, whole sequence, reset after the product\n"
        "  reshape 2: 5 x 4 -> 1 x 20\n"
        "  dense 3: 1 x 20 -> 1 x 6, tanh\n"
        "  dense 4: 1 x 6 -> 1 x 1, identity\n");
  text = replaced(text, "LossFunction=\"C\" Initialization=\"F\" Regularization=\"0\"",
                  "LossFunction=\"R\" Initialization=\"X\" Regularization=\"2\"");
  write(directory / "net.xml", text);
  const auto other = read_tmva(directory / "net.xml").description;
  CHECK(other.loss == TMVALoss::squares);
  CHECK(other.initialisation == TMVAInitialisation::glorot_normal);
  CHECK(other.regularisation == TMVARegularisation::l2);
  CHECK_THAT(to_string(other), ContainsSubstring("loss squares"));
}

TEST_CASE("what older releases and other writers leave out or put otherwise is read", "[tmva]") {
  const Directory directory;
  const auto network = tutorial("RNN", 5, 3, 4);
  const auto text = document(network);
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {" ReturnSequence=\"1\"", ""},
           {"Depth=\"1\" Height=\"1\" Width=\"20\"", "Depth=\"0\" Height=\"0\" Width=\"0\""},
           {"<MVAPdfs/>", "<MVAPdfs><PDF Name=\"a\">1 2</PDF></MVAPdfs><!-- of answers -->"},
           {"value=\"Classification\"", "value=\"classification\""},
           {"NTransformations=\"0\"/>",
            "NTransformations=\"1\"><Transform Name=\"Identity\"/></Transformations>"},
           {"BatchSize=\"1\"", "BatchSize=\"100\""},
           {"modified=\"Yes\">None", "modified=\"Yes\">I"}}) {
    CAPTURE(from);
    write(directory / "net.xml", replaced(text, from, to));
    check_runs_alike(directory / "net.xml", network);
  }
}

TEST_CASE("numbers too small for float32 are zero, as TMVA reads them", "[tmva]") {
  const Directory directory;
  Drawing random;
  PlainNetwork network{1, 1, {dense(random, 1, 1, 0)}};
  network.layers[0].matrices[0].values = {1e-60};
  write(directory / "net.xml", document(network));
  CHECK(read_tmva(directory / "net.xml").weights.at("dense 1/weight").item() == 0);
  CHECK(read_tmva(directory / "net.xml", ElementType::float64).weights.at("dense 1/weight").item() == 1e-60);
  // And those too small for float64, in matrices as in attributes.
  network.layers[0].matrices[0].values = {0.25};
  auto text = replaced(document(network), "WeightDecay=\"1.0000000000000000e-02", "WeightDecay=\"-1e-400");
  text = replaced(text, "\n2.5000000000000000e-01", "\n-1e-400");
  write(directory / "net.xml", text);
  for (const auto element : {ElementType::float32, ElementType::float64}) {
    const auto file = read_tmva(directory / "net.xml", element);
    const auto weight = file.weights.at("dense 1/weight").item();
    CHECK((weight == 0 && std::signbit(weight)));
    CHECK((file.description.weight_decay == 0 && std::signbit(file.description.weight_decay)));
  }
}

// ---- Files of Reel's.

namespace {

TMVADescription described(CellKind kind, std::int64_t hidden, bool sequence, Reset reset) {
  TMVADescription network;
  network.name = "MyNet";
  network.steps = 4;
  network.inputs = 3;
  network.layers = {TMVARecurrent{kind, hidden, sequence, reset}, TMVAReshape{},
                    TMVADense{5, TMVAActivation::softsign}, TMVADense{1}};
  return network;
}

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

TEST_CASE("the parameters of a network begin as TMVA's do", "[tmva]") {
  Model model(Seed{3});
  const TMVANetwork network(model / "net", described(CellKind::lstm, 8, true, Reset::before_product));
  CHECK(model.parameters().size() == 12 + 4);
  CHECK(model.parameter("net/lstm 1/forget/U").shape() == Shape{8, 8});
  CHECK(model.parameter("net/dense 3/weight").shape() == Shape{32, 5});
  for (const auto& parameter : model.parameters()) {
    CAPTURE(parameter.name());
    const auto values = parameter.value().to_vector<float>();
    float largest = 0;
    for (const auto value : values) largest = std::max(largest, std::fabs(value));
    if (parameter.shape().rank() == 1) {
      CHECK(largest == 0);
    } else {
      const auto bound = std::sqrt(6.0 / static_cast<double>(parameter.shape()[0] + parameter.shape()[1]));
      CHECK(largest <= bound);
      CHECK(largest > bound / 2);
    }
  }
}

TEST_CASE("Reel trains on what it read", "[tmva]") {
  const Directory directory;
  write(directory / "net.xml", document(tutorial(GENERATE("RNN", "LSTM", "GRU"), 5, 3, 3)));
  Model model(Seed{1});
  const TMVANetwork network(model / "network", read_tmva(directory / "net.xml"));
  TrainingStep step(model, Adam(0.02),
                    [&](Tensor x, Tensor y) { return binary_cross_entropy(network(x), y); });
  // Whether the first step or the last one is the larger.
  std::vector<float> x, y;
  Drawing random;
  for (int event = 0; event < 32; ++event) {
    for (int i = 0; i < 15; ++i) x.push_back(static_cast<float>(random.next()));
    y.push_back(x[x.size() - 15] > x[x.size() - 3] ? 1.0f : 0.0f);
  }
  const Array inputs(Shape{32, 5, 3}, x), targets(Shape{32, 1}, y);
  const double first = step(inputs, targets).item();
  double last = first;
  for (int i = 0; i < 100; ++i) last = step(inputs, targets).item();
  CHECK(last < 0.3 * first);
  write_tmva(directory / "trained.xml", network);
  CHECK(read_tmva(directory / "trained.xml").weights.at("dense 4/bias") ==
        model.parameter("network/dense 4/bias").value());
}

// ---- Refusals.

namespace {

void check_read_refused(const std::string& text, const std::string& reason) {
  const Directory directory;
  write(directory / "net.xml", text);
  CAPTURE(reason);
  CHECK_THROWS_AS(read_tmva(directory / "net.xml"), FileError);
  CHECK_THROWS_WITH(read_tmva(directory / "net.xml"),
                    ContainsSubstring(reason) && ContainsSubstring("[read_tmva] " + (directory / "net.xml")));
}

using Change = std::array<std::string, 3>;  // from, to, and the reason for which it is refused

}  // namespace

TEST_CASE("a document that is not TMVA's, or not of plain inputs, is refused", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  const auto change = GENERATE(values<Change>({
      {"DL::TMVA_NET", "BDT::TMVA_NET",
       "<MethodSetup> has Method 'BDT::TMVA_NET', which does not begin with 'DL::'"},
      {"DL::TMVA_NET", "DL::", "does not begin with"},
      {" Method=\"DL::TMVA_NET\"", "", "<MethodSetup> has no Method"},
      {"<MVAPdfs/>", "<Pdfs/>", "<MethodSetup>: <Pdfs> means nothing there"},
      {"<MVAPdfs/>", "<MVAPdfs/><MVAPdfs/>", "holds <MVAPdfs> twice"},
      {"<MVAPdfs/>", "text", "<MethodSetup> holds something other than elements"},
      {"<Classes NClass=\"2\"", "<Classes NClass=\"3\"", "<Classes> has NClass '3' and must have '2'"},
      {"Name=\"Signal\" Index=\"0\"", "Name=\"Signal\" Index=\"1\"",
       "<Class> 0 has Index '1' and must have '0'"},
      {"Class Name=\"Signal\"", "Class Title=\"Signal\"", "<Class> 0 has no Name"},
      {"NVar=\"15\"", "NVar=\"14\"", "has NVar '14' and must have '15'"},
      {"VarIndex=\"3\"", "VarIndex=\"4\"", "<Variable> 3 has VarIndex '4' and must have '3'"},
      {"Min=\"-1.5000000000000000e+00\"", "Min=\"nan\"", "has Min 'nan', which is no finite number"},
      {"Expression=\"vars[0]\"", "Expression=\"\"", "the expression of a variable is empty"},
      {"value=\"Classification\"", "value=\"Clustering\"",
       "has AnalysisType 'Clustering', which is no analysis"},
      {"name=\"AnalysisType\"", "name=\"CellKind\"", "<GeneralInfo> holds no AnalysisType"},
      {"value=\"Classification\"", "value=\"Regression\"", "the last layer has 1 units for 0 targets"},
      {"value=\"Classification\"", "value=\"Multiclass\"", "the last layer has 1 units for 2 classes"},
      {">None<", ">N+D<", "has VarTransform 'N+D': transformed inputs are not read"},
      {"NTransformations=\"0\"/>", "NTransformations=\"1\"><Transform Name=\"Normalize\"/></Transformations>",
       "<Transform> has Name 'Normalize': transformed inputs are not read"},
      {"NTransformations=\"0\"", "NTransformations=\"1\"", "has NTransformations '1' and must have '0'"},
      {"<Transformations NTransformations=\"0\"/>", "", "<MethodSetup> holds no <Transformations>"},
      {"</MethodSetup>", "", "[read_tmva]"},
      {"<?xml version=\"1.0\"?>", "<!DOCTYPE a>", "document type"},
  }));
  check_read_refused(replaced(text, change[0], change[1]), change[2]);
}

TEST_CASE("weights whose head says something else are refused", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  const auto change = GENERATE(values<Change>({
      {"NetDepth=\"4\"", "NetDepth=\"5\"", "<Weights> has NetDepth '5' and must have '4'"},
      {"InputDepth=\"5\"", "InputDepth=\"4\"", "and must have '4'"},
      {"InputDepth=\"5\"", "InputDepth=\"0\"",
       "has InputDepth '0', which is no integer from 1 to 2147483647"},
      {"InputDepth=\"5\"", "InputDepth=\"99999999999999999999\"", "which is no integer"},
      {"InputDepth=\"5\"", "InputDepth=\"5.0\"", "has InputDepth '5.0', which is no integer"},
      {"InputHeight=\"1\"", "InputHeight=\"2\"", "has InputHeight '2' and must have '1'"},
      {"BatchHeight=\"5\"", "BatchHeight=\"6\"", "has BatchHeight '6' and must have '5'"},
      {"BatchWidth=\"3\"", "BatchWidth=\"6\"", "has BatchWidth '6' and must have '3'"},
      {"BatchDepth=\"100\"", "BatchDepth=\"-1\"", "has BatchDepth '-1', which is no integer"},
      {"BatchSize=\"1\"", "BatchSize=\"\"", "has BatchSize '', which is no integer"},
      {"LossFunction=\"C\"", "LossFunction=\"Q\"", "has LossFunction 'Q', which is none of C, R, S"},
      {"Initialization=\"F\"", "Initialization=\"\"",
       "has Initialization '', which is none of G, U, I, Z, X, F"},
      {"Regularization=\"0\"", "Regularization=\"3\"", "has Regularization '3', which is none of 0, 1, 2"},
      {"OutputFunction=\"S\"", "OutputFunction=\"T\"", "has OutputFunction 'T', which is none of I, S, M"},
      {"WeightDecay=\"1.0", "WeightDecay=\"x1.0", "which is no finite number"},
      {"WeightDecay=\"1.0000000000000000e-02", "WeightDecay=\"1e400",
       "has WeightDecay '1e400', which is no finite number"},
      {" WeightDecay=\"1.0000000000000000e-02\"", "", "<Weights> has no WeightDecay"},
      {"NetDepth=\"4\"", "NetDepth=\"4\" Depth=\"4\"", "has an attribute Depth, which means nothing there"},
  }));
  check_read_refused(replaced(text, change[0], change[1]), change[2]);
}

TEST_CASE("layers that are others, or do not fit, are refused", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  const auto change = GENERATE(values<Change>({
      {"<ReshapeLayer Depth", "<ConvLayer Depth", "<ConvLayer> 2 is a layer that is not read"},
      {"<ReshapeLayer Depth", "<BatchNormLayer Depth", "<BatchNormLayer> 2 is a layer that is not read"},
      {"<ReshapeLayer Depth", "<MaxPoolLayer Depth", "only RNN, LSTM, GRU, Dense and Reshape are"},
      {"StateSize=\"4\"", "StateSize=\"0\"", "<LSTMLayer> 1 has StateSize '0'"},
      {"StateSize=\"4\"", "StateSize=\"5\"", "<LSTMLayer> 1 has CellSize '4' and must have '5'"},
      {"InputSize=\"3\"", "InputSize=\"4\"", "has InputSize '4' and must have '3'"},
      {"TimeSteps=\"5\"", "TimeSteps=\"6\"", "has TimeSteps '6' and must have '5'"},
      {"RememberState=\"0\"", "RememberState=\"1\"",
       "a state that is carried from batch to batch is not read"},
      {"RememberState=\"0\"", "RememberState=\"2\"",
       "has RememberState '2', which is no integer from 0 to 1"},
      {"ReturnSequence=\"1\"", "ReturnSequence=\"yes\"", "has ReturnSequence 'yes'"},
      {" ReturnSequence=\"1\"", "", "<LSTMLayer> 1 has no ReturnSequence"},
      {"ReturnSequence=\"1\"", "ReturnSequence=\"0\"", "<ReshapeLayer> 2 gives 1 x 1 x 20"},
      {"ReturnSequence=\"1\"", "ReturnSequence=\"1\" ResetGateAfter=\"1\"",
       "has an attribute ResetGateAfter"},
      {"Width=\"20\" Flattening=\"1\"", "Width=\"21\" Flattening=\"1\"",
       "<ReshapeLayer> 2 gives 1 x 1 x 21; only 1 x 1 x 20 is read there"},
      {"Flattening=\"1\"", "Flattening=\"0\"", "only 1 x 5 x 4 is read there"},
      {"Height=\"1\" Width=\"20\" Flattening=\"1\"", "Height=\"5\" Width=\"4\" Flattening=\"0\"",
       "is none: a dense layer gets 5 steps, which no Reshape has flattened"},
      {"ActivationFunction=\"3\"", "ActivationFunction=\"7\"",
       "has ActivationFunction '7', which is none of 0, 1"},
      {"DenseLayer Width=\"6\"", "DenseLayer Width=\"0\"", "<DenseLayer> 3 has Width '0'"},
      {"DenseLayer Width=\"6\"", "DenseLayer Width=\"7\"", "<Weights> has Rows '6' and must have '7'"},
  }));
  check_read_refused(replaced(text, change[0], change[1]), change[2]);
}

TEST_CASE("a GRU has to say where it resets", "[tmva]") {
  const auto text = document(tutorial("GRU", 5, 3, 4));
  check_read_refused(replaced(text, " ResetGateAfter=\"0\"", ""), "<GRULayer> 1 has no ResetGateAfter");
  check_read_refused(replaced(text, " ResetGateAfter=\"0\"", " ResetGateAfter=\"-1\""),
                     "has ResetGateAfter '-1'");
}

TEST_CASE("matrices that are missing, doubled, of other sizes or of bad numbers are refused", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  const auto change = GENERATE(values<Change>({
      {"<InputWeights Rows=\"4\"", "<InputWeights Rows=\"5\"",
       "<InputWeights> has Rows '5' and must have '4'"},
      {"<InputWeights Rows=\"4\" Columns=\"3\"", "<InputWeights Rows=\"4\" Columns=\"4\"", "has Columns '4'"},
      {"<InputStateWeights Rows=\"4\" Columns=\"3\"", "<InputStateWeights Rows=\"4\" Columns=\"5\"",
       "<InputStateWeights> has Columns '5' and must have '3'"},
      // An older file in its second matrix alone.
      {"<InputStateWeights Rows=\"4\" Columns=\"3\"", "<InputStateWeights Rows=\"4\" Columns=\"4\"",
       "<InputStateWeights> holds"},
      {"<CandidateWeights Rows=\"4\" Columns=\"4\"", "<CandidateWeights Rows=\"4\" Columns=\"3\"",
       "<CandidateWeights> has Columns '3' and must have '4'"},
      {"<InputBiases Rows=\"4\" Columns=\"1\"", "<InputBiases Rows=\"1\" Columns=\"4\"",
       "<InputBiases> has Rows '1'"},
      {"<InputBiases Rows=\"4\"", "<InputBiases", "<InputBiases> has no Rows"},
      {"<InputBiases Rows=\"4\"", "<InputBiases Shape=\"4\" Rows=\"4\"", "has an attribute Shape"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\n1 ",
       "<OutputBiases> holds more than its 4 numbers"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\nx",
       "at position 0, which is no finite number"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\nnan ",
       "holds 'nan'"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\n-inf ",
       "holds '-inf'"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\n1e60 ",
       "holds '1e60'"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\n-1e400 ",
       "holds '-1e400' at position 0, which is no finite number"},
      {"<OutputBiases Rows=\"4\" Columns=\"1\">\n", "<OutputBiases Rows=\"4\" Columns=\"1\">\n<a/>",
       "<OutputBiases> holds something other than numbers"},
      {"</OutputBiases>", "</OutputBiases><OutputBiases Rows=\"4\" Columns=\"1\">1 2 3 4</OutputBiases>",
       "holds <OutputBiases> twice"},
      {"</OutputBiases>", "</OutputBiases><Peepholes/>", "<Peepholes> means nothing there"},
      {"</OutputBiases>", "</OutputBiases>1", "<LSTMLayer> 1 holds something other than elements"},
  }));
  check_read_refused(replaced(text, change[0], change[1]), change[2]);
  for (const auto& name : element_names("LSTM")) {
    auto without = text;
    const auto begin = without.find("<" + name), end = without.find("</" + name + ">");
    without.erase(begin, end + name.size() + 3 - begin);
    check_read_refused(without, "<LSTMLayer> 1 holds no <" + name + ">");
    auto short_one = text;
    const auto last = short_one.find("  \n</" + name);
    const auto before = short_one.find_last_of(" \n", last - 1);
    short_one.erase(before + 1, last - before - 1);
    check_read_refused(short_one, "<" + name + "> holds ");
  }
}

TEST_CASE("sizes that no file of that length has ask for no memory", "[tmva]") {
  auto text = document(tutorial("LSTM", 5, 3, 4));
  for (const auto* from : {"StateSize=\"4\"", "CellSize=\"4\"", "<InputWeights Rows=\"4\""})
    text = replaced(text, from, replaced(from, "4", "2147483647"));
  check_read_refused(text, "<InputWeights> needs 2147483647 x 3 numbers, and holds fewer");
}

TEST_CASE("files that are none are refused", "[tmva]") {
  const Directory directory;
  CHECK_THROWS_AS(read_tmva(directory / "missing.xml"), FileError);
  CHECK_THROWS_AS(read_tmva(directory.path.string()), FileError);
  check_read_refused("", "[read_tmva]");
  check_read_refused("<Model Format=\"1\"/>", "holds no <MethodSetup>");
  check_read_refused("<MethodSetup Method=\"DL::a\"/>", "holds no <GeneralInfo>");
  write(directory / "net.xml", document(tutorial("RNN", 2, 2, 2)));
  CHECK_THROWS_WITH(read_tmva(directory / "net.xml", ElementType::int32),
                    "[read_tmva] weights are float32 or float64, not int32");
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

TEST_CASE("a network takes events of its shape alone", "[tmva]") {
  Model model(Seed{1});
  const TMVANetwork network(model / "network", described(CellKind::lstm, 4, true, Reset::before_product));
  Function predict(model, [&](Tensor x) { return network(x); });
  const auto of_shape = [](const Shape& shape) { return Array(shape, ElementType::float32); };
  CHECK(predict(of_shape({7, 4, 3})).shape() == Shape{7, 1});
  CHECK(predict(of_shape({7, 12})).shape() == Shape{7, 1});
  for (const auto& shape : {Shape{4, 7, 3}, Shape{7, 3, 4}, Shape{7, 11}, Shape{12}, Shape{1, 7, 4, 3}})
    CHECK_THROWS_WITH(predict(of_shape(shape)), ContainsSubstring("and must be [batch, 4, 3]"));
}

TEST_CASE("damaged files of TMVA's are refused or read, and do no damage", "[tmva][fuzz]") {
  const Directory directory;
  Model model(Seed{1});
  Drawing random;
  PlainNetwork small{1, 2, {dense(random, 2, 1, 4)}};
  const TMVANetwork written(model / "network", described(CellKind::gru, 2, false, Reset::after_product));
  write_tmva(directory / "written.xml", written);
  const std::vector<std::string> seeds{
      document(tutorial("LSTM", 2, 2, 2)), document(tutorial("GRU", 2, 1, 2), true),
      document(tutorial("RNN", 3, 1, 1, false)), document(small), read(directory / "written.xml")};
  survive_mutations(seeds, [&](const std::string& text) {
    write(directory / "net.xml", text);
    const auto file = read_tmva(directory / "net.xml");
    // What is read can be made and written again.
    Model other(Seed{1});
    const TMVANetwork network(other / "network", file);
    write_tmva(directory / "again.xml", network);
    CHECK(to_string(read_tmva(directory / "again.xml").description) == to_string(file.description));
  });
}

TEST_CASE("a GRU with a bias within its reset product is none of TMVA's", "[tmva]") {
  Model model(Seed{1});
  CHECK_THROWS_WITH(
      TMVANetwork(model / "network", described(CellKind::gru, 4, false, Reset::after_product_with_bias)),
      ContainsSubstring("TMVA's GRU has no bias within its reset product"));
}

TEST_CASE("counts that make no sense are refused, whatever stands behind them", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  const auto without = [](std::string from, const std::string& begin, const std::string& end) {
    const auto at = from.find(begin) + begin.size();
    return from.erase(at, from.find(end, at) - at);
  };
  const auto no_variables = without(text, "<Variables NVar=\"15\">", "</Variables>");
  check_read_refused(replaced(no_variables, "NVar=\"15\"", "NVar=\"0\""),
                     "<Variables> has NVar '0', which is no integer from 1 to 2147483647");
  const auto no_classes = without(text, "<Classes NClass=\"2\">", "</Classes>");
  check_read_refused(replaced(no_classes, "NClass=\"2\"", "NClass=\"0\""),
                     "<Classes> has NClass '0', which is no integer from 1");
  check_read_refused(replaced(text, "</Classes>", "</Classes><Targets NTrgt=\"0\"/>"),
                     "<Targets> has NTrgt '0', which is no integer from 1");
  const auto one_class = replaced(text, "<Class Name=\"Background\" Index=\"1\"/>", "");
  check_read_refused(replaced(one_class, "NClass=\"2\"", "NClass=\"1\""),
                     "a classification is between 2 classes, not 1");
  const auto no_layers =
      without(text, "WeightDecay=\"1.0000000000000000e-02\">", "</Weights>\n</MethodSetup>");
  check_read_refused(replaced(no_layers, "NetDepth=\"4\"", "NetDepth=\"0\""), "<Weights> has NetDepth '0'");
  const std::vector<std::pair<std::string, std::string>> counts{
      {"NVar=\"15\"", "15"},   {"NClass=\"2\"", "2"},           {"NSpec=\"0\"", "0"},
      {"NetDepth=\"4\"", "4"}, {"NTransformations=\"0\"", "0"}, {"InputWidth=\"3\"", "3"},
      {"BatchSize=\"1\"", "1"}};
  for (const auto& [count, number] : counts)
    for (const std::string wrong : {"-1", "2147483648", "18446744073709551617", "1e3", "+2", " 2", "0x2", ""})
      check_read_refused(replaced(text, count, replaced(count, number, wrong)),
                         "has " + count.substr(0, count.find('=')) + " '" + wrong + "', which is no integer");
}

TEST_CASE("texts of a file of TMVA's stand in messages in one line, and shortened", "[tmva]") {
  const auto text = document(tutorial("LSTM", 5, 3, 4));
  check_read_refused(replaced(text, "LossFunction=\"C\"", "LossFunction=\"a&#10;b\xc2\x85\""),
                     "has LossFunction 'a?b?', which is none of");
  const std::string endless(1000000, 'x');
  const auto change = GENERATE_REF(values<std::pair<std::string, std::string>>(
      {{"LossFunction=\"C\"", "LossFunction=\"" + endless + "\""},
       {"NetDepth=\"4\"", "NetDepth=\"" + endless + "\""},
       {"StateSize=\"4\"", "StateSize=\"" + endless + "\""},
       {"WeightDecay=\"", "WeightDecay=\"" + endless},
       {"Method=\"", "Method=\"" + endless},
       {"AnalysisType\" value=\"", "AnalysisType\" value=\"" + endless},
       {"<ReshapeLayer ", "<" + endless + "/><ReshapeLayer "},
       {"<ReshapeLayer ", "<ReshapeLayer " + endless + "=\"1\" "},
       {"<InputBiases Rows=\"4\" Columns=\"1\">", "<InputBiases Rows=\"4\" Columns=\"1\">" + endless}}));
  const Directory directory;
  write(directory / "net.xml", replaced(text, change.first, change.second));
  try {
    read_tmva(directory / "net.xml");
    FAIL("it was read");
  } catch (const FileError& error) {
    CHECK(std::string(error.what()).size() < 500);
  }
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
