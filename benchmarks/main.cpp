// Times Reel's recurrent layers, and cells nobody ships, beside an LSTM written by hand and, where a Python
// that has them is given, PyTorch and JAX. Every measurement is a process of its own, so that memory, threads
// and the kernels of OpenBLAS are its own too; one that takes too long is ended and counts as failed.
//
//   benchmarks --only LSTM --implementation "reel|hand-written" --json rows.json
//
// It also compares two builds of Reel, its own and another one (compare.sh).

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "child.h"
#include "compare.h"
#include "hand_written.h"
#include "isa.h"
#include "markdown.h"
#include "measure.h"
#include "openblas.h"
#include "paired.h"
#include "ratios.h"
#include "subject.h"

using namespace benchmarks;

namespace {

struct Options {
  std::string only, implementation, json, markdown, python, isa;
  double time_limit = 180;
  bool quick = false, probe = false, compare_times = false;
  std::string compare;
  int pairs = 15;
  std::vector<std::string> measure;  // workload, implementation, threads
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--only", options.only, "Workloads whose name this regular expression matches somewhere");
  app.add_option("--implementation", options.implementation, "The same for implementations");
  app.add_option("--json", options.json, "File for the rows");
  app.add_option("--markdown", options.markdown, "File for the README's tables");
  app.add_option("--time-limit", options.time_limit, "Seconds after which a measurement has failed")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--isa", options.isa,
                 "avx2: holds this processor, and all that is measured, to these instructions")
      ->check(CLI::IsMember({"avx2", "avx512"}));
  app.add_option("--python", options.python, "A Python that has torch and jax: measures those too");
  app.add_flag("--quick", options.quick, "A few runs each: a test of the results, not of the times");
  app.add_option(
         "--compare", options.compare,
         "The benchmarks of another build: measures both in turn and prints this one's times over its")
      ->check(CLI::ExistingFile);
  app.add_option("--pairs", options.pairs, "How often each row is compared")
      ->check(CLI::Range(static_cast<int>(least_pairs), 10000))
      ->capture_default_str();
  // What it asks of its own child processes.
  app.add_option("--measure", options.measure)->expected(3)->group("");
  app.add_flag("--compare-times", options.compare_times)->group("");
  app.add_flag("--probe", options.probe)->group("");
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string instruction_set() {
  return may_use_avx512() ? " with AVX-512" : may_use_avx2() ? " with AVX2" : "";
}

std::string machine() {
  return std::to_string(std::thread::hardware_concurrency()) + " cores of " + processor() +
         instruction_set() + "; g++ " __VERSION__ ", OpenBLAS " + openblas_version();
}

class Benchmarks {
 public:
  explicit Benchmarks(const Options& options) : options_(options) {
    std::printf("%s; float32.\n", machine().c_str());
    kernels_ = fastest_kernels();
    std::printf(
        "Workloads are batch, input, hidden, time. Training is forward and all gradients, with weights that "
        "are new in\nevery run; GFLOP/s counts its matrix products. Medians. reel has one and two threads, "
        "reel-reference one, other\nrows the better of one and two. Allocations are those of one run into "
        "arrays that are there; char_lm's make them.\n\n");
    std::fflush(stdout);
  }

  /// Whether everything could be measured and all gradients were right.
  bool run() {
    print_header();
    for (const auto& workload : workloads())
      if (matches(options_.only, workload.name()))
        for (const auto& implementation : workload.implementations())
          if (matches(options_.implementation, implementation) &&
              (is_own(implementation) || !options_.python.empty()))
            add(workload, implementation);
    print_ratios(rows_);
    if (!options_.markdown.empty()) write_markdown(rows_, machine(), options_.markdown);
    if (failures_ > 0) std::printf("\n%d measurements failed, or their gradients were wrong.\n", failures_);
    return failures_ == 0;
  }

 private:
  void add(const Workload& workload, const std::string& implementation) {
    std::vector<Row> rows;
    for (int threads = 1; threads <= most_threads(workload, implementation); ++threads) {
      try {
        rows.push_back(measured(workload, implementation, threads));
      } catch (const std::exception& error) {  // the others may be measured yet
        std::cerr << "benchmarks: failed: " << error.what() << "\n";
        ++failures_;
      }
    }
    if (rows.size() > 1 && implementation.rfind("reel", 0) != 0) rows = {best_of(rows)};
    for (const auto& row : rows) {
      print_row(row);
      rows_.push_back(row);
      if (!is_right(row)) ++failures_;
    }
    if (!options_.json.empty()) write_json(rows_, options_.json);
  }

  Row measured(const Workload& workload, const std::string& implementation, int threads) const {
    const auto count = std::to_string(threads);
    std::vector<std::string> command{own_path(), "--measure"};
    Environment environment;
    if (!is_own(implementation)) command = {options_.python, BENCHMARKS_DIRECTORY "/peers.py"};
    if (implementation == "hand-written") environment = kernels_;
    environment["OPENBLAS_NUM_THREADS"] =
        is_own(implementation) ? "1" : count;  // own ones have their threads
    command.insert(command.end(), {workload.name(), implementation, count});
    if (options_.quick) command.push_back("--quick");
    return Row::parse(output_of(command, environment, options_.time_limit));
  }

  const Options& options_;
  Environment kernels_;
  std::vector<Row> rows_;
  int failures_ = 0;
};

int measure_as_child(const Options& options) {
  const auto& name = options.measure[0];
  const auto& implementation = options.measure[1];
  const int threads = std::stoi(options.measure[2]);
  const auto protocol = options.compare_times ? Protocol::comparing(threads)
                        : options.quick       ? Protocol::quick()
                                              : Protocol();
  std::printf("%s\n", measure(workload(name), implementation, threads, protocol).dump().c_str());
  return 0;
}

int run(const Options& options) {
  if (options.probe) {
    std::printf("%f\n", probe_products());
    return 0;
  }
  if (!options.measure.empty()) return measure_as_child(options);
  if (!options.compare.empty()) {
    compare({options.compare, options.only, options.implementation, options.pairs, options.time_limit});
    return 0;
  }
  return Benchmarks(options).run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Times recurrent layers: Reel's, cells nobody ships, an LSTM written by hand, PyTorch and JAX. The "
      "plain\n"
      "runner, reel-reference, has the workloads of up to 256 units: it takes too long for larger ones.");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    if (!options.isa.empty()) hold_to_isa(options.isa, argv);
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "benchmarks: " << error.what() << "\n";
    return 1;
  }
}
