#include <reel/reel.h>

#include <algorithm>
#include <cmath>

#include "catch.h"

using namespace reel;

namespace {

Array ones_matrix() { return Array(Shape{2, 2}, std::vector<float>{1, 1, 1, 1}); }

/// A float64 value as `initialiser` begins it.
Array initial(const Initialiser& initialiser, const Shape& shape, Seed seed = Seed{1}) {
  Model model(seed, Device::cpu(), ElementType::float64);
  return (model / "layer").parameter("W", shape, initialiser).value();
}

/// Largest |rows rows^T - I| of the matrix or its transpose, whichever has fewer rows.
double distance_from_orthonormal(const Array& matrix) {
  const auto rows = matrix.shape()[0], columns = matrix.shape()[1];
  const auto few = std::min(rows, columns), many = std::max(rows, columns);
  const auto at = [&](std::int64_t i, std::int64_t j) {
    return matrix.at(rows <= columns ? i * columns + j : j * columns + i);
  };
  double worst = 0;
  for (std::int64_t i = 0; i < few; ++i)
    for (std::int64_t j = 0; j < few; ++j) {
      double product = i == j ? -1 : 0;
      for (std::int64_t k = 0; k < many; ++k) product += at(i, k) * at(j, k);
      worst = std::max(worst, std::abs(product));
    }
  return worst;
}

}  // namespace

TEST_CASE("parameters are named by their scopes and kept in the order in which they were made", "[model]") {
  Model model(Seed{1});
  const auto cell = model / "cell";
  const auto b = (cell / "forget").parameter("b", {3}, constant_init(0.5));
  const auto W = cell.parameter("W", {2, 3}, glorot_uniform());
  const auto bare = Scope(model, "").parameter("bare", {}, constant_init(0));
  CHECK(cell.path() == "cell");
  CHECK(b.name() == "cell/forget/b");
  CHECK(W.name() == "cell/W");
  CHECK(bare.name() == "bare");
  REQUIRE(model.parameters().size() == 3);
  CHECK(model.parameters()[0].name() == b.name());
  CHECK(model.parameters()[1].name() == W.name());
  // The one that is found is the one that was made, not a copy.
  CHECK(model.parameter("cell/forget/b").variable() == b.variable());
  CHECK(b.value() == Array(std::vector<float>{0.5, 0.5, 0.5}));
}

TEST_CASE("a layer makes the parameters it documents", "[model]") {
  const auto names = [](const Model& model) {
    std::vector<std::string> names;
    for (const auto& parameter : model.parameters())
      names.push_back(parameter.name() + " " + to_string(parameter.shape()));
    return names;
  };
  Model model(Seed{1});
  Embedding(model / "embedding", 7, 4);
  RNN(model / "rnn", 4, 5);
  Linear(model / "head", 5, 2);
  CHECK(names(model) == std::vector<std::string>{"embedding/table [7, 4]", "rnn/W [4, 5]", "rnn/U [5, 5]",
                                                 "rnn/b [5]", "head/weight [5, 2]", "head/bias [2]"});
  Model gated(Seed{1});
  LSTM(gated / "lstm", 4, 5);
  std::vector<std::string> expected;
  for (const std::string gate : {"input", "forget", "candidate", "output"})
    for (const std::string parameter : {"/W [4, 5]", "/U [5, 5]", "/b [5]"})
      expected.push_back("lstm/" + gate + parameter);
  CHECK(names(gated) == expected);
}

TEST_CASE("a name that is taken or unknown is refused", "[model]") {
  Model model(Seed{1});
  const auto cell = model / "cell";
  cell.parameter("W", {2, 2}, glorot_uniform());
  cell.state("velocity", {2}, 0);
  CHECK_THROWS_WITH(cell.parameter("W", {2, 2}, glorot_uniform()), ContainsSubstring("cell/W"));
  CHECK_THROWS_WITH(cell.parameter("velocity", {2}, glorot_uniform()), ContainsSubstring("cell/velocity"));
  CHECK_THROWS_WITH(cell.state("W", {2, 2}, 0), ContainsSubstring("cell/W"));
  CHECK_THROWS_WITH(model.parameter("cell/U"), ContainsSubstring("cell/U"));
  CHECK(model.parameters().size() == 1);
  CHECK(model.states().size() == 1);
}

