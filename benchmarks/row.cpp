#include "row.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
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
    {"workload", "workload", -23, nullptr},
    {"implementation", "implementation", -14, nullptr},
    {"threads", "threads", 7, "%.0f"},
    {"train_ms", "train ms", 9, "%.4g"},
    {"forward_ms", "forward ms", 10, "%.4g"},
    {"step_us", "step us", 7, "%.3g"},
    {"gflops", "GFLOP/s", 7, "%.1f"},
    {"peak_mb", "peak MB", 7, "%.1f"},
    {"arena_mb", "arena MB", 8, "%.2f"},
    {"arena_ratio", "arena ratio", 11, "%.2f"},
    {"compile_ms", "compile ms", 10, "%.3g"},
    {"allocations", "allocations", 11, "%.0f"},
    {"gradient_error", "gradient error", 14, "%.1e"},
};

std::string cell(const Row& row, const Column& column) {
  const auto value = row.find(column.key);
  if (value == row.end() || value->is_null()) return "-";
  if (value->is_string()) return value->get<std::string>();
  char text[32];
  std::snprintf(text, sizeof text, column.format, value->get<double>());
  return text;
}

/// What a row is fast or slow by.
double time_of(const Row& row) {
  const double train = number(row, "train_ms"), forward = number(row, "forward_ms");
  return !std::isnan(train) ? train : !std::isnan(forward) ? forward : number(row, "compile_ms");
}

}  // namespace

double number(const Row& row, const std::string& key) {
  const auto value = row.find(key);
  return value == row.end() || !value->is_number() ? NAN : value->get<double>();
}

Row make_row(const std::string& workload, const std::string& implementation, int threads) {
  Row row;
  row["workload"] = workload;
  row["implementation"] = implementation;
  row["threads"] = threads;
  for (const char* key : {"train_ms", "forward_ms", "step_us", "gflops", "peak_mb", "arena_mb", "arena_ratio",
                          "compile_ms", "allocations", "gradient_error"})
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

bool is_right(const Row& row) { return !(number(row, "gradient_error") > 1e-4); }

void print_header() {
  for (const auto& column : columns) std::printf("%*s ", column.width, column.title);
  std::printf("\n");
}

void print_row(const Row& row) {
  for (const auto& column : columns) std::printf("%*s ", column.width, cell(row, column).c_str());
  std::printf("%s\n", is_right(row) ? "" : "WRONG: gradients differ from float64");
  std::fflush(stdout);
}

BestRows best_rows(const std::vector<Row>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<Row>> groups;
  for (const auto& row : rows) groups[{row["workload"], row["implementation"]}].push_back(row);
  BestRows best;
  for (const auto& [name, group] : groups) best[name] = best_of(group);
  return best;
}

void write_json(const std::vector<Row>& rows, const std::string& path) {
  write_file(Row(rows).dump(1) + "\n", path);
}

void write_file(const std::string& text, const std::string& path) {
  const std::string temporary = path + ".tmp";
  std::ofstream file(temporary);
  file << text;
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0)
    throw std::runtime_error("cannot write '" + path + "'");
}

}  // namespace benchmarks
