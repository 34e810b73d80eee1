// Networks of TMVA's files run and are trained.

#include <reel/losses.h>
#include <reel/tmva.h>
#include <reel/training_step.h>

#include <cmath>

#include "catch.h"
#include "directory.h"
#include "tmva_networks.h"

using namespace reel;
using namespace reel::test;

namespace {

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
  RandomMatrices random;
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
  RandomMatrices random;
  PlainNetwork network{1, 4, {dense(random, 4, 7, activation), dense(random, 7, 1, activation)}};
  CAPTURE(activation);
  write(directory / "net.xml", document(network));
  check_runs_alike(directory / "net.xml", network);
  CHECK(read_tmva(directory / "net.xml").description.batch == 100);
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
  RandomMatrices random;
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
