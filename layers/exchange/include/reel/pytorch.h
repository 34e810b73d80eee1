#pragma once
/// @file
/// PyTorch's weights.
#include <reel/embedding.h>
#include <reel/gru.h>
#include <reel/layer_norm.h>
#include <reel/linear.h>
#include <reel/lstm.h>
#include <reel/rnn.h>
#include <reel/stack.h>

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

  /// nn.RNN, nn.LSTM (also with proj_size) and nn.GRU of one layer. Throws Error for an LSTM with peepholes,
  /// coupled gates or normalisation, and for a GRU that resets before the product: PyTorch has none of these.
  /// A GRU must be made with Reset::after_product_with_bias unless that bias is 0 in PyTorch.
  /// @{
  void add(const std::string& module, const RNN& cell) { add_layers(module, cell); }
  void add(const std::string& module, const LSTM& cell) { add_layers(module, cell); }
  void add(const std::string& module, const GRU& cell) { add_layers(module, cell); }
  /// @}
  /// Those of several layers, and of both directions. Throws Error where the layers differ in kind or units.
  /// @{
  template <class Cell>
  void add(const std::string& module, const std::vector<Cell>& layers) {
    add_layers(module, layers);
  }
  template <class... Cells>
  void add(const std::string& module, const Stack<Cells...>& stack) {
    add_layers(module, stack);
  }
  template <class Forward, class Backward>
  void add(const std::string& module, const Bidirectional<Forward, Backward>& both) {
    add_layers(module, both);
  }
  /// @}
  /// nn.RNNCell, nn.LSTMCell, nn.GRUCell.
  template <class Cell>
  void add_cell(const std::string& module, const Cell& cell) {
    Layers layers{module};
    add_direction(layers, "", cell);
  }

  /// All that were added, in order.
  const std::vector<PyTorchTensor>& tensors() const { return tensors_; }

 private:
  /// Of one module, as it is walked through.
  struct Layers {
    std::string module;
    int count = 0;
    std::string first_kind = "";  // "LSTM of 4 units"
  };

  template <class Part>
  void add_layers(const std::string& module, const Part& part) {
    Layers layers{module};
    add_part(layers, part);
  }
  template <class Cell>
  void add_part(Layers& layers, const Cell& cell) {
    add_direction(layers, "_l" + std::to_string(layers.count++), cell);
  }
  template <class Cell>
  void add_part(Layers& layers, const std::vector<Cell>& cells) {
    for (const auto& cell : cells) add_part(layers, cell);
  }
  template <class... Cells>
  void add_part(Layers& layers, const Stack<Cells...>& stack) {
    std::apply([&](const auto&... part) { (add_part(layers, part), ...); }, stack.parts);
  }
  template <class Forward, class Backward>
  void add_part(Layers& layers, const Bidirectional<Forward, Backward>& both) {
    const auto suffix = "_l" + std::to_string(layers.count++);
    add_direction(layers, suffix, both.forward);
    add_direction(layers, suffix + "_reverse", both.backward);
  }
  void add_direction(Layers& layers, const std::string& suffix, const RNN& cell);
  void add_direction(Layers& layers, const std::string& suffix, const LSTM& cell);
  void add_direction(Layers& layers, const std::string& suffix, const GRU& cell);

  static void check_kind(Layers& layers, const std::string& kind, std::int64_t units);
  /// The tensors of gates side by side: weight_ih, weight_hh, bias_ih, bias_hh.
  void add_gates(const Layers& layers, const std::string& suffix, const std::vector<const Gate*>& gates,
                 const std::optional<PyTorchPart>& last_state_bias = {});
  void add_tensor(PyTorchTensor tensor);

  std::vector<PyTorchTensor> tensors_;
};

/// A line for each tensor: "head.weight [1, 8]: head/weight transposed".
std::string to_string(const PyTorchNames& names);

/// Reads parameters out of a safetensors file with PyTorch's names. Tensors of the file whose names match one
/// of `others` (POSIX fnmatch) are left out. float32 is read into float64 models too. Throws FileError, and
/// leaves the parameters as they were, for a tensor that is missing, that is neither in `names` nor among the
/// others, of another shape or type, that gives a parameter other
/// values than one before it, and for a bias that Reel's layer does not have and that is not 0;
/// MemoryError likewise where there is no memory for it.
void load_pytorch(const PyTorchNames& names, const std::string& path,
                  const std::vector<std::string>& others = {});

/// Writes the parameters as PyTorch's load_state_dict() takes them. Of two biases that PyTorch adds the first
/// is Reel's and the other zeros. The file appears whole or not at all. Throws FileError, and MemoryError
/// where there is no memory for it.
void save_pytorch(const PyTorchNames& names, const std::string& path);

}  // namespace reel
