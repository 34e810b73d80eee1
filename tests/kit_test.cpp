// Batches, padding, views of arrays, best weights, early stopping, the progress line, the summary.

#include <reel/reel.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("batches hold every example once, in an order that seed and epoch decide", "[kit]") {
  const auto one = shuffled_batches(10, 4, Seed{3}, 0);
  REQUIRE(one.size() == 3);
  CHECK(one[2].size() == 2);
  std::vector<std::size_t> all;
  for (const auto& batch : one) all.insert(all.end(), batch.begin(), batch.end());
  CHECK(!std::is_sorted(all.begin(), all.end()));
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < 10; ++i) CHECK(all[i] == i);
  CHECK(shuffled_batches(10, 4, Seed{3}, 0) == one);
  CHECK(shuffled_batches(10, 4, Seed{3}, 1) != one);
  CHECK(shuffled_batches(10, 4, Seed{4}, 0) != one);
  CHECK(batches_in_order(5, 2) == BatchList{{0, 1}, {2, 3}, {4}});
  CHECK(shuffled_batches(0, 4, Seed{3}, 0).empty());
  CHECK_THROWS_WITH(batches_in_order(5, 0), ContainsSubstring("[batches_in_order]"));
}

TEST_CASE("batches by length hold sequences that are about equally long", "[kit]") {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < 100; ++i) lengths.push_back(i * 37 % 50);
  const auto batches = batches_by_length(lengths, 10, Seed{1}, 0);
  REQUIRE(batches.size() == 10);
  std::vector<std::int64_t> shortest;
  for (const auto& batch : batches) {
    const auto [low, high] = std::minmax_element(batch.begin(), batch.end(),
                                                 [&](auto a, auto b) { return lengths[a] < lengths[b]; });
    CHECK(lengths[*high] - lengths[*low] <= 10);
    shortest.push_back(lengths[*low]);
  }
  CHECK(!std::is_sorted(shortest.begin(), shortest.end()));
  // Others are together in another epoch.
  auto again = batches_by_length(lengths, 10, Seed{1}, 1), once = batches;
  for (auto* list : {&again, &once}) {
    for (auto& batch : *list) std::sort(batch.begin(), batch.end());
    std::sort(list->begin(), list->end());
  }
  CHECK(again != once);
}

TEST_CASE("sequences are padded side by side, and examples picked along an axis", "[kit]") {
  const auto a = doubles({2, 2}, {1, 2, 3, 4}), b = doubles({1, 2}, {5, 6}), c = doubles({0, 2}, {});
  const auto [x, lengths] = pad_with(-1, {a, b, c}, {0, 1, 2});
  CHECK(x == doubles({2, 3, 2}, {1, 2, 5, 6, -1, -1, 3, 4, -1, -1, -1, -1}));
  CHECK(lengths == Array(std::vector<std::int64_t>{2, 1, 0}));
  CHECK(pad({a, b, c}, {1}).x == doubles({1, 1, 2}, {5, 6}));
  CHECK(rows(x, {2, 0}, 1) == doubles({2, 2, 2}, {-1, -1, 1, 2, -1, -1, 3, 4}));
  CHECK(rows(a, {1}) == doubles({1, 2}, {3, 4}));
  CHECK(rows(a, {}) == doubles({0, 2}, {}));
  CHECK_THROWS_WITH(pad({a, doubles({1, 3}, {1, 2, 3})}),
                    ContainsSubstring("[pad]") && ContainsSubstring("float64[1, 3]"));
  CHECK_THROWS_WITH(pad({}), ContainsSubstring("no sequence"));
  CHECK_THROWS_WITH(pad({a}, {4}), ContainsSubstring("[pad]"));
  CHECK_THROWS_WITH(pad_with(NAN, {Array(std::vector<std::int32_t>{1})}, {0}),
                    ContainsSubstring("[pad] int32"));
  CHECK_THROWS_WITH(rows(a, {2}), ContainsSubstring("[rows]") && ContainsSubstring("no 2 along axis 0"));
  CHECK_THROWS_WITH(rows(a, {0}, 2), ContainsSubstring("no axis 2"));
}

TEST_CASE("a view finds elements by their indices", "[kit]") {
  Array x(Shape{2, 3, 4}, ElementType::float32);
  const auto view = x.view<float, 3>();
  view(1, 2, 3) = 7;
  view(0, 1, 2) = 5;
  CHECK(x.at(23) == 7);
  CHECK(x.at(6) == 5);
  const Array& fixed = x;
  CHECK((fixed.view<float, 3>()(1, 2, 3)) == 7);
  CHECK_THROWS_WITH((x.view<double, 3>()), ContainsSubstring("holds float32, not float64"));
  CHECK_THROWS_WITH((x.view<float, 2>()), ContainsSubstring("not seen by 2 indices"));
  CHECK(Array(3.0).view<double, 0>()() == 3);
#ifndef NDEBUG
  CHECK_THROWS_WITH(view(0, 3, 0), ContainsSubstring("index 3 along axis 1 of [2, 3, 4]"));
  CHECK_THROWS_WITH(view(-1, 0, 0), ContainsSubstring("index -1 along axis 0"));
#endif
}

