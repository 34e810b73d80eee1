#pragma once
/// @file
/// @ingroup data
/// Tables of separated values.
#include <reel/array.h>

#include <map>
#include <string>
#include <vector>

namespace REEL_PUBLIC reel {

/// Columns of a table of numbers, and those of text beside them.
struct Table {
  std::vector<std::string> names;  ///< Of the columns of numbers.
  /// float64 [rows, names.size()]; NaN where one is missing.
  Array values{Shape{0, 0}, ElementType::float64};
  std::map<std::string, std::vector<std::string>> text;  ///< The other columns by name, a cell for each row.

  /// The numbers of a column: float64 [rows]. Throws Error where there is none of that name.
  Array column(const std::string& name) const;
};

/// How a file of separated values is spelled.
struct CsvOptions {
  /// Whether the first row holds names. Without them columns are called "1", "2" and so on.
  bool header = true;
  /// What stands between cells: a character of ASCII that cannot belong to a number, such as a comma, a
  /// semicolon or a tabulator.
  char separator = ',';
  /// Columns that hold text, by name; all others hold numbers.
  std::vector<std::string> text = {};
  /// Cells that say that a number is missing, letter by letter.
  std::vector<std::string> missing = {"", "NA", "N/A", "nan", "NaN", "NAN", "-nan", "null"};
  /// Whether numbers may be missing.
  bool may_miss = true;
};

/// Reads a file of separated values (RFC 4180): rows of equally many cells, in lines that end in LF, CR or
/// both. A cell may stand in quotes ("a ""b"", c"), and then go on over several lines; around one that does
/// not, blanks are passed over. So are lines of nothing but blanks where rows have several cells, and a byte
/// order mark of UTF-8. Where rows have one cell such a line is a row with an empty one, a number that is
/// missing: the rows behind it keep their places. It is none before a header, and the end of the last line
/// begins no other. Numbers are as parse_number() has them: with a decimal point whatever the locale, inf,
/// and 0 for what is closer to it than any of float64.
///
/// Throws FileError, which names line and column, for a cell that is no number, a number beyond those of
/// float64, one that is missing and may not be, a quote at a wrong place or without its other; and for a row
/// of more or fewer cells than the first, a name that two columns have, a text column that is not there, a
/// zero byte, and a file without a row. Throws Error for a separator that cannot be one, and MemoryError
/// where the table does not fit into memory.
Table read_csv(const std::string& path, const CsvOptions& options = {});

/// Writes a table, columns of text first, whole or not at all (write_whole). read_csv() gives the same
/// numbers, bit for bit but for the kind of a NaN, which is written as nan. Of the options header and
/// separator count. Throws Error where names, values and text do not fit each other, for a name that is there
/// twice, a table without columns, and text with a zero byte; FileError where the file cannot be written,
/// MemoryError where there is no memory for it.
void write_csv(const std::string& path, const Table& table, const CsvOptions& options = {});

}  // namespace reel
