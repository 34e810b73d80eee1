#pragma once
/// @file
/// @ingroup training
/// Functions that learn.
#include <reel/function.h>
#include <reel/gradients.h>
#include <reel/optimisers.h>

namespace REEL_PUBLIC reel {

/// What a TrainingStep does beside what any Function does; set by the options below.
struct TrainingOptions {
  bool other_models_stay = false;  ///< Set by the option OtherModelsStay.
};

/// The loss may depend on parameters of other models: they stay as they are. Otherwise that is refused, since
/// it is a mistake more often than not.
inline constexpr auto OtherModelsStay = [](TrainingOptions& options) { options.other_models_stay = true; };

namespace structure {

/// The learning rate that an optimiser is to have which remembers under `memory`.
struct LearningRate {
  std::optional<double> asked;  // before there was one
  bool is_recorded = false;

  /// Throws Error for a rate that is none, and where the optimiser is recorded and has none of its own.
  void set(const Scope& memory, double rate);
  /// When the optimiser is recorded. Throws Error where one was asked for and there is none.
  void take(const Scope& memory);
};

}  // namespace structure

/// Records the gradients of `loss` with respect to the parameters of `model`, and the updates of `optimiser`,
/// which remembers under `memory`. Throws RecordError where the loss is no floating scalar, depends on no
/// parameter of the model, or, without OtherModelsStay, on parameters of another one.
void record_training(Model& model, const Optimiser& optimiser, const std::string& memory, const Tensor& loss,
                     const TrainingOptions& options);

namespace structure {

/// @cond
/// Records a loss, its gradients and the optimiser's updates as one function.
template <class Loss>
struct TrainingRecorder {
  Model* model;
  Optimiser optimiser;
  Loss loss;
  std::string memory;
  TrainingOptions options;
  std::shared_ptr<LearningRate> rate;

  template <class... Args>
  auto operator()(const Args&... args) {
    using Result = std::decay_t<decltype(loss(args...))>;
    constexpr bool has_loss = leads_with_a_tensor<Result>();
    static_assert(has_loss,
                  "a training function returns its loss: a Tensor, or a tuple, pair, array or struct with "
                  "REEL_MEMBERS(...) of tensors, the first of which is the loss");
    if constexpr (has_loss) {
      Result result = loss(args...);
      record_training(*model, optimiser, memory, first(result), options);
      rate->take(*model / memory);
      return result;
    } else {
      return Tensor();  // never run: it spares the reader of errors more of them
    }
  }

  template <class Result>
  static constexpr bool leads_with_a_tensor() {
    using Parts = typename PartsOf<Result>::type;
    if constexpr (std::is_void_v<Result> || is_vector<Result>)
      return false;
    else if constexpr (is_leaf<Result>)
      return std::is_convertible_v<Result, Tensor>;
    else if constexpr (std::tuple_size_v<Parts> == 0)
      return false;
    else
      return is_of_tensors<Result> && std::is_convertible_v<std::tuple_element_t<0, Parts>, Tensor>;
  }

  template <class Result>
  static Tensor first(const Result& result) {
    if constexpr (std::is_convertible_v<Result, Tensor>)
      return result;
    else
      return std::get<0>(elements(result));
  }
};
/// @endcond

template <class Loss>
struct ParametersOf<TrainingRecorder<Loss>, void> : ParametersOf<Loss> {};

}  // namespace structure

/// A Function that also learns: forward, backward, clipping and the updates are one program.
///
///     TrainingStep step(model, Adam(1e-3), [&](Tensor x, Tensor y) {
///       return mean_squared_error(net(x), y);
///     });
///     double loss = step(x, y).item();
///
/// The loss is a scalar, or the first element of a tuple or structure whose other elements are returned too;
/// they are the values from before the update. Parameters the loss does not depend on stay. An exception
/// leaves the model as it was. Further arguments are options, as of Function, and OtherModelsStay.
template <class Loss>
class TrainingStep {
 public:
  /// `model` must outlive it. Its optimiser's memory are states of the model.
  template <class... Options>
  TrainingStep(Model& model, Optimiser optimiser, Loss loss, const Options&... options)
      : memory_(model / model.unused_name("optimiser")),
        function_(model,
                  {&model, std::move(optimiser), std::move(loss), memory_.path(),
                   training_options(options...), rate_},
                  [&](CompileOptions& compile) { (apply(options, compile), ...); }) {}

  /// One step on these arguments: the loss, and what else the function returns, in arrays.
  template <class... Args>
  auto operator()(const Args&... args) {
    return function_(args...);
  }

  /// A step whose arguments are brought to the device while others compute; see Function::stage().
  template <class... Args>
  auto stage(const Args&... args) {
    return function_.stage(args...);
  }

  /// The rate of the steps to come; nothing is recorded again. Throws Error for one that is negative or not
  /// finite, and where the optimiser has none of its own, as by_name, whose groups have one each: before the
  /// first step it is that step which throws.
  void set_learning_rate(double rate) { rate_->set(memory_, rate); }
  /// The program of steps with arguments like these, as Function::program() gives it.
  template <class... Args>
  auto program(const Args&... args) {
    return function_.program(args...);
  }
  /// Where the time of such steps goes, as Function::profile() tells it. Profiling takes real steps: the
  /// parameters change.
  template <class... Args>
  auto profile(const Args&... args) {
    return function_.profile(args...);
  }
  /// How many programs are kept, and the bytes of their values; see Function.
  /// @{
  std::size_t program_count() const { return function_.program_count(); }
  std::size_t program_bytes() const { return function_.program_bytes(); }
  /// @}
  /// How many are kept from now on, and none now; see Function.
  /// @{
  void keep_programs(const CacheLimits& limits) { function_.keep_programs(limits); }
  void forget_programs() { function_.forget_programs(); }
  /// @}

 private:
  /// Sets an option where it is one of these.
  template <class Option, class Options>
  static void apply(const Option& option, Options& options) {
    if constexpr (std::is_invocable_v<Option, Options&>) option(options);
  }
  template <class... Options>
  static TrainingOptions training_options(const Options&... options) {
    TrainingOptions training;
    (apply(options, training), ...);
    return training;
  }

  Scope memory_;
  std::shared_ptr<structure::LearningRate> rate_ = std::make_shared<structure::LearningRate>();
  Function<structure::TrainingRecorder<Loss>> function_;
};

/// Of a model, an optimiser and a loss, whose type is the step's.
template <class Optimise, class Loss, class... Options>
TrainingStep(Model&, Optimise, Loss, const Options&...) -> TrainingStep<Loss>;

}  // namespace reel
