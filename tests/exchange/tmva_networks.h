#pragma once
#include <reel/tmva.h>

#include <random>
#include <string>
#include <vector>

/// Networks as TMVA has them, in plain loops, and files of them as it writes them.
namespace reel::test {

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

/// Numbers between -1 and 1, the same in each run.
class RandomMatrices {
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

/// Of a kind of recurrent layer.
std::size_t gates_of(const std::string& kind);

/// All matrices of the input, then all of the state.
PlainLayer recurrent(RandomMatrices& random, const std::string& kind, std::size_t inputs, std::size_t hidden);
PlainLayer dense(RandomMatrices& random, std::size_t inputs, std::size_t width, int activation);
PlainLayer flattening();

/// A network as in TMVA's tutorial: recurrent, flattened, dense with tanh, dense with one unit.
PlainNetwork tutorial(const std::string& kind, std::size_t steps, std::size_t inputs, std::size_t hidden,
                      bool sequence = true, bool after = false);

double logistic(double x);

/// What a network answers to an event: `variables` are steps * inputs numbers, those of a step together.
Values run(const PlainNetwork& network, const double* variables);

constexpr std::size_t events = 4;
/// The variables of so many.
Values events_of(const PlainNetwork& network);

/// The names under which the matrices of a layer stand, a bias after each two.
std::vector<std::string> element_names(const std::string& kind);

/// The file that TMVA writes of a network; older releases wrote the matrices of input and state in turn.
std::string document(const PlainNetwork& network, bool alternating = false);

/// A network of 4 steps of 3 inputs, as Reel describes it.
TMVADescription described(CellKind kind, std::int64_t hidden, bool sequence, Reset reset);

}  // namespace reel::test
