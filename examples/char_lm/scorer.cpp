#include "scorer.h"

#include <cmath>

namespace char_lm {

namespace {

// Independent of how the network is trained, so that results can be compared.
constexpr std::int64_t time = 64, batch = 32;

/// The first windows of every stream, until they count enough characters.
std::int64_t windows_of_piece(const ScoredStreams& streams) {
  constexpr std::int64_t enough = 16384;
  std::int64_t count = 0;
  for (std::int64_t characters = 0; count < streams.window_count() && characters < enough; ++count)
    characters += streams.window(count).characters;
  return count;
}

}  // namespace

Scorer::Scorer(reel::Model& model, const Network& network, const std::vector<Symbol>& text)
    : streams_(text, time, batch),
      piece_(windows_of_piece(streams_)),
      score_(model, {&network}),
      first_state_(reel::host_state(model, network.initial_state(batch))) {}

double Scorer::bits_per_character(std::int64_t windows) {
  auto state = first_state_;
  double nats = 0;
  std::int64_t characters = 0;
  for (std::int64_t i = 0; i < windows; ++i) {
    const auto scored = streams_.window(i);
    auto [loss, next] = score_(scored.window.symbols, scored.window.targets, scored.counts, state);
    nats += loss.item() * static_cast<double>(scored.characters);
    characters += scored.characters;
    state = std::move(next);
  }
  return nats / static_cast<double>(characters) / std::log(2.0);
}

}  // namespace char_lm
