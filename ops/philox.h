#pragma once
// Compiled for devices as well, where there is no standard library.

namespace reel {

using Bits32 = unsigned int;
using Bits64 = unsigned long long;

struct PhiloxWords {
  Bits32 word[4];
};
struct PhiloxKey {
  Bits32 word[2];
};

/// Four random words from a counter and a key: Philox4x32 with ten rounds (Salmon et al. 2011, "Parallel
/// random numbers: as easy as 1, 2, 3"). Equal on every device, in any order of evaluation.
inline PhiloxWords philox4x32(PhiloxWords counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const Bits64 a = Bits64{0xD2511F53} * counter.word[0], b = Bits64{0xCD9E8D57} * counter.word[2];
    counter = {{static_cast<Bits32>(b >> 32) ^ counter.word[1] ^ key.word[0], static_cast<Bits32>(b),
                static_cast<Bits32>(a >> 32) ^ counter.word[3] ^ key.word[1], static_cast<Bits32>(a)}};
    key.word[0] += 0x9E3779B9;
    key.word[1] += 0xBB67AE85;
  }
  return counter;
}

inline PhiloxKey halves(Bits64 word) {
  return {{static_cast<Bits32>(word), static_cast<Bits32>(word >> 32)}};
}

/// Two numbers as one, by the generator itself.
inline Bits64 combined(Bits64 a, Bits64 b) {
  const auto x = halves(a), y = halves(b);
  const auto words = philox4x32({{x.word[0], x.word[1], y.word[0], y.word[1]}}, {{0, 0}});
  return words.word[0] | Bits64{words.word[1]} << 32;
}

/// The key of what a node draws in a run, and the words of a block of it at a step. Steps of nested unrolls
/// are combined into one.
inline PhiloxKey stream_key(Bits64 node, Bits64 run) { return halves(combined(node, run)); }
inline PhiloxWords stream_block(Bits64 block, Bits64 step, PhiloxKey key) {
  const auto b = halves(block), s = halves(step);
  return philox4x32({{b.word[0], b.word[1], s.word[0], s.word[1]}}, key);
}

/// Element `i` of a block, in [0, 1): 24 bits of one word, or 53 of two.
template <class T>
struct Uniform;
template <>
struct Uniform<float> {
  static constexpr int per_block = 4;
  static float value(const PhiloxWords& words, int i) {
    return static_cast<float>(words.word[i] >> 8) * 0x1p-24f;
  }
};
template <>
struct Uniform<double> {
  static constexpr int per_block = 2;
  static double value(const PhiloxWords& words, int i) {
    const Bits32 high = words.word[2 * i] >> 5, low = words.word[2 * i + 1] >> 6;
    return (high * 67108864.0 + low) * 0x1p-53;
  }
};

}  // namespace reel
