#pragma once
#include <string>
#include <vector>

#include "workload.h"

namespace benchmarks {

/// What a measurement is of, and a row of every table: a workload, computed by someone, with so many threads.
struct Subject {
  const Workload* workload;
  std::string implementation;
  int threads;

  /// "LSTM 32,64,128,50, reel, 2 threads"
  std::string name() const;
};

/// Whether a regular expression matches somewhere in a name, in capitals or not.
bool matches(const std::string& pattern, const std::string& name);

/// The most threads that a workload is measured with on this machine: two, or one where it has no use for
/// more.
int most_threads(const Workload& workload, const std::string& implementation);

/// The subjects whose workload and implementation match, in the order of the tables.
std::vector<Subject> subjects(const std::string& only, const std::string& implementation);

}  // namespace benchmarks
