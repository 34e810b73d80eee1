// What a training is put together from, beside what PyTorch's values check: groups, accumulation, penalties,
// clipping, schedules; weights and masks of losses; accuracy.

#include <reel/reel.h>

#include "catch.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Two parameters and a loss of which the gradients are the arguments.
struct Pair {
  Model model{Seed{1}, Device::cpu(), ElementType::float64};
  Parameter a = (model / "left").parameter("a", {2}, constant_init(1));
  Parameter b = (model / "right").parameter("b", {2}, constant_init(-2));

  auto training(const Optimiser& optimiser) {
    return TrainingStep(model, optimiser,
                        [this](const Tensor& da, const Tensor& db) { return sum(a * da) + sum(b * db); });
  }
};

const Array one = doubles({2}, {1, 2}), other = doubles({2}, {3, -4});

}  // namespace

TEST_CASE("groups of parameters by name change each in its own way", "[training]") {
  Pair pair;
  auto step = pair.training(by_name({{"left/*", Frozen()}, {"*", SGD{0.5}}}));
  step(one, other);
  CHECK(values(pair.a.value()) == List{1, 1});
  CHECK(values(pair.b.value()) == List{-3.5, 0});
  pair.model.parameter("optimiser/group 2/learning_rate").assign(Array(0.25));
  step(one, other);
  CHECK(values(pair.b.value()) == List{-4.25, 1});

  Pair none, unmatched;
  auto missing = none.training(by_name({{"left/*", SGD{1}}}));
  require_parts(message_of([&] { missing(one, other); }), {"[by_name]", "no group matches", "right/b"});
  auto idle = unmatched.training(by_name({{"*", SGD{1}}, {"encoder/*", Frozen()}}));
  require_parts(message_of([&] { idle(one, other); }), {"[by_name]", "encoder/*"});
  CHECK(values(none.a.value()) == List{1, 1});
}

TEST_CASE("settings that make no sense are refused by name", "[training]") {
  const auto refused = [](const Optimiser& optimiser) {
    Pair pair;
    auto step = pair.training(optimiser);
    const auto said = message_of([&] { step(one, other); });
    CHECK(values(pair.a.value()) == List{1, 1});
    return said;
  };
  require_parts(refused(SGD{-1}), {"[SGD]", "its rate is -1", "0 or more, and finite"});
  require_parts(refused(SGD{1, 1.5}), {"[SGD]", "its momentum is 1.5", "from 0 to below 1"});
  require_parts(refused(SGD{1, 0, true}), {"[SGD]", "with momentum"});
  require_parts(refused(Adam(NAN)), {"[Adam]", "its rate is nan"});
  require_parts(refused(Adam(1, 1)), {"[Adam]", "its beta1 is 1"});
  require_parts(refused(AdamW(1, -1)), {"[AdamW]", "its decay is -1"});
  CHECK_THROWS_WITH(clip_by_value(1, Optimiser()),
                    ContainsSubstring("[clip_by_value] the optimiser is empty"));
  require_parts(refused(RMSprop{1, 2}), {"[RMSprop]", "its decay is 2"});
  require_parts(refused(Adagrad{1, -1}), {"[Adagrad]", "its epsilon is -1"});
  require_parts(refused(Adadelta{infinity}), {"[Adadelta]", "its rate is inf"});
  require_parts(refused(Optimiser()), {"[TrainingStep]", "the optimiser is empty"});
  CHECK_THROWS_WITH(penalised({-1, 0}, SGD{1}), ContainsSubstring("[penalised] its l1 is -1"));
  CHECK_THROWS_WITH(constant_rate(NAN), ContainsSubstring("[constant_rate] a learning rate"));
  CHECK_THROWS_WITH(step_decay(1, -1, 2), ContainsSubstring("[step_decay] the factor"));
  CHECK_THROWS_WITH(cosine_decay(1, 10, -1), ContainsSubstring("[cosine_decay] a learning rate"));
  CHECK_THROWS_WITH(warm_up(3, RateSchedule()), ContainsSubstring("[warm_up] there is no schedule"));
  CHECK_THROWS_WITH(scheduled(RateSchedule(), SGD{1}), ContainsSubstring("[scheduled]"));
}

