#pragma once
/// @file
/// @ingroup layers
/// Dropout in its forms.
#include <reel/unroll.h>

namespace REEL_PUBLIC reel {

/// `x` with each element zeroed with probability `rate` and the rest divided by 1 - rate, so that the mean
/// stays (Srivastava et al. 2014). New choices in each run and at each step of an unroll. `rate`, from 0 to
/// 1, may be an input of the run; 0 gives `x`, 1 zeros. Throws RecordError for a number that is none, and for
/// an `x` that is not floating.
Tensor dropout(const Tensor& x, const Tensor& rate);

/// The same of a sequence [time, ...], with one choice for all its steps (Gal and Ghahramani 2016).
Tensor variational_dropout(const Tensor& x, const Tensor& rate);

/// What dropout multiplies by: 0 with probability `rate`, otherwise 1 / (1 - rate). One made outside of a
/// cell that uses it is the same at every step, also of the state: variational dropout inside a recurrence.
Tensor dropout_mask(const Shape& shape, const Tensor& rate);

/// Whether a random layer draws, as in training, or takes the mean of what it would draw.
enum class Draws { random, mean };

namespace structure {

/// `after` with each element as `before` with probability `rate`; in the mean, the mixture of both.
Tensor zoned_out(const Tensor& before, const Tensor& after, const Tensor& rate, Draws draws);

}  // namespace structure

/// A cell whose state keeps, unit by unit, its value from before with probability `rate`, which may be an
/// input of the run (Krueger et al. 2017); with Draws::mean it takes the mean of that, for predictions.
/// States that are no floating tensors stay what the cell makes of them. An output that is a tensor of the
/// state, as an LSTM's, is the one that is handed on.
///
///     unroll(Zoneout(cell, rate), x, cell.initial_state(batch))
template <class Cell>
struct Zoneout {
  Cell cell;    ///< Whose state is kept.
  Tensor rate;  ///< The probability, a scalar.
  Draws draws;  ///< Whether it is drawn.

  /// Around a cell; `rate` is from 0 to 1.
  Zoneout(Cell cell, Tensor rate, Draws draws = Draws::random)
      : cell(std::move(cell)), rate(std::move(rate)), draws(draws) {}

  /// That of the cell.
  auto initial_state(std::int64_t batch) const { return cell.initial_state(batch); }

  /// One step: what the cell makes of `x` and `state`, with some units of the state as they were. The output
  /// and the next state.
  template <class X, class State>
  auto operator()(const X& x, const State& state) const {
    constexpr bool is_called = std::is_invocable_v<const Cell&, const X&, const State&>;
    static_assert(is_called,
                  "the cell of a Zoneout is called as cell(x, state); what takes whole sequences, as a "
                  "Bidirectional does, has no steps: put a Zoneout around each of its cells");
    if constexpr (is_called)
      return with_zoneout(cell(x, state), state);
    else
      return state;
  }

 private:
  template <class Result, class State>
  auto with_zoneout(const Result& result, const State& state) const {
    using Split = structure::StepResult<Result, State>;
    auto output = Split::output(result);
    auto next = Split::state(result);
    const auto before = structure::flatten(state);
    std::size_t k = 0;
    structure::for_each_leaf(next, [&](Tensor& leaf) {
      const auto made = leaf;
      leaf = structure::zoned_out(before[k++], made, rate, draws);
      structure::for_each_leaf(output, [&](Tensor& out) {
        if (is_same(out, made)) out = leaf;
      });
    });
    return std::pair(std::move(output), std::move(next));
  }

  static bool is_same(const Tensor& a, const Tensor& b) {
    return a.recorded() && b.recorded() && &a.tape() == &b.tape() && a.id() == b.id();
  }
};

}  // namespace reel
