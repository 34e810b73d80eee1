// Times training steps of recurrent layers on a device, a GPU first of all: Reel's LSTM and cells nobody
// ships, and where a Python that has it is given PyTorch's, on the same sizes in the same run.
//
//   device_benchmarks --device cuda --python python3 --json rows.json
//
// A step is forward and backward with the gradients of input, weights and biases, and no optimiser. What it
// reads stands on the device, and gradients stay there. Reel's times are those of the host's clock around a
// run that it waits for, PyTorch's of the device's events.

#include <reel/reel.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "../child.h"
#include "../row.h"
#include "../subject.h"
#include "latencies.h"
#include "training.h"

using namespace benchmarks;

namespace {

struct Options {
  std::string device = "cuda", only, json, python;
  bool quick = false, profile = false;
};

struct Job {
  Workload workload;
  std::string precision;
  std::vector<std::string> implementations;

  std::string name() const { return workload.name() + " " + precision; }
};

/// The sizes of the field: batch, input, hidden, time.
std::vector<Job> jobs(bool quick) {
  const auto lstm = [&](std::int64_t batch, std::int64_t hidden, std::int64_t time) {
    return quick ? Workload{Workload::Kind::layer, "LSTM", 4, 16, 16, 5}
                 : Workload{Workload::Kind::layer, "LSTM", batch, hidden, hidden, time};
  };
  const std::vector<std::string> stock{"reel", "pytorch"}, cells{"layernorm", "peephole", "mgu"};
  auto all = stock;
  std::vector<std::string> compiled;  // takes PyTorch minutes
  for (const auto& cell : cells) {
    all.insert(all.end(), {"reel-" + cell, "pytorch-" + cell});
    compiled.push_back("pytorch-" + cell + "-compiled");
  }
  return {{lstm(64, 256, 128), "fp32", stock},   {lstm(64, 256, 128), "tf32", stock},
          {lstm(64, 512, 100), "fp32", all},     {lstm(64, 512, 100), "tf32", stock},
          {lstm(128, 1024, 100), "tf32", stock}, {lstm(128, 1024, 100), "bf16", stock},
          {lstm(16, 2048, 50), "bf16", stock},   {lstm(1, 512, 1000), "tf32", stock},
          {lstm(64, 512, 100), "fp32", compiled}};
}

void print_line(const Row& row) {
  const auto text = [&](const char* key) {
    return row.contains(key) && row[key].is_string() ? row[key].get<std::string>() : "";
  };
  std::printf("%-24s %-5s %-28s", text("workload").c_str(), text("precision").c_str(),
              text("implementation").c_str());
  if (row.contains("failed")) {
    std::printf(" failed: %s\n", text("failed").c_str());
  } else {
    std::printf(" %10.3f", number(row, "train_ms"));
    if (row.contains("memory_mb")) std::printf(" %10.1f", number(row, "memory_mb"));
    if (row.contains("error")) std::printf(" %10.1e", number(row, "error"));
    std::printf("\n");
  }
  std::fflush(stdout);
}

class Benchmarks {
 public:
  explicit Benchmarks(const Options& options)
      : options_(options), device_(reel::Device::named(options.device)) {}

  /// Whether all could be measured.
  bool run() {
    for (const auto& row : latencies(options_.device)) {
      std::printf("%-40s %10.3f us\n", row["what"].get<std::string>().c_str(), number(row, "us"));
      add(row);
    }
    std::printf("\n%-24s %-5s %-28s %10s %10s %10s\n", "batch, input, hidden, time", "", "", "ms a step",
                "MB", "error");
    for (const auto& job : jobs(options_.quick))
      if (matches(options_.only, job.name())) measure(job);
    return failures_ == 0;
  }

 private:
  void measure(const Job& job) {
    std::string peers;
    for (const auto& implementation : job.implementations) {
      if (!is_own(implementation)) {
        peers += (peers.empty() ? "" : ",") + implementation;
        continue;
      }
      add(job, implementation, [&] {
        return measure_training(device_, job.workload, implementation, job.precision, options_.quick);
      });
      if (options_.profile)
        std::cout << profile_of_training(device_, job.workload, implementation, job.precision) << std::endl;
    }
    if (peers.empty() || options_.python.empty()) return;
    Row measured = Row::array();
    add(job, "pytorch", [&] {
      measured = measured_by(peers, job);
      const auto first = measured.front();
      measured.erase(0);
      return first;
    });
    for (const auto& row : measured) add(job, row["implementation"], [&] { return row; });
  }

  /// Those of one job in one process, since PyTorch takes seconds to start.
  Row measured_by(const std::string& peers, const Job& job) const {
    const auto device = options_.device.substr(0, 4) == "cuda" ? options_.device : "cpu";
    std::vector<std::string> command{options_.python, BENCHMARKS_DIRECTORY "/device/peers.py",
                                     device,          job.workload.name(),
                                     job.precision,   peers};
    if (options_.quick) command.push_back("--quick");
    constexpr double seconds = 150;
    return Row::parse(output_of(command, {}, seconds));
  }

  template <class Measure>
  void add(const Job& job, const std::string& implementation, const Measure& measure) {
    Row row{
        {"workload", job.workload.name()}, {"precision", job.precision}, {"implementation", implementation}};
    try {
      row.update(measure());
    } catch (const std::exception& error) {
      row["failed"] = error.what();
    }
    if (row.contains("failed")) ++failures_;
    print_line(row);
    add(row);
  }

  void add(const Row& row) {
    rows_.push_back(row);
    if (!options_.json.empty()) write_json(rows_, options_.json);
  }

  const Options& options_;
  reel::Device device_;
  std::vector<Row> rows_;
  int failures_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times training steps on a device, and PyTorch's beside them.");
  Options options;
  app.add_option("--device", options.device, "cuda, cuda:1, cpu")->capture_default_str();
  app.add_option("--only", options.only,
                 "Rows whose workload and precision this regular expression matches somewhere");
  app.add_option("--json", options.json, "File for the rows");
  app.add_option("--python", options.python, "A Python that has torch: measures that too");
  app.add_flag("--profile", options.profile, "After each of Reel's rows, where its time goes");
  app.add_flag("--quick", options.quick, "Small sizes and few runs: whether it works");
  CLI11_PARSE(app, argc, argv);
  try {
    return Benchmarks(options).run() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "device_benchmarks: " << error.what() << "\n";
    return 1;
  }
}
