// Times Reel's recurrent layers, and cells nobody ships, beside an LSTM written by hand and, where a Python
// that has them is given, PyTorch and JAX. Every measurement is a process of its own, so that memory, threads
// and the kernels of OpenBLAS are its own too.
//
//   benchmarks --only LSTM --implementation "reel|hand-written" --json rows.json

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <regex>
#include <thread>

#include "child.h"
#include "hand_written.h"
#include "measure.h"
#include "openblas.h"

using namespace benchmarks;

namespace {

struct Options {
  std::string only, implementation, json, python;
  bool quick = false, probe = false;
  std::vector<std::string> measure;  // workload, implementation, threads
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--only", options.only, "Workloads whose name this regular expression matches somewhere");
  app.add_option("--implementation", options.implementation, "The same for implementations");
  app.add_option("--json", options.json, "File for the rows");
  app.add_option("--python", options.python, "A Python that has torch and jax: measures those too");
  app.add_flag("--quick", options.quick, "A few runs each: a test of the results, not of the times");
  // What it asks of its own child processes.
  app.add_option("--measure", options.measure)->expected(3)->group("");
  app.add_flag("--probe", options.probe)->group("");
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

class Benchmarks {
 public:
  explicit Benchmarks(const Options& options) : options_(options) {
    std::printf("%s, %u cores; float32; g++ %s.\n", processor().c_str(), std::thread::hardware_concurrency(),
                __VERSION__);
    kernels_ = fastest_kernels();
    std::printf(
        "Workloads are batch, input, hidden, time. Training is forward and all gradients; GFLOP/s counts its "
        "matrix\n"
        "products. Medians, one run each. reel runs on the reference runner, with the kernels that OpenBLAS "
        "picks and\n"
        "its threads; its allocations include the arrays it returns. Other rows are at the better of one and "
        "two\n"
        "threads.\n\n");
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
            try {
              add(workload, implementation);
            } catch (const std::exception& error) {  // the others may be measured yet
              std::cerr << "benchmarks: " << error.what() << "\n";
              failed_ = true;
            }
    print_ratios(rows_);
    return !failed_;
  }

 private:
  static bool matches(const std::string& pattern, const std::string& name) {
    return std::regex_search(name, std::regex(pattern, std::regex::icase));
  }

  void add(const Workload& workload, const std::string& implementation) {
    std::vector<Row> rows;
    for (int threads = 1; threads <= most_threads(workload); ++threads)
      rows.push_back(measured(workload, implementation, threads));
    if (implementation.rfind("reel", 0) != 0) rows = {best_of(rows)};
    for (const auto& row : rows) {
      print_row(row);
      rows_.push_back(row);
      if (!is_right(row)) failed_ = true;
    }
    if (!options_.json.empty()) write_json(rows_, options_.json);
  }

  static int most_threads(const Workload& workload) {
    const bool is_small =
        workload.kind == Workload::Kind::streaming || workload.kind == Workload::Kind::compiling;
    return is_small || std::thread::hardware_concurrency() < 2 ? 1 : 2;
  }

  Row measured(const Workload& workload, const std::string& implementation, int threads) const {
    const auto count = std::to_string(threads);
    std::vector<std::string> command{own_path(), "--measure"};
    Environment environment{{"OPENBLAS_NUM_THREADS", count}};
    if (!is_own(implementation)) command = {options_.python, BENCHMARKS_DIRECTORY "/peers.py"};
    if (implementation == "hand-written") {
      environment = kernels_;
      environment["OPENBLAS_NUM_THREADS"] = "1";  // it has threads of its own
    }
    command.insert(command.end(), {workload.name(), implementation, count});
    if (options_.quick) command.push_back("--quick");
    return Row::parse(output_of(command, environment));
  }

  const Options& options_;
  Environment kernels_;
  std::vector<Row> rows_;
  bool failed_ = false;
};

int run(const Options& options) {
  if (options.probe) {
    std::printf("%f\n", probe_products());
    return 0;
  }
  if (!options.measure.empty()) {
    const auto& [name, implementation, threads] =
        std::tie(options.measure[0], options.measure[1], options.measure[2]);
    const auto protocol = options.quick ? Protocol::quick() : Protocol();
    std::printf("%s\n", measure(workload(name), implementation, std::stoi(threads), protocol).dump().c_str());
    return 0;
  }
  return Benchmarks(options).run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Times recurrent layers: Reel's, cells nobody ships, an LSTM written by hand, PyTorch and JAX.");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "benchmarks: " << error.what() << "\n";
    return 1;
  }
}