TEST_CASE("a learning rate that nobody reads is refused, before the first step and after", "[training]") {
  const auto groups = by_name({{"left/*", SGD{1}}, {"*", SGD{1}}});
  Pair early, late;
  auto first = early.training(groups), step = late.training(groups);
  CHECK_THROWS_WITH(first.set_learning_rate(-1), ContainsSubstring("[set_learning_rate] a learning rate"));
  first.set_learning_rate(0.5);
  require_parts(message_of([&] { first(one, other); }),
                {"[set_learning_rate]", "optimiser/group 1/learning_rate, optimiser/group 2/learning_rate"});
  CHECK(values(early.a.value()) == List{1, 1});
  first(one, other);
  CHECK(values(early.a.value()) == List{0, -1});
  step(one, other);
  CHECK_THROWS_WITH(step.set_learning_rate(0.5),
                    ContainsSubstring("[set_learning_rate] the optimiser has no"));
  step.forget_programs();
  CHECK_THROWS_WITH(step.set_learning_rate(0.5),
                    ContainsSubstring("[set_learning_rate] the optimiser has no"));
  Pair frozen;
  auto still = frozen.training(Frozen());
  still.set_learning_rate(1);
  CHECK_THROWS_WITH(still(one, other), ContainsSubstring("there is nothing"));
}

TEST_CASE("accumulated gradients take one step of their mean", "[training]") {
  Pair parts, whole;
  auto step = parts.training(accumulated(3, Adam(0.1))), at_once = whole.training(Adam(0.1));
  const auto mean = doubles({2}, {5.0 / 3, 0}), zero = doubles({2}, {0, 0});
  for (int round = 0; round < 3; ++round) {
    const auto before = parts.a.value();
    step(one, other);
    step(other, other);
    CHECK(parts.a.value() == before);
    step(one, zero);
    at_once(mean, doubles({2}, {2, -8.0 / 3}));
    CHECK(difference(parts.a.value(), whole.a.value()) < 1e-12);
    CHECK(difference(parts.b.value(), whole.b.value()) < 1e-12);
  }
  CHECK_THROWS_WITH(accumulated(0, Adam()), ContainsSubstring("[accumulated]"));
}

TEST_CASE("penalties and cut gradients", "[training]") {
  Pair pair, cut;
  auto step = pair.training(penalised({0.5, 0.25}, SGD{1}));
  step(doubles({2}, {0, 0}), doubles({2}, {0, 0}));
  CHECK(values(pair.a.value()) == List{0.25, 0.25});
  CHECK(values(pair.b.value()) == List{-1, -1});
  auto clipped = cut.training(clip_by_value(1.5, SGD{1}));
  clipped(one, other);
  CHECK(values(cut.a.value()) == List{0, -0.5});
  CHECK(values(cut.b.value()) == List{-3.5, -0.5});
  CHECK_THROWS_WITH(clip_by_value(0, SGD{1}), ContainsSubstring("[clip_by_value]"));
}

TEST_CASE("schedules, as numbers and step by step", "[training]") {
  CHECK(rate_at(constant_rate(0.3), 100) == 0.3);
  CHECK(rate_at(step_decay(0.8, 0.5, 10), 9) == 0.8);
  CHECK(rate_at(step_decay(0.8, 0.5, 10), 25) == Approx(0.2));
  CHECK(rate_at(cosine_decay(0.4, 8, 0.1), 4) == Approx(0.25));
  CHECK(rate_at(cosine_decay(0.4, 8, 0.1), 100) == Approx(0.1));
  CHECK(rate_at(warm_up(4, constant_rate(2)), 0) == Approx(0.5));
  CHECK(rate_at(warm_up(4, step_decay(2, 0.1, 1)), 4) == Approx(2));
  CHECK(rate_at(warm_up(4, step_decay(2, 0.1, 1)), 5) == Approx(0.2));
  CHECK_THROWS_WITH(cosine_decay(1, 0), ContainsSubstring("[cosine_decay]"));

  Pair pair;
  auto step = pair.training(scheduled(step_decay(1, 0.5, 2), SGD{77}));
  List course;
  for (int i = 0; i < 5; ++i) {
    step(doubles({2}, {1, 1}), doubles({2}, {0, 0}));
    course.push_back(pair.a.value().at(0));
  }
  CHECK(course == List{0, -1, -1.5, -2, -2.25});
  CHECK(pair.model.parameter("optimiser/steps").value().item() == 5);
}

