#include "csv_rows.h"

#include <reel/characters.h>
#include <reel/error.h>

#include <algorithm>
#include <cctype>
#include <new>
#include <utility>

namespace reel::csv {

namespace {

/// Behind the end of the line that begins there: LF, CR or both, or the end of the text.
const char* end_of_line(const char* begin, const char* end) {
  const auto at = std::find_if(begin, end, [](char c) { return c == '\n' || c == '\r'; });
  if (at == end) return end;
  return at + 1 != end && at[0] == '\r' && at[1] == '\n' ? at + 2 : at + 1;
}

}  // namespace

void check_separator(char separator, const std::string& where) {
  const auto code = static_cast<unsigned char>(separator);
  const std::string meant = "\"\r\n+-.";
  if (code == 0 || code >= 0x7f || std::isalnum(code) != 0 || meant.find(separator) != meant.npos)
    throw Error(where + ": " + shown(std::string(1, separator)) + " cannot separate cells");
}

RowReader::RowReader(char separator, std::function<void(const Row&)> take,
                     std::function<void(std::size_t)> take_empty_line)
    : separator_(separator), take_(std::move(take)), take_empty_line_(std::move(take_empty_line)) {
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&parser_, static_cast<unsigned char>(separator));
  constexpr std::size_t more = 1 << 16;  // bytes that a long cell's buffer grows by
  csv_set_blk_size(&parser_, more);
}

template <class Work>
void RowReader::guard(const Work& work) {
  if (thrown_) return;
  try {
    work();
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

void RowReader::take_cell(void* bytes, std::size_t length, void* reader) {
  auto& self = *static_cast<RowReader*>(reader);
  self.guard([&] {
    self.row_.push_back({std::string(static_cast<const char*>(bytes), length), self.cell_line_});
    self.cell_line_ = self.line_;
  });
}

void RowReader::take_row(int, void* reader) {
  auto& self = *static_cast<RowReader*>(reader);
  self.guard([&] {
    self.take_(self.row_);
    self.row_.clear();
    self.begun_ = false;
  });
}

void RowReader::check(bool taken, const std::string& reason, const std::string& where) {
  if (thrown_) std::rethrow_exception(thrown_);
  if (taken) return;
  if (csv_error(&parser_) == CSV_ENOMEM) throw std::bad_alloc();
  throw FileError(where + ": line " + std::to_string(cell_line_) + ", column " +
                  std::to_string(row_.size() + 1) + ": " + reason);
}

/// Whether a line that begins no row has no cell for libcsv, which passes over it.
bool RowReader::is_empty(const char* begin, const char* end) const {
  return std::all_of(begin, end, [&](char c) {
    return c == '\n' || c == '\r' || ((c == ' ' || c == '\t') && c != separator_);
  });
}

void RowReader::read_line(const char* begin, const char* end, const std::string& where) {
  ++line_;
  if (std::find(begin, end, '\0') != end)
    throw FileError(where + ": line " + std::to_string(line_) + ": a zero byte, which no text holds");
  if (!begun_) {
    cell_line_ = line_;
    begun_ = !is_empty(begin, end);
    if (!begun_) return take_empty_line_(line_);
  }
  const auto length = static_cast<std::size_t>(end - begin);
  const bool taken = csv_parse(&parser_, begin, length, take_cell, take_row, this) == length;
  check(taken, "a quote within a cell, which is to be in quotes then and doubled", where);
}

void RowReader::read(const std::string& text, const std::string& where) {
  const std::string mark = "\xef\xbb\xbf";
  const auto* begin = text.data() + (text.compare(0, mark.size(), mark) == 0 ? mark.size() : 0);
  const auto* end = text.data() + text.size();
  while (begin != end) {
    const auto* next = end_of_line(begin, end);
    read_line(begin, next, where);
    begin = next;
  }
  check(csv_fini(&parser_, take_cell, take_row, this) == 0, "a quote does not end", where);
}

}  // namespace reel::csv
