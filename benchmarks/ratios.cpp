#include "ratios.h"

#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "workload.h"

namespace benchmarks {

namespace {

/// What must come out, and what is aimed at.
struct Target {
  enum class Kind { at_most, at_least } kind;
  double must, aim;

  bool reaches(double value, double bound) const {
    return kind == Kind::at_most ? value <= bound : value >= bound;
  }
};

Target at_most(double must, double aim) { return {Target::Kind::at_most, must, aim}; }
Target at_least(double must, double aim) { return {Target::Kind::at_least, must, aim}; }

/// Values of one subject, one a line below its title.
class Section {
 public:
  explicit Section(std::string title) : title_(std::move(title)) {}

  /// Without a target it is only printed; one not measured, NaN, is left out.
  void add(const std::string& name, double value, std::optional<Target> target = {}) {
    if (std::isnan(value)) return;
    if (values_.empty()) std::printf("\n%s\n", title_.c_str());
    values_.push_back(value);
    std::printf("  %-34s %8.3g", name.c_str(), value);
    if (target)
      std::printf("   %s %g, aim %g%s", target->kind == Target::Kind::at_most ? "at most" : "at least",
                  target->must, target->aim,
                  target->reaches(value, target->aim)    ? ": reached"
                  : target->reaches(value, target->must) ? ""
                                                         : ": MISSED");
    std::printf("\n");
  }

  /// Of all values so far, where there are several.
  void add_mean(std::optional<Target> target = {}) {
    if (values_.size() < 2) return;
    double logarithms = 0;
    for (double value : values_) logarithms += std::log(value);
    add("geometric mean", std::exp(logarithms / values_.size()), target);
  }

 private:
  std::string title_;
  std::vector<double> values_;
};

class Ratios {
 public:
  explicit Ratios(const std::vector<Row>& rows) : rows_(rows), best_(best_rows(rows)) {}

  void print() const {
    hand_written();
    pytorch();
    custom();
    share_of_peak();
    other_cells();
    loops();
    threads();
    compiling();
    allocations();
    arena();
    streaming();
  }

 private:
  double best(const Workload& w, const std::string& implementation, const char* key) const {
    const auto row = best_.find({w.name(), implementation});
    return row == best_.end() ? NAN : number(row->second, key);
  }

  double ratio(const Workload& w, const std::string& over, const std::string& under, const char* key) const {
    return best(w, over, key) / best(w, under, key);
  }

  double with_threads(const Workload& w, const std::string& implementation, int threads,
                      const char* key) const {
    for (const auto& row : rows_)
      if (row["workload"] == w.name() && row["implementation"] == implementation && row["threads"] == threads)
        return number(row, key);
    return NAN;
  }

  void hand_written() const {
    Section train("reel / hand-written, train");
    for (const auto& w : workloads())
      train.add(w.name(), ratio(w, "reel", "hand-written", "train_ms"), at_most(1.05, .75));
    train.add_mean(at_most(.92, .75));
    Section forward("reel / hand-written, forward");
    for (const auto& w : workloads()) forward.add(w.name(), ratio(w, "reel", "hand-written", "forward_ms"));
    forward.add_mean();
  }

  void pytorch() const {
    Section train("pytorch / reel, train, LSTM");
    for (const auto& w : workloads())
      if (w.family == "LSTM") train.add(w.name(), ratio(w, "pytorch", "reel", "train_ms"), at_least(1, 1.2));
    train.add_mean(at_least(1.8, 2.4));
    Section others("pytorch / reel, train, others");
    for (const auto& w : workloads())
      if (w.family != "LSTM") others.add(w.name(), ratio(w, "pytorch", "reel", "train_ms"), at_least(1, 1.2));
    Section forward("pytorch / reel, forward, LSTM");
    for (const auto& w : workloads())
      if (w.family == "LSTM")
        forward.add(w.name(), ratio(w, "pytorch", "reel", "forward_ms"), at_least(.9, 1.2));
    forward.add_mean(at_least(1.9, 2.5));
    Section other_forward("pytorch / reel, forward, others");
    for (const auto& w : workloads())
      if (w.family != "LSTM") other_forward.add(w.name(), ratio(w, "pytorch", "reel", "forward_ms"));
  }

