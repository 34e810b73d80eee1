#include "network.h"

#include <cmath>
#include <cstdio>

namespace forecast {

using namespace reel;

namespace {

constexpr std::int64_t features = 3, units = 64;
constexpr double pi = 3.14159265358979323846;

}  // namespace

Forecaster::Forecaster(const Scope& scope, Scale scale)
    : scale_(std::move(scale)),
      cell_(scope / "cell", features, units),
      head_(scope / "head", units, horizon, constant_init(0)),
      persisting_(scope.parameter("persisting", {horizon}, [this](const TensorType& type, Random&) {
        return Array(scale_.persisting).cast(type.element);
      })) {}

Tensor Forecaster::operator()(const Tensor& x) const {
  const auto state = unroll(cell_, x, cell_.initial_state(x.extent(1))).state;
  // [batch, 1] * [horizon]
  const auto last = slice(squeeze(slice(x, 0, months_read - 1, months_read), 0), 1, 0, 1);
  return last * persisting_ + head_(state.h);
}

Array Forecaster::inputs(const Series& series, const std::vector<std::size_t>& months) const {
  const auto count = static_cast<std::int64_t>(months.size());
  Array inputs({months_read, count, features}, ElementType::float32);
  const auto x = inputs.view<float, 3>();
  for (std::int64_t example = 0; example < count; ++example)
    for (std::int64_t t = 0; t < months_read; ++t) {
      const auto month =
          months[static_cast<std::size_t>(example)] - static_cast<std::size_t>(months_read - t);
      const double season = 2 * pi * static_cast<double>(month % 12) / 12;
      x(t, example, 0) = static_cast<float>(scale_.deviation(series, month));
      x(t, example, 1) = static_cast<float>(std::sin(season));
      x(t, example, 2) = static_cast<float>(std::cos(season));
    }
  return inputs;
}

Array Forecaster::targets(const Series& series, const std::vector<std::size_t>& months) const {
  const auto count = static_cast<std::int64_t>(months.size());
  Array targets({count, horizon}, ElementType::float32);
  const auto y = targets.view<float, 2>();
  for (std::int64_t example = 0; example < count; ++example)
    for (std::int64_t ahead = 0; ahead < horizon; ++ahead)
      y(example, ahead) = static_cast<float>(scale_.deviation(
          series, months[static_cast<std::size_t>(example)] + static_cast<std::size_t>(ahead)));
  return targets;
}

std::vector<double> Forecaster::values(const float* deviations, std::size_t month) const {
  std::vector<double> values;
  for (std::int64_t ahead = 0; ahead < horizon; ++ahead)
    values.push_back(scale_.value(deviations[ahead], month + static_cast<std::size_t>(ahead)));
  return values;
}

void train(Model& model, const Forecaster& forecaster, const Series& series,
           const std::vector<std::size_t>& training, const std::vector<std::size_t>& validation, int epochs) {
  const auto x = forecaster.inputs(series, training), y = forecaster.targets(series, training);
  const auto new_x = forecaster.inputs(series, validation), new_y = forecaster.targets(series, validation);
  const auto loss_of = [&](Tensor x, Tensor y) { return mean_squared_error(forecaster(x), y); };
  // Decay would pull the shares to 0, of which the data say that they are not.
  const auto groups = by_name({{"persisting", Adam(1e-3)}, {"*", AdamW(4e-3, 1)}});
  TrainingStep step(model, clip_by_global_norm(1, groups), loss_of);
  Function loss(model, loss_of);
  BestWeights best(model);
  EarlyStopping patience(20);
  int epoch = 0;
  const double at_first = loss(new_x, new_y).item();
  best.offer(at_first);
  for (; epoch < epochs && !patience.is_over(); ++epoch) {
    for (const auto& batch : shuffled_batches(training.size(), 32, Seed{model.seed()}, epoch))
      step(rows(x, batch, 1), rows(y, batch));
    const double error = loss(new_x, new_y).item();
    best.offer(error);
    patience.after(error);
  }
  best.restore();
  std::printf(
      "Trained for %d epochs; mean squared error of validation %.3f, that of damped persistence %.3f,\n"
      "1 being that of climatology in the years of training.\n",
      epoch, best.best(), at_first);
}

}  // namespace forecast
