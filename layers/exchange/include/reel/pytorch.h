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
/// names or shapes. `module` is the name of the module in PyTorch, "" for one that is saved by itself. What
/// PyTorch has no equal of is an Error, which leaves the names as they were; an epsilon or a dropout is no
/// tensor and has to be told to PyTorch.
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
  /// A parameter of any cell, of the same shape there. Throws Error where there is none.
  void add(const std::string& name, const Parameter& parameter);

  /// nn.RNN, nn.LSTM (also with proj_size) and nn.GRU of one layer. Throws Error for an RNN whose activation
  /// is neither tanh nor relu, for an LSTM with peepholes, coupled gates or normalisation, and for a GRU that
  /// resets before the product: PyTorch has none of these. A GRU must be made with
  /// Reset::after_product_with_bias unless that bias is 0 in PyTorch.
  /// @{
  void add(const std::string& module, const RNN& cell) { add_layers(module, cell); }
  void add(const std::string& module, const LSTM& cell) { add_layers(module, cell); }
  void add(const std::string& module, const GRU& cell) { add_layers(module, cell); }
  /// @}
  /// Those of several layers, and of both directions. Throws Error where the layers differ in kind,
  /// activation, units or directions, where one takes another number of features than the one below it gives,
  /// and for none.
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
    whole([&] {
      Layers layers{module};
      add_direction(layers, "", cell);
    });
  }

  /// All that were added, in order.
  const std::vector<PyTorchTensor>& tensors() const { return tensors_; }

 private:
  /// Of one module, as it is walked through.
  struct Layers {
    std::string module;
    int count = 0, directions = 0;
    std::string first_kind = "";             // "LSTM of 4 units"
    std::int64_t features = 0, outputs = 0;  // what the layer takes; what each direction gives
  };

  /// Adds all or nothing.
  template <class Add>
  void whole(const Add& add) {
    const auto before = static_cast<std::ptrdiff_t>(tensors_.size());
    try {
      add();
    } catch (...) {
      tensors_.erase(tensors_.begin() + before, tensors_.end());
      throw;
    }
  }
  template <class Part>
  void add_layers(const std::string& module, const Part& part) {
    whole([&] {
      Layers layers{module};
      add_part(layers, part);
      if (layers.count == 0) throw Error("[PyTorchNames] " + module + ": there are no layers");
    });
  }
  template <class Cell>
  void add_part(Layers& layers, const Cell& cell) {
    add_direction(layers, begin_layer(layers, 1), cell);
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
    const auto suffix = begin_layer(layers, 2);
    add_direction(layers, suffix, both.forward);
    add_direction(layers, suffix + "_reverse", both.backward);
  }
  void add_direction(Layers& layers, const std::string& suffix, const RNN& cell);
  void add_direction(Layers& layers, const std::string& suffix, const LSTM& cell);
  void add_direction(Layers& layers, const std::string& suffix, const GRU& cell);

  /// A layer of so many directions: the end of its tensors' names, "_l0".
  static std::string begin_layer(Layers& layers, int directions);
  /// A direction of the layer that was begun, which takes so many features and gives so many.
  static void check_like_others(Layers& layers, const std::string& kind, std::int64_t features,
                                std::int64_t outputs);
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
