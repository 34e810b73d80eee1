#include <reel/lstm.h>

namespace reel {

namespace {

/// What a gate sees of the memory `c`, where there are peepholes.
Tensor seeing(const Tensor& sum, const Parameter& peephole, const Tensor& c) {
  return peephole.variable() ? sum + peephole * c : sum;
}

}  // namespace

ProjectedTo::ProjectedTo(std::int64_t size) : size(size) {
  if (size < 1) throw Error("[ProjectedTo] 1 unit or more, not " + std::to_string(size));
}

LSTM::LSTM(const Scope& in, std::int64_t inputs, std::int64_t hidden, const LSTMOptions& options)
    : scope(in.path()), hidden(hidden), options(options) {
  if (options.projection > hidden)
    throw Error("[LSTM] " + scope + ": " + std::to_string(hidden) + " units are not projected to " +
                std::to_string(options.projection));
  const GateSizes sizes{inputs, output_size(), hidden};
  const auto gate = [&](const char* name, double bias = 0) {
    return Gate(in / name, sizes, options.init, bias);
  };
  const auto peephole = [&](const char* name) {
    return options.peepholes ? (in / name).parameter("peephole", {hidden}, constant_init(0)) : Parameter();
  };
  if (!options.coupled) {
    input = gate("input");
    input_peephole = peephole("input");
  }
  forget = gate("forget", options.forget_bias);
  forget_peephole = peephole("forget");
  candidate = gate("candidate");
  output = gate("output");
  output_peephole = peephole("output");
  if (options.normalised) {
    const auto all = (options.coupled ? 3 : 4) * hidden;
    input_scale = (in / "input_norm").parameter("scale", {all}, constant_init(0.1));
    state_scale = (in / "state_norm").parameter("scale", {all}, constant_init(0.1));
    memory_norm = LayerNorm(in / "memory_norm", hidden, 0.1);
  }
  if (options.projection > 0)
    projection = in.parameter("projection", {hidden, options.projection}, options.init.input);
}

std::array<Tensor, 4> LSTM::sums(const Tensor& x, const Tensor& h) const {
  if (!options.normalised)
    return {options.coupled ? Tensor() : input(x, h), forget(x, h), candidate(x, h), output(x, h)};
  std::vector<const Gate*> gates{&forget, &candidate, &output};
  if (!options.coupled) gates.insert(gates.begin(), &input);
  Tensors of_input, of_state, biases;
  for (const auto* gate : gates) {
    of_input.push_back(matmul(x, gate->W));
    of_state.push_back(gate->state_part(h));
    biases.push_back(gate->b);
  }
  const auto all = layer_norm(concat(of_input)) * input_scale + layer_norm(concat(of_state)) * state_scale +
                   concat(biases);
  const auto each = split(all, static_cast<std::int64_t>(gates.size()));
  if (options.coupled) return {Tensor(), each[0], each[1], each[2]};
  return {each[0], each[1], each[2], each[3]};
}

std::pair<Tensor, LSTMState> LSTM::operator()(const Tensor& x, const LSTMState& s) const {
  const ScopeGuard guard(scope);
  check_step("LSTM", x, forget.W.shape()[0], {{s.h, output_size()}, {s.c, hidden}});
  const auto [to_input, to_forget, to_candidate, to_output] = sums(x, s.h);
  const auto f = sigmoid(seeing(to_forget, forget_peephole, s.c));
  const auto i = options.coupled ? 1 - f : sigmoid(seeing(to_input, input_peephole, s.c));
  const auto c = f * s.c + i * tanh(to_candidate);
  const auto o = sigmoid(seeing(to_output, output_peephole, c));
  auto h = o * tanh(options.normalised ? memory_norm(c) : c);
  if (options.projection > 0) h = matmul(h, projection);
  return {h, {h, c}};
}

}  // namespace reel
