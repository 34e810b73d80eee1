#pragma once
#include <reel/model.h>

namespace classify_sequences {

/// Events, half of them signal and half background, one by turns.
struct Events {
  reel::Array x;  // [events, steps, bins]: histograms
  reel::Array y;  // [events, 1]: 1 for signal, 0 for background

  std::int64_t count() const { return x.shape()[0]; }
};

constexpr std::int64_t steps = 10, bins = 30;

/// The events of the tutorial of TMVA's recurrent networks. Each is a sequence of histograms over [0, 10] of
/// 1000 values drawn from a normal distribution, restricted to that range, whose mean 5 + 0.2 f and width
/// 4 + 0.3 f change over time: f = cos(pi j / steps) at step j of signal, sin of background. Normal noise of
/// width 10 is added to each of the equal bins.
Events make_events(std::int64_t of_each_class, reel::Seed seed, reel::ElementType element);

/// Some of them: [first, end).
Events part_of(const Events& events, std::int64_t first, std::int64_t end);

}  // namespace classify_sequences
