// An operation of one's own: the spike of a leaky integrate-and-fire unit. It is a step, whose derivative is
// zero almost everywhere; learning uses a smooth surrogate in its place (Zenke and Ganguli 2018). The
// operation is defined here, outside the library, checked by the library's own harness, and works in an
// unroll like any other.

#include <reel/map.h>
#include <reel/reel.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <random>

using namespace reel;

namespace {

// The operation in one struct: its name, what it accepts, the function of a number, and the derivative. Reel
// makes the loops of it, with vector instructions, and computes it in one pass with what is around it.
// REEL_MAP defines the struct and keeps its text, of which kernels for GPUs are made.

REEL_MAP(Spike, {
  static constexpr auto name = "spike";
  static constexpr auto accepts = Accepts::floating;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0), T(1), T(0));
  }
  /// The surrogate, 1 / (1 + 10 |x|)^2, times the adjoint of the result.
  static Tensors derivative(const Recorded& y, const Tensor& dy) {
    return {divided_adjoint(dy, square(1 + 10 * abs(y[0])))};
  }
});

Tensor spike(const Tensor& x) { return apply<Spike>(x); }

// The unit: it leaks, adds up its input, and starts again from zero after each spike.

template <class T>
struct UnitState {
  T potential, spikes;
  REEL_MEMBERS(potential, spikes)
};

struct SpikingUnit {
  Linear input;
  SpikingUnit(Scope scope, int inputs, int units) : input(scope / "input", inputs, units) {}

  UnitState<Tensor> operator()(const Tensor& x, const UnitState<Tensor>& s) const {
    const Tensor potential = 0.9 * s.potential * (1 - s.spikes) + input(x);
    return {potential, spike(potential - 1)};
  }
};

// The problem: which of three rhythms did the input channels follow?

constexpr int time_steps = 40, batch = 32, channels = 20, units = 64, rhythms = 3;

struct Batch {
  Array x{Shape{time_steps, batch, channels}, ElementType::float32};
  Array rhythm{Shape{batch}, ElementType::int32};
};

/// Every channel fires with its own phase, at the rhythm's period, with much noise.
Batch draw(std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(0, 1);
  Batch b;
  for (int row = 0; row < batch; ++row) {
    const int rhythm = static_cast<int>(random() % rhythms), period = 3 + 2 * rhythm;
    b.rhythm.data<std::int32_t>()[row] = rhythm;
    const int shift = static_cast<int>(random() % static_cast<unsigned>(period));
    for (int t = 0; t < time_steps; ++t)
      for (int c = 0; c < channels; ++c) {
        const bool beat = (t + shift + c) % period == 0;
        b.x.data<float>()[(t * batch + row) * channels + c] = uniform(random) < (beat ? 0.8f : 0.1f);
      }
  }
  return b;
}

int run(const Device& device, bool quick) {
  const int steps = quick ? 30 : 400;

  const auto failures = check_operation(map_operation<Spike>(), false);
  std::printf("The operation %s its checks.\n", failures.empty() ? "passes" : "FAILS");
  for (const auto& failure : failures) std::printf("%s\n", failure.c_str());

  Model model(Seed{1}, device);
  const SpikingUnit unit(model / "unit", channels, units);
  const Linear readout(model / "readout", units, rhythms);
  // Logits from how often each unit spiked.
  const auto logits = [&](const Tensor& x) {
    const UnitState<Tensor> rest{zeros({batch, units}), zeros({batch, units})};
    return readout(mean(unroll(unit, x, rest).outputs.spikes, {0}));
  };
  TrainingStep step(model, Adam(1e-2),
                    [&](Tensor x, Tensor rhythm) { return cross_entropy(logits(x), rhythm); });
  Function right(model, [&](Tensor x, Tensor rhythm) { return mean(argmax(logits(x)) == rhythm); });

  std::mt19937 random(1), held_out(2);
  for (int i = 0; i <= steps; ++i) {
    const Batch b = draw(random);
    const double loss = step(b.x, b.rhythm).item();
    if (i % (steps / 5) == 0) std::printf("step %4d   loss %.4f nats\n", i, loss);
  }
  double accuracy = 0;
  for (int i = 0; i < 20; ++i) {
    const Batch b = draw(held_out);
    accuracy += right(b.x, b.rhythm).item() / 20;
  }
  std::printf("right on new sequences: %.1f %% of the time (by chance 33.3 %%)\n", 100 * accuracy);
  return failures.empty() && accuracy > (quick ? 0.4 : 0.9) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains a network of spiking units.");
  bool quick = false;
  std::string device_name = "cpu";
  app.add_flag("--quick", quick, "Only a few steps");
  app.add_option("--device", device_name, "cpu, cuda, or cuda:1 and so on");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(Device::named(device_name), quick);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spiking_unit: %s\n", error.what());
    return 1;
  }
}
