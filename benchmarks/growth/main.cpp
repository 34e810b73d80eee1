// What a first call takes: to record, differentiate, compile and run a program once. Prints a table of small
// programs and one of large ones; --only PATTERN takes those rows alone whose name holds it.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "first_calls.h"

namespace {

double seconds_of(const benchmarks::Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least of some tries, in seconds; models are made outside of it.
double seconds_of(const benchmarks::Growing& growing, std::int64_t size) {
  double least = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto took = seconds_of(growing.make(size));
    if (attempt == 0 || took < least) least = took;
  }
  return least;
}

/// The first one of the process, where it is the first program, pays for what is loaded and set up.
void print_first_calls(const char* what, const std::function<benchmarks::Call()>& make) {
  std::vector<double> took;
  for (int i = 0; i < 41; ++i) took.push_back(1e3 * seconds_of(make()));
  const double first = took[0];
  std::sort(took.begin(), took.end());
  std::printf("| %s | %.1f ms | %.1f ms | %.1f ms |\n", what, first, took[took.size() / 2], took[0]);
  std::fflush(stdout);
}

}  // namespace

int main(int count, char** arguments) {
  const bool chosen = count == 3 && std::strcmp(arguments[1], "--only") == 0;
  if (count != 1 && !chosen) {
    std::fprintf(stderr, "usage: %s [--only PATTERN]\n", arguments[0]);
    return 2;
  }
  const auto is_chosen = [&](const std::string& what) {
    return !chosen || what.find(arguments[2]) != std::string::npos;
  };
  std::printf("| training step | the first | median of first calls | least |\n|---|---|---|---|\n");
  if (is_chosen("LSTM, small")) print_first_calls("LSTM, small", benchmarks::lstm_step);
  if (is_chosen("tagger")) print_first_calls("tagger", benchmarks::tagger_step);
  std::printf("\n| program | size | first call | beside that of half the size |\n|---|---|---|---|\n");
  for (const auto& growing : benchmarks::all_growing()) {
    if (!is_chosen(growing.what)) continue;
    const double half = seconds_of(growing, growing.size / 2), whole = seconds_of(growing, growing.size);
    std::printf("| %s | %lld %s | %.2f s | %.2f |\n", growing.what.c_str(),
                static_cast<long long>(growing.size), growing.size_of.c_str(), whole, whole / half);
    std::fflush(stdout);
  }
}
