#include "training.h"

#include <reel/reel.h>

#include <stdexcept>

#include "../layer.h"
#include "../timing.h"

namespace benchmarks {

using namespace reel;

namespace {

/// A model with its input, the adjoint of its output, and places for all gradients.
struct Training {
  Training(const Device& device, const Workload& w, const std::string& implementation, const Inputs& inputs)
      : model(Seed{1}, device),
        layer(make_layer(model, implementation, w)),
        x((model / "in").state("x", inputs.x.shape(), 0)),
        dy((model / "in").state("dy", inputs.dy.shape(), 0)) {
    x.assign(inputs.x);
    dy.assign(inputs.dy);
    gradients.push_back((model / "gradients").state("x", inputs.x.shape(), 0));
    for (const auto& parameter : model.parameters())
      gradients.push_back(
          (model / "gradients").state(std::to_string(gradients.size()), parameter.shape(), 0));
  }

  Program compiled(const CompileOptions& options) {
    Tape tape(model.element());
    const Recording recording(tape);
    const auto found = training_gradients(model, layer, x, dy);
    for (std::size_t i = 0; i < found.size(); ++i) update(gradients[i], found[i]);
    return compile(tape, {}, model.device(), options);
  }

  std::vector<Array> values() const {
    std::vector<Array> all;
    for (const auto& gradient : gradients) all.push_back(gradient.value());
    return all;
  }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto* list : {&model.parameters(), &model.states()})
      for (const auto& each : *list) sum += static_cast<std::size_t>(each.shape().size()) * sizeof(float);
    return sum;
  }

  Model model;
  Layer layer;
  Parameter x, dy;
  std::vector<Parameter> gradients;
};

/// How far gradients may be from those in float32: what their precision makes of so many steps, and no more.
double most_error(const std::string& precision) {
  return precision == "fp32" ? 1e-3 : precision == "tf32" ? 3e-2 : 2e-1;
}

CompileOptions options_for(const std::string& precision) {
  CompileOptions options;
  if (precision == "tf32") TF32Products(options);
  if (precision == "bf16") BFloat16Products(options);
  return options;
}

}  // namespace

Row measure_training(const Device& device, const Workload& w, const std::string& implementation,
                     const std::string& precision, bool quick) {
  const auto inputs = draw_inputs(w);
  Training training(device, w, implementation, inputs);
  auto program = training.compiled(options_for(precision));
  const auto protocol = quick ? Protocol::quick() : Protocol{10, 50, 7, 0.5};
  Row row;
  row["train_ms"] = median_ms(protocol, [&] { program.run(std::vector<Array>{}); });
  row["memory_mb"] = static_cast<double>(program.arena_bytes() + training.bytes()) / (1024 * 1024);
  row["products"] = implementation == "reel-mgu" ? 4 : 2;
  Training expected(Device::cpu(), w, implementation, inputs);
  expected.compiled({}).run(std::vector<Array>{});
  const double error = largest_difference(training.values(), expected.values());
  if (!(error <= most_error(precision)))
    throw std::runtime_error("its gradients are wrong, by " + std::to_string(error));
  row["error"] = error;
  return row;
}

std::string profile_of_training(const Device& device, const Workload& w, const std::string& implementation,
                                const std::string& precision) {
  Training training(device, w, implementation, draw_inputs(w));
  return to_string(training.compiled(options_for(precision)).profile({}));
}

}  // namespace benchmarks
