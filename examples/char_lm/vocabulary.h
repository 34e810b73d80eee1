#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "corpus.h"

namespace char_lm {

/// What the models read and predict: 0 to Vocabulary::size() - 1.
using Symbol = std::uint16_t;

/// The bytes that occur in the training text, a symbol that stands between files, and one for every byte that
/// does not occur.
class Vocabulary {
 public:
  static constexpr Symbol separator = 0, unknown = 1;

  static Vocabulary of(const std::vector<TextFile>& files);
  explicit Vocabulary(std::vector<unsigned char> bytes);

  std::int64_t size() const { return first_byte + static_cast<std::int64_t>(bytes_.size()); }
  const std::vector<unsigned char>& bytes() const { return bytes_; }

  Symbol symbol(char byte) const { return symbols_[static_cast<unsigned char>(byte)]; }
  static bool is_byte(Symbol symbol) { return symbol >= first_byte; }
  char byte(Symbol symbol) const { return static_cast<char>(bytes_[symbol - first_byte]); }

  /// The files one after the other, a separator before each.
  std::vector<Symbol> symbols(const std::vector<TextFile>& files) const;

 private:
  static constexpr Symbol first_byte = 2;
  std::vector<unsigned char> bytes_;
  std::array<Symbol, 256> symbols_;
};

}  // namespace char_lm
