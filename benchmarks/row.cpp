#include "row.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <stdexcept>

namespace benchmarks {

namespace {

struct Column {
  const char* key;
  const char* title;
  int width;
  const char* format;  // of a number; a text has none
};

constexpr Column columns[] = {
    {"workload", "workload", -23, nullptr},     {"implementation", "implementation", -15, nullptr},
    {"threads", "threads", 7, "%.0f"},          {"train_ms", "train ms", 10, "%.4g"},
    {"forward_ms", "forward ms", 11, "%.4g"},   {"gflops", "GFLOP/s", 9, "%.1f"},
    {"peak_mb", "peak MB", 9, "%.1f"},          {"compile_ms", "compile ms", 11, "%.3g"},
    {"allocations", "allocations", 12, "%.0f"}, {"gradient_error", "gradient error", 15, "%.1e"},
};

std::string cell(const Row& row, const Column& column) {
  const auto value = row.find(column.key);
  if (value == row.end() || value->is_null()) return "-";
  if (value->is_string()) return value->get<std::string>();
  char text[32];
  std::snprintf(text, sizeof text, column.format, value->get<double>());
  return text;
}

double number(const Row& row, const char* key) {
  const auto value = row.find(key);
  return value == row.end() || !value->is_number() ? NAN : value->get<double>();
}

/// What a row is fast or slow by.
double time_of(const Row& row) {
  const double train = number(row, "train_ms"), forward = number(row, "forward_ms");
  return !std::isnan(train) ? train : !std::isnan(forward) ? forward : number(row, "compile_ms");
}

/// One implementation's time over another's: least, geometric mean and largest over the workloads of `family`
/// that both have, or of all layers.
void print_ratio(const std::map<std::pair<std::string, std::string>, Row>& best, const char* over,
                 const char* under, const char* key, const std::string& family) {
  std::vector<double> ratios;
  double logarithms = 0;
  for (const auto& [name, row] : best) {
    const auto& [implementation, workload] = name;
    const auto other = best.find({under, workload});
    if (implementation != over || workload.rfind(family, 0) != 0 || other == best.end()) continue;
    const double ratio = number(row, key) / number(other->second, key);
    if (std::isnan(ratio)) continue;
    ratios.push_back(ratio);
    logarithms += std::log(ratio);
  }
  if (ratios.empty()) return;
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  const std::string what =
      std::string(over) + " / " + under + ", " + key + ", " + (family.empty() ? "all" : family);
  std::printf("%-55s %8.3f %8.3f %8.3f\n", what.c_str(), *least, std::exp(logarithms / ratios.size()), *most);
}

}  // namespace

Row make_row(const std::string& workload, const std::string& implementation, int threads) {
  Row row;
  row["workload"] = workload;
  row["implementation"] = implementation;
  row["threads"] = threads;
  for (const char* key :
       {"train_ms", "forward_ms", "gflops", "peak_mb", "compile_ms", "allocations", "gradient_error"})
    row[key] = nullptr;
  return row;
}

Row best_of(const std::vector<Row>& rows) {
  Row best = rows.front();
  const Row* forward = &rows.front();
  for (const auto& row : rows) {
    if (time_of(row) < time_of(best)) best = row;
    if (number(row, "forward_ms") < number(*forward, "forward_ms")) forward = &row;
  }
  best["forward_ms"] = forward->at("forward_ms");
  best["forward_threads"] = forward->at("threads");
  return best;
}

bool is_right(const Row& row) { return !(number(row, "gradient_error") > 1e-3); }

void print_header() {
  for (const auto& column : columns) std::printf("%*s ", column.width, column.title);
  std::printf("\n");
}

void print_row(const Row& row) {
  for (const auto& column : columns) std::printf("%*s ", column.width, cell(row, column).c_str());
  std::printf("%s\n", is_right(row) ? "" : "WRONG: gradients differ from float64");
  std::fflush(stdout);
}

void print_ratios(const std::vector<Row>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<Row>> groups;
  for (const auto& row : rows) groups[{row["implementation"], row["workload"]}].push_back(row);
  std::map<std::pair<std::string, std::string>, Row> best;
  for (const auto& [name, group] : groups) best[name] = best_of(group);
  std::printf("\n%-55s %8s %8s %8s\n", "times, each at its best number of threads", "least", "mean", "most");
  print_ratio(best, "reel", "hand-written", "train_ms", "LSTM");
  print_ratio(best, "reel", "hand-written", "forward_ms", "LSTM");
  print_ratio(best, "reel-custom", "reel", "train_ms", "");
  for (const char* family : {"LSTM", "GRU", "RNN", "char_lm"})
    print_ratio(best, "pytorch", "reel", "train_ms", family);
  for (const char* family : {"LSTM", "GRU", "RNN", "streaming"})
    print_ratio(best, "pytorch", "reel", "forward_ms", family);
  print_ratio(best, "pytorch-loop", "reel-custom", "train_ms", "");
  print_ratio(best, "jax-scan", "reel", "train_ms", "");
  print_ratio(best, "pytorch", "hand-written", "train_ms", "LSTM");
}

void write_json(const std::vector<Row>& rows, const std::string& path) {
  const std::string temporary = path + ".tmp";
  std::ofstream file(temporary);
  file << Row(rows).dump(1) << "\n";
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0)
    throw std::runtime_error("cannot write '" + path + "'");
}

}  // namespace benchmarks
