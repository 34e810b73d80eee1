// What a version of Reel wrote every later one reads: versions/<version> holds a file of each kind, as that
// version wrote it. Those of a new version are written by
//
//   REEL_WRITE_VERSION=1 reel_tests "what every version wrote is read"
//
// once, when its number is set, and never changed.

#include <reel/pytorch.h>
#include <reel/reel.h>
#include <reel/safetensors.h>
#include <reel/tmva.h>
#include <reel/training_checkpoint.h>
#include <reel/version.h>

#include <cmath>
#include <set>

#include "catch.h"
#include "directory.h"

using namespace reel;
using namespace reel::test;
namespace fs = std::filesystem;

namespace {

const fs::path versions = fs::path(REEL_SOURCE_DIR) / "tests/exchange/versions";

/// Numbers that float32 has exactly, others for each name.
Array known_values(const std::string& name, const TensorType& type) {
  std::int64_t of_name = 0;
  for (const unsigned char letter : name) of_name = (of_name * 31 + letter) % 997;
  Array values(type.shape, ElementType::float32);
  for (std::int64_t i = 0; i < values.size(); ++i)
    values.data<float>()[i] = static_cast<float>((i * 37 + of_name) % 101 - 50) / 64;
  return values;
}

void set_known(Model& model) {
  for (const auto& parameter : model.parameters())
    parameter.assign(known_values(parameter.name(), parameter.value().type()));
}

void check_known(const Model& model) {
  CHECK_FALSE(model.parameters().empty());
  for (const auto& parameter : model.parameters()) {
    CAPTURE(parameter.name());
    CHECK(parameter.value() == known_values(parameter.name(), parameter.value().type()));
  }
}

/// A training, and a variable of every kind that a checkpoint keeps.
struct KeptTraining {
  static constexpr int draws = 5, steps_taken = 3;

  Model model{Seed{11}};
  LSTM cell{model / "cell", 3, 4};
  Linear head{model / "head", 4, 2};
  struct Loss {
    const KeptTraining* training;
    Tensor operator()(Tensor x, Tensor y) const {
      const auto& [cell, head] = std::tie(training->cell, training->head);
      return mean_squared_error(head(unroll(cell, x, cell.initial_state(2)).state.h), y);
    }
  };
  TrainingStep<Loss> step{model, scheduled(cosine_decay(1e-2, 50), clip_by_global_norm(1, Adam())),
                          Loss{this}};
  BestWeights best{model};
  EarlyStopping patience{2};
  Progress progress;
  Random noise{7};
  std::int64_t steps = 0;
  double rate = 0;
  bool flag = false;
  std::string text;
  std::vector<double> losses;
  std::vector<std::int64_t> order;
  Array array;
  std::map<std::string, Array> arrays;
  LSTMStateOf<Array> state{Array({2, 4}, ElementType::float32), Array({2, 4}, ElementType::float32)};

  void keep_in(TrainingCheckpoint& checkpoint) {
    checkpoint.keep("best", best);
    checkpoint.keep("patience", patience);
    checkpoint.keep("progress", progress);
    checkpoint.keep("noise", noise);
    checkpoint.keep("steps", steps);
    checkpoint.keep("rate", rate);
    checkpoint.keep("flag", flag);
    checkpoint.keep("text", text);
    checkpoint.keep("losses", losses);
    checkpoint.keep("order", order);
    checkpoint.keep("array", array);
    checkpoint.keep("arrays", arrays);
    checkpoint.keep("state", state);
    checkpoint.expect("batch", "2");
  }

  double loss_of_step() {
    return step(known_values("x", {ElementType::float32, {6, 2, 3}}),
                known_values("y", {ElementType::float32, {2, 2}}))
        .item();
  }

  void take_steps() {
    for (; steps < steps_taken; ++steps) loss_of_step();
    for (int i = 0; i < draws; ++i) noise();
    set_known(model);
    best.offer(0.25);
    patience.after(0.25);
    patience.after(0.5);
    rate = 0.125;
    flag = true;
    text = "wei\xc3\x9f\n";
    losses = {0.5, 0.25, 1e300};
    order = {2, 0, 1};
    array = known_values("array", {ElementType::float32, {2, 3}});
    arrays = {{"one", known_values("one", {ElementType::float32, {4}})}, {"two/three", Array(7.0)}};
    state = {known_values("h", state.h.type()), known_values("c", state.c.type())};
  }

  void check() {
    check_known(model);
    CHECK(steps == steps_taken);
    CHECK(best.best() == 0.25);
    CHECK_FALSE(patience.is_over());
    CHECK(patience.after(0.5));
    Random same(7);
    same.discard(draws);
    CHECK(noise() == same());
    CHECK(rate == 0.125);
    CHECK(flag);
    CHECK(text == "wei\xc3\x9f\n");
    CHECK(losses == std::vector<double>{0.5, 0.25, 1e300});
    CHECK(order == std::vector<std::int64_t>{2, 0, 1});
    CHECK(array == known_values("array", {ElementType::float32, {2, 3}}));
    REQUIRE(arrays.size() == 2);
    CHECK(arrays.at("one") == known_values("one", {ElementType::float32, {4}}));
    CHECK(arrays.at("two/three") == Array(7.0));
    CHECK(state.h == known_values("h", state.h.type()));
    CHECK(state.c == known_values("c", state.c.type()));
  }
};

/// Losses of steps from where a training stands: what the optimiser remembers is in them.
Array next_losses(KeptTraining& training) {
  std::vector<double> losses;
  for (int i = 0; i < 3; ++i) losses.push_back(training.loss_of_step());
  return Array(losses);
}

/// What TMVA's and PyTorch's files are of.
TMVADescription tmva_description() {
  TMVADescription description;
  description.steps = 3;
  description.inputs = 2;
  description.layers = {
      TMVARecurrent{TMVARecurrent::Kind::lstm, 4}, TMVARecurrent{TMVARecurrent::Kind::gru, 3},
      TMVARecurrent{TMVARecurrent::Kind::rnn, 2},  TMVAReshape{},
      TMVADense{3, TMVAActivation::tanh},          TMVADense{1}};
  return description;
}

struct PyTorchLayers {
  Model model{Seed{12}};
  Embedding embedding{model / "embedding", 5, 3};
  Stack<LSTM, LSTM> encoder{LSTM(model / "first", 3, 4), LSTM(model / "second", 4, 4)};
  GRU gru{model / "gru", 4, 3, Reset::after_product_with_bias};
  RNN rnn{model / "rnn", 3, 2};
  LayerNorm norm{model / "norm", 2};
  Linear head{model / "head", 2, 1};

