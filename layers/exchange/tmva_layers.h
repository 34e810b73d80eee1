#pragma once
#include <reel/tmva.h>

namespace reel::tmva {

/// The largest size of a layer: TMVA keeps them as integers of 32 bits.
inline constexpr std::int64_t largest_size = 2147483647;

/// A value and how a file writes it.
template <class T>
struct Code {
  T value;
  const char* text;
};

inline constexpr Code<TMVALoss> losses[] = {
    {TMVALoss::cross_entropy, "C"}, {TMVALoss::squares, "R"}, {TMVALoss::softmax_cross_entropy, "S"}};
inline constexpr Code<TMVAOutput> outputs[] = {
    {TMVAOutput::identity, "I"}, {TMVAOutput::sigmoid, "S"}, {TMVAOutput::softmax, "M"}};
inline constexpr Code<TMVAInitialisation> initialisations[] = {
    {TMVAInitialisation::gauss, "G"},         {TMVAInitialisation::uniform, "U"},
    {TMVAInitialisation::identity, "I"},      {TMVAInitialisation::zero, "Z"},
    {TMVAInitialisation::glorot_normal, "X"}, {TMVAInitialisation::glorot_uniform, "F"}};
inline constexpr Code<TMVARegularisation> regularisations[] = {
    {TMVARegularisation::none, "0"}, {TMVARegularisation::l1, "1"}, {TMVARegularisation::l2, "2"}};
inline constexpr Code<TMVAActivation> activations[] = {
    {TMVAActivation::identity, "0"}, {TMVAActivation::relu, "1"},           {TMVAActivation::sigmoid, "2"},
    {TMVAActivation::tanh, "3"},     {TMVAActivation::symmetric_relu, "4"}, {TMVAActivation::softsign, "5"},
    {TMVAActivation::gauss, "6"}};
inline constexpr Code<TMVAAnalysis> analyses[] = {{TMVAAnalysis::classification, "Classification"},
                                                  {TMVAAnalysis::multiclass, "Multiclass"},
                                                  {TMVAAnalysis::regression, "Regression"}};
inline constexpr Code<TMVARecurrent::Kind> recurrent_kinds[] = {{TMVARecurrent::Kind::rnn, "RNN"},
                                                                {TMVARecurrent::Kind::lstm, "LSTM"},
                                                                {TMVARecurrent::Kind::gru, "GRU"}};

/// How `value` is written; null where it is no value of its type.
template <class T, std::size_t count>
const char* text_of(const Code<T> (&codes)[count], T value) {
  for (const auto& code : codes)
    if (code.value == value) return code.text;
  return nullptr;
}

/// What stands between two layers: so many steps of so many units.
struct Extents {
  std::int64_t steps, units;
};

/// What a layer makes of that; it must be able to.
Extents after(const TMVALayer& layer, const Extents& before);

/// Why a layer cannot follow on that, or is none; empty where it can.
std::string fault_of(const TMVALayer& layer, const Extents& before);
/// What is wrong with a description; empty where nothing is.
std::string fault_of(const TMVADescription& description);

/// "lstm 1" for the first layer where it is an LSTM.
std::string name_of(const TMVALayer& layer, std::size_t index);
/// "LSTMLayer": the element of a layer in a file.
std::string element_of(const TMVALayer& layer);

/// A matrix of a layer: the element of the file that holds it, the parameter that gets it, and its shape in
/// the file, [output, input], of which Reel's is the transpose. Biases have one column in the file and are
/// vectors in Reel.
struct Matrix {
  std::string element, parameter;
  std::int64_t rows, columns;
  bool is_bias;

  Shape shape() const { return is_bias ? Shape{rows} : Shape{columns, rows}; }
};

/// Which matrix stands under which of a recurrent layer's names.
enum class Order {
  grouped,     // all of the input, then all of the state
  alternating  // as the names say
};

/// The matrices of a layer, in the order of the file.
std::vector<Matrix> matrices_of(const TMVALayer& layer, const Extents& before, Order order = Order::grouped);

}  // namespace reel::tmva
