#pragma once
#include <reel/gate.h>
#include <reel/layer_norm.h>
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// Output h and memory c, each [batch, hidden]; h [batch, size] where it is projected.
template <class T>
struct LSTMStateOf {
  T h, c;
  REEL_MEMBERS(h, c)
};
using LSTMState = LSTMStateOf<Tensor>;

/// What an LSTM has beside what every LSTM has; set by the options below.
struct LSTMOptions {
  double forget_bias = 1;
  CellInit init;
  bool peepholes = false, coupled = false, normalised = false;
  std::int64_t projection = 0;  // 0: none
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
  std::int64_t size;
  /// Throws Error unless size is 1 or more.
  explicit ProjectedTo(std::int64_t size);
  void operator()(LSTMOptions& options) const { options.projection = size; }
};
/// The first value of the forget gate's bias, 1 without this (Gers et al. 2000).
struct ForgetBias {
  double value;
  explicit ForgetBias(double value) : value(value) {}
  void operator()(LSTMOptions& options) const { options.forget_bias = value; }
};
/// How the gates' matrices, and the projection, begin.
struct InitialisedBy {
  CellInit init;
  explicit InitialisedBy(CellInit init) : init(std::move(init)) {}
  void operator()(LSTMOptions& options) const { options.init = init; }
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
///   i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), c = f c + i g, h = o tanh(c).
/// The gates' parameters are `input`, `forget`, `candidate` and `output`, each with W, U, b; the output is h.
///
///   LSTM cell(model / "cell", 64, 256, Peepholes, ProjectedTo(128));
struct LSTM {
  std::string scope;
  std::int64_t hidden;
  Gate input, forget, candidate, output;  // no input gate where gates are coupled
  Parameter input_peephole, forget_peephole, output_peephole;
  Parameter input_scale, state_scale;  // of normalised products
  LayerNorm memory_norm;
  Parameter projection;
  LSTMOptions options;

  /// Throws Error for extents that are no shape, and for a projection of no units or more than `hidden`.
  template <class... Option>
  LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, const Option&... option)
      : LSTM(in, inputs, hidden, chosen(option...)) {}
  LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, const LSTMOptions& options);

  /// Zeros.
  LSTMState initial_state(std::int64_t batch) const {
    return {zeros({batch, output_size()}), zeros({batch, hidden})};
  }
  /// How many units h has.
  std::int64_t output_size() const { return options.projection > 0 ? options.projection : hidden; }

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