TEST_CASE("the best weights are kept and restored, and patience ends", "[kit]") {
  Model model(Seed{1});
  const Linear layer(model / "layer", 2, 3);
  BestWeights best(model);
  EarlyStopping patience(2, 0.05);
  CHECK(!best.offer(NAN));
  CHECK_THROWS_WITH(best.restore(), ContainsSubstring("[BestWeights] no weights were kept"));
  CHECK(best.offer(1));
  CHECK(!patience.after(1));
  const auto kept = layer.weight.value();
  layer.weight.assign(Array({ElementType::float32, {2, 3}}, 9));
  CHECK(!best.offer(1));
  CHECK(!best.offer(NAN));
  CHECK(!patience.after(0.97));
  CHECK(patience.after(NAN));
  CHECK(patience.is_over());
  best.restore();
  CHECK(layer.weight.value() == kept);
  CHECK(best.best() == 1);
  EarlyStopping again(2);
  for (const double loss : {5., 6., 4., 5.}) again.after(loss);
  CHECK(!again.is_over());
  CHECK_THROWS_WITH(EarlyStopping(0),
                    ContainsSubstring("[EarlyStopping] the patience is 1 loss or more, not 0"));
  CHECK_THROWS_WITH(EarlyStopping(1, NAN), ContainsSubstring("[EarlyStopping] the least gain"));
  CHECK_THROWS_WITH(batches_by_length({3, -1}, 1, Seed{1}, 0), ContainsSubstring("[batches_by_length]"));
}

TEST_CASE("the summary names every parameter, its shape and how many numbers there are", "[kit]") {
  Model model(Seed{1});
  const Linear layer(model / "head", 20, 30);
  const Embedding table(model / "e", 7, 2);
  CHECK(summary(model) ==
        "parameter    shape     numbers\n"
        "head/weight  [20, 30]      600\n"
        "head/bias    [30]           30\n"
        "e/table      [7, 2]         14\n"
        "all                        644\n");
}

namespace {

/// What is printed meanwhile, to a file.
std::string printed(const std::function<void()>& f) {
  std::fflush(stdout);
  const int screen = ::dup(STDOUT_FILENO);
  std::FILE* file = std::tmpfile();
  ::dup2(::fileno(file), STDOUT_FILENO);
  f();
  std::fflush(stdout);
  ::dup2(screen, STDOUT_FILENO);
  ::close(screen);
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("progress is a line for each validation, with the mean loss, or the last where that is none",
          "[kit]") {
  const auto text = printed([] {
    Progress progress("nats", "words");
    progress.step(NAN, 3);
    progress.step(4, 3);
    progress.step(2, 3, 75);
    progress.validation(1.5);
    progress.step(NAN, 3, 60);
    progress.validation(1.25);
    progress.finish();
  });
  REQUIRE(std::count(text.begin(), text.end(), '\n') == 2);
  const auto first = text.substr(0, text.find('\n')), second = text.substr(text.find('\n') + 1);
  for (const auto* part : {"step      3", "nats 3.000", "validation 1.500", "words/s", "1:15 left"})
    CHECK_THAT(first, ContainsSubstring(part));
  for (const auto* part : {"step      4", "nats   nan", "validation 1.250", "1:00 left"})
    CHECK_THAT(second, ContainsSubstring(part));
  // Where nothing is validated, the line at the end is the only one.
  CHECK_THAT(printed([] {
               Progress progress;
               progress.step(1, 1);
               progress.finish();
             }),
             ContainsSubstring("loss 1.000, validation     -"));
}

namespace {

/// A checkpoint as far as a Progress knows one, which brings the number of steps.
struct BringsSteps {
  void keep(const std::string&, std::int64_t& steps) const { steps = 1000; }
};

}  // namespace

TEST_CASE("progress of a training that goes on counts all steps, and averages its own", "[kit]") {
  const auto text = printed([] {
    Progress progress;
    BringsSteps checkpoint;
    progress.keep_in(checkpoint, "progress");
    progress.validation(2);
    progress.step(3, 1);
    progress.validation(2.5);
  });
  CHECK_THAT(text.substr(0, text.find('\n')),
             ContainsSubstring("step   1000  loss     -, validation 2.000       - sequences/s"));
  CHECK_THAT(text, ContainsSubstring("step   1001  loss 3.000, validation 2.500"));
}
