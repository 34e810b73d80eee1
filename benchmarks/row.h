#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace benchmarks {

/// One measurement: a line of the table and an element of the JSON file. Numbers that were not measured are
/// null. `train_ms` and `forward_ms` are of one run, `compile_ms` is what went before it: recording,
/// differentiating, compiling. `gradient_error` is the largest difference from float64, relative to the
/// largest value of each gradient.
using Row = nlohmann::ordered_json;

Row make_row(const std::string& workload, const std::string& implementation, int threads);

/// Of one measurement with different numbers of threads the row that trained fastest; `forward_ms` is the
/// least of all, with `forward_threads`.
Row best_of(const std::vector<Row>& rows);

/// The gradients are right, or none was computed.
bool is_right(const Row& row);

void print_header();
void print_row(const Row& row);
/// How implementations compare, each at its best number of threads.
void print_ratios(const std::vector<Row>& rows);

/// Writes all rows, or leaves the file as it was. Throws std::runtime_error.
void write_json(const std::vector<Row>& rows, const std::string& path);

}  // namespace benchmarks
