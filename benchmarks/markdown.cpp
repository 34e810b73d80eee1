#include "markdown.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "workload.h"

namespace benchmarks {

namespace {

struct Column {
  const char *title, *implementation, *key;
};
using Columns = std::vector<Column>;

const Columns layer_columns{
    {"hand-written", "hand-written", "train_ms"}, {"reel", "reel", "train_ms"},
    {"reel-custom", "reel-custom", "train_ms"},   {"pytorch", "pytorch", "train_ms"},
    {"pytorch-loop", "pytorch-loop", "train_ms"}, {"jax-scan", "jax-scan", "train_ms"},
    {"reel, forward", "reel", "forward_ms"},      {"pytorch, forward", "pytorch", "forward_ms"},
};
const Columns streaming_columns{{"reel", "reel", "step_us"}, {"pytorch", "pytorch", "step_us"}};

/// Three digits, no exponent.
std::string digits(double value) {
  if (std::isnan(value)) return "";
  char text[32];
  const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : value >= .1 ? 3 : 4;
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string line(const std::string& first, const std::vector<std::string>& cells) {
  std::string text = "| " + first + " |";
  for (const auto& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

class Tables {
 public:
  explicit Tables(const std::vector<Row>& rows) : best_(best_rows(rows)) {}

  /// The workloads of some kinds that were measured, and the columns that have something in them.
  std::string table(const std::string& corner, const Columns& columns,
                    const std::set<Workload::Kind>& kinds) const {
    std::vector<const Workload*> used;
    std::vector<bool> fills(columns.size());
    for (const auto& w : workloads()) {
      bool measured = false;
      for (std::size_t i = 0; i < columns.size() && kinds.count(w.kind); ++i)
        if (!std::isnan(value(w, columns[i]))) measured = fills[i] = true;
      if (measured) used.push_back(&w);
    }
    if (used.empty()) return "";
    std::vector<std::string> titles, rules;
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (fills[i]) {
        titles.push_back(columns[i].title);
        rules.push_back("--:");
      }
    std::string text = line(corner, titles) + line("---", rules);
    for (const auto* w : used) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (fills[i]) cells.push_back(digits(value(*w, columns[i])));
      text += line(w->name(), cells);
    }
    return text + "\n";
  }

 private:
  double value(const Workload& w, const Column& column) const {
    const auto row = best_.find({w.name(), column.implementation});
    return row == best_.end() ? NAN : number(row->second, column.key);
  }

  BestRows best_;
};

/// ", PyTorch 2.15.0, JAX 0.10.2" as far as they were measured.
std::string peers(const std::vector<Row>& rows) {
  std::string pytorch, jax;
  for (const auto& row : rows)
    if (row.contains("version"))
      (row["implementation"] == "jax-scan" ? jax : pytorch) = row["version"].get<std::string>();
  return (pytorch.empty() ? "" : ", PyTorch " + pytorch) + (jax.empty() ? "" : ", JAX " + jax);
}

}  // namespace

void write_markdown(const std::vector<Row>& rows, const std::string& machine, const std::string& path) {
  using Kind = Workload::Kind;
  const Tables tables(rows);
  const auto layers =
      tables.table("batch, input, hidden, time", layer_columns, {Kind::layer, Kind::training});
  const auto streams = tables.table("batch, input, hidden, time", streaming_columns, {Kind::streaming});
  std::string text = machine + peers(rows) + ". Each at its better number of threads, one or two.\n\n";
  if (!layers.empty())
    text +=
        "Milliseconds, float32: training (forward and the gradients of input, weights and bias), and forward "
        "alone; of char_lm, a whole training step with Adam.\n\n" +
        layers;
  if (!streams.empty())
    text += "Microseconds of a step of a stream, the state carried, in one thread.\n\n" + streams;
  text.pop_back();
  write_file(text, path);
}

}  // namespace benchmarks
