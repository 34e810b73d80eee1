#include "subject.h"

#include <regex>
#include <thread>

namespace benchmarks {

std::string Subject::name() const {
  return workload->name() + ", " + implementation + ", " + std::to_string(threads) +
         (threads == 1 ? " thread" : " threads");
}

bool matches(const std::string& pattern, const std::string& name) {
  return std::regex_search(name, std::regex(pattern, std::regex::icase));
}

int most_threads(const Workload& workload, const std::string& implementation) {
  const bool is_sequential = workload.kind == Workload::Kind::streaming ||
                             workload.kind == Workload::Kind::compiling || implementation == "reel-reference";
  return is_sequential || std::thread::hardware_concurrency() < 2 ? 1 : 2;
}

std::vector<Subject> subjects(const std::string& only, const std::string& implementation) {
  std::vector<Subject> all;
  for (const auto& workload : workloads())
    for (const auto& by : workload.implementations())
      for (int threads = 1; threads <= most_threads(workload, by); ++threads)
        if (matches(only, workload.name()) && matches(implementation, by))
          all.push_back({&workload, by, threads});
  return all;
}

}  // namespace benchmarks
