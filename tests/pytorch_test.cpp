// Cells, losses and optimisers against PyTorch: the references were made by pytorch/make_references.py.

#include <reel/reel.h>

#include "catch.h"
#include "pytorch_references.h"

using namespace reel;
using namespace reel::test;

namespace {

Tensor weighted(const Tensor& y, const Tensor& weights) { return sum(y * weights); }

/// A parameter that stands for rows [k hidden, (k + 1) hidden) of PyTorch's, which multiplies from the left.
Tensor rows_of_gate(const Tensor& all, std::int64_t k, std::int64_t hidden) {
  return slice(all, 0, k * hidden, (k + 1) * hidden);
}

void assign(Model& model, const std::vector<const Gate*>& gates, std::int64_t hidden,
            const References& torch) {
  Function set(model, [&](const Tensor& ih, const Tensor& hh, const Tensor& b) {
    for (std::size_t k = 0; k < gates.size(); ++k) {
      update(gates[k]->W, transpose(rows_of_gate(ih, k, hidden)));
      update(gates[k]->U, transpose(rows_of_gate(hh, k, hidden)));
      update(gates[k]->b, rows_of_gate(b, k, hidden));
    }
  });
  set(torch("weight_ih"), torch("weight_hh"), torch("bias"));
}

/// Gradients of `loss` for the gates, in PyTorch's arrangement: weight_ih, weight_hh, bias.
std::array<Tensor, 3> gate_gradients(const Tensor& loss, const std::vector<const Gate*>& gates) {
  Tensors ih, hh, b;
  for (const auto* gate : gates) {
    const auto of_gate = gradients(loss, {gate->W, gate->U, gate->b});
    ih.push_back(transpose(of_gate[0]));
    hh.push_back(transpose(of_gate[1]));
    b.push_back(of_gate[2]);
  }
  return {concat(ih, 0), concat(hh, 0), concat(b, 0)};
}

/// A cell whose state is its output.
template <class Cell>
void check_cell(const std::string& name, Model& model, const Cell& cell,
                const std::vector<const Gate*>& gates) {
  const References torch{name};
  assign(model, gates, 5, torch);
  Function run(model, [&](const Tensor& x, const Tensor& h0, const Tensor& weight_y, const Tensor& weight_h) {
    const auto [y, h] = unroll(cell, x, h0);
    const auto loss = weighted(y, weight_y) + weighted(h, weight_h);
    return std::tuple(y, h, gradients(loss, {x, h0}), gate_gradients(loss, gates));
  });
  const auto [y, h, inputs, weights] =
      run(torch("x"), torch("h0"), torch("weight_of_y"), torch("weight_of_h"));
  CHECK(relative_error(y, torch("y")) <= tolerance);
  CHECK(relative_error(h, torch("h_last")) <= tolerance);
  CHECK(relative_error(inputs[0], torch("grad_x")) <= tolerance);
  CHECK(relative_error(inputs[1], torch("grad_h0")) <= tolerance);
  CHECK(relative_error(weights[0], torch("grad_weight_ih")) <= tolerance);
  CHECK(relative_error(weights[1], torch("grad_weight_hh")) <= tolerance);
  CHECK(relative_error(weights[2], torch("grad_bias")) <= tolerance);
}

void check_rnn(const std::string& name, const RNN::Activation& activation) {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const RNN rnn(model / "cell", 4, 5, activation);
  check_cell(name, model, rnn, {&rnn.gate});
}

void check_gru(const std::string& name, Reset form) {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const GRU gru(model / "cell", 4, 5, form);
  check_cell(name, model, gru, {&gru.reset, &gru.update, &gru.candidate});
}

void check_softmax(const std::string& name, std::int64_t axis) {
  const References torch{name};
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  Function run(model, [&](const Tensor& x, const Tensor& weights) {
    const auto y = softmax(x, axis), log_y = log_softmax(x, axis);
    return Tensors{y, log_y, gradients(y, {x}, weights)[0], gradients(log_y, {x}, weights)[0]};
  });
  const auto found = run(torch("x"), torch("weights"));
  CHECK(relative_error(found[0], torch("softmax")) <= tolerance);
  CHECK(relative_error(found[1], torch("log_softmax")) <= tolerance);
  CHECK(relative_error(found[2], torch("grad_softmax")) <= tolerance);
  CHECK(relative_error(found[3], torch("grad_log_softmax")) <= tolerance);
}

void check_trajectory(const std::string& name, const Optimiser& optimiser) {
  const References torch{name};
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const Linear linear(model / "linear", 3, 2);
  const auto at = [&](const char* value, std::int64_t step) {
    Function row(model, [step](const Tensor& course) { return index(course, 0, step); });
    return row(torch(value));
  };
  linear.weight.assign(at("weight", 0));
  linear.bias.assign(at("bias", 0));
  TrainingStep train(model, optimiser, [&](const Tensor& x, const Tensor& target) {
    return mean_squared_error(linear(x), target);
  });
  for (int step = 0; step < 20; ++step) {
    CAPTURE(step);
    CHECK(relative_error(train(torch("x"), torch("target")), at("loss", step)) <= tolerance);
    CHECK(relative_error(linear.weight.value(), at("weight", step + 1)) <= tolerance);
    CHECK(relative_error(linear.bias.value(), at("bias", step + 1)) <= tolerance);
  }
}

}  // namespace