  void custom() const {
    Section section("reel-custom / reel, train");
    for (const auto& w : workloads())
      section.add(w.name(), ratio(w, "reel-custom", "reel", "train_ms"), at_most(1.05, 1));
    section.add_mean();
  }

  void share_of_peak() const {
    for (int threads : {1, 2}) {
      Section section("reel, train, products over what " + std::to_string(threads) +
                      (threads == 1 ? " core multiplies" : " cores multiply") +
                      " and adds at most, from hidden 128 up");
      const auto target = threads == 1 ? at_least(.72, .85) : at_least(.65, .8);
      for (const auto& w : workloads())
        if (w.family == "LSTM" && w.hidden >= 128)
          section.add(w.name(), with_threads(w, "reel", threads, "share_of_peak"), target);
    }
  }

  void other_cells() const {
    for (const std::string cell : {"reel-mgu", "reel-peephole", "reel-layernorm"}) {
      Section section(cell + " / reel, GFLOP/s of training, from batch 16 up");
      for (const auto& w : workloads())
        if (w.batch >= 16) section.add(w.name(), ratio(w, cell, "reel", "gflops"), at_least(.75, .95));
      section.add_mean(at_least(.9, .95));
    }
  }

  void loops() const {
    const auto print = [&](const std::string& over, const std::string& under, Target mean) {
      Section section(over + " / " + under + ", train");
      for (const auto& w : workloads()) section.add(w.name(), ratio(w, over, under, "train_ms"));
      section.add_mean(mean);
    };
    print("pytorch-loop", "reel-custom", at_least(4, 8));
    print("jax-scan", "reel", at_least(2, 3));
  }

  void threads() const {
    Section section("reel, train: how many times faster two threads are than one");
    for (const auto& w : workloads()) {
      const bool is_large = w.batch >= 32 && w.hidden >= 128;
      section.add(w.name(), with_threads(w, "reel", 1, "train_ms") / with_threads(w, "reel", 2, "train_ms"),
                  is_large ? at_least(1.5, 1.85) : at_least(1, 1));
    }
  }

  void compiling() const {
    Section section("reel, record + differentiate + compile a training step, ms");
    for (const auto& w : workloads())
      if (w.family == "compiling")
        section.add("T " + std::to_string(w.time), best(w, "reel", "compile_ms"), at_most(10, 2));
    Section chain("reel, the same for a chain of operations, us for each of them");
    for (const auto& w : workloads())
      if (w.family == "chain")
        chain.add(std::to_string(w.time) + " operations", 1e3 * best(w, "reel", "compile_ms") / w.time,
                  at_most(10, 7));
  }

  void allocations() const {
    double most = NAN;
    for (const auto& row : rows_) {
      const std::string implementation = row["implementation"];
      if (implementation.rfind("reel", 0) == 0 && implementation != "reel-reference" &&
          workload(row["workload"]).kind != Workload::Kind::training)  // what a Function returns is new
        most = std::fmax(most, number(row, "allocations"));
    }
    Section("reel, allocations in a run").add("the most of any row", most, at_most(0, 0));
  }

  void arena() const {
    for (const std::string implementation : {"reel", "reel-custom"}) {
      Section section(implementation +
                      ", arena, apart from what is kept of weights, over six arrays [T, B, H]");
      for (const auto& w : workloads())
        section.add(w.name(), best(w, implementation, "arena_ratio"), at_most(1.25, 1.05));
    }
  }

  void streaming() const {
    Section section("reel, a step of a stream, us");
    for (const auto& w : workloads()) {
      std::optional<Target> target;
      if (w.hidden == 8) target = at_most(.4, .25);
      if (w.hidden == 32) target = at_most(.6, .36);
      if (w.hidden == 64) target = at_most(1.3, 1);
      section.add("hidden " + std::to_string(w.hidden), best(w, "reel", "step_us"), target);
    }
  }

  const std::vector<Row>& rows_;
  BestRows best_;
};

}  // namespace

void print_ratios(const std::vector<Row>& rows) { Ratios(rows).print(); }

}  // namespace benchmarks
