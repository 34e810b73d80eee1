#pragma once
#include <reel/reel.h>

/// A cell to walk over sequences with all options of unroll.
namespace reel::test {

/// A cell with states of every type: a running value, a flag and a counter of each sequence, and a counter of
/// all. Past the padding's NaN nothing of it could be finite.
struct Walk {
  Tensor weight;

  struct State {
    Tensor h, seen, count, all;
    REEL_MEMBERS(h, seen, count, all)
  };
  struct Output {
    Tensor y, seen;
    REEL_MEMBERS(y, seen)
  };

  State start(std::int64_t batch) const {
    return {zeros({batch, 2}), full({batch}, 0, ElementType::boolean), full({batch}, 0, ElementType::int32),
            full({}, 0, ElementType::int64)};
  }

  std::pair<Output, State> operator()(const Tensor& x, const State& s) const {
    // The logarithm of a padding of zeros would be infinite, and so would the gradient of the weight.
    const auto h = tanh(matmul(concat({log(x), s.h}), weight));
    const auto seen = s.seen || any(x > 1.5, {1});
    return {{h * cast(unsqueeze(s.count, 1), h.element()), seen},
            {h, seen, s.count + cast(seen, ElementType::int32), s.all + 1}};
  }
};

/// A total in which every output and final state has another weight.
inline Tensor total(const Tensor& y, const Tensor& h) {
  const auto ramp = [](const Tensor& like) {
    return reshape(cast(iota(like.shape().size()), ElementType::float64), like.shape().extents());
  };
  return sum(sin(y + 0.1 * ramp(y))) + sum(cos(h + ramp(h)));
}

}  // namespace reel::test
