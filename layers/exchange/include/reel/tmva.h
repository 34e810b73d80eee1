#pragma once
#include <reel/gru.h>

#include <functional>
#include <map>
#include <variant>

/// @file
/// @ingroup files
/// Networks of TMVA's deep-learning method (DL), the toolkit for classification in CERN's ROOT: described,
/// made as layers of Reel, read from its weights files and written to them.
namespace REEL_PUBLIC reel {

/// What TMVA trained a network for.
enum class TMVAAnalysis { classification, multiclass, regression };
/// What it was trained to make small: the mean of cross_entropy of logits and a bool, of squares of errors,
/// or of cross_entropy over classes.
enum class TMVALoss { cross_entropy, squares, softmax_cross_entropy };
/// What is done to the values of the last layer in the end.
enum class TMVAOutput { identity, sigmoid, softmax };
/// How its weights began.
enum class TMVAInitialisation { gauss, uniform, identity, zero, glorot_normal, glorot_uniform };
/// What was added to the loss for the size of weights.
enum class TMVARegularisation { none, l1, l2 };
/// The functions that layers of TMVA may have.
enum class TMVAActivation { identity, relu, sigmoid, tanh, symmetric_relu, softsign, gauss };

/// A recurrent layer: RNN and LSTM as Reel's RNN with tanh and its plain LSTM are, a GRU as Reel's.
struct TMVARecurrent {
  /// The three kinds that TMVA has.
  enum class Kind { rnn, lstm, gru };

  Kind kind = Kind::lstm;               ///< Which it is.
  std::int64_t hidden = 10;             ///< How many units its state has.
  bool returns_sequence = true;         ///< Whether the next layer gets all steps; else the last one alone.
  Reset reset = Reset::before_product;  ///< Of a GRU; TMVA calls the other one ResetGateAfter.
};

/// activation(x weight + bias), of one step: that of a recurrent layer which returns no sequence, or of one
/// that was flattened.
struct TMVADense {
  std::int64_t width = 1;                                ///< How many units it has.
  TMVAActivation activation = TMVAActivation::identity;  ///< Done to each of them.
};

/// All steps side by side in one: unit h of step t stands at t * hidden + h. Without `flattens` it changes
/// nothing: what TMVA makes of other shapes differs from release to release, and is not read.
struct TMVAReshape {
  bool flattens = true;  ///< Whether all steps become one.
};

/// A layer of any kind.
using TMVALayer = std::variant<TMVARecurrent, TMVADense, TMVAReshape>;

/// An input variable or a target: an expression as ROOT computes it of a tree, and the range of its values.
struct TMVAVariable {
  std::string expression;  ///< In the language of ROOT's trees: "vars_time0[0]".
  double minimum = 0,      ///< The smallest value.
      maximum = 0;         ///< The largest value.
};

/// What a weights file says beside the weights.
///
///     TMVADescription network;
///     network.steps = 10;
///     network.inputs = 30;
///     network.layers = {TMVARecurrent{TMVARecurrent::Kind::lstm, 10}, TMVAReshape{},
///                       TMVADense{64, TMVAActivation::tanh}, TMVADense{1}};
struct TMVADescription {
  std::string name = "DL";                               ///< Of the method, under which a reader books it.
  TMVAAnalysis analysis = TMVAAnalysis::classification;  ///< What it answers.
  std::int64_t steps = 1,                                ///< How many steps a sequence has.
      inputs = 1;                                        ///< How many variables each step has.
  std::int64_t batch = 100;                 ///< How many events TMVA trains and evaluates with at a time.
  std::vector<TMVALayer> layers;            ///< From the input to the answer.
  TMVALoss loss = TMVALoss::cross_entropy;  ///< What it was trained with.
  TMVAOutput output = TMVAOutput::sigmoid;  ///< What makes answers of the last layer's values.
  TMVAInitialisation initialisation = TMVAInitialisation::glorot_uniform;  ///< How weights began.
  TMVARegularisation regularisation = TMVARegularisation::none;  ///< What weights were penalised by.
  double weight_decay = 0;                                       ///< The factor of the penalty.
  std::vector<TMVAVariable>
      variables;  ///< One for each step and input, those of a step together; none: named by default.
  std::vector<std::string> classes{"Signal",
                                   "Background"};  ///< Their names, signal first; of a regression any.
  std::vector<TMVAVariable> targets;               ///< Of a regression, one for each unit of the last layer.
};

/// What it describes, a line for each layer.
std::string to_string(const TMVADescription& description);

/// The variables of a description that names none, as TMVA's tutorial does: "vars_time0[0]", "vars_time0[1]",
/// and so on.
std::vector<TMVAVariable> default_tmva_variables(std::int64_t steps, std::int64_t inputs);

/// A weights file in memory. `weights` are the parameters of TMVANetwork, by their names in it, in Reel's
/// shapes: a matrix [input, output] is the transpose of TMVA's.
struct TMVAFile {
  TMVADescription description;           ///< What the network is.
  std::map<std::string, Array> weights;  ///< By the names of parameters.
};

/// The layers of a description, as parameters of a model: "lstm 1/input/W", "dense 3/weight" and so on, by
/// kind and place of the layer, counted from 1. They begin as Glorot uniform, biases at 0, whatever the
/// description says of its initialisation.
///
///     Model model(Seed{1});
///     TMVANetwork network(model / "network", read_tmva("weights/LSTM.weights.xml"));
///     // x: [batch, steps, inputs], y: [batch, 1]
///     TrainingStep step(model, Adam(1e-3), [&](Tensor x, Tensor y) {
///       return binary_cross_entropy(network(x), y);
///     });
///     Function predict(model, [&](Tensor x) { return network.output(network(x)); });
class TMVANetwork {
 public:
  /// Throws Error for a description that is none: sizes out of range or that do not fit from layer to layer.
  TMVANetwork(const Scope& scope, const TMVADescription& description);
  /// With the weights of a file, in the model's element type. Throws Error for those that do not fit the
  /// description.
  TMVANetwork(const Scope& scope, const TMVAFile& file);

