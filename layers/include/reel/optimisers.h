#pragma once
/// @file
/// @ingroup optimisers
/// Optimisers, schedules of rates, and what is done to gradients.
#include <reel/model.h>
#include <reel/ops.h>

namespace REEL_PUBLIC reel {

/// A parameter and the gradient of the loss with respect to it.
struct ParameterGradient {
  Parameter parameter;  ///< What is to change.
  Tensor gradient;      ///< Of its shape and type.
};

/// Records how parameters change. An optimiser is any function of this form: it makes what it must remember
/// as states under `memory` and records updates of them and of the parameters. A state "learning_rate" can be
/// set by TrainingStep::set_learning_rate. Those below throw Error, when they are recorded, for rates, decays
/// and other numbers that make no sense.
using Optimiser = std::function<void(const std::vector<ParameterGradient>&, const Scope& memory)>;

namespace structure {

/// Throws Error for an optimiser that is no function.
void check_optimiser(const char* name, const Optimiser& optimiser);

}  // namespace structure

/// Gradient descent with momentum: v = momentum v + gradient, parameter -= rate v. With `nesterov` the step
/// is rate (gradient + momentum v) (Sutskever et al. 2013).
struct SGD {
  double rate,    ///< The learning rate.
      momentum;   ///< From 0, below 1; 0 for none.
  bool nesterov;  ///< Whether the step looks ahead.

  /// With these settings; see the members of their names.
  explicit SGD(double rate, double momentum = 0, bool nesterov = false)
      : rate(rate), momentum(momentum), nesterov(nesterov) {}
  /// Records the updates. It remembers v of each parameter, where there is momentum, and its rate under
  /// `memory`.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Adam with bias correction (Kingma and Ba 2015, algorithm 1). The running mean of squared gradients must be
/// in range: gradients of up to 1.8e19 in float32, a single one of up to 5.8e20. Beyond that it is infinite,
/// and an element that has had such a gradient stays where it is for good; skip_not_finite leaves such steps
/// out, clip_by_global_norm makes them small.
struct Adam {
  double rate,  ///< The learning rate.
      beta1,    ///< How much of the mean gradient stays, from 0, below 1.
      beta2,    ///< The same of the mean square.
      epsilon;  ///< Added to the root of the mean square.

