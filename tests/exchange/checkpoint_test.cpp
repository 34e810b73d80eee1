#include <cmath>

#include "a_training.h"
#include "directory.h"
#include "mutations.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Losses of steps from where a training stands to `end`.
std::vector<float> losses_to(ATraining& training, std::int64_t end) {
  std::vector<float> losses;
  while (training.steps < end) losses.push_back(training.go_on());
  return losses;
}

std::map<std::string, Array> weights_of(const Model& model) {
  std::map<std::string, Array> weights;
  for (const auto& parameter : model.parameters()) weights.emplace(parameter.name(), parameter.value());
  return weights;
}

}  // namespace

TEST_CASE("a training goes on from a checkpoint as if it had never stopped", "[files][checkpoint]") {
  const Directory directory;
  const auto path = directory / "training.checkpoint";
  ATraining whole;
  const auto expected = losses_to(whole, 40);
  const std::int64_t stop = GENERATE(0, 1, 6, 17);
  {
    ATraining begun;
    TrainingCheckpoint checkpoint(begun.model, path);
    begun.keep_in(checkpoint);
    CHECK_FALSE(checkpoint.resume());
    losses_to(begun, stop);
    checkpoint.set_note("after " + std::to_string(stop) + " steps");
    checkpoint.save();
    losses_to(begun, stop + 3);  // lost
  }
  ATraining resumed;
  TrainingCheckpoint checkpoint(resumed.model, path);
  resumed.keep_in(checkpoint);
  REQUIRE(checkpoint.resume());
  CHECK(checkpoint.note() == "after " + std::to_string(stop) + " steps");
  CHECK(resumed.steps == stop);
  const auto rest = losses_to(resumed, 40);
  CHECK(rest == std::vector<float>(expected.begin() + stop, expected.end()));
  CHECK(weights_of(resumed.model) == weights_of(whole.model));
  CHECK(resumed.losses == whole.losses);
  CHECK(resumed.memory.h == whole.memory.h);
  CHECK(resumed.best.best() == whole.best.best());
  CHECK(resumed.patience.is_over() == whole.patience.is_over());
  whole.best.restore();
  resumed.best.restore();
  CHECK(weights_of(resumed.model) == weights_of(whole.model));
}

TEST_CASE("a training that has begun goes back to its checkpoint", "[files][checkpoint]") {
  const Directory directory;
  ATraining training;
  TrainingCheckpoint checkpoint(training.model, directory / "c");
  training.keep_in(checkpoint);
  losses_to(training, 3);
  checkpoint.save();
  const auto first = losses_to(training, 9);
  REQUIRE(checkpoint.resume());
  CHECK(losses_to(training, 9) == first);
}

TEST_CASE("a checkpoint keeps values of every kind", "[files][checkpoint]") {
  const Directory directory;
  struct Variables {
    bool flag = false;
    int small = 0;
    std::uint64_t large = 0;
    float single = 0;
    double number = 0;
    std::string text;
    Array array;
    std::map<std::string, Array> arrays;
    std::vector<double> numbers;
    std::vector<int> counts;
    std::pair<Array, std::vector<LSTMStateOf<Array>>> state;
    Random random;
  };
  const auto keep_all = [](TrainingCheckpoint& checkpoint, Variables& v) {
    checkpoint.keep("flag", v.flag);
    checkpoint.keep("small", v.small);
    checkpoint.keep("large", v.large);
    checkpoint.keep("single", v.single);
    checkpoint.keep("number", v.number);
    checkpoint.keep("text", v.text);
    checkpoint.keep("array", v.array);
    checkpoint.keep("arrays", v.arrays);
    checkpoint.keep("numbers", v.numbers);
    checkpoint.keep("counts", v.counts);
    checkpoint.keep("state", v.state);
    checkpoint.keep("random", v.random);
  };
  Model model(Seed{1});
  Variables saved{true,
                  -7,
                  ~std::uint64_t{0},
                  0.1f,
                  std::nan(""),
                  "a\nb \xe2\x82\xac \"",
                  Array(std::int64_t{3}),
                  {{"a/b", Array(1.f)}, {"c", Array(2.0)}},
                  {0.1, INFINITY},
                  {1, 2, 3},
                  {Array(1.f), {{Array(2.f), Array(3.f)}}},
                  Random(3)};
  saved.random.discard(1000);
  TrainingCheckpoint written(model, directory / "c");
  keep_all(written, saved);
  written.save();

  Variables found;
  found.arrays["gone"] = Array(1.f);
  found.state.second.resize(1);
  TrainingCheckpoint read_back(model, directory / "c");
  keep_all(read_back, found);
  REQUIRE(read_back.resume());
  CHECK(found.flag);
  CHECK(found.small == -7);
  CHECK(found.large == ~std::uint64_t{0});
  CHECK(found.single == 0.1f);
  CHECK(std::isnan(found.number));
  CHECK(found.text == saved.text);
  CHECK(found.array == saved.array);
  CHECK(found.arrays == saved.arrays);
  CHECK(found.numbers == saved.numbers);
  CHECK(found.counts == saved.counts);
  CHECK(found.state.first == saved.state.first);
  CHECK(found.state.second[0].c == saved.state.second[0].c);
  CHECK(found.random == saved.random);
}

