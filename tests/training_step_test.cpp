#include <reel/reel.h>

#include "catch.h"
#include "models.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("a TrainingStep returns the loss from before its update and is recorded once", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  int recordings = 0;
  TrainingStep step(model, SGD{0.5}, [&](const Tensor& x) {
    ++recordings;
    return sum(p * x);
  });
  CHECK(step(floats({2, 4})).item() == 10);
  CHECK(p.value() == floats({0, 0}));
  CHECK(step(floats({-2, 2})).item() == 0);
  CHECK(p.value() == floats({1, -1}));
  CHECK(recordings == 1);
  CHECK(step.program_count() == 1);
}

TEST_CASE("what is returned beside the loss is from before the update too", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  TrainingStep step(model, SGD{1}, [&](const Tensor& x, const Tensor& scale) {
    return std::tuple(scale * sum(p * x), p, std::vector{p + x});
  });
  const auto [loss, parameter, sums] = step(floats({3, 4}), 2.0);
  CHECK(loss.item() == 22);
  CHECK(parameter == floats({1, 2}));
  CHECK(sums == std::vector{floats({4, 6})});
  CHECK(p.value() == floats({1 - 6, 2 - 8}));
}

TEST_CASE("momentum carries earlier gradients on", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {0});
  TrainingStep step(model, SGD{0.25, 0.5}, [&](const Tensor& x) { return sum(p * x); });
  // v = 1, 1.5, 1.75, then with no gradient 0.875; every number is exact in binary.
  float expected = 0;
  for (const auto& [gradient, velocity] :
       std::vector<std::pair<float, float>>{{1, 1}, {1, 1.5}, {1, 1.75}, {0, 0.875}}) {
    step(floats({gradient}));
    expected -= 0.25f * velocity;
    CHECK(p.value() == floats({expected}));
  }
}

TEST_CASE("the learning rate can be set at any time without recording again", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {0});
  int recordings = 0;
  const auto loss = [&](const Tensor& x) {
    ++recordings;
    return sum(p * x);
  };
  TrainingStep step(model, SGD{0.5}, loss);
  step.set_learning_rate(2);
  step(floats({1}));
  CHECK(p.value() == floats({-2}));
  step.set_learning_rate(0.25);
  step(floats({1}));
  CHECK(p.value() == floats({-2.25}));
  CHECK(recordings == 1);

  // Another step of the same model keeps its own rate.
  TrainingStep other(model, SGD{1}, loss);
  other.set_learning_rate(4);
  step(floats({1}));
  CHECK(p.value() == floats({-2.5}));
  other(floats({1}));
  CHECK(p.value() == floats({-6.5}));
}

TEST_CASE("the programs of a TrainingStep share one memory", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {0});
  TrainingStep step(model, SGD{1, 0.5}, [&](const Tensor& x) { return sum(p * x); });
  step(floats({1}));
  step(floats({0, 0}));
  CHECK(step.program_count() == 2);
  CHECK(p.value() == floats({-1.5}));
}

TEST_CASE("parameters the loss does not depend on stay", "[training]") {
  Model model(Seed{1});
  const auto used = make_parameter(model, "used", {1}), unused = make_parameter(model, "unused", {3});
  const auto stopped = make_parameter(model, "stopped", {5});
  TrainingStep step(model, Adam(0.1), [&](const Tensor& x) {
    return std::pair(sum(used * x * stop_gradient(stopped)), unused + 1);
  });
  step(floats({1}));
  step(floats({1}));
  CHECK(used.value() != floats({1}));
  CHECK(unused.value() == floats({3}));
  CHECK(stopped.value() == floats({5}));
}

TEST_CASE("a step that throws changes nothing", "[training]") {
  struct Net {
    Model model{Seed{1}};
    Embedding embedding{model / "embedding", 5, 3};
    LSTM lstm{model / "lstm", 3, 4};
    Linear head{model / "head", 4, 5};

    Tensor loss(const Tensor& symbols, const Tensor& targets) const {
      const auto batch = symbols.extent(1);
      return cross_entropy(head(unroll(lstm, embedding(symbols), lstm.initial_state(batch)).outputs),
                           targets);
    }
  };
  const auto train = [](Net& net) {
    return TrainingStep(
        net.model, clip_by_global_norm(0.1, Adam(0.05)),
        [&](const Tensor& symbols, const Tensor& targets) { return net.loss(symbols, targets); });
  };
  const auto symbols = [](const std::vector<int>& elements) { return Array(Shape{3, 2}, elements); };
  const Array good = symbols({0, 1, 2, 3, 4, 0}), bad = symbols({0, 1, 2, 3, 4, 5}),
              low = symbols({0, 1, 2, -1, 4, 0});

  Net net, never_failed;
  auto step = train(net), other = train(never_failed);
  const auto fails = [&](const Array& inputs, const Array& targets) {
    const auto before = values(net.model);
    CHECK_THROWS_AS(step(inputs, targets), RunError);
    CHECK(values(net.model) == before);
  };

  // The first call makes the optimiser's memory, also when it fails.
  CHECK_THROWS_WITH(step(bad, good), ContainsSubstring("index 5") && ContainsSubstring("embedding"));
  for (int i = 0; i < 3; ++i) {
    fails(bad, good);
    fails(good, bad);
    fails(low, good);
    CHECK(step(good, good) == other(good, good));
    CHECK(values(net.model) == values(never_failed.model));
  }
}

TEST_CASE("a loss that cannot be learned from is refused", "[training]") {
  Model model(Seed{1});
  const auto p = make_parameter(model, "p", {1, 2});
  const auto before = values(model);
  const Array x = floats({3, 4});
  const auto refused = [&](const auto& loss, const std::string& reason) {
    TrainingStep step(model, SGD{1}, loss);
    CHECK_THROWS_AS(step(x), RecordError);
    CHECK_THROWS_WITH(step(x), ContainsSubstring(reason));
    CHECK(p.value() == floats({1, 2}));
  };
  refused([&](const Tensor& x) { return p * x; }, "the loss must be a floating scalar");
  refused([&](const Tensor& x) { return sum(p * x, {0}, true); }, "the loss must be a floating scalar");
  refused([&](const Tensor& x) { return sum(cast(p * x, ElementType::int32)); },
          "the loss must be a floating scalar");
  refused([&](const Tensor& x) { return sum(x); }, "depends on no parameter");
  refused([&](const Tensor& x) { return sum(stop_gradient(p) * x); }, "depends on no parameter");
  refused([&](const Tensor&) { return 1.0; }, "");
  refused(
      [&](const Tensor& x) {
        update(p, x);
        return sum(p * x);
      },
      "test/p is updated twice");
}

TEST_CASE("a scalar parameter can be the loss itself", "[training]") {
  Model model(Seed{1});
  const auto p = (model / "test").parameter("p", {}, constant_init(3));
  TrainingStep step(model, SGD{0.5}, [&] { return Tensor(p); });
  CHECK(step().item() == 3);
  CHECK(p.value() == Array(2.5f));
}
