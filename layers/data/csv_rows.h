#pragma once
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <csv.h>

/// Rows of separated values, by libcsv, and where they stand.
namespace reel::csv {

struct Cell {
  std::string text;
  std::size_t line;  // in which it begins, from 1
};
/// At least one cell.
using Row = std::vector<Cell>;

/// Throws Error where no separator can be read: letters, digits and signs belong to numbers, and quotes and
/// ends of lines have a meaning of their own. The message begins with `where`.
void check_separator(char separator, const std::string& where);

/// Calls a function with each row of a text, and another with the number of each line between rows that holds
/// nothing but blanks. Behind the last end of a line there is none.
class RowReader {
 public:
  RowReader(char separator, std::function<void(const Row&)> take,
            std::function<void(std::size_t line)> take_empty_line);
  ~RowReader() { csv_free(&parser_); }
  RowReader(const RowReader&) = delete;

  /// Throws FileError, which begins with `where`, std::bad_alloc, and what the functions throw.
  void read(const std::string& text, const std::string& where);

 private:
  static void take_cell(void* bytes, std::size_t length, void* reader);
  static void take_row(int end, void* reader);
  /// Does `work` unless something was thrown, and keeps what it throws: not through libcsv, which is C.
  template <class Work>
  void guard(const Work& work);
  void read_line(const char* begin, const char* end, const std::string& where);
  bool is_empty(const char* begin, const char* end) const;
  void check(bool taken, const std::string& reason, const std::string& where);

  csv_parser parser_;
  char separator_;
  std::function<void(const Row&)> take_;
  std::function<void(std::size_t)> take_empty_line_;
  Row row_;
  std::size_t line_ = 0;       // that is being read
  std::size_t cell_line_ = 1;  // in which the cell that is being read begins
  bool begun_ = false;         // whether anything of the row was read
  std::exception_ptr thrown_;
};

}  // namespace reel::csv