  PyTorchNames names() const {
    PyTorchNames names;
    names.add("embedding", embedding);
    names.add("encoder", encoder);
    names.add("gru", gru);
    names.add("rnn", rnn);
    names.add("norm", norm);
    names.add("head", head);
    return names;
  }
};

Array answers(Model& model, const TMVANetwork& network) {
  Function answer(model, [&](Tensor x) { return network.output(network(x)); });
  return answer(known_values("x", {ElementType::float32, {4, 3, 2}}));
}

Array answers(PyTorchLayers& layers) {
  Function answer(layers.model, [&](Tensor symbols) {  // [time, batch] -> [time, batch, 1]
    const auto& [model, embedding, encoder, gru, rnn, norm, head] = layers;
    const auto batch = symbols.extent(1);
    const auto encoded = unroll(encoder, embedding(symbols), encoder.initial_state(batch)).outputs;
    const auto gated = unroll(gru, encoded, gru.initial_state(batch)).outputs;
    return head(norm(unroll(rnn, gated, rnn.initial_state(batch)).outputs));
  });
  return answer(Array({3, 2}, std::vector<std::int64_t>{0, 1, 2, 3, 4, 0}));
}

/// Other processors and orders of additions give other last digits.
bool nearly_equal(const Array& a, const Array& b) {
  bool equal = a.type() == b.type() && a.size() > 0;
  for (std::int64_t i = 0; equal && i < a.size(); ++i) equal = std::abs(a.at(i) - b.at(i)) <= 1e-5;
  return equal;
}

void write_all(const fs::path& folder) {
  REQUIRE(fs::create_directory(folder));  // one that is there stays as it is
  KeptTraining training;
  TrainingCheckpoint checkpoint(training.model, (folder / "training.checkpoint").string());
  training.keep_in(checkpoint);
  training.take_steps();
  checkpoint.set_note("as " + version() + " wrote it");
  checkpoint.save();
  save(training.model, (folder / "model.xml").string());
  Safetensors expected;
  expected.arrays["losses"] = next_losses(training);

  PyTorchLayers layers;
  set_known(layers.model);
  save_pytorch(layers.names(), (folder / "pytorch.safetensors").string());
  expected.arrays["pytorch"] = answers(layers);

  Model model(Seed{13});
  const TMVANetwork network(Scope(model, "network"), tmva_description());
  set_known(model);
  write_tmva((folder / "tmva.weights.xml").string(), network);
  expected.arrays["tmva"] = answers(model, network);
  write_safetensors((folder / "expected.safetensors").string(), expected);
}

void check_checkpoint(const fs::path& folder, const std::string& written_by, const Array& losses) {
  KeptTraining training;
  const auto path = (folder / "training.checkpoint").string();
  TrainingCheckpoint checkpoint(training.model, path);
  training.keep_in(checkpoint);
  REQUIRE(checkpoint.resume());
  CHECK(checkpoint.note() == "as " + written_by + " wrote it");
  // What the optimiser remembers, to the bit.
  const auto file = read_safetensors(path);
  CHECK(training.model.states().size() > 30);
  for (const auto& state : training.model.states()) {
    CAPTURE(state.name());
    CHECK(state.value() == file.arrays.at("state/" + state.name()));
  }
  training.check();
  // And it is the optimiser that takes it up: it makes nothing anew.
  const auto count = training.model.states().size();
  CHECK(nearly_equal(next_losses(training), losses));
  CHECK(training.model.states().size() == count);
  KeptTraining part;
  const auto report = load_from_checkpoint(part.model, path, Part{{"head/*"}});
  CHECK(std::set<std::string>(report.taken.begin(), report.taken.end()) ==
        std::set<std::string>{"head/weight", "head/bias"});
}

}  // namespace

TEST_CASE("what every version wrote is read", "[files][checkpoint]") {
  if (std::getenv("REEL_WRITE_VERSION")) write_all(versions / version());
  REQUIRE(fs::exists(versions / version()));
  for (const auto& entry : fs::directory_iterator(versions)) {
    const auto& folder = entry.path();
    CAPTURE(folder.string());
    const auto expected = read_safetensors((folder / "expected.safetensors").string());
    check_checkpoint(folder, folder.filename().string(), expected.arrays.at("losses"));

    KeptTraining training;
    load(training.model, (folder / "model.xml").string());
    check_known(training.model);

    PyTorchLayers layers;
    load_pytorch(layers.names(), (folder / "pytorch.safetensors").string());
    check_known(layers.model);
    CHECK(nearly_equal(answers(layers), expected.arrays.at("pytorch")));

    Model model(Seed{14});
    const TMVANetwork network(Scope(model, "network"), read_tmva((folder / "tmva.weights.xml").string()));
    CHECK(to_string(network.description()) == to_string(tmva_description()));
    check_known(model);
    CHECK(nearly_equal(answers(model, network), expected.arrays.at("tmva")));
  }
}
