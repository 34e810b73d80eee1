#pragma once
/// @file
/// @ingroup files
/// PyTorch's weights.
#include <reel/embedding.h>
#include <reel/gru.h>
#include <reel/layer_norm.h>
#include <reel/linear.h>
#include <reel/lstm.h>
#include <reel/rnn.h>
#include <reel/stack.h>

#include <string>
#include <variant>
#include <vector>

namespace REEL_PUBLIC reel {

/// A part of a tensor in PyTorch: rows of it, of which a parameter of Reel is made.
struct PyTorchPart {
  /// What becomes of the rows of PyTorch's tensor.
  enum class Use {
    same,   ///< The parameter has these elements.
    added,  ///< They are added to the parameter; Reel has one bias where PyTorch adds two, and writes zeros.
    zero    ///< Reel has no such parameter: they must be zeros.
  };
  Parameter parameter;  ///< None where they must be zeros.
  Use use = Use::same;  ///< What becomes of its rows.
};

/// A tensor of a state_dict, and what it is in Reel: parts one behind the other along its first axis,
/// matrices transposed where PyTorch has [output, input] and Reel [input, output].
struct PyTorchTensor {
  std::string name;                ///< In the state_dict: "encoder.weight_ih_l0".
  Shape shape;                     ///< In PyTorch.
  std::vector<PyTorchPart> parts;  ///< From its first row on.
  bool is_transposed = false;      ///< Whether Reel has it the other way round.
};

/// What the parameters of layers are called in PyTorch, written down layer by layer: nothing is guessed from
/// names or shapes. `module` is the name of the module in PyTorch, "" for one that is saved by itself.
///
///     PyTorchNames names;
///     names.add("encoder", Stack(first, second));   // nn.LSTM(..., num_layers=2)
///     names.add("head", head);                      // nn.Linear
///     load_pytorch(names, "model.safetensors");
///
/// In Python: safetensors.torch.save_file(model.state_dict(), "model.safetensors"), and
/// model.load_state_dict(safetensors.torch.load_file("model.safetensors")).
///
/// PyTorch's module then gives the same outputs. What it has no module for is refused: every add throws
/// Error, and leaves the names as they were, where its module is none of PyTorch's, where a tensor has a name
/// that one has already or that PyTorch would not take ("", "a..b"), and for parameters that are
/// absent or, put in from outside, do not make up the layer.
class PyTorchNames {
 public:
  /// nn.Linear.
  void add(const std::string& module, const Linear& linear);
  /// nn.Embedding.
  void add(const std::string& module, const Embedding& embedding);
  /// nn.LayerNorm over the last axis, with weight and bias.
  void add(const std::string& module, const LayerNorm& norm);
  /// A parameter of any cell, of the same shape there.
  void add(const std::string& name, const Parameter& parameter);

  /// nn.RNN with tanh or relu, nn.LSTM (also with proj_size) and nn.GRU of one layer. Throws Error for an RNN
  /// with another activation (what it records is looked at: tanh within a lambda is known), for an LSTM with
  /// peepholes, coupled gates or normalisation, or projected to as many units as it has, for a GRU that
  /// resets before the product, and for cells without inputs or units: PyTorch has none of these. A GRU must
  /// be made with Reset::after_product_with_bias unless that bias is 0 in PyTorch.
  /// @{
  void add(const std::string& module, const RNN& cell) { add_layers(module, {{&cell}}); }
  void add(const std::string& module, const LSTM& cell) { add_layers(module, {{&cell}}); }
  void add(const std::string& module, const GRU& cell) { add_layers(module, {{&cell}}); }
  /// @}
  /// Those of several layers, and of both directions. Throws Error too where there is no layer, where layers
  /// differ in kind, units, projection, activation or directions, and where one takes another number of
  /// inputs than the one below gives. Dropout between them has no names: PyTorch's is the module's `dropout`.
  /// @{
  template <class Cell>
  void add(const std::string& module, const std::vector<Cell>& layers) {
    add_part(module, layers);
  }
  template <class... Cells>
  void add(const std::string& module, const Stack<Cells...>& stack) {
    add_part(module, stack);
  }
  template <class Forward, class Backward>
  void add(const std::string& module, const Bidirectional<Forward, Backward>& both) {
    add_part(module, both);
  }
  /// @}
  /// nn.RNNCell, nn.LSTMCell, nn.GRUCell. Throws Error as add() does, and for an LSTM that is projected.
  /// @{
  void add_cell(const std::string& module, const RNN& cell) { add_single(module, &cell); }
  void add_cell(const std::string& module, const LSTM& cell) { add_single(module, &cell); }
  void add_cell(const std::string& module, const GRU& cell) { add_single(module, &cell); }
  /// @}

  /// All that were added, in order.
  const std::vector<PyTorchTensor>& tensors() const { return tensors_; }

 private:
  using AnyCell = std::variant<const RNN*, const LSTM*, const GRU*>;
  /// One cell, or those of both directions.
  using Layer = std::vector<AnyCell>;

  template <class Part>
  void add_part(const std::string& module, const Part& part) {
    std::vector<Layer> layers;
    gather(layers, part);
    add_layers(module, layers);
  }
  template <class Cell>
  static AnyCell any(const Cell& cell) {
    constexpr bool is_known = std::is_convertible_v<const Cell*, AnyCell>;
    static_assert(is_known,
                  "a layer of a module of PyTorch is an RNN, LSTM or GRU, or one for each direction");
    if constexpr (is_known) return &cell;
  }
  template <class Cell>
  static void gather(std::vector<Layer>& layers, const Cell& cell) {
    layers.push_back({any(cell)});
  }
  template <class Forward, class Backward>
  static void gather(std::vector<Layer>& layers, const Bidirectional<Forward, Backward>& both) {
    layers.push_back({any(both.forward), any(both.backward)});
  }
  template <class Cell>
  static void gather(std::vector<Layer>& layers, const std::vector<Cell>& cells) {
    for (const auto& cell : cells) gather(layers, cell);
  }
  template <class... Cells>
  static void gather(std::vector<Layer>& layers, const Stack<Cells...>& stack) {
    std::apply([&](const auto&... part) { (gather(layers, part), ...); }, stack.parts);
  }

  void add_layers(const std::string& module, const std::vector<Layer>& layers);
  void add_single(const std::string& module, const AnyCell& cell);
  /// All of these or, where one cannot be, none.
  void add_tensors(const std::vector<PyTorchTensor>& tensors);

  std::vector<PyTorchTensor> tensors_;
};

/// A line for each tensor: "head.weight [1, 8]: head/weight transposed".
std::string to_string(const PyTorchNames& names);

/// Reads parameters out of a safetensors file with PyTorch's names. Tensors of the file whose names match one
/// of `others` (POSIX fnmatch) are left out. float32 is read into float64 models too. Throws FileError, and
/// leaves the parameters as they were, for a tensor that is missing, that is neither in `names` nor among the
/// others, of another shape or type, or that gives a parameter other values than one before it, and for a
/// bias other than 0 that Reel's layer does not have or that is added to one which another tensor has by
/// itself; MemoryError likewise where there is no memory for it.
void load_pytorch(const PyTorchNames& names, const std::string& path,
                  const std::vector<std::string>& others = {});

/// Writes the parameters as PyTorch's load_state_dict() takes them. Of two biases that PyTorch adds the first
/// is Reel's and the other zeros. The file appears whole or not at all. Throws FileError, and MemoryError
/// where there is no memory for it.
void save_pytorch(const PyTorchNames& names, const std::string& path);

}  // namespace reel
