#include <reel/characters.h>
#include <reel/csv.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "csv_rows.h"

namespace reel {

namespace {

const std::string where = "[write_csv] ";

/// The table's columns fit each other, and have names that a reader takes.
void check(const Table& table, const std::string& path) {
  const auto refuse = [&](const std::string& reason) { throw Error(where + path + ": " + reason); };
  const auto& type = table.values.type();
  if (type.element != ElementType::float64 || type.shape.rank() != 2)
    refuse("values are float64[rows, columns], not " + to_string(type));
  const auto names = static_cast<std::int64_t>(table.names.size());
  if (type.shape[1] != names)
    refuse(std::to_string(names) + " names of columns beside values " + to_string(type));
  for (const auto& [name, cells] : table.text)
    if (static_cast<std::int64_t>(cells.size()) != type.shape[0])
      refuse("column " + shown(name) + " has " + std::to_string(cells.size()) + " cells beside values " +
             to_string(type));
  std::set<std::string> seen;
  for (const auto& name : table.names)
    if (table.text.count(name) != 0 || !seen.insert(name).second) refuse(shown(name) + " names two columns");
  if (table.names.empty() && table.text.empty()) refuse("the table has no columns");
}

/// The lines of a file as they are written, cell by cell.
class Lines {
 public:
  Lines(const std::string& path, char separator) : path_(path), separator_(separator) {}

  void add(const std::string& cell) {
    if (cell.find('\0') != cell.npos) throw Error(where + path_ + ": a zero byte in the cell " + shown(cell));
    separate();
    if (is_plain(cell)) {
      text_ += cell;
      return;
    }
    const auto at = text_.size();
    text_.resize(at + csv_write(nullptr, 0, cell.data(), cell.size()));
    csv_write(&text_[at], text_.size() - at, cell.data(), cell.size());
  }
  void add(double number) {
    separate();
    if (std::isnan(number)) {
      text_ += "nan";
      return;
    }
    char digits[64];
    text_.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
  void end_line() {
    text_ += '\n';
    begun_ = false;
  }
  const std::string& text() const { return text_; }

 private:
  void separate() {
    if (begun_) text_ += separator_;
    begun_ = true;
  }
  /// Whether a cell is read as it is without quotes.
  bool is_plain(const std::string& cell) const {
    const auto stands_for_itself = [&](unsigned char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != static_cast<unsigned char>(separator_);
    };
    return !cell.empty() && std::all_of(cell.begin(), cell.end(), stands_for_itself);
  }

  const std::string& path_;
  char separator_;
  std::string text_;
  bool begun_ = false;  // whether the line has a cell
};

std::string text_of(const Table& table, const CsvOptions& options, const std::string& path) {
  Lines lines(path, options.separator);
  if (options.header) {
    for (const auto& column : table.text) lines.add(column.first);
    for (const auto& name : table.names) lines.add(name);
    lines.end_line();
  }
  const auto values = table.values.view<double, 2>();
  for (std::int64_t row = 0; row < values.shape()[0]; ++row) {
    for (const auto& column : table.text) lines.add(column.second[static_cast<std::size_t>(row)]);
    for (std::int64_t column = 0; column < values.shape()[1]; ++column) lines.add(values(row, column));
    lines.end_line();
  }
  return lines.text();
}

}  // namespace

void write_csv(const std::string& path, const Table& table, const CsvOptions& options) {
  csv::check_separator(options.separator, where + path);
  needing_memory_for(where + path, [&] {
    check(table, path);
    write_whole(path, text_of(table, options, path), "write_csv");
  });
}

}  // namespace reel
