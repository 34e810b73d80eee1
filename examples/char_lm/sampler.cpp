#include "sampler.h"

#include <algorithm>
#include <cmath>

namespace char_lm {

using reel::Array;
using reel::Shape;

Sampler::Sampler(reel::Model& model, const Network& network, const Vocabulary& vocabulary, double temperature,
                 std::uint64_t seed)
    : vocabulary_(vocabulary),
      temperature_(temperature),
      random_(seed),
      next_(model, NextSymbol{&network}, network.initial_state(1)) {}

std::string Sampler::sample(const std::string& prompt, int length) {
  next_.start_again();
  Array next(Shape{1}, reel::ElementType::int32);
  const Array* logits = nullptr;
  const auto read = [&](Symbol symbol) {
    next.view<std::int32_t, 1>()(0) = symbol;
    logits = &next_.step(next);
  };
  read(Vocabulary::separator);
  for (char byte : prompt) read(vocabulary_.symbol(byte));
  std::string text;
  for (int i = 0; i < length; ++i) {
    const auto symbol = draw(*logits);
    if (symbol == Vocabulary::separator) break;
    text += vocabulary_.byte(symbol);
    read(symbol);
  }
  return text;
}

/// From softmax(logits / temperature), without the symbol that cannot be written.
Symbol Sampler::draw(const Array& logits) {
  std::vector<double> weights;
  for (std::int64_t i = 0; i < logits.size(); ++i) weights.push_back(logits.at(i) / temperature_);
  const double largest = *std::max_element(weights.begin(), weights.end());
  for (auto& weight : weights) weight = std::exp(weight - largest);
  weights[Vocabulary::unknown] = 0;
  return static_cast<Symbol>(std::discrete_distribution<int>(weights.begin(), weights.end())(random_));
}

}  // namespace char_lm
