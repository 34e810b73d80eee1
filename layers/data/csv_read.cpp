#include <reel/characters.h>
#include <reel/csv.h>
#include <reel/parse_number.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "csv_rows.h"

namespace reel {

namespace {

/// Makes a table of rows.
class TableReader {
 public:
  TableReader(const CsvOptions& options, const std::string& where) : options_(options), where_(where) {}

  void take(const csv::Row& row) {
    if (first_line_ != 0) return take_cells(row);
    first_line_ = row[0].line;
    take_names(row);
    if (options_.header) return;
    for (std::size_t line = 1; line <= empty_lines_before_; ++line) take_empty_line(line);
    take_cells(row);
  }
  /// A row where rows have one cell, which is empty there. Before the first row nothing tells how many they
  /// have.
  void take_empty_line(std::size_t line) {
    if (first_line_ == 0)
      empty_lines_before_ = line;
    else if (names_.size() == 1)
      take_cells({{"", line}});
  }
  Table table() {
    if (first_line_ == 0) throw FileError(where_ + " has no row");
    const Shape shape{rows_, static_cast<std::int64_t>(table_.names.size())};
    table_.values = Array(shape, numbers_);
    return std::move(table_);
  }

 private:
  [[noreturn]] void refuse(std::size_t line, const std::string& reason) const {
    throw FileError(where_ + ": line " + std::to_string(line) + reason);
  }
  [[noreturn]] void refuse(const csv::Cell& cell, std::size_t column, const std::string& reason) const {
    const auto place = ", column " + std::to_string(column + 1) + " (" + shown(names_[column]) + "): ";
    refuse(cell.line, place + (cell.text.empty() ? "an empty cell" : shown(cell.text)) + reason);
  }
  void take_names(const csv::Row& row);
  void take_cells(const csv::Row& row);
  void take_number(const csv::Cell& cell, std::size_t column);

  const CsvOptions& options_;
  const std::string& where_;
  std::size_t first_line_ = 0;          // that of the first row; 0 before it
  std::size_t empty_lines_before_ = 0;  // it, from the first one on
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>*> texts_;  // for each column where its text goes; null for numbers
  std::vector<double> numbers_;
  std::int64_t rows_ = 0;
  Table table_;
};

void TableReader::take_names(const csv::Row& row) {
  for (const auto& cell : row)
    names_.push_back(options_.header ? cell.text : std::to_string(names_.size() + 1));
  std::set<std::string> text(options_.text.begin(), options_.text.end()), seen;
  for (std::size_t column = 0; column < names_.size(); ++column) {
    const auto& name = names_[column];
    if (!seen.insert(name).second) refuse(row[column], column, " names two columns");
    const bool is_text = text.erase(name) != 0;
    texts_.push_back(is_text ? &table_.text[name] : nullptr);
    if (!is_text) table_.names.push_back(name);
  }
  if (!text.empty()) throw FileError(where_ + " has no column " + shown(*text.begin()));
}

void TableReader::take_cells(const csv::Row& row) {
  if (row.size() != names_.size())
    refuse(row[0].line, ": number of cells " + std::to_string(row.size()) + ", where line " +
                            std::to_string(first_line_) + " has " + std::to_string(names_.size()));
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (texts_[column])
      texts_[column]->push_back(row[column].text);
    else
      take_number(row[column], column);
  }
  ++rows_;
}

void TableReader::take_number(const csv::Cell& cell, std::size_t column) {
  const auto& missing = options_.missing;
  if (std::find(missing.begin(), missing.end(), cell.text) != missing.end()) {
    if (!options_.may_miss) refuse(cell, column, " where no number may be missing");
    numbers_.push_back(std::nan(""));
    return;
  }
  const auto number = parse_number<double>(cell.text);
  if (!number && is_number(cell.text)) refuse(cell, column, " is no number that float64 can come near");
  // What may stand for NaN is in the list of missing ones.
  if (!number || std::isnan(*number)) refuse(cell, column, " is no number");
  numbers_.push_back(*number);
}

}  // namespace

Table read_csv(const std::string& path, const CsvOptions& options) {
  const auto where = "[read_csv] " + path;
  csv::check_separator(options.separator, where);
  return needing_memory_for(where, [&] {
    const auto text = read_bytes(path, "read_csv");
    TableReader table(options, where);
    csv::RowReader rows(
        options.separator, [&](const csv::Row& row) { table.take(row); },
        [&](std::size_t line) { table.take_empty_line(line); });
    rows.read(text, where);
    return table.table();
  });
}

Array Table::column(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    throw Error("[Table::column] the table has no column " + shown(name) + " of numbers" +
                (text.count(name) != 0 ? "; it is one of text" : ""));
  const auto which = found - names.begin();
  const auto all = values.view<double, 2>();
  Array column(Shape{values.shape()[0]}, ElementType::float64);
  for (std::int64_t row = 0; row < column.size(); ++row) column.data<double>()[row] = all(row, which);
  return column;
}

}  // namespace reel