TEST_CASE("a checkpoint of another training is refused, and changes nothing", "[files][checkpoint]") {
  const Directory directory;
  const auto path = directory / "c";
  {
    ATraining saved;
    TrainingCheckpoint checkpoint(saved.model, path);
    saved.keep_in(checkpoint);
    losses_to(saved, 3);
    checkpoint.save();
  }
  const auto change = [&](const std::function<void(Safetensors&)>& f) {
    auto content = read_safetensors(path);
    f(content);
    write_safetensors(path, content);
  };
  ATraining training;
  TrainingCheckpoint checkpoint(training.model, path);
  training.keep_in(checkpoint);
  std::int64_t other = 1;
  std::string reason;
  SECTION("of no checkpoint") {
    change([](auto& content) { content.texts.erase("format"); });
    reason = "is no checkpoint";
  }
  SECTION("of another version") {
    change([](auto& content) { content.texts["version"] = "2"; });
    reason = "version '2'";
  }
  SECTION("of another seed") {
    change([](auto& content) { content.texts["seed"] = "6"; });
    reason = "with seed 6";
  }
  SECTION("without a parameter") {
    change([](auto& content) { content.arrays.erase("parameter/cell/forget/W"); });
    reason = "parameter/cell/forget/W is missing";
  }
  SECTION("with one more") {
    change([](auto& content) { content.arrays["parameter/more"] = Array(1.f); });
    reason = "parameter/more is none of this training";
  }
  SECTION("of another shape") {
    change([](auto& content) { content.arrays["parameter/head/bias"] = Array({2}, ElementType::float32); });
    reason = "parameter/head/bias is float32[2] and must be float32[1]";
  }
  SECTION("of a state of another type") {
    change([](auto& content) { content.arrays["state/carried/h"] = Array({4, 5}, ElementType::float64); });
    reason = "state/carried/h";
  }
  SECTION("without a state") {
    change([](auto& content) { content.arrays.erase("state/carried/h"); });
    reason = "state/carried/h is missing";
  }
  SECTION("with a state that is no name") {
    change([](auto& content) { content.arrays["state/a//b"] = Array(1.f); });
    reason = "state/a//b";
  }
  SECTION("with a state of a parameter's name") {
    change([](auto& content) { content.arrays["state/head/bias"] = Array({1}, ElementType::float32); });
    reason = "state/head/bias";
  }
  SECTION("without the count of runs") {
    change([](auto& content) { content.arrays.erase("run"); });
    reason = "run is missing";
  }
  SECTION("without what is kept") {
    checkpoint.keep("other", other);
    reason = "kept/other is missing";
  }
  SECTION("with something else kept") {
    change([](auto& content) { content.arrays["kept/other"] = Array(1.f); });
    reason = "kept/other is none of this training";
  }
  SECTION("with a number of another kind") {
    change([](auto& content) { content.arrays["kept/steps"] = Array(1.5); });
    reason = "kept/steps is missing, or of another kind";
  }
  SECTION("with a number out of range") {
    change([](auto& content) { content.arrays["kept/patience/worse"] = Array(std::int64_t{1} << 40); });
    reason = "kept/patience/worse is missing, or of another kind";
  }
  SECTION("with random numbers that are none") {
    change([](auto& content) { content.texts["kept/noise"] = "1 2 3"; });
    reason = "kept/noise";
  }
  SECTION("with random numbers that would begin outside of their words") {
    change([](auto& content) {
      auto& text = content.texts["kept/noise"];
      text = text.substr(0, text.rfind(' ')) + " 1000000000";
    });
    reason = "kept/noise is missing, or of another kind";
  }
  SECTION("of other bytes") {
    write(path, "not a file of ours");
    reason = "no safetensors file";
  }
  const auto before = weights_of(training.model);
  const auto states = training.model.states().size();
  CHECK_THROWS_AS(checkpoint.resume(), FileError);
  CHECK_THROWS_WITH(checkpoint.resume(), ContainsSubstring(path) && ContainsSubstring(reason));
  CHECK(weights_of(training.model) == before);
  CHECK(training.model.states().size() == states);
  CHECK(training.steps == 0);
  CHECK(training.losses.empty());
}