TEST_CASE("tied parameters are one, and get the gradients of both uses", "[training]") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const Embedding embedding(model / "embedding", 3, 2);
  TrainingStep step(model, SGD{0.1}, [&](const Tensor& symbols, const Tensor& next) {
    return cross_entropy(matmul(embedding(symbols), transpose(embedding.table)), next);
  });
  const auto before = embedding.table.value();
  const Array symbols(std::vector<std::int64_t>{0, 1}), next(std::vector<std::int64_t>{1, 2});
  const auto loss = step(symbols, next).item();
  for (int i = 0; i < 50; ++i) step(symbols, next);
  CHECK(step(symbols, next).item() < loss);
  CHECK(model.parameters().size() == 1);
  CHECK(difference(before, embedding.table.value()) > 0.01);
}

TEST_CASE("weights and masks of losses: what counts nothing may be anything", "[losses]") {
  const auto y = doubles({3}, {1, NAN, 4}), target = doubles({3}, {0, 2, 2});
  const auto slopes = [&](const Array& weights, auto loss) {
    return run({y, target, weights}, [&](const Tensors& in) -> Tensors {
      const auto value = loss(in[0], in[1], in[2]);
      return {value, gradients(value, {in[0]})[0]};
    });
  };
  const auto squared = [](const Tensor& y, const Tensor& t, const Tensor& w) {
    return mean_squared_error(y, t, w);
  };
  Array mask(Shape{3}, ElementType::boolean);
  mask.data<bool>()[0] = mask.data<bool>()[2] = true;
  CHECK(values(slopes(mask, squared)[0]) == List{2.5});
  CHECK(values(slopes(mask, squared)[1]) == List{1, 0, 2});
  const auto weighted = slopes(doubles({3}, {3, 0, 1}), squared);
  CHECK(values(weighted[0]) == List{1.75});
  CHECK(values(weighted[1]) == List{1.5, 0, 1});
  const auto none = slopes(Array(Shape{3}, ElementType::boolean), squared);
  CHECK(values(none[0]) == List{0});
  CHECK(values(none[1]) == List{0, 0, 0});
  for (const auto& found :
       {slopes(mask, [](auto y, auto t, auto w) { return mean_absolute_error(y, t, w); }),
        slopes(mask, [](auto y, auto t, auto w) { return huber_loss(y, t, 1, w); }),
        slopes(mask, [](auto y, auto t, auto w) { return binary_cross_entropy(y, t, w); })}) {
    CHECK(std::isfinite(found[0].item()));
    CHECK(std::isfinite(largest(found[1])));
    CHECK(found[1].at(1) == 0);
  }
}

TEST_CASE("cross-entropy with event weights beside its options", "[losses]") {
  const auto found =
      run({doubles({2, 2, 2}, {0, 1, NAN, 1, 2, 0, 1, 1}),
           Array(Shape{2, 2}, std::vector<std::int64_t>{1, 99, 0, -1}), doubles({2, 2}, {2, 0, 1, 5})},
          [](const Tensors& in) -> Tensors {
            const auto loss = cross_entropy(in[0], in[1], in[2], IgnoredIndex(-1));
            const auto each = cross_entropies(index(in[0], 1, 0), index(in[1], 1, 0));
            return {loss, (2 * index(each, 0, 0) + index(each, 0, 1)) / 3, gradients(loss, {in[0]})[0]};
          });
  CHECK(found[0].item() == Approx(found[1].item()));
  CHECK(std::isfinite(largest(found[2])));
  CHECK_THROWS_WITH(LabelSmoothing(1.5), ContainsSubstring("[LabelSmoothing]"));
}

TEST_CASE("binary cross-entropy is right at both ends and in the middle", "[losses]") {
  const auto found =
      run({doubles({4}, {40, -40, 0, 800}), doubles({4}, {1, 0, 1, 0})}, [](const Tensors& in) -> Tensors {
        const auto losses = binary_cross_entropies(in[0], in[1]);
        return {losses, gradients(losses, {in[0]})[0]};
      });
  CHECK(found[0].at(0) == Approx(std::exp(-40.0)));
  CHECK(found[0].at(1) == Approx(std::exp(-40.0)));
  CHECK(found[0].at(2) == Approx(std::log(2.0)));
  CHECK(found[0].at(3) == 800);
  CHECK(found[1].at(2) == -0.5);
  CHECK(found[1].at(3) == 1);
}

