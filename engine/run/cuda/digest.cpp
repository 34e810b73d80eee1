#include "run/cuda/digest.h"

#include <cstdint>

namespace reel::cuda {

namespace {

/// FNV-1a (Fowler, Noll, Vo), from another start.
std::uint64_t hash_of(const std::string& text, std::uint64_t hash) {
  for (unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string digest(const std::string& text) {
  // The second hash goes on from the first, over the text once more: two texts that share one do not share
  // both.
  const auto first = hash_of(text, 0xcbf29ce484222325);
  const auto second = hash_of(text, first ^ 0x9e3779b97f4a7c15);
  std::string digits;
  for (auto hash : {first, second})
    for (int i = 60; i >= 0; i -= 4) digits += "0123456789abcdef"[hash >> i & 15];
  return digits;
}

}  // namespace reel::cuda
