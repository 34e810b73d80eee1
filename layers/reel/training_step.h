#pragma once
#include <reel/function.h>
#include <reel/gradients.h>
#include <reel/optimisers.h>

namespace reel {

namespace structure {

/// Records a loss, its gradients and the optimiser's updates as one function.
template <class Loss>
struct TrainingRecorder {
  Model* model;
  Optimiser optimiser;
  Loss loss;
  std::string memory;

  template <class... Args>
  auto operator()(const Args&... args) {
    auto result = loss(args...);
    record_updates(first(result));
    return result;
  }

  template <class Result>
  static Tensor first(const Result& result) {
    if constexpr (std::is_convertible_v<Result, Tensor>)
      return result;
    else
      return std::get<0>(elements(result));
  }

  void record_updates(const Tensor& loss) const {
    if (loss.rank() != 0 || !is_floating(loss.element()))
      refuse("TrainingStep", "the loss must be a floating scalar", {loss});
    const auto& parameters = model->parameters();
    const auto gradients = gradients_or_absent(loss, {parameters.begin(), parameters.end()});
    std::vector<ParameterGradient> used;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      if (gradients[i].defined()) used.push_back({parameters[i], gradients[i]});
    if (used.empty()) refuse("TrainingStep", "the loss depends on no parameter of the model", {loss});
    optimiser(used, *model / memory);
  }
};

template <class Loss>
struct ParametersOf<TrainingRecorder<Loss>, void> : ParametersOf<Loss> {};

}  // namespace structure

/// A Function that also learns: forward, backward, clipping and the updates are one program.
///
///   TrainingStep step(model, Adam(1e-3), [&](Tensor x, Tensor y) { return mean_squared_error(net(x), y); });
///   double loss = step(x, y).item();
///
/// The loss is a scalar, or the first element of a tuple or structure whose other elements are returned too;
/// they are the values from before the update. Parameters the loss does not depend on stay. An exception
/// leaves the model as it was. Further arguments are options, as of Function.
template <class Loss>
class TrainingStep {
 public:
  /// `model` must outlive it. Its optimiser's memory are states of the model.
  template <class... Options>
  TrainingStep(Model& model, Optimiser optimiser, Loss loss, const Options&... options)
      : memory_(model / model.unused_name("optimiser")),
        function_(model, {&model, std::move(optimiser), std::move(loss), memory_.path()}, options...) {}

  template <class... Args>
  auto operator()(const Args&... args) {
    return function_(args...);
  }

  /// The rate of the steps to come; nothing is recorded again. Throws Error where the optimiser, recorded
  /// already, has none.
  void set_learning_rate(double rate) {
    if (program_count() > 0) memory_.model().parameter((memory_ / "learning_rate").path());
    memory_.state("learning_rate", {}, rate).assign(Array(rate).cast(memory_.model().element()));
  }
  /// The program of steps with arguments like these, and where its time goes; see Function. Profiling takes
  /// real steps: the parameters change.
  template <class... Args>
  Program& program(const Args&... args) {
    return function_.program(args...);
  }
  template <class... Args>
  Profile profile(const Args&... args) {
    return function_.profile(args...);
  }
  std::size_t program_count() const { return function_.program_count(); }

 private:
  Scope memory_;
  Function<structure::TrainingRecorder<Loss>> function_;
};

template <class Optimise, class Loss, class... Options>
TrainingStep(Model&, Optimise, Loss, const Options&...) -> TrainingStep<Loss>;

}  // namespace reel
