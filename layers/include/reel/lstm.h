#pragma once
/// @file
/// @ingroup layers
/// Long short-term memory.
#include <reel/gate.h>
#include <reel/layer_norm.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Output h and memory c, each [batch, hidden]; h [batch, size] where it is projected.
template <class T>
struct LSTMStateOf {
  T h,    ///< The output.
      c;  ///< The memory.
  REEL_MEMBERS(h, c)
};
/// The state of an LSTM as its step has it.
using LSTMState = LSTMStateOf<Tensor>;

/// What an LSTM has beside what every LSTM has; set by the options below.
struct LSTMOptions {
  double forget_bias = 1;       ///< The first value of the forget gate's bias.
  CellInit init;                ///< How the gates' matrices, and the projection, begin.
  bool peepholes = false,       ///< See Peepholes.
      coupled = false,          ///< See CoupledGates.
      normalised = false;       ///< See Normalised.
  std::int64_t projection = 0;  ///< How many units ProjectedTo asks for; 0 where it does not.
};

/// The gates see the memory too, each unit its own (Gers and Schmidhuber 2000): i and f the one from before,
/// o the new one; beside Normalised it is the memory as it is, added to what was normalised. Parameters
/// `input/peephole`, `forget/peephole`, `output/peephole` [hidden], at first 0.
inline constexpr auto Peepholes = [](LSTMOptions& options) { options.peepholes = true; };
/// i = 1 - f (Greff et al. 2017), without an input gate of its own.
inline constexpr auto CoupledGates = [](LSTMOptions& options) { options.coupled = true; };
/// Both products, all gates side by side, and the memory are normalised (Ba et al. 2016, equations 20 to 22).
/// Parameters `input_norm/scale`, `state_norm/scale` [gates * hidden], and `memory_norm` `scale` and `shift`
/// [hidden]. Scales begin at 0.1, so that gradients do not explode over many steps (Cooijmans et al. 2017).
inline constexpr auto Normalised = [](LSTMOptions& options) { options.normalised = true; };
/// The output and the state h are h P of `size` units (Sak et al. 2014). Parameter `projection` [hidden,
/// size].
struct ProjectedTo {
  std::int64_t size;  ///< How many units h has.
  /// Throws Error unless size is 1 or more.
  explicit ProjectedTo(std::int64_t size);
  /// Sets LSTMOptions::projection.
  void operator()(LSTMOptions& options) const { options.projection = size; }
};
/// The first value of the forget gate's bias, 1 without this (Gers et al. 2000).
struct ForgetBias {
  double value;  ///< The bias of every unit.
  /// Of any value.
  explicit ForgetBias(double value) : value(value) {}
  /// Sets LSTMOptions::forget_bias.
  void operator()(LSTMOptions& options) const { options.forget_bias = value; }
};
/// How the gates' matrices, and the projection, begin.
struct InitialisedBy {
  CellInit init;  ///< Of the matrices of the input and of the state.
  /// By these initialisers.
  explicit InitialisedBy(CellInit init) : init(std::move(init)) {}
  /// Sets LSTMOptions::init.
  void operator()(LSTMOptions& options) const { options.init = init; }
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
///   i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), c = f c + i g, h = o tanh(c).
/// The gates' parameters are `input`, `forget`, `candidate` and `output`, each with W, U, b; the output is h.
///
///     LSTM cell(model / "cell", 64, 256, Peepholes, ProjectedTo(128));
struct LSTM {
  std::string scope;         ///< What its operations are recorded under.
  std::int64_t hidden;       ///< How many units the memory has.
  Gate input,                ///< i; without parameters where gates are coupled.
      forget,                ///< f
      candidate,             ///< g
      output;                ///< o
  Parameter input_peephole,  ///< [hidden], as the others; absent without Peepholes.
      forget_peephole,       ///< For f.
      output_peephole;       ///< For o.
  Parameter input_scale,     ///< Of the product with the input, where it is normalised.
      state_scale;           ///< Of the product with the state.
  LayerNorm memory_norm;     ///< Of the memory, where it is normalised.
  Parameter projection;      ///< P [hidden, size]; absent where there is none.
  LSTMOptions options;       ///< What it was made with.

  /// Throws Error for extents that are no shape, and for a projection of no units or more than `hidden`.
  template <class... Option>
  LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, const Option&... option)
      : LSTM(in, inputs, hidden, chosen(option...)) {}
  /// The same with all options in one.
  LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, const LSTMOptions& options);

  /// Zeros: h [batch, output_size()] and c [batch, hidden].
  LSTMState initial_state(std::int64_t batch) const {
    return {zeros({batch, output_size()}), zeros({batch, hidden})};
  }
  /// How many units h has.
  std::int64_t output_size() const { return options.projection > 0 ? options.projection : hidden; }

  /// One step: the output h and the next state, of `x` [batch, inputs]. Throws RecordError for other shapes.
  std::pair<Tensor, LSTMState> operator()(const Tensor& x, const LSTMState& s) const;

 private:
  template <class... Option>
  static LSTMOptions chosen(const Option&... option) {
    LSTMOptions options;
    (option(options), ...);
    return options;
  }
  /// Input (absent where coupled), forget, candidate and output before what they see of the memory.
  std::array<Tensor, 4> sums(const Tensor& x, const Tensor& h) const;
};

}  // namespace reel
