// A cell of one's own, beside the LSTM, on the adding problem (Hochreiter and Schmidhuber 1997): a
// sequence of numbers, two of which are marked; what is their sum? There is no backward pass to write.

#include <reel/reel.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <random>

using namespace reel;

namespace {

// The cell: one step in ordinary tensor operations (Zhou et al. 2016, the minimal gated unit).

struct MinimalGatedUnit {
  Linear forget, candidate;

  MinimalGatedUnit(Scope scope, int input, int hidden)
      : forget(scope / "forget", input + hidden, hidden),
        candidate(scope / "candidate", input + hidden, hidden) {}

  Tensor operator()(const Tensor& x, const Tensor& h) const {
    Tensor f = sigmoid(forget(concat({x, h})));
    return (1 - f) * h + f * tanh(candidate(concat({x, f * h})));
  }
};

// The problem.

constexpr int time_steps = 30, batch = 64, hidden = 48;

struct Batch {
  Array x{Shape{time_steps, batch, 2}, ElementType::float32};  // value, and 1 where it is marked
  Array sum{Shape{batch, 1}, ElementType::float32};
};

Batch draw(std::mt19937& random) {
  std::uniform_real_distribution<float> value(0, 1);
  std::uniform_int_distribution<int> early(0, time_steps / 2 - 1), late(time_steps / 2, time_steps - 1);
  Batch b;
  const auto at = [&](int t, int row) { return b.x.data<float>() + (t * batch + row) * 2; };
  for (int row = 0; row < batch; ++row) {
    for (int t = 0; t < time_steps; ++t) at(t, row)[0] = value(random);
    for (int t : {early(random), late(random)}) {
      at(t, row)[1] = 1;
      b.sum.data<float>()[row] += at(t, row)[0];
    }
  }
  return b;
}

// Training: the same lines for either cell.

template <class Cell, class State>
double train(const char* name, Model& model, const Cell& cell, const State& initial, int steps) {
  Linear head(model / "head", hidden, 1);
  const auto predict = [&](const Tensor& x) {
    auto unrolled = unroll(cell, x, initial);
    return head(index(unrolled.outputs, 0, -1));
  };
  TrainingStep step(model, clip_by_global_norm(1, Adam(5e-3)),
                    [&](Tensor x, Tensor sum) { return mean_squared_error(predict(x), sum); });
  Function test(model, [&](Tensor x, Tensor sum) { return mean_squared_error(predict(x), sum); });

  std::mt19937 random(1), held_out(2);
  for (int i = 0; i <= steps; ++i) {
    const Batch b = draw(random);
    const double loss = step(b.x, b.sum).item();
    if (i % (steps / 5) == 0) std::printf("%-22s step %5d   mean squared error %.5f\n", name, i, loss);
  }
  double error = 0;
  for (int i = 0; i < 20; ++i) {
    const Batch b = draw(held_out);
    error += test(b.x, b.sum).item() / 20;
  }
  std::printf("%-22s on new sequences    mean squared error %.5f\n\n", name, error);
  return error;
}

/// The derived gradient of the cell, unrolled over 4 steps, against differences in double precision.
bool check_cell(const Device& device) {
  Model model(Seed{1}, device, ElementType::float64);
  MinimalGatedUnit cell(model / "cell", 2, 3);
  const Array x(Shape{4, 1, 2}, std::vector<double>{.1, .9, -.4, .3, .7, -.2, .5, .6});
  const Array h(Shape{1, 3}, std::vector<double>{.2, -.1, .4});
  const auto check =
      check_gradients(model, [&](const Tensors& in) { return unroll(cell, in[0], in[1]).outputs; }, {x, h});
  std::printf("Gradient check of the minimal gated unit: %s\n%s\n\n", check.passes() ? "passes" : "FAILS",
              to_string(check).c_str());
  return check.passes();
}

int run(const Device& device, bool quick) {
  const int steps = quick ? 20 : 1500;
  const bool right = check_cell(device);

  Model a(Seed{1}, device);
  const MinimalGatedUnit unit(a / "cell", 2, hidden);
  const double unit_error = train("minimal gated unit", a, unit, zeros({batch, hidden}), steps);

  Model b(Seed{1}, device);
  const LSTM lstm(b / "cell", 2, hidden);
  const double lstm_error = train("LSTM", b, lstm, lstm.initial_state(batch), steps);

  const double bound = quick ? 1.0 : 0.01;
  return right && unit_error < bound && lstm_error < bound ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains a cell of one's own, and an LSTM, on the same task.");
  bool quick = false;
  std::string device_name = "cpu";
  app.add_flag("--quick", quick, "Only a few steps");
  app.add_option("--device", device_name, "cpu, cuda, or cuda:1 and so on");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(Device::named(device_name), quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "custom_cell: %s\n", error.what());
    return 1;
  }
}