TEST_CASE("the GRU agrees with PyTorch, in both forms", "[pytorch]") {
  check_gru("gru_after", Reset::after_product);
  check_gru("gru_before", Reset::before_product);
}

TEST_CASE("the LSTM agrees with PyTorch, values and gradients", "[pytorch]") {
  const References torch{"lstm"};
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const LSTM lstm(model / "cell", 4, 5);
  const std::vector<const Gate*> gates{&lstm.input, &lstm.forget, &lstm.candidate, &lstm.output};
  assign(model, gates, 5, torch);
  Function run(model, [&](const Tensor& x, const LSTMState& initial, const Tensor& weight_y,
                          const LSTMState& weight_state) {
    const auto [y, state] = unroll(lstm, x, initial);
    const auto loss =
        weighted(y, weight_y) + weighted(state.h, weight_state.h) + weighted(state.c, weight_state.c);
    return std::tuple(y, state, gradients(loss, {x, initial.h, initial.c}), gate_gradients(loss, gates));
  });
  using HostState = LSTMStateOf<Array>;
  const auto [y, state, inputs, weights] =
      run(torch("x"), HostState{torch("h0"), torch("c0")}, torch("weight_of_y"),
          HostState{torch("weight_of_h"), torch("weight_of_c")});
  CHECK(relative_error(y, torch("y")) <= tolerance);
  CHECK(relative_error(state.h, torch("h_last")) <= tolerance);
  CHECK(relative_error(state.c, torch("c_last")) <= tolerance);
  CHECK(relative_error(inputs[0], torch("grad_x")) <= tolerance);
  CHECK(relative_error(inputs[1], torch("grad_h0")) <= tolerance);
  CHECK(relative_error(inputs[2], torch("grad_c0")) <= tolerance);
  CHECK(relative_error(weights[0], torch("grad_weight_ih")) <= tolerance);
  CHECK(relative_error(weights[1], torch("grad_weight_hh")) <= tolerance);
  CHECK(relative_error(weights[2], torch("grad_bias")) <= tolerance);
}

TEST_CASE("the plain recurrent cell agrees with PyTorch, values and gradients", "[pytorch]") {
  SECTION("tanh") { check_rnn("rnn_tanh", reel::tanh); }
  SECTION("relu") { check_rnn("rnn_relu", reel::relu); }
}

TEST_CASE("softmax and its logarithm agree with PyTorch", "[pytorch]") {
  SECTION("over the last axis") { check_softmax("softmax", -1); }
  SECTION("over another axis, of numbers whose exponentials overflow") { check_softmax("softmax_large", 1); }
}

TEST_CASE("cross-entropy agrees with PyTorch", "[pytorch]") {
  const bool masked = GENERATE(false, true);
  const References torch{masked ? "cross_entropy_masked" : "cross_entropy"};
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  Function run(model, [&](const Tensor& logits, const Tensor& targets) {
    // PyTorch's way to leave a position out is the target -100.
    const auto loss =
        masked ? cross_entropy(logits, targets, targets != -100) : cross_entropy(logits, targets);
    return std::pair(loss, gradients(loss, {logits})[0]);
  });
  const auto [loss, gradient] = run(torch("logits"), torch.integers("targets"));
  CHECK(relative_error(loss, torch("loss")) <= tolerance);
  CHECK(relative_error(gradient, torch("grad_logits")) <= tolerance);
}

TEST_CASE("optimisers take PyTorch's steps", "[pytorch]") {
  SECTION("gradient descent") { check_trajectory("sgd", SGD{0.1}); }
  SECTION("with momentum") { check_trajectory("momentum", SGD{0.1, 0.9}); }
  SECTION("Adam") { check_trajectory("adam", Adam(0.05, 0.8, 0.95, 1e-6)); }
  SECTION("with momentum as Nesterov has it") { check_trajectory("nesterov", SGD{0.1, 0.9, true}); }
  SECTION("with a penalty") { check_trajectory("decayed", penalised({0, 0.05}, SGD{0.1})); }
  SECTION("AdamW") { check_trajectory("adamw", AdamW(0.05, 0.1)); }
  SECTION("RMSprop") {
    check_trajectory("rmsprop", RMSprop{0.02, 0.9, 1e-8, 0.5});
    check_trajectory("rmsprop_plain", RMSprop{0.02, 0.9});
  }
  SECTION("Adagrad") { check_trajectory("adagrad", Adagrad{0.1}); }
  SECTION("Adadelta") { check_trajectory("adadelta", Adadelta{0.5}); }
  SECTION("with a schedule") {
    check_trajectory("step_decay", scheduled(step_decay(0.3, 0.5, 4), SGD(9)));
    check_trajectory("scheduled", scheduled(warm_up(4, cosine_decay(0.3, 10, 0.01)), SGD{9}));
  }
  SECTION("with gradients clipped") { check_trajectory("clipped", clip_by_global_norm(2.5, SGD{0.3})); }
}