TEST_CASE("accuracy of classes, of bools, and within lengths", "[losses]") {
  Array right(Shape{4}, ElementType::boolean);
  right.data<bool>()[0] = right.data<bool>()[1] = true;
  const auto found = run({doubles({2, 2, 2}, {0, 1, 1, 0, 0, 1, NAN, NAN}),
                          Array(Shape{2, 2}, std::vector<std::int64_t>{1, 1, 1, 0}),
                          Array(std::vector<std::int64_t>{2, 1}), doubles({4}, {1, -1, -1, 2}), right},
                         [](const Tensors& in) -> Tensors {
                           return {accuracy(in[0], in[1], within_lengths(in[2], 2)), accuracy(in[3], in[4])};
                         });
  CHECK(found[0].item() == Approx(2.0 / 3));
  CHECK(found[1].item() == 0.5);
  const auto unknown = run({doubles({2, 2}, {NAN, NAN, NAN, 1}), Array(std::vector<std::int64_t>{0, 1})},
                           [](const Tensors& in) -> Tensors { return {accuracy(in[0], in[1])}; });
  CHECK(unknown[0].item() == 0);
}

TEST_CASE("labels that do not fit the steps have an infinite loss and no gradient", "[losses]") {
  const auto found = run({Array({ElementType::float64, {2, 2, 3}}, 0.5),
                          Array(Shape{2, 2}, std::vector<std::int64_t>{1, 1, 1, 2}),
                          Array(std::vector<std::int64_t>{2, 2}), Array(std::vector<std::int64_t>{2, 2})},
                         [](const Tensors& in) -> Tensors {
                           const auto losses = ctc_losses(in[0], in[1], in[2], in[3]);
                           return {losses, gradients(sum(losses), {in[0]})[0]};
                         });
  CHECK(found[0].at(0) == infinity);
  CHECK(found[0].at(1) == Approx(std::log(9.0)));
  for (int t = 0; t < 2; ++t)
    for (int c = 0; c < 3; ++c) CHECK(found[1].at(t * 6 + c) == 0);
  CHECK(std::abs(found[1].at(3)) > 0.1);
  const auto refused = [](std::int64_t steps, std::int64_t labels) {
    return message_of([&] {
      run({Array({ElementType::float64, {2, 1, 3}}, 0.5), Array(Shape{1, 2}, std::vector<std::int64_t>{1, 2}),
           Array(std::vector<std::int64_t>{steps}), Array(std::vector<std::int64_t>{labels})},
          [](const Tensors& in) -> Tensors { return {ctc_losses(in[0], in[1], in[2], in[3])}; });
    });
  };
  require_parts(refused(3, 1), {"ctc_loss: number of steps 3", "outside [0, 3)"});
  require_parts(refused(2, -1), {"ctc_loss: number of labels -1", "outside [0, 3)"});
}

TEST_CASE("losses of numbers of another type are refused by name", "[losses]") {
  const auto refused = [](const auto& loss) {
    return message_of([&] {
      run({doubles({2}, {1, 2}), Array(std::vector<std::int64_t>{1, 0})},
          [&](const Tensors& in) -> Tensors { return {loss(in[0], in[1])}; });
    });
  };
  require_parts(refused([](const Tensor& y, const Tensor& t) { return binary_cross_entropy(y, t); }),
                {"[binary_cross_entropy]", "must be floating", "float64[2]", "int64[2]"});
  require_parts(refused([](const Tensor& y, const Tensor& t) { return mean_squared_error(y, t); }),
                {"[mean_squared_error]", "must be floating"});
}

TEST_CASE("a schedule sets the rates of all groups, and of an optimiser that has one", "[training]") {
  Pair pair, none;
  auto step = pair.training(scheduled(step_decay(1, 0.5, 1), by_name({{"left/*", SGD{7}}, {"*", SGD{9}}})));
  const auto slope = doubles({2}, {1, 1});
  for (int i = 0; i < 3; ++i) step(slope, slope);
  CHECK(values(pair.a.value()) == List{1 - 1.75, 1 - 1.75});
  CHECK(values(pair.b.value()) == List{-2 - 1.75, -2 - 1.75});
  // Steps that are taken now and then: the schedule goes on with these.
  Pair parts;
  auto part = parts.training(accumulated(2, scheduled(step_decay(1, 0.5, 1), SGD(9))));
  for (int i = 0; i < 6; ++i) part(slope, slope);
  CHECK(values(parts.a.value()) == List{1 - 1.75, 1 - 1.75});
  auto frozen = none.training(scheduled(constant_rate(1), Frozen()));
  CHECK_THROWS_WITH(frozen(slope, slope), ContainsSubstring("[scheduled]"));
}

