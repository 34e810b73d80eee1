// Every operation on an emulated CUDA device against the reference runner.

#include <reel/program.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <regex>
#include <thread>

#include "all_operations.h"
#include "catch.h"
#include "emulated_driver.h"
#include "every_kernel.h"
#include "ptx/ptx_driver.h"
#include "real_gpu.h"
#include "run.h"
#include "run/cuda/compiler.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

double tolerance(ElementType element) { return element == ElementType::float32 ? 2e-5 : 1e-12; }

}  // namespace

namespace {

/// The largest number of `what` in the compiler's messages, which tell one for each kernel.
int largest_of(const std::string& messages, const std::string& what) {
  const std::regex form("([0-9]+) " + what);
  int largest = -1;
  for (std::sregex_iterator found(messages.begin(), messages.end(), form), end; found != end; ++found)
    largest = std::max(largest, std::stoi((*found)[1]));
  return largest;
}

}  // namespace

TEST_CASE("every kernel compiles for each kind of device, and keeps all it needs in registers",
          "[cuda][ptx]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  const auto all = every_kernel();
  CHECK(all.kernels.size() > 300);
  std::map<std::string, std::future<cuda::Compiled>> compiled;
  for (const auto* architecture : {"sm_80", "sm_90", "sm_100"})
    compiled[architecture] =
        std::async(std::launch::async, [&all, architecture] { return cuda::compile(all, architecture); });
  for (auto& [architecture, made] : compiled) {
    INFO(architecture);
    const auto messages = made.get().messages;
    CHECK(largest_of(messages, "bytes spill stores") == 0);
    // Of 65,536, so that two blocks of 256 threads are on a multiprocessor: NVRTC 13 takes 72 at most, 12.9
    // 126.
    CHECK(largest_of(messages, "registers") <= 128);
    CHECK(largest_of(messages, "registers") > 20);
  }
}

namespace {

/// Compares all operations on a device with the reference runner's. `notes` is one that collects kernels.
int compare_operations(const Device& notes, const Device& device) {
  const auto all = all_operations();
  for (const auto& each : all) compile(*each.tape, each.outputs, notes);
  int compared = 0;
  for (const auto& each : all) {
    INFO(each.name);
    const auto expected = compile(*each.tape, each.outputs, Device::reference()).run(each.arguments);
    const auto found = compile(*each.tape, each.outputs, device).run(each.arguments);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      INFO("output " << i);
      CHECK(difference(found[i], expected[i]) <= tolerance(each.element) * (1 + largest(expected[i])));
      ++compared;
    }
  }
  return compared;
}

EmulatedDriver::Options noting() {
  EmulatedDriver::Options options;
  options.only_notes = true;
  return options;
}

}  // namespace

TEST_CASE("every operation and its derivative gives on a CUDA device what the reference runner gives",
          "[cuda][every]") {
  CHECK(compare_operations(emulated_cuda(noting()), emulated_cuda()) > 700);
}

TEST_CASE("so do the PTX that NVIDIA's compiler makes of them", "[cuda][ptx]") {
  if (!has_compiler()) {
    WARN("skipped: there is no NVRTC");
    return;
  }
  CHECK(compare_operations(ptx_cuda(noting()), ptx_cuda()) > 700);
}

TEST_CASE("so does a GPU", "[.][gpu]") {
  const auto gpu = real_gpu();
  REQUIRE(gpu);
  // Compiled by as many threads as there are processors, and found again by the comparison.
  const auto all = all_operations();
  std::atomic<std::size_t> next{0};
  std::vector<std::future<void>> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    workers.push_back(std::async(std::launch::async, [&] {
      for (auto k = next++; k < all.size(); k = next++) compile(*all[k].tape, all[k].outputs, *gpu);
    }));
  for (auto& worker : workers) worker.get();
  CHECK(compare_operations(emulated_cuda(noting()), *gpu) > 700);
}

TEST_CASE(
    "scans whose steps are cut into parts, where factors of a part are more than a number can be, or less",
    "[cuda]") {
  // 640 steps, ten to a part of 4 lines; every value is in range. Five large factors, then five small ones;
  // the other way round; infinite ones at adjoints of 0; zeros.
  constexpr std::int64_t steps = 640;
  Array a({ElementType::float64, {4, steps}}, 1.0), b({ElementType::float64, {4, steps}}, 0.5);
  const auto put = [&](Array& x, std::int64_t line, std::int64_t i, double value) {
    x.data<double>()[line * steps + i] = value;
  };
  for (std::int64_t i = 0; i < steps; ++i) {
    const bool first_half = i % 10 < 5;
    put(a, 0, i, first_half ? 1e60 : 1e-60);
    put(a, 1, i, first_half ? 1e-70 : 1e70);
    put(b, 1, i, 0);
    put(a, 2, i, infinity);
    put(b, 2, i, i == steps - 1 ? 1 : 0);
    put(a, 3, i, i % 5 == 0 ? 0 : 1e60);
  }
  const auto first = doubles({4}, {1, 1e250, 0, 2});
  for (const auto& scan : {LinearScan{1}, LinearScan{1, true}, LinearScan{1, false, true, true},
                           LinearScan{1, true, false, true}}) {
    INFO("reverse " << scan.reverse << ", after " << scan.after << ", of adjoints " << scan.of_adjoints);
    const auto run_on = [&](const Device& device) {
      Tape tape(ElementType::float64);
      Recording recording(tape);
      const Tensors in{tape.argument(a.type()), tape.argument(b.type()), tape.argument(first.type())};
      const auto y = linear_scan(in[0], in[1], in[2], scan);
      return compile(tape, {y}, device).run({a, b, first})[0];
    };
    const auto expected = run_on(Device::reference()), found = run_on(emulated_cuda({}));
    for (std::int64_t i = 0; i < expected.size(); ++i) {
      INFO("element " << i << ": " << found.at(i) << " and " << expected.at(i));
      const bool is_number = std::isfinite(expected.at(i));
      CHECK((is_number                    ? found.at(i) == Approx(expected.at(i)).epsilon(1e-12)
             : std::isnan(expected.at(i)) ? std::isnan(found.at(i))
                                          : found.at(i) == expected.at(i)));
    }
  }
}
