#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace benchmarks {

/// One measurement: a line of the table and an element of the JSON file. Numbers that were not measured are
/// null. `train_ms` and `forward_ms` are of one run, `compile_ms` is what went before it: recording,
/// differentiating, compiling, and `first_ms` the same as the first that a process does, in time of the
/// processor. `step_us` is a step of a stream. `arena_mb` is the memory of the values of a run, `arena_ratio`
/// that over the six arrays [time, batch, hidden] an LSTM cannot do without: four gates, the memory, and its
/// tanh or the output. `gradient_error` is the largest difference from float64, relative to the largest value
/// of each gradient.
using Row = nlohmann::ordered_json;

Row make_row(const std::string& workload, const std::string& implementation, int threads);

/// NaN where it was not measured.
double number(const Row& row, const std::string& key);

/// Of one measurement with different numbers of threads the row that trained fastest; `forward_ms` is the
/// least of all, with `forward_threads`.
Row best_of(const std::vector<Row>& rows);

/// The gradients are right, or none was computed.
bool is_right(const Row& row);

void print_header();
void print_row(const Row& row);

/// By workload and implementation, each at its best number of threads.
using BestRows = std::map<std::pair<std::string, std::string>, Row>;
BestRows best_rows(const std::vector<Row>& rows);

/// Both write all of it, or leave the file as it was. They throw std::runtime_error. They are the benchmarks'
/// own: compare.sh builds these with the libraries of older commits, which have less to call.
void write_json(const std::vector<Row>& rows, const std::string& path);
void write_file(const std::string& text, const std::string& path);

}  // namespace benchmarks
