#pragma once
#include <reel/error.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "catch.h"

/// Files that were damaged, or made to do damage: what a reader gets of them is an exception of Reel's or a
/// value, under sanitizers too.
namespace reel::test {

/// One change of some bytes: flipped, set to a telling value, removed, doubled, moved from elsewhere, or a
/// number written in digits that became another.
inline void mutate_once(std::string& file, std::mt19937_64& random) {
  const auto below = [&](std::size_t end) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(end, 1));
  };
  const auto at = below(file.size());
  const auto length = std::min(file.size() - at, std::size_t(1) << below(7));
  static const std::vector<std::string> words{"0",
                                              "-1",
                                              "1e999",
                                              "18446744073709551615",
                                              "9223372036854775807",
                                              "4294967296",
                                              "[",
                                              "]",
                                              "{",
                                              "}",
                                              "(",
                                              ")",
                                              "\"",
                                              "'",
                                              ",",
                                              ":",
                                              "<",
                                              ">",
                                              "/",
                                              "&",
                                              "\n",
                                              "\r",
                                              ";",
                                              "nan",
                                              "inf",
                                              "true",
                                              "null",
                                              "\\u0000",
                                              std::string(1, '\0'),
                                              "\xff",
                                              "\xc3\xa9",
                                              std::string(8, '\xff'),
                                              std::string(300, '['),
                                              std::string(70, '9')};
  switch (below(8)) {
    case 0:
      if (!file.empty()) file[at] ^= static_cast<char>(1u << below(8));
      break;
    case 1:
      if (!file.empty()) file[at] = static_cast<char>(random());
      break;
    case 2:
      file.erase(at, length);
      break;
    case 3:
      file.insert(at, file.substr(at, length));
      break;
    case 4:
      file.insert(below(file.size() + 1), file.substr(at, length));
      break;
    case 5:
      file.insert(below(file.size() + 1), words[below(words.size())]);
      break;
    case 6:
      file.resize(below(file.size() + 1));
      break;
    default: {
      const auto digit = file.find_first_of("0123456789", at);
      if (digit == file.npos) break;
      const auto end = std::min(file.find_first_not_of("0123456789", digit), file.size());
      file.replace(digit, end - digit, below(2) ? words[below(6)] : std::to_string(random() >> below(64)));
    }
  }
}

/// Calls `read` with files made of these by some changes: several hundred, or as many as fit into the seconds
/// that REEL_FUZZ_SECONDS asks for. It may return or throw Error; anything else is a failure, which shows the
/// seed.
template <class Read>
void survive_mutations(const std::vector<std::string>& files, const Read& read) {
  using Clock = std::chrono::steady_clock;
  const char* asked = std::getenv("REEL_FUZZ_SECONDS");
  const auto end = Clock::now() + std::chrono::duration<double>(asked ? std::atof(asked) : 0);
  std::size_t returned = 0, refused = 0;
  for (std::uint64_t seed = 0; seed < 600 || Clock::now() < end; ++seed) {
    std::mt19937_64 random(seed);
    auto file = files[random() % files.size()];
    for (auto changes = 1 + random() % 4; changes > 0; --changes) mutate_once(file, random);
    INFO("seed " << seed);
    try {
      read(file);
      ++returned;
    } catch (const Error&) {
      ++refused;
    }
  }
  // Otherwise the changes miss what is read, or the reader refuses everything.
  CHECK(refused > 0);
  CHECK(returned > 0);
}

}  // namespace reel::test