TEST_CASE("only a value of the parameter's type can be assigned", "[model]") {
  Model model(Seed{1});
  const auto W = (model / "cell").parameter("W", {2, 2}, glorot_uniform());
  const auto before = W.value();
  CHECK_THROWS_WITH(W.assign(Array(Shape{2, 2}, std::vector<double>(4, 1))),
                    ContainsSubstring("cell/W") && ContainsSubstring("float32[2, 2]") &&
                        ContainsSubstring("float64[2, 2]"));
  CHECK_THROWS_AS(W.assign(Array(Shape{4}, std::vector<float>(4, 1))), Error);
  CHECK_THROWS_AS(W.assign(Array(Shape{2, 1}, std::vector<float>(2, 1))), Error);
  CHECK(W.value() == before);
  W.assign(ones_matrix());
  CHECK(W.value() == ones_matrix());
}

TEST_CASE("an initialiser must return the type it is asked for", "[model]") {
  Model model(Seed{1});
  CHECK_THROWS_WITH(
      (model / "cell").parameter("W", {2, 3}, [](const TensorType&, Random&) { return ones_matrix(); }),
      ContainsSubstring("cell/W"));
  CHECK(model.parameters().empty());
}

TEST_CASE("parameters are floating", "[model]") {
  CHECK_THROWS_AS(Model(Seed{1}, Device::cpu(), ElementType::int32), Error);
}

TEST_CASE("the seed and the name decide how a parameter begins, not the order", "[model]") {
  const auto make = [](Model& model, const std::vector<std::string>& names) {
    for (const auto& name : names) (model / name).parameter("W", {4, 4}, glorot_uniform());
  };
  Model forward(Seed{1}), backward(Seed{1}), other(Seed{2}), high(Seed{1ull + (1ull << 32)});
  make(forward, {"a", "b", "c"});
  make(backward, {"c", "extra", "b", "a"});
  make(other, {"a", "b", "c"});
  make(high, {"a", "b", "c"});
  for (const auto& parameter : forward.parameters()) {
    CHECK(backward.parameter(parameter.name()).value() == parameter.value());
    CHECK(other.parameter(parameter.name()).value() != parameter.value());
    CHECK(high.parameter(parameter.name()).value() != parameter.value());
  }
  CHECK(forward.parameter("a/W").value() != forward.parameter("b/W").value());
}

TEST_CASE("the element type decides precision, not the choice of numbers", "[model]") {
  for (const auto& initialiser : {glorot_uniform(), orthogonal()}) {
    Model narrow(Seed{1}), wide(Seed{1}, Device::cpu(), ElementType::float64);
    const auto a = (narrow / "cell").parameter("W", {3, 4}, initialiser);
    const auto b = (wide / "cell").parameter("W", {3, 4}, initialiser);
    CHECK(a.value() == b.value().cast(ElementType::float32));
  }
}

TEST_CASE("constant_init fills with one value", "[model][initialisers]") {
  CHECK(initial(constant_init(0.1), {2, 2}) == Array(Shape{2, 2}, std::vector<double>(4, 0.1)));
  CHECK(initial(constant_init(-3), {}) == Array(-3.0));
}

