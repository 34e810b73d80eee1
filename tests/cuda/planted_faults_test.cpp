// The emulated device finds what is wrong with a kernel.

#include <reel/error.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>

#include "catch.h"
#include "emulated_driver.h"
#include "ptx/ptx_driver.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A kernel that works on numbers x.
std::string add_kernel_of(const std::string& body, cuda::Source& source) {
  return cuda::add_kernel(source, {{"fusion.cuh", ""}}, 1, "  float* x = words.pointer<float>(0);\n" + body);
}

/// Runs a kernel on such a device, of one block unless told, on `count` numbers 0, 1, 2, ... Returns them as
/// it leaves them.
template <class AnyDriver = EmulatedDriver>
std::vector<float> run(const std::string& body, int threads, std::size_t shared_bytes, std::uint64_t seed = 0,
                       std::size_t count = 64, int blocks = 1) {
  EmulatedDriver::Options options;
  options.seed = seed;
  AnyDriver driver(options);
  cuda::Source source;
  const auto name = add_kernel_of(body, source);
  const auto module = driver.load(source);
  std::vector<float> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  const std::shared_ptr<void> memory(driver.allocate(count * sizeof(float)),
                                     [&](void* m) { driver.release(m); });
  driver.upload(memory.get(), numbers.data(), count * sizeof(float));
  const auto word = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(memory.get()));
  driver.launch(module->function(name), {blocks, threads, shared_bytes}, &word, 1);
  driver.finish();
  driver.download(numbers.data(), memory.get(), count * sizeof(float));
  return numbers;
}

template <class AnyDriver = EmulatedDriver>
std::string failure_of(const std::string& body, int threads, std::size_t shared_bytes) {
  try {
    run<AnyDriver>(body, threads, shared_bytes);
  } catch (const InternalError& error) {
    return error.what();
  }
  return "";
}

/// Each number becomes its neighbour's, by way of shared memory.
std::string neighbours(const std::string& barrier) {
  return "  float* shared = reinterpret_cast<float*>(shared_memory());\n"
         "  shared[threadIdx.x] = x[threadIdx.x];\n" +
         barrier + "  x[threadIdx.x] = shared[(threadIdx.x + 1) % blockDim.x];\n";
}

}  // namespace

TEST_CASE("a right kernel gives the same in any order of threads", "[cuda]") {
  std::vector<float> expected(64);
  for (int i = 0; i < 64; ++i) expected[static_cast<std::size_t>(i)] = static_cast<float>((i + 1) % 64);
  for (std::uint64_t seed : {0, 1, 2, 3})
    CHECK(run(neighbours("  sync_block();\n"), 64, 256, seed) == expected);
}

TEST_CASE("a missing barrier is found: threads read what nobody has written", "[cuda]") {
  int wrong = 0;
  for (std::uint64_t seed : {1, 2, 3})
    for (auto number : run(neighbours(""), 64, 256, seed)) wrong += number != number;
  CHECK(wrong > 0);
}

TEST_CASE("a barrier that some threads never reach is found", "[cuda]") {
  CHECK_THAT(failure_of("  if (threadIdx.x != 3) sync_block();\n", 64, 0),
             ContainsSubstring("wait") && ContainsSubstring("block 0"));
  CHECK_THAT(failure_of("  if (threadIdx.x % 2) sync_block();\n  else sync_block();\n", 64, 0),
             ContainsSubstring("different barriers") || ContainsSubstring("wait"));
}

TEST_CASE("writes past the end of memory are found", "[cuda]") {
#if !defined(__SANITIZE_ADDRESS__)  // which ends the program there
  CHECK_THAT(failure_of("  reinterpret_cast<float*>(shared_memory())[64 + threadIdx.x % 2] = 1;\n", 64, 256),
             ContainsSubstring("past its end"));
#endif
  CHECK_THAT(failure_of("  x[64] = 1;\n", 1, 0), ContainsSubstring("past the end of memory of 256 bytes"));
}

TEST_CASE("moves of several numbers at once from an address that is no multiple are found", "[cuda]") {
  CHECK_THAT(failure_of("  store_pack(x, load_pack<4>(x + 1));\n", 1, 0), ContainsSubstring("16 bytes"));
  CHECK(failure_of("  store_pack(x, load_pack<4>(x + 4));\n", 1, 0).empty());
}

TEST_CASE("the same is found in PTX", "[cuda][ptx]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  const auto failure = [](const std::string& body, int threads, std::size_t shared_bytes) {
    return failure_of<PtxDriver>(body, threads, shared_bytes);
  };
  CHECK(failure(neighbours("  sync_block();\n"), 64, 256).empty());
  CHECK_THAT(failure(neighbours(""), 64, 256), ContainsSubstring("nobody has written"));
  CHECK_THAT(failure("  if (threadIdx.x != 3) sync_block();\n  x[0] = 1;\n", 64, 0),
             ContainsSubstring("barrier"));
  CHECK_THAT(failure("  reinterpret_cast<float*>(shared_memory())[64 + threadIdx.x % 2] = 1;\n", 64, 256),
             ContainsSubstring("past its end"));
  CHECK_THAT(failure("  x[64] = 1;\n", 1, 0), ContainsSubstring("nobody's"));
  CHECK_THAT(failure("  store_pack(x, load_pack<4>(x + 1));\n", 1, 0), ContainsSubstring("no multiple"));
  // Two threads, one of which reads what the other writes.
  CHECK_THAT(failure("  float* shared = reinterpret_cast<float*>(shared_memory());\n"
                     "  shared[threadIdx.x] = 1;\n  sync_block();\n"
                     "  x[threadIdx.x] = shared[0];\n  if (threadIdx.x == 1) shared[0] = 2;\n  "
                     "sync_block();\n  x[threadIdx.x] += shared[0];\n",
                     2, 8),
             ContainsSubstring("no barrier between"));
}

#if defined(__SANITIZE_THREAD__)
namespace {

/// Whether ThreadSanitizer reports something of a kernel: in a process of its own, as it then ends with a
/// status that is not 0.
bool has_race(const std::string& body, int threads, std::size_t shared_bytes, int blocks) {
  const pid_t child = fork();
  if (child == 0) {
    run(body, threads, shared_bytes, 1, 64, blocks);
    std::exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace

// By itself: in a process made from one that has had threads ThreadSanitizer finds nothing.
TEST_CASE("races are found", "[.][planted-races]") {
  CHECK_FALSE(has_race(neighbours("  sync_block();\n"), 64, 256, 1));
  CHECK(has_race(neighbours(""), 64, 256, 1));
  // Within a warp too, and between blocks.
  CHECK(has_race(neighbours(""), 32, 128, 1));
  CHECK_FALSE(has_race("  x[blockIdx.x] += 1;\n", 1, 0, 2));
  CHECK(has_race("  x[0] += 1;\n", 1, 0, 2));
}
#endif
