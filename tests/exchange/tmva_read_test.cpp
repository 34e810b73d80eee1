// What is read of files that TMVA writes, and what is refused.

#include <reel/tmva.h>

#include <array>
#include <cmath>

#include "catch.h"
#include "directory.h"
#include "mutations.h"
#include "tmva_networks.h"

using namespace reel;
using namespace reel::test;

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
  RandomMatrices random;
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

TEST_CASE("numbers too small for float32 are zero, as TMVA reads them", "[tmva]") {
  const Directory directory;
  RandomMatrices random;
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

TEST_CASE("damaged files of TMVA's are refused or read, and do no damage", "[tmva][fuzz]") {
  const Directory directory;
  Model model(Seed{1});
  RandomMatrices random;
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