  /// The values of the last layer, before the output function: [batch, units]. `x` is [batch, steps, inputs],
  /// or [batch, steps * inputs]: events as TMVA has them, the variables of a step together. Throws
  /// RecordError for other shapes.
  Tensor operator()(const Tensor& x) const;
  /// The output function of these values: what TMVA answers.
  Tensor output(const Tensor& values) const;

  /// What the network was made of.
  const TMVADescription& description() const { return description_; }
  /// With the weights as they are now.
  TMVAFile file() const;

 private:
  Scope scope_;
  TMVADescription description_;
  std::vector<std::function<Tensor(const Tensor&)>> layers_;  // each of [steps, batch, units]
};

/// Reads a weights file (NAME.weights.xml) of the method DL with layers RNN, LSTM, GRU, Dense and Reshape, as
/// TMVA or write_tmva() wrote it; numbers are rounded to `element`, float32 or float64. The names of the
/// elements of LSTM and GRU layers do not tell what they hold: TMVA writes all matrices of the input before
/// all of the state, and so they are read. Files of older releases, where the two alternate, are told by the
/// columns of the second matrix where input and hidden size differ; where they are equal nothing tells them,
/// and they would be read wrong. An RNN layer without ReturnSequence, as older releases wrote it, returns the
/// sequence. Options, titles and units of variables, spectators and distributions of answers (MVAPdfs) are
/// not kept.
///
/// Throws FileError for every other layer, for transformed inputs, for a layer that remembers its state from
/// batch to batch (RememberState), for what is missing, stands there twice or does not fit, for counts that
/// no network has, such as 0 variables, for numbers that are none or not finite, and for what is not
/// well-formed XML in UTF-8; MemoryError where there is none for it; Error for another element type.
TMVAFile read_tmva(const std::string& path, ElementType element = ElementType::float32);

/// Writes a file that TMVA's reader takes: the whole document, matrices in the order in which it reads them,
/// numbers with as many digits as bring back the same bits. Its options give the layout again, of which TMVA
/// makes the network anew to evaluate whole batches. The file appears whole or not at all, as write_whole()
/// says. Throws FileError where it cannot be written, and Error for a description that is none, weights that
/// do not fit it, and weights that are not finite, which TMVA cannot read; MemoryError where there is no
/// memory for it.
/// @{
void write_tmva(const std::string& path, const TMVAFile& file);
void write_tmva(const std::string& path, const TMVANetwork& network);
/// @}

}  // namespace reel