TEST_CASE("a training goes on with the settings it had", "[files][checkpoint]") {
  const Directory directory;
  Model model(Seed{1});
  TrainingCheckpoint saved(model, directory / "c");
  saved.expect("batch", "8");
  saved.save();
  TrainingCheckpoint same(model, directory / "c"), other(model, directory / "c"),
      none(model, directory / "c");
  same.expect("batch", "8");
  CHECK(same.resume());
  other.expect("batch", "9");
  CHECK_THROWS_WITH(other.resume(), ContainsSubstring("kept/batch is '8' and must be '9'"));
  CHECK_THROWS_WITH(none.resume(), ContainsSubstring("kept/batch is none of this training"));
}

namespace {

/// Two parameters, and losses of both or of one of them.
struct TwoParameters {
  Model model{Seed{1}};
  Parameter w = (model / "cell").parameter("W", {2}, constant_init(1)),
            b = (model / "cell").parameter("b", {2}, constant_init(1));

  auto step(const Optimiser& optimiser) {
    // Of three numbers both learn, of two the weight alone.
    return TrainingStep(model, optimiser, [this](Tensor x) {
      const auto loss = mean(square(Tensor(w))) * mean(x);
      return x.shape()[0] == 3 ? loss + mean(square(Tensor(b))) : loss;
    });
  }
};

const Array both(std::vector<float>{1.f, 2.f, 3.f}), weight_alone(std::vector<float>{1.f, 2.f});

/// Takes a step with `before`, saves, and takes one with `after` in another model that has resumed.
void change_optimiser(const Optimiser& before, const Optimiser& after, const Array& first = both,
                      const Array& then = both) {
  const Directory directory;
  TwoParameters saved, resumed;
  saved.step(before)(first);
  TrainingCheckpoint(saved.model, directory / "c").save();
  auto step = resumed.step(after);
  TrainingCheckpoint checkpoint(resumed.model, directory / "c");
  REQUIRE(checkpoint.resume());
  const auto states = resumed.model.states().size();
  try {
    step(then);
  } catch (...) {
    CHECK(resumed.model.states().size() == states);
    CHECK(weights_of(resumed.model) == weights_of(saved.model));
    throw;
  }
}

}  // namespace