  /// With these settings; see the members of their names.
  explicit Adam(double rate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
      : rate(rate), beta1(beta1), beta2(beta2), epsilon(epsilon) {}
  /// Records the updates. It remembers both means of each parameter, the number of steps and its rate under
  /// `memory`.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Adam, and parameters shrink by rate * decay in each step, whatever their gradients are (Loshchilov and
/// Hutter 2019).
struct AdamW {
  Adam adam;     ///< The steps without decay.
  double decay;  ///< How much of it parameters shrink by, times the rate.

  /// With these settings; see Adam.
  explicit AdamW(double rate = 1e-3, double decay = 1e-2, double beta1 = 0.9, double beta2 = 0.999,
                 double epsilon = 1e-8)
      : adam(rate, beta1, beta2, epsilon), decay(decay) {}
  /// Records the updates. It remembers what Adam does.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Steps of gradient / (sqrt(s) + epsilon), with s the running mean of squared gradients, s = decay s + (1 -
/// decay) gradient^2 (Tieleman and Hinton 2012); with momentum as in SGD.
struct RMSprop {
  double rate,   ///< The learning rate.
      decay,     ///< How much of the mean square stays, from 0, below 1.
      epsilon,   ///< Added to the root of the mean square.
      momentum;  ///< As of SGD.

  /// With these settings; see the members of their names.
  explicit RMSprop(double rate = 1e-2, double decay = 0.99, double epsilon = 1e-8, double momentum = 0)
      : rate(rate), decay(decay), epsilon(epsilon), momentum(momentum) {}
  /// Records the updates. It remembers s of each parameter, v where there is momentum, and its rate under
  /// `memory`.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Steps of gradient / (sqrt(s) + epsilon), with s the sum of all squared gradients so far (Duchi et al.
/// 2011).
struct Adagrad {
  double rate,  ///< The learning rate.
      epsilon;  ///< Added to the root of the sum.

  /// With these settings; see the members of their names.
  explicit Adagrad(double rate = 1e-2, double epsilon = 1e-10) : rate(rate), epsilon(epsilon) {}
  /// Records the updates. It remembers s of each parameter and its rate under `memory`.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Steps in units of those before: gradient sqrt(u + epsilon) / sqrt(s + epsilon), with u and s the running
/// means of squared steps and squared gradients (Zeiler 2012).
struct Adadelta {
  double rate,  ///< What steps are multiplied by.
      decay,    ///< How much of the means stays, from 0, below 1.
      epsilon;  ///< Added to the means before the root.

  /// With these settings; see the members of their names.
  explicit Adadelta(double rate = 1, double decay = 0.9, double epsilon = 1e-6)
      : rate(rate), decay(decay), epsilon(epsilon) {}
  /// Records the updates. It remembers u and s of each parameter and its rate under `memory`.
  void operator()(const std::vector<ParameterGradient>& gradients, const Scope& memory) const;
};

/// Leaves all parameters as they are: for a group of them.
struct Frozen {
  /// Records nothing.
  void operator()(const std::vector<ParameterGradient>&, const Scope&) const {}
};

/// Parameters whose names match `pattern`, and how they change; patterns as those of a Part.
struct ParameterGroup {
  std::string pattern;  ///< Of whole names, such as "encoder/*".
  Optimiser optimiser;  ///< How they change.
};

/// Each parameter changes as the first group that matches its name says. Group k, counted from 1, remembers
/// under "group k": its learning rate is model.parameter("optimiser/group 1/learning_rate"). Throws Error for
/// a parameter that no group matches, and for a group that gets none: of the parameters on which the loss
/// depends, it matches none that a group before it does not.
///
///     by_name({{"encoder/*", Frozen()}, {"*/b", SGD{0.1}}, {"*", Adam(1e-3)}})
Optimiser by_name(std::vector<ParameterGroup> groups);

/// What is added to the loss for the size of parameters: l1 sum |w| + l2 / 2 sum w^2.
struct Penalty {
  double l1 = 0,  ///< The factor of the sum of magnitudes, 0 or more.
      l2 = 0;     ///< The factor of half the sum of squares, 0 or more.
};
/// Adds the gradient of the penalty to that of each parameter before `optimiser`.
Optimiser penalised(const Penalty& penalty, Optimiser optimiser);

/// Takes a step with the mean of the gradients of each `count` calls: a batch in parts. Parameters and the
/// optimiser's memory stay as they are in between; what an epoch leaves over goes on with the next. Throws
/// Error unless count is 1 or more.
Optimiser accumulated(std::int64_t count, Optimiser optimiser);

/// A function from the number of steps taken so far to the learning rate of the next one, float64 scalars.
using RateSchedule = std::function<Tensor(const Tensor& step)>;
/// What a schedule gives after so many steps, as a number.
double rate_at(const RateSchedule& schedule, std::int64_t step);

/// Always the same rate. Throws Error where it is negative or not finite.
RateSchedule constant_rate(double rate);
/// rate factor^k after k times `every` steps. Throws Error for a rate that is negative or not finite, and
/// unless `every` is 1 or more.
RateSchedule step_decay(double rate, double factor, std::int64_t every);
/// From `rate` to `last` in `steps` steps along half a cosine, and `last` from there on (Loshchilov and
/// Hutter 2017). Throws Error for a rate that is negative or not finite, and unless `steps` is 1 or more.
RateSchedule cosine_decay(double rate, std::int64_t steps, double last = 0);
/// In `steps` equal steps up to the rate with which `then` begins, and then as `then` says. Throws Error
/// unless `steps` is 1 or more.
RateSchedule warm_up(std::int64_t steps, RateSchedule then);

/// The optimiser with the learning rate of a schedule in place of its own, or, of by_name, of those of all
/// groups. Throws Error where there is none. How many steps were taken, one a call, is remembered with its
/// memory; set_learning_rate() would hold for one step. What takes a step only now and then goes around it,
/// so that the schedule goes on with these: accumulated(4, scheduled(...)), skip_not_finite(scheduled(...)).
///
///     TrainingStep step(model, scheduled(warm_up(100, cosine_decay(1e-3, 5000)), Adam()), loss);
Optimiser scheduled(RateSchedule schedule, Optimiser optimiser);

/// Cuts every element of the gradients to +-`largest` before `optimiser`; NaN stays NaN. Throws Error unless
/// `largest` is above 0.
Optimiser clip_by_value(double largest, Optimiser optimiser);

/// Scales all gradients down together where their common Euclidean norm exceeds `largest_norm`, before
/// `optimiser`. The norm is of all gradients that it gets, those of Frozen groups behind it too: clip inside
/// of the groups that train where these are not meant. Gradients may be of any magnitude. Where one element
/// of them is infinite or NaN there is no direction to keep: all gradients become NaN, which skip_not_finite
/// leaves out, inside of the clipping or around it. Throws Error unless `largest_norm` is 0 or more.
Optimiser clip_by_global_norm(double largest_norm, Optimiser optimiser);

/// Leaves out the steps of `optimiser` in which an element of the gradients, or of what it would write, is
/// infinite or NaN: parameters and the optimiser's memory stay as they were to the last bit. The state
/// "skipped" counts them: model.parameter("optimiser/skipped").value(), made at the first call. What the loss
/// itself updates is not the optimiser's, and is updated all the same.
///
///     TrainingStep step(model, skip_not_finite(clip_by_global_norm(1, Adam(1e-3))), loss);
Optimiser skip_not_finite(Optimiser optimiser);

}  // namespace reel
