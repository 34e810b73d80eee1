#pragma once
/// @file
/// @ingroup training
/// The best weights of a training, and when it is over.
#include <reel/model.h>

#include <limits>

namespace REEL_PUBLIC reel {

/// The weights with which a model was best so far, kept to be restored.
///
///     BestWeights best(model);
///     EarlyStopping patience(5);
///     for (int epoch = 0; epoch < 100 && !patience.is_over(); ++epoch) {
///       train(); const double loss = validate();
///       best.offer(loss); patience.after(loss);
///     }
///     best.restore();
class BestWeights {
 public:
  /// `model` must outlive it.
  explicit BestWeights(Model& model) : model_(&model) {}

  /// Keeps the weights where `loss` is less than all before; whether it is. NaN is not.
  bool offer(double loss);
  /// Infinite before the first.
  double best() const { return best_; }
  /// Gives the model the weights that were best. Throws Error where none were kept: no finite loss was
  /// offered.
  void restore() const;

  /// For a TrainingCheckpoint: the loss and the weights.
  template <class Checkpoint>
  void keep_in(Checkpoint& checkpoint, const std::string& name) {
    checkpoint.keep(name + "/loss", best_);
    checkpoint.keep(name + "/weights", values_);
  }

 private:
  Model* model_;
  double best_ = std::numeric_limits<double>::infinity();
  std::map<std::string, Array> values_;  // by the names of parameters
};

/// Says when a training is over: after `patience` losses in a row of which none was better, by more than
/// `least_gain`, than the best before.
class EarlyStopping {
 public:
  /// Throws Error unless `patience` is 1 or more and `least_gain` 0 or more.
  explicit EarlyStopping(int patience, double least_gain = 0);

  /// Takes a loss, and returns is_over() after it.
  bool after(double loss);
  /// Whether there were that many in a row.
  bool is_over() const { return worse_ >= patience_; }

  /// For a TrainingCheckpoint: how it stands, without the patience.
  template <class Checkpoint>
  void keep_in(Checkpoint& checkpoint, const std::string& name) {
    checkpoint.keep(name + "/best", best_);
    checkpoint.keep(name + "/worse", worse_);
  }

 private:
  int patience_, worse_ = 0;
  double least_gain_, best_ = std::numeric_limits<double>::infinity();
};

}  // namespace reel