TEST_CASE("a training does not go on with what another optimiser remembers", "[files][checkpoint]") {
  const auto refuses = [](const Optimiser& before, const Optimiser& after, const std::string& reason) {
    CAPTURE(reason);
    CHECK_THROWS_WITH(change_optimiser(before, after),
                      ContainsSubstring("[TrainingStep] optimiser remembers") && ContainsSubstring(reason) &&
                          ContainsSubstring("is of another optimiser"));
  };
  refuses(Adam(), SGD(0.1), "asks for learning_rate:");
  refuses(SGD(0.1), Adam(), "remembers learning_rate, and");
  refuses(SGD(0.1), SGD(0.1, 0.9), "nothing of cell/W, and this optimiser asks for velocity:");
  refuses(SGD(0.1, 0.9), SGD(0.1), "velocity of cell/W, and this optimiser asks for nothing:");
  refuses(RMSprop(), Adagrad(), "mean_square of cell/W, and this optimiser asks for squares:");
  refuses(RMSprop(), RMSprop(0.1, 0.9, 1e-8, 0.9), "asks for mean_square, velocity:");
  refuses(Adam(), scheduled(constant_rate(1), Adam()), "learning_rate, steps:");
  refuses(skip_not_finite(Adam()), Adam(), "learning_rate, skipped, and");
  refuses(Adam(), accumulated(2, Adam()), "accumulated_calls");
  refuses(Adam(), by_name({{"*", Adam()}}), "group 1/learning_rate");
  // The same groups, of other parameters.
  refuses(by_name({{"*W", Adam()}, {"*b", Adam()}}), by_name({{"*b", Adam()}, {"*W", Adam()}}),
          "group 1/mean, group 1/variance of cell/W");
}

TEST_CASE("a training goes on with its optimiser, whatever its numbers and whichever loss comes first",
          "[files][checkpoint]") {
  CHECK_NOTHROW(change_optimiser(Adam(), Adam(0.1, 0.5)));
  CHECK_NOTHROW(change_optimiser(Adam(), AdamW()));
  const Optimiser optimiser = GENERATE(Optimiser(SGD(0.1)), Optimiser(SGD(0.1, 0.9)), Optimiser(Adam()),
                                       Optimiser(Adagrad()), Optimiser(RMSprop()), Optimiser(Adadelta()),
                                       scheduled(constant_rate(1), skip_not_finite(accumulated(2, Adam()))),
                                       by_name({{"*W", Adam()}, {"*", SGD(0.1)}}));
  CHECK_NOTHROW(change_optimiser(optimiser, optimiser));
}

TEST_CASE("a training may go on with a loss of fewer or of more parameters", "[files][checkpoint]") {
  CHECK_NOTHROW(change_optimiser(Adam(), Adam(), both, weight_alone));
  CHECK_NOTHROW(change_optimiser(Adam(), Adam(), weight_alone, both));
  CHECK_THROWS_WITH(change_optimiser(SGD(0.1), SGD(0.1, 0.9), both, weight_alone),
                    ContainsSubstring("another optimiser"));
}

TEST_CASE("what is kept may be replaced before it is written", "[files][checkpoint]") {
  using Layers = std::vector<LSTMStateOf<Array>>;
  const Directory directory;
  Model model(Seed{1});
  Layers layers{{Array(1.f), Array(2.f)}};
  TrainingCheckpoint written(model, directory / "c");
  written.keep("layers", layers);
  written.save();
  // Others, in memory of their own, and more of them.
  layers = Layers{{Array(3.f), Array(4.f)}, {Array(5.f), Array(6.f)}};
  layers.push_back({Array(7.f), Array(8.f)});
  written.save();

  Layers found(3);
  TrainingCheckpoint read_back(model, directory / "c");
  read_back.keep("layers", found);
  found = Layers(3);
  REQUIRE(read_back.resume());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(found[i].h == layers[i].h);
    CHECK(found[i].c == layers[i].c);
  }
  for (const std::size_t others : {2, 4}) {
    found.resize(others);
    CHECK_THROWS_AS(read_back.resume(), FileError);
  }
}

TEST_CASE("a file that does not have a map of arrays is none with an empty one", "[files][checkpoint]") {
  const Directory directory;
  Model model(Seed{1});
  std::map<std::string, Array> kept{{"a", Array(1.f)}};
  TrainingCheckpoint(model, directory / "without").save();
  TrainingCheckpoint checkpoint(model, directory / "without");
  checkpoint.keep("map", kept);
  CHECK_THROWS_WITH(checkpoint.resume(), ContainsSubstring("kept/map"));
  CHECK(kept.size() == 1);

  std::map<std::string, Array> empty;
  TrainingCheckpoint of_empty(model, directory / "empty");
  of_empty.keep("map", empty);
  of_empty.save();
  empty = kept;
  REQUIRE(of_empty.resume());
  CHECK(empty.empty());
}

