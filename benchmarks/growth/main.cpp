// What the first call of large programs takes: to record, differentiate, compile and run them once. Prints a
// table; --only PATTERN takes those rows alone whose name holds it.

#include <chrono>
#include <cstdio>
#include <cstring>

#include "growing.h"

namespace {

/// The least of some tries, in seconds; models are made outside of it.
double seconds_of(const benchmarks::Growing& growing, std::int64_t size) {
  double least = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto call = growing.make(size);
    const auto start = std::chrono::steady_clock::now();
    call();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (attempt == 0 || took.count() < least) least = took.count();
  }
  return least;
}

}  // namespace

int main(int count, char** arguments) {
  const bool chosen = count == 3 && std::strcmp(arguments[1], "--only") == 0;
  if (count != 1 && !chosen) {
    std::fprintf(stderr, "usage: %s [--only PATTERN]\n", arguments[0]);
    return 2;
  }
  std::printf("| program | size | first call | beside that of half the size |\n|---|---|---|---|\n");
  for (const auto& growing : benchmarks::all_growing()) {
    if (chosen && growing.what.find(arguments[2]) == std::string::npos) continue;
    const double half = seconds_of(growing, growing.size / 2), whole = seconds_of(growing, growing.size);
    std::printf("| %s | %lld %s | %.2f s | %.2f |\n", growing.what.c_str(),
                static_cast<long long>(growing.size), growing.size_of.c_str(), whole, whole / half);
    std::fflush(stdout);
  }
}