TEST_CASE("labels of which some are impossible at a step", "[losses]") {
  // Exactly 1, 2, 3.
  List logits(12, -infinity);
  logits[1] = logits[6] = logits[11] = 0;
  const auto found =
      run({doubles({3, 1, 4}, logits), Array(Shape{1, 3}, std::vector<std::int64_t>{1, 2, 3}),
           Array(std::vector<std::int64_t>{3}), Array(std::vector<std::int64_t>{3})},
          [](const Tensors& in) -> Tensors { return {ctc_losses(in[0], in[1], in[2], in[3])}; });
  CHECK(found[0].item() == Approx(0).margin(1e-12));
}

TEST_CASE("weights are like the first axes of the losses, or like the last", "[losses]") {
  const auto mean_of = [](const Shape& losses, const Shape& weights, const std::vector<double>& w) {
    std::vector<double> numbers;
    for (std::int64_t i = 0; i < losses.size(); ++i) numbers.push_back(static_cast<double>(i));
    return run({doubles(losses, numbers), doubles(weights, w)},
               [](const Tensors& in) -> Tensors { return {weighted_mean(in[0], in[1])}; })[0]
        .item();
  };
  CHECK(mean_of({2, 3}, {2}, {1, 0}) == 1);
  CHECK(mean_of({2, 3}, {3}, {1, 0, 0}) == 1.5);
  CHECK(mean_of({2, 3}, {2, 1}, {0, 1}) == 4);
  CHECK(mean_of({2, 3}, {}, {5}) == 2.5);
  CHECK_THROWS_WITH(mean_of({2, 2}, {2}, {1, 0}), ContainsSubstring("use unsqueeze"));
  CHECK_THROWS_WITH(mean_of({2, 3}, {4}, {1, 0, 0, 0}), ContainsSubstring("[weighted_mean] the mask or"));
  CHECK_THROWS_WITH(mean_of({2, 3}, {1, 2, 3}, {1, 0, 0, 0, 0, 0}), ContainsSubstring("like neither"));
  CHECK(mean_of({1, 1}, {1, 1}, {5}) == 0);
  CHECK(mean_of({1, 3}, {1}, {5}) == 1);
  const auto entropy = [](const Shape& weights, const std::vector<double>& w) {
    return run({doubles({2, 3, 2}, {0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0}), doubles(weights, w),
                Array(Shape{2, 3}, std::vector<std::int64_t>(6, 1))},
               [](const Tensors& in) -> Tensors { return {cross_entropy(in[0], in[2], in[1])}; })[0]
        .item();
  };
  const double sure = std::log1p(std::exp(-2)), even = std::log(2);
  CHECK(entropy({2}, {0, 1}) == Approx((sure + 2 * even) / 3));
  CHECK(entropy({3}, {1, 0, 0}) == Approx((sure + even) / 2));
  CHECK(entropy({3}, {1, 2, 0}) == Approx((sure + 5 * even) / 6));
  CHECK_THROWS_WITH(entropy({4}, {1, 0, 0, 0}), ContainsSubstring("[cross_entropy] the mask or weights"));
}

TEST_CASE("layers say what they take", "[training]") {
  Model model(Seed{1});
  const LayerNorm norm(model / "norm", 4);
  Function normalise(model, [&](const Tensor& x) { return norm(x); });
  require_parts(message_of([&] {
                  normalise(Array(Shape{2, 1}, ElementType::float32));
                }),
                {"[LayerNorm]", "[..., 4]", "[2, 1]"});
  CHECK_THROWS_WITH(ProjectedTo(0), ContainsSubstring("[ProjectedTo]"));
  CHECK_THROWS_WITH(LSTM(model / "wide", 2, 3, ProjectedTo(4)),
                    ContainsSubstring("3 units are not projected to 4"));
  Function weighted(model, [](const Tensor& logits, const Tensor& targets) {
    return cross_entropy(logits, targets, ClassWeights(full({2}, 2)));
  });
  CHECK(weighted(Array(Shape{1, 2}, ElementType::float32), Array(std::vector<std::int64_t>{1})).item() ==
        Approx(std::log(2.0)));
}