TEST_CASE("a path that goes on behind a zero byte is no missing file", "[files][checkpoint]") {
  const Directory directory;
  Model model(Seed{1});
  CHECK_THROWS_AS(TrainingCheckpoint(model, directory / std::string("a\0b", 3)).resume(), FileError);
  CHECK_FALSE(TrainingCheckpoint(model, directory / "a").resume());
}

TEST_CASE("two variables of one name are not kept", "[files][checkpoint]") {
  Model model(Seed{1});
  TrainingCheckpoint checkpoint(model, "never written");
  double a = 0;
  checkpoint.keep("a", a);
  CHECK_THROWS_WITH(checkpoint.keep("a", a), ContainsSubstring("something is kept as 'a' already"));
  CHECK_THROWS_WITH(checkpoint.keep("a/b", a), ContainsSubstring("nothing is kept as 'a/b'"));
  checkpoint.keep("b/c", a);
  checkpoint.keep("b/d", a);
  CHECK_THROWS_WITH(checkpoint.keep("b", a), ContainsSubstring("something is kept as 'b/c' already"));
}

TEST_CASE("an encoder is read out of a checkpoint", "[files][checkpoint]") {
  const Directory directory;
  ATraining saved;
  TrainingCheckpoint checkpoint(saved.model, directory / "c");
  losses_to(saved, 2);
  checkpoint.save();
  Model other(Seed{9});
  const LSTM cell(other / "cell", ATraining::features, ATraining::units);
  const Linear decoder(other / "decoder", ATraining::units, 7);
  const auto decoder_before = decoder.weight.value();
  const auto report = load_from_checkpoint(other, directory / "c", Part{{"*"}, {"head/*"}});
  CHECK(report.taken.size() == 12);
  CHECK(report.not_asked == std::vector<std::string>{"head/bias", "head/weight"});
  CHECK(report.not_in_model.empty());
  CHECK(report.kept == std::vector<std::string>{"decoder/weight", "decoder/bias"});
  CHECK(cell.forget.W.value() == saved.cell.forget.W.value());
  CHECK(decoder.weight.value() == decoder_before);
  CHECK_THROWS_WITH(load_from_checkpoint(other, directory / "c", Part{{"encoder/*"}}),
                    ContainsSubstring("no name in it matches 'encoder/*'"));
  CHECK(load_from_checkpoint(other, directory / "c").not_in_model ==
        std::vector<std::string>{"head/bias", "head/weight"});
}

TEST_CASE("checkpoints that were damaged are refused, or read", "[files][checkpoint]") {
  const Directory directory;
  ATraining training;
  TrainingCheckpoint checkpoint(training.model, directory / "c");
  training.keep_in(checkpoint);
  checkpoint.save();
  survive_mutations({read(directory / "c")}, [&](const std::string& damaged) {
    write(directory / "c", damaged);
    checkpoint.resume();
  });
}

TEST_CASE("what a checkpoint cannot read or write is told as the checkpoint's", "[files][checkpoint]") {
  const Directory directory;
  Model model(Seed{1});
  const auto beginning = [&](const std::string& path) {
    return ContainsSubstring("[TrainingCheckpoint] " + path);
  };
  std::filesystem::create_directory(directory / "folder");
  TrainingCheckpoint folder(model, directory / "folder"), nowhere(model, directory / "missing/c"),
      text(model, directory / "text");
  CHECK_THROWS_WITH(folder.resume(), beginning(folder.path()) && ContainsSubstring("is a directory"));
  CHECK_THROWS_WITH(nowhere.save(), ContainsSubstring("[TrainingCheckpoint] cannot write " + nowhere.path()));
  std::string latin = "caf\xe9";
  text.keep("word", latin);
  CHECK_THROWS_WITH(text.save(), beginning(text.path()) && ContainsSubstring("the text 'kept/word'") &&
                                     ContainsSubstring("UTF-8 string"));
  CHECK_THROWS_WITH(
      load_from_checkpoint(model, directory / "missing"),
      ContainsSubstring("[load_from_checkpoint] " + (directory / "missing") + " was not found"));
}
