#include "compare.h"

#include <cstdio>
#include <map>
#include <stdexcept>

#include "child.h"
#include "paired.h"
#include "row.h"
#include "subject.h"

namespace benchmarks {

namespace {

struct Metric {
  const char *key, *title;
};

constexpr Metric metrics[] = {{"train_ms", "training"},
                              {"forward_ms", "forward"},
                              {"first_ms", "first call"},
                              {"compile_ms", "compiling again"}};

/// Rows, and geometric means of them, that are above these are named.
constexpr double conspicuous = 1.05, conspicuous_mean = 1.02;
/// Fewer pairs say little.
constexpr int enough_pairs = 15;

/// The stock layers; other cells, which go through the same code, up to 256 units in one thread. (Larger ones
/// would take most of the time, and threads that others keep waiting differ most from run to run.)
bool is_usual(const Subject& subject) {
  const auto& by = subject.implementation;
  const bool is_other_cell = by.rfind("reel-", 0) == 0 && by != "reel-reference";
  return by == "reel" || (is_other_cell && subject.threads == 1 && subject.workload->hidden <= 256);
}

std::vector<Subject> chosen(const Comparison& comparison) {
  const bool is_by_name = !comparison.implementation.empty();
  std::vector<Subject> found;
  for (const auto& subject : subjects(comparison.only, comparison.implementation))
    if (is_own(subject.implementation) && (is_by_name || is_usual(subject))) found.push_back(subject);
  if (found.empty())
    throw std::invalid_argument("there is no workload '" + comparison.only + "' of implementation '" +
                                comparison.implementation + "' to compare");
  return found;
}

/// What was measured of one metric: of every subject that has it, the ratios of all rounds.
using Ratios = std::map<std::size_t, std::vector<double>>;

std::string text(const MedianEstimate& estimate) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.3f [%.3f, %.3f]", estimate.median, estimate.low, estimate.high);
  return buffer;
}

class Table {
 public:
  explicit Table(std::vector<Subject> subjects) : subjects_(std::move(subjects)) {}

  const std::vector<Subject>& subjects() const { return subjects_; }

  void add(std::size_t subject, const Row& old_row, const Row& new_row) {
    for (const auto& metric : metrics) {
      const double ratio = number(new_row, metric.key) / number(old_row, metric.key);
      if (!std::isnan(ratio)) ratios_[metric.key][subject].push_back(ratio);
    }
  }

  void print() const {
    std::printf("%-44s", "");
    for (const auto& metric : metrics) std::printf(" %22s", metric.title);
    std::printf("\n");
    for (std::size_t i = 0; i < subjects_.size(); ++i)
      print_line(subjects_[i].name(), [&](const Ratios& all) {
        const auto found = all.find(i);
        return found == all.end() ? "-" : text(estimate_median(found->second));
      });
    if (subjects_.size() > 1)
      print_line("geometric mean of the rows",
                 [](const Ratios& all) { return all.empty() ? "-" : text(estimate_median(means(all))); });
    std::printf("\n");
    print_conspicuous_means();
    print_conspicuous();
  }

 private:
  template <class Cell>
  void print_line(const std::string& title, const Cell& cell) const {
    std::printf("%-44s", title.c_str());
    for (const auto& metric : metrics) {
      const auto all = ratios_.find(metric.key);
      std::printf(" %22s", (all == ratios_.end() ? "-" : cell(all->second)).c_str());
    }
    std::printf("\n");
  }

  /// Of each round the geometric mean of all subjects.
  static std::vector<double> means(const Ratios& all) {
    std::vector<double> result;
    for (std::size_t round = 0; round < all.begin()->second.size(); ++round) {
      std::vector<double> of_round;
      for (const auto& [subject, ratios] : all) of_round.push_back(ratios[round]);
      result.push_back(geometric_mean(of_round));
    }
    return result;
  }

  void print_conspicuous_means() const {
    if (subjects_.size() == 1) return;
    for (const auto& metric : metrics) {
      const auto all = ratios_.find(metric.key);
      if (all == ratios_.end()) continue;
      const auto estimate = estimate_median(means(all->second));
      std::printf("%s, geometric mean: %s %g%s\n", metric.title,
                  estimate.median > conspicuous_mean ? "above" : "not above", conspicuous_mean,
                  estimate.low <= conspicuous_mean && estimate.high > conspicuous_mean
                      ? ", which may be chance"
                      : "");
    }
  }

  void print_conspicuous() const {
    bool any = false;
    for (const auto& metric : metrics) {
      const auto all = ratios_.find(metric.key);
      if (all == ratios_.end()) continue;
      for (const auto& [subject, ratios] : all->second) {
        const auto estimate = estimate_median(ratios);
        if (estimate.median <= conspicuous) continue;
        if (!any) std::printf("Rows above %g:\n", conspicuous);
        any = true;
        std::printf("  %s of %s: %s%s\n", metric.title, subjects_[subject].name().c_str(),
                    text(estimate).c_str(), estimate.low <= 1 ? ", which may be chance" : "");
      }
    }
    if (!any) std::printf("No row is above %g.\n", conspicuous);
  }

  std::vector<Subject> subjects_;
  std::map<std::string, Ratios> ratios_;
};

Row measured(const std::string& program, const Subject& subject, double time_limit) {
  // Reel has threads of its own.
  return Row::parse(output_of({program, "--measure", subject.workload->name(), subject.implementation,
                               std::to_string(subject.threads), "--compare-times"},
                              {{"OPENBLAS_NUM_THREADS", "1"}}, time_limit));
}

}  // namespace

void compare(const Comparison& comparison) {
  Table table(chosen(comparison));
  // Round after round over all rows: a machine that is slow for a while spoils one pair of each, not a row.
  for (int round = 0; round < comparison.pairs; ++round) {
    std::fprintf(stderr, "Round %d of %d, %zu rows\n", round + 1, comparison.pairs, table.subjects().size());
    for (std::size_t i = 0; i < table.subjects().size(); ++i) {
      const auto& subject = table.subjects()[i];
      const auto measure = [&](const std::string& program) {
        return measured(program, subject, comparison.time_limit);
      };
      Row old_row, new_row;
      const bool old_first = (round + i) % 2 == 0;
      if (old_first) old_row = measure(comparison.old_program);
      new_row = measure(own_path());
      if (!old_first) old_row = measure(comparison.old_program);
      table.add(i, old_row, new_row);
    }
  }
  const auto confidence = estimate_median(std::vector<double>(comparison.pairs)).confidence;
  std::printf(
      "Times of NEW over those of OLD: median of %d pairs, and the interval that holds it with %.1f %%.\n"
      "Geometric means are taken of each round. Calls are timed without their recording; the first call is\n"
      "recording, differentiating and compiling, in processor time.\n",
      comparison.pairs, 100 * confidence);
  if (comparison.pairs < enough_pairs)
    std::printf("So few pairs say little: %d is the least for a verdict.\n", enough_pairs);
  table.print();
}

}  // namespace benchmarks
