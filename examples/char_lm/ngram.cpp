#include "ngram.h"

#include <algorithm>
#include <cmath>

namespace char_lm {

namespace {

/// Up to four symbols and their number in one word.
std::uint64_t key_of(const std::vector<Symbol>& text, std::size_t begin, std::size_t end) {
  constexpr int bits = 9;  // a vocabulary has at most 258 symbols
  std::uint64_t key = end - begin;
  for (std::size_t i = begin; i < end; ++i) key = key << bits | text[i];
  return key;
}

std::size_t longest_context(std::size_t position) {
  return std::min<std::size_t>(position, NGram::context_length);
}

}  // namespace

NGram::NGram(const std::vector<Symbol>& training, std::int64_t vocabulary_size)
    : uniform_(1.0 / static_cast<double>(vocabulary_size)) {
  for (std::size_t i = 1; i < training.size(); ++i)
    for (std::size_t length = 0; length <= longest_context(i); ++length) {
      auto& context = contexts_[key_of(training, i - length, i)];
      auto& continuation = continuations_[key_of(training, i - length, i + 1)];
      ++context.count;
      if (continuation++ == 0) ++context.distinct;
    }
}

double NGram::probability(const std::vector<Symbol>& text, std::size_t position) const {
  double probability = uniform_;
  for (std::size_t length = 0; length <= longest_context(position); ++length) {
    const auto context = contexts_.find(key_of(text, position - length, position));
    if (context == contexts_.end()) break;  // nor does any longer one occur
    const auto continuation = continuations_.find(key_of(text, position - length, position + 1));
    const double count = continuation == continuations_.end() ? 0 : continuation->second;
    const double distinct = context->second.distinct;
    probability = (count + distinct * probability) / (context->second.count + distinct);
  }
  return probability;
}

double bits_per_character(const NGram& model, const std::vector<Symbol>& text) {
  double bits = 0;
  std::size_t characters = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == Vocabulary::separator) continue;
    bits -= std::log2(model.probability(text, i));
    ++characters;
  }
  return bits / static_cast<double>(characters);
}

}  // namespace char_lm
