#include "events.h"

#include <reel/batches.h>

#include <array>
#include <cmath>
#include <numeric>

namespace classify_sequences {

namespace {

constexpr double pi = 3.14159265358979323846, end = 10;
constexpr int values = 1000;
constexpr double noise_width = 10;

using Histogram = std::array<double, bins>;

/// The share of a normal distribution that falls into each bin, of what falls into all of them.
Histogram shares(double mean, double width) {
  const auto below = [&](double x) { return 0.5 * std::erfc((mean - x) / (width * std::sqrt(2.0))); };
  const double all = below(end) - below(0);
  Histogram shares;
  for (std::size_t bin = 0; bin < shares.size(); ++bin) {
    const double low = end * static_cast<double>(bin) / bins,
                 high = end * static_cast<double>(bin + 1) / bins;
    shares[bin] = (below(high) - below(low)) / all;
  }
  return shares;
}

/// How many of the values fall into each bin. Drawn bin by bin: of those that are left, each falls into the
/// next bin with its share of what is left. That is the distribution of counts of values drawn one by one, in
/// a thirtieth of the time.
template <class Element>
void draw(const Histogram& shares, reel::Random& random, Element* histogram) {
  std::normal_distribution<double> noise(0, noise_width);
  int left = values;
  double share_left = 1;
  for (std::size_t bin = 0; bin < shares.size(); ++bin) {
    const bool is_last = bin + 1 == shares.size();
    const double chance = std::min(1.0, shares[bin] / share_left);
    const int count = is_last ? left : std::binomial_distribution<int>(left, chance)(random);
    left -= count;
    share_left -= shares[bin];
    histogram[bin] = static_cast<Element>(count + noise(random));
  }
}

}  // namespace

Events make_events(std::int64_t of_each_class, reel::Seed seed, reel::ElementType element) {
  std::array<std::array<Histogram, steps>, 2> distributions;  // by class and step
  for (std::size_t step = 0; step < steps; ++step) {
    const double angle = pi * static_cast<double>(step) / steps;
    const std::array<double, 2> f{std::sin(angle), std::cos(angle)};
    for (std::size_t kind = 0; kind < 2; ++kind)
      distributions[kind][step] = shares(5 + 0.2 * f[kind], 4 + 0.3 * f[kind]);
  }
  reel::Random random(seed.value);
  const auto count = 2 * of_each_class;
  Events events{reel::Array({count, steps, bins}, element), reel::Array({count, 1}, element)};
  reel::with_type(element, [&](auto zero) {
    using Element = decltype(zero);
    if constexpr (std::is_floating_point_v<Element>)
      for (std::int64_t event = 0; event < count; ++event) {
        const auto kind = static_cast<std::size_t>(event % 2);
        events.y.data<Element>()[event] = static_cast<Element>(kind);
        for (std::size_t step = 0; step < steps; ++step)
          draw(distributions[kind][step], random,
               events.x.data<Element>() + (event * steps + static_cast<std::int64_t>(step)) * bins);
      }
  });
  return events;
}

Events part_of(const Events& events, std::int64_t first, std::int64_t end) {
  std::vector<std::size_t> which(static_cast<std::size_t>(end - first));
  std::iota(which.begin(), which.end(), static_cast<std::size_t>(first));
  return {reel::rows(events.x, which), reel::rows(events.y, which)};
}

}  // namespace classify_sequences
