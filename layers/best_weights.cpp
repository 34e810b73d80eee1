#include <reel/best_weights.h>

namespace reel {

bool BestWeights::offer(double loss) {
  if (!(loss < best_)) return false;
  best_ = loss;
  values_.clear();
  for (const auto& parameter : model_->parameters()) values_.emplace(parameter.name(), parameter.value());
  return true;
}

void BestWeights::restore() const {
  if (values_.empty() && !model_->parameters().empty())
    throw Error("[BestWeights] no weights were kept: no finite loss was offered");
  for (const auto& [name, value] : values_) model_->parameter(name).assign(value);
}

EarlyStopping::EarlyStopping(int patience, double least_gain) : patience_(patience), least_gain_(least_gain) {
  if (patience < 1)
    throw Error("[EarlyStopping] the patience is 1 loss or more, not " + std::to_string(patience));
  if (!(least_gain >= 0))
    throw Error("[EarlyStopping] the least gain is 0 or more, not " + std::to_string(least_gain));
}

bool EarlyStopping::after(double loss) {
  if (loss < best_ - least_gain_) {
    best_ = loss;
    worse_ = 0;
  } else {
    ++worse_;
  }
  return is_over();
}

}  // namespace reel