TEST_CASE("glorot_uniform fills its interval and nothing beyond", "[model][initialisers]") {
  const auto check_uniform = [](const Shape& shape, double rows_and_columns) {
    CAPTURE(to_string(shape));
    const double bound = std::sqrt(6 / rows_and_columns);
    const auto numbers = initial(glorot_uniform(), shape).to_vector<double>();
    const auto count = static_cast<double>(numbers.size());
    double sum = 0, squares = 0, least = 0, most = 0;
    for (double number : numbers) {
      sum += number;
      squares += number * number;
      least = std::min(least, number);
      most = std::max(most, number);
    }
    CHECK(least >= -bound);
    CHECK(most <= bound);
    // That a uniform sample misses an end by 12/n of the width has the probability e^-12; the mean and the
    // variance (bound^2 / 3) are allowed five times their standard error.
    CHECK(least < -bound * (1 - 24 / count));
    CHECK(most > bound * (1 - 24 / count));
    CHECK(std::abs(sum / count) < 5 * bound / std::sqrt(3 * count));
    CHECK(std::abs(squares / count / (bound * bound / 3) - 1) < 5 * std::sqrt(0.8 / count));
  };
  check_uniform({60, 50}, 110);
  check_uniform({10, 300}, 310);
  check_uniform({3000}, 3000 + 1);
  check_uniform({5, 20, 30}, 100 + 30);
}

TEST_CASE("orthogonal makes orthonormal rows or columns, whichever are fewer", "[model][initialisers]") {
  const auto shape =
      GENERATE(Shape{8, 8}, Shape{3, 8}, Shape{8, 3}, Shape{1, 5}, Shape{5, 1}, Shape{1, 1}, Shape{64, 64});
  CAPTURE(to_string(shape));
  const auto matrix = initial(orthogonal(), shape);
  CHECK(matrix.shape() == shape);
  CHECK(distance_from_orthonormal(matrix) < 1e-14);
  if (shape != Shape{1, 1}) CHECK(matrix != initial(orthogonal(), shape, Seed{2}));
}

TEST_CASE("orthogonal prefers no sign", "[model][initialisers]") {
  // A QR factorisation alone would give the first element of every matrix the same sign.
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    positive += initial(orthogonal(), {3, 3}, Seed{seed}).at(0) > 0;
  CHECK(std::abs(positive - 100) < 36);  // five standard deviations
}

TEST_CASE("orthogonal refuses what is no matrix", "[model][initialisers]") {
  const auto shape = GENERATE(Shape{}, Shape{4}, Shape{2, 2, 2});
  CHECK_THROWS_WITH(initial(orthogonal(), shape), ContainsSubstring(to_string(shape)));
}

TEST_CASE("the forget gate of an LSTM begins open and the others unbiased", "[model][initialisers]") {
  Model model(Seed{1});
  LSTM(model / "lstm", 2, 3);
  LSTM(model / "closed", 2, 3, ForgetBias(-2));
  const auto is = [&](const std::string& name, float value) {
    return model.parameter(name).value() == Array(std::vector<float>(3, value));
  };
  CHECK(is("lstm/forget/b", 1));
  CHECK(is("lstm/input/b", 0));
  CHECK(is("lstm/candidate/b", 0));
  CHECK(is("lstm/output/b", 0));
  CHECK(is("closed/forget/b", -2));
  CHECK(distance_from_orthonormal(model.parameter("lstm/forget/U").value()) < 1e-6);
}

TEST_CASE("a state is made once and found again", "[model]") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const auto memory = model / "optimiser";
  const auto made = memory.state("velocity", {2}, 0.25);
  CHECK(made.name() == "optimiser/velocity");
  CHECK(made.value() == Array(std::vector<double>{0.25, 0.25}));
  made.assign(Array(std::vector<double>{1, 2}));
  const auto found = memory.state("velocity", {2}, 0.25);
  CHECK(found.variable() == made.variable());
  CHECK(found.value() == Array(std::vector<double>{1, 2}));
  CHECK_THROWS_WITH(memory.state("velocity", {3}, 0), ContainsSubstring("optimiser/velocity"));
  CHECK(model.states().size() == 1);
  CHECK(model.parameters().empty());
}

TEST_CASE("unused_name never returns a name twice", "[model]") {
  Model model(Seed{1});
  CHECK(model.unused_name("optimiser 2") == "optimiser 2");
  CHECK(model.unused_name("optimiser") == "optimiser");
  CHECK(model.unused_name("optimiser") != "optimiser 2");
}
