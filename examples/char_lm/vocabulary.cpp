#include "vocabulary.h"

namespace char_lm {

Vocabulary Vocabulary::of(const std::vector<TextFile>& files) {
  std::array<bool, 256> occurs{};
  for (const auto& file : files)
    for (unsigned char byte : file.text) occurs[byte] = true;
  std::vector<unsigned char> bytes;
  for (int byte = 0; byte < 256; ++byte)
    if (occurs[byte]) bytes.push_back(static_cast<unsigned char>(byte));
  return Vocabulary(std::move(bytes));
}

Vocabulary::Vocabulary(std::vector<unsigned char> bytes) : bytes_(std::move(bytes)) {
  symbols_.fill(unknown);
  for (std::size_t i = 0; i < bytes_.size(); ++i) symbols_[bytes_[i]] = static_cast<Symbol>(first_byte + i);
}

std::vector<Symbol> Vocabulary::symbols(const std::vector<TextFile>& files) const {
  std::vector<Symbol> symbols;
  symbols.reserve(character_count(files) + files.size());
  for (const auto& file : files) {
    symbols.push_back(separator);
    for (char byte : file.text) symbols.push_back(symbol(byte));
  }
  return symbols;
}

}  // namespace char_lm
