#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "vocabulary.h"

namespace char_lm {

/// How likely a symbol is after the three before it: counts, interpolated down to no context at all and to
/// uniform as by Witten and Bell (1991): with c(h) the number of times context h occurred, T(h) the number of
/// different symbols after it, and h' the context without its earliest symbol,
///   P(s | h) = (c(h s) + T(h) P(s | h')) / (c(h) + T(h)).
class NGram {
 public:
  static constexpr int context_length = 3;

  NGram(const std::vector<Symbol>& training, std::int64_t vocabulary_size);

  /// The probability of text[position] after what is before it.
  double probability(const std::vector<Symbol>& text, std::size_t position) const;

 private:
  struct Context {
    std::uint32_t count = 0, distinct = 0;
  };

  double uniform_;
  std::unordered_map<std::uint64_t, Context> contexts_;
  std::unordered_map<std::uint64_t, std::uint32_t> continuations_;
};

/// Bits per character of `text`: -log2 of the probability of each character that stands for a byte or an
/// unknown one, which is all but the separators, on average.
double bits_per_character(const NGram& model, const std::vector<Symbol>& text);

}  // namespace char_lm
