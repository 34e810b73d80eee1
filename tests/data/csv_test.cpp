// Tables of separated values, and where a wrong one is wrong.

#include <reel/csv.h>
#include <reel/npy.h>
#include <reel/npz.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <locale>

#include "catch.h"
#include "directory.h"
#include "live_bytes.h"
#include "memory_refusals.h"
#include "mutations.h"

using namespace reel;
using namespace reel::test;

namespace {

using Names = std::vector<std::string>;

Table read_table(const std::string& text, const CsvOptions& options = {}) {
  const Directory directory;
  write(directory / "table.csv", text);
  return read_csv(directory / "table.csv", options);
}

std::string written(const Table& table, const CsvOptions& options = {}) {
  const Directory directory;
  write_csv(directory / "table.csv", table, options);
  return read(directory / "table.csv");
}

Array values(std::int64_t rows, std::int64_t columns, const std::vector<double>& numbers) {
  return Array(Shape{rows, columns}, numbers);
}

/// Same numbers; NaN are equal to each other.
bool same(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (!(a.at(i) == b.at(i) || (std::isnan(a.at(i)) && std::isnan(b.at(i))))) return false;
  return true;
}

/// The message behind the path with which a text is refused.
std::string refusal(const std::string& text, const CsvOptions& options = {}) {
  const Directory directory;
  const auto path = directory / "table.csv";
  write(path, text);
  try {
    read_csv(path, options);
  } catch (const FileError& error) {
    const std::string start = "[read_csv] " + path, message = error.what();
    REQUIRE(message.compare(0, start.size(), start) == 0);
    return message.substr(start.size());
  }
  return "";
}

CsvOptions separated_by(char separator) {
  CsvOptions options;
  options.separator = separator;
  return options;
}

CsvOptions without_header() {
  CsvOptions options;
  options.header = false;
  return options;
}

CsvOptions with_text(const Names& names) {
  CsvOptions options;
  options.text = names;
  return options;
}

constexpr double missing = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("a table is read with its names and numbers", "[files][tables]") {
  const auto table = read_table("year,temperature\n1950,23.11\n1951,-2.4e1\n");
  CHECK(table.names == Names{"year", "temperature"});
  CHECK(table.values == values(2, 2, {1950, 23.11, 1951, -24}));
  CHECK(table.text.empty());
  CHECK(table.column("temperature") == Array(std::vector<double>{23.11, -24}));
  CHECK_THROWS_WITH(table.column("pressure"),
                    "[Table::column] the table has no column 'pressure' of numbers");
}

TEST_CASE("lines end in LF, CR or both, the last one perhaps not", "[files][tables]") {
  const auto expected = values(2, 2, {1, 2, 3, 4});
  for (const auto& text : {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n", "a,b\r1,2\r3,4\r", "a,b\n1,2\n3,4",
                           "\n\na,b\n\n1,2\n \t\n3,4\n\n",
                           "\xef\xbb\xbf"
                           "a,b\n1,2\n3,4\n",
                           "\xef\xbb\xbf\"a\",b\n1,2\n3,4\n", " a , b\n\t1,2  \n3 ,\"4\"\n"}) {
    const auto table = read_table(text);
    CHECK(table.names == Names{"a", "b"});
    CHECK(table.values == expected);
  }
}

TEST_CASE("missing numbers become NaN, or are refused", "[files][tables]") {
  const std::string text = "a,b,c\n1,,3\nNA, nan ,\"\"\n,,\n";
  CHECK(same(read_table(text).values,
             values(3, 3, {1, missing, 3, missing, missing, missing, missing, missing, missing})));
  CHECK(same(read_table("a\n\"\"\n1\n").values, values(2, 1, {missing, 1})));
  CsvOptions options;
  options.may_miss = false;
  CHECK(refusal(text, options) == ": line 2, column 2 ('b'): an empty cell where no number may be missing");
  CHECK(refusal("a\n1\nNA\n", options) == ": line 3, column 1 ('a'): 'NA' where no number may be missing");
  options.missing = {"-999", "?"};
  options.may_miss = true;
  CHECK(same(read_table("a\n?\n-999\n999\n", options).values, values(3, 1, {missing, missing, 999})));
  CHECK(refusal("a\n1\nNA\n", options) == ": line 3, column 1 ('a'): 'NA' is no number");
  CHECK(refusal("a\nNaN\n", options) == ": line 2, column 1 ('a'): 'NaN' is no number");
  CHECK(refusal("a,b\n1,\n", options) == ": line 2, column 2 ('b'): an empty cell is no number");
}

TEST_CASE("an empty line is a missing number in a table of one column", "[files][tables]") {
  const auto expected = values(4, 1, {1, missing, missing, 4});
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto lines = [&](const std::vector<std::string>& each) {
      std::string text;
      for (const auto& line : each) text += line + end;
      return text;
    };
    CHECK(same(read_table(lines({"a", "1", "", " \t ", "4"})).values, expected));
    // An end of the last line begins no other; nothing else ends it.
    CHECK(same(read_table(lines({"a", "1", "", "\"\""}) + "4").values, expected));
    CHECK(same(read_table(lines({"a", "1", "", "", "4", ""})).values,
               values(5, 1, {1, missing, missing, 4, missing})));
    // Before a header there is no row; without one the first lines are rows too.
    CHECK(same(read_table(lines({"", "", "a", "1", "", "", "4"})).values, expected));
    CHECK(
        same(read_table(lines({"", "", "3"}), without_header()).values, values(3, 1, {missing, missing, 3})));
    CHECK(refusal(lines({"", " ", ""}), without_header()) == " has no row");
    CHECK(read_table(lines({"a", "x", "", "y"}), with_text({"a"})).text.at("a") == Names{"x", "", "y"});
    // Within quotes a line is a part of its cell.
    CHECK(read_table(lines({"a", "\"x", "", "y\"", "", "z"}), with_text({"a"})).text.at("a") ==
          Names{"x" + end + end + "y", "", "z"});
    CsvOptions options;
    options.may_miss = false;
    CHECK(refusal(lines({"a", "1", "", "3"}), options) ==
          ": line 3, column 1 ('a'): an empty cell where no number may be missing");
    options.may_miss = true;
    options.missing = {"NA"};
    CHECK(refusal(lines({"a", "", "3"}), options) == ": line 2, column 1 ('a'): an empty cell is no number");
    // Where there are several columns it is passed over.
    CHECK(read_table(lines({"", "1,2", "", " ", "3,4", ""}), without_header()).values ==
          values(2, 2, {1, 2, 3, 4}));
  }
  // A blank that separates cells is none of an empty line.
  CHECK(same(read_table("a\tb\n\t\n \n1\t2\n", separated_by('\t')).values,
             values(2, 2, {missing, missing, 1, 2})));
}

TEST_CASE("a wrong cell is named by line and column", "[files][tables]") {
  const std::string start = "time,temperature,speed\n1,2,3\n";
  for (const auto& cell : {"abc", "1.5x", "0x10", "1,000", "--1", "+-1", "1e", "1 2", "1_000", ".", "+",
                           "1.2.3", "infinite", "nan(1)", "\xc2\xb2"}) {
    CAPTURE(cell);
    const auto quoted = "\"" + std::string(cell) + "\"";
    CHECK(refusal(start + "4,5," + quoted + "\n") ==
          ": line 3, column 3 ('speed'): '" + std::string(cell) + "' is no number");
  }
  CHECK(refusal(start + "4,1e999,6\n") ==
        ": line 3, column 2 ('temperature'): '1e999' is no number that float64 can come near");
  CHECK(refusal(start + "4,5,-1e400\n") ==
        ": line 3, column 3 ('speed'): '-1e400' is no number that float64 can come near");
  CHECK(refusal("1,2\n3,x\n", without_header()) == ": line 2, column 2 ('2'): 'x' is no number");
  // Long ones are shortened, between characters, and stay in one line.
  std::string umlauts;
  for (int i = 0; i < 80; ++i) umlauts += "\xc3\xa4";
  CHECK(refusal("a\nx" + umlauts) ==
        ": line 2, column 1 ('a'): 'x" + umlauts.substr(0, 118) + "...' is no number");
  CHECK(refusal("a\n\"1\n\t2\"\n") == ": line 2, column 1 ('a'): '1??2' is no number");
}

TEST_CASE("lines are counted through quoted cells, empty lines and all ends of lines", "[files][tables]") {
  const auto options = with_text({"note"});
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto text = "note,x" + end + "\"one" + end + end + "two\",1" + end + end + "three,";
    CHECK(refusal(text + "?", options) == ": line 6, column 2 ('x'): '?' is no number");
    CHECK(refusal(text + "4" + end + "\"a" + end + "b\",?", options) ==
          ": line 8, column 2 ('x'): '?' is no number");
    // A cell stands where it begins.
    CHECK(refusal(text + "\"" + end + "?\"" + end, options).substr(0, 24) == ": line 6, column 2 ('x')");
    CHECK(refusal(text + "4" + end + "\"a" + end + "b\"" + end, options) ==
          ": line 7: number of cells 1, where line 1 has 2");
  }
}

TEST_CASE("rows of other numbers of cells, and names that are there twice, are refused", "[files][tables]") {
  CHECK(refusal("a,b\n1,2\n1\n") == ": line 3: number of cells 1, where line 1 has 2");
  CHECK(refusal("\na,b\n1,2,\n") == ": line 3: number of cells 3, where line 2 has 2");
  CHECK(refusal("1,2\n1,2\n\n1,2,3", without_header()) == ": line 4: number of cells 3, where line 1 has 2");
  CHECK(refusal("a,b,a\n1,2,3\n") == ": line 1, column 3 ('a'): 'a' names two columns");
  CHECK(refusal(",b,\n1,2,3\n") == ": line 1, column 3 (''): an empty cell names two columns");
  CHECK(refusal("") == " has no row");
  CHECK(refusal("\n \r\n\t\n") == " has no row");
  CHECK(refusal("\xef\xbb\xbf") == " has no row");
}

TEST_CASE("quotes at wrong places and zero bytes are refused", "[files][tables]") {
  const std::string within = ": a quote within a cell, which is to be in quotes then and doubled";
  CHECK(refusal("a,b\n1,2\"x\n") == ": line 2, column 2" + within);
  CHECK(refusal("a,b\n\"1\"x,2\n") == ": line 2, column 1" + within);
  CHECK(refusal("a,b\n1,\"2\"\"\n3,4\n") == ": line 2, column 2: a quote does not end");
  CHECK(refusal("a,\"b") == ": line 1, column 2: a quote does not end");
  CHECK(refusal("\"") == ": line 1, column 1: a quote does not end");
  CHECK(refusal(std::string("a,b\r1,\0002\r", 10)) == ": line 2: a zero byte, which no text holds");
  // UTF-16.
  CHECK(refusal(std::string("\xff\xfe"
                            "a\0\n\0",
                            6)) == ": line 1: a zero byte, which no text holds");
}

TEST_CASE("columns of text are read by name", "[files][tables]") {
  const auto table = read_table("day,x,\"the \"\"note\"\"\"\n2020-01-01,1,\"a, b\nc\"\n,2, d \n",
                                with_text({"day", "the \"note\""}));
  CHECK(table.names == Names{"x"});
  CHECK(table.values == values(2, 1, {1, 2}));
  CHECK(table.text ==
        std::map<std::string, Names>{{"day", {"2020-01-01", ""}}, {"the \"note\"", {"a, b\nc", "d"}}});
  CHECK_THROWS_WITH(table.column("day"), ContainsSubstring("no column 'day' of numbers; it is one of text"));
  CHECK(refusal("a,b\n1,2\n", with_text({"a", "day"})) == " has no column 'day'");
  const auto all_text = read_table("a\nx\ny\n", with_text({"a"}));
  CHECK(all_text.values.shape() == Shape{2, 0});
}

TEST_CASE("a table may have no header, another separator and no rows", "[files][tables]") {
  auto options = separated_by(';');
  options.header = false;
  options.text = {"2"};
  const auto table = read_table("1;x;3\n4;y,z;6\n", options);
  CHECK(table.names == Names{"1", "3"});
  CHECK(table.values == values(2, 2, {1, 3, 4, 6}));
  CHECK(table.text.at("2") == Names{"x", "y,z"});
  CHECK(same(read_table("a\tb\tc\n\t2\t\n\t\t\n", separated_by('\t')).values,
             values(2, 3, {missing, 2, missing, missing, missing, missing})));
  CHECK(read_table("a b\n1 2\n", separated_by(' ')).values == values(1, 2, {1, 2}));
  CHECK(read_table("a,b\n").values == values(0, 2, {}));
  for (const char separator : {'\0', '"', '\n', '\r', '1', 'e', '.', '-', '+', '\x80'}) {
    CHECK_THROWS_WITH(read_table("a\n1\n", separated_by(separator)),
                      ContainsSubstring("cannot separate cells"));
    CHECK_THROWS_WITH(written(read_table("a\n1\n"), separated_by(separator)),
                      ContainsSubstring("cannot separate cells"));
  }
}

TEST_CASE("numbers are read and written exactly, whatever the locale", "[files][tables]") {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::vector<double> numbers{0.1,       -0.0,  1.0 / 3,           5e-324, 12345678.5, infinity,
                              -infinity, 1e300, 9007199254740993.0};
  std::mt19937_64 random(1);
  while (numbers.size() < 1000) {
    const auto bits = random();
    double number;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isnan(number)) numbers.push_back(number);
  }
  Table table;
  table.names = {"a", "b"};
  table.values = values(500, 2, numbers);
  const auto before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  const auto back = read_table(written(table));
  std::locale::global(before);
  CHECK(back.values == table.values);
  CHECK(read_table("a\n+1.5\n+.5\n5.\nINF\n-infinity\n").values ==
        values(5, 1, {1.5, 0.5, 5, infinity, -infinity}));
  // Closer to 0 than any of float64: 0, with its sign.
  const auto small = read_table("a\n1e-400\n-1e-400\n+2e-324\n-3e-324\n").values;
  CHECK(small == values(4, 1, {0.0, -0.0, 0.0, -5e-324}));
  CHECK(std::signbit(small.at(1)));
  CHECK(!std::signbit(small.at(2)));
}

TEST_CASE("a table is written as it is read", "[files][tables]") {
  Table table;
  table.names = {"x", "a,b", " ", ""};
  table.values = values(2, 4, {1, 0.5, missing, -3, 4, 5, 6, 7});
  table.text["note"] = {"", "say \"x\"\r\nand y "};
  table.text["\xef\xbb\xbf"] = {"NA", "\xc3\xa4"};
  CHECK(written(table) ==
        "note,\"\xef\xbb\xbf\",x,\"a,b\",\" \",\"\"\n\"\",NA,1,0.5,nan,-3\n"
        "\"say \"\"x\"\"\r\nand y \",\"\xc3\xa4\",4,5,6,7\n");
  for (const char separator : {',', ';', '\t', ' ', '|', ':'})
    for (const bool header : {true, false}) {
      auto options = separated_by(separator);
      options.header = header;
      options.text = header ? Names{"note", "\xef\xbb\xbf"} : Names{"1", "2"};
      const auto back = read_table(written(table, options), options);
      CHECK(same(back.values, table.values));
      CHECK(back.text.begin()->second == table.text.begin()->second);
      CHECK(back.text.rbegin()->second == table.text.rbegin()->second);
      if (header) CHECK(back.names == table.names);
    }
  // One column, whose lines must not be empty.
  Table one;
  one.text["a"] = {"", "x", ""};
  one.values = values(3, 0, {});
  CHECK(read_table(written(one), with_text({"a"})).text == one.text);
}

TEST_CASE("a table that does not fit together is not written", "[files][tables]") {
  const Directory directory;
  const auto check_refused = [&](const Table& table, const std::string& reason) {
    CHECK_THROWS_WITH(write_csv(directory / "table.csv", table), ContainsSubstring(reason));
  };
  Table table;
  check_refused(table, "the table has no columns");
  table.names = {"a", "b"};
  check_refused(table, "2 names of columns beside values float64[0, 0]");
  table.values = Array(Shape{1, 2}, std::vector<float>{1, 2});
  check_refused(table, "values are float64[rows, columns], not float32[1, 2]");
  table.values = Array(std::vector<double>{1, 2});
  check_refused(table, "not float64[2]");
  table.values = values(1, 2, {1, 2});
  table.text["c"] = {};
  check_refused(table, "column 'c' has 0 cells");
  table.text["c"] = {std::string("x\0y", 3)};
  check_refused(table, "a zero byte in the cell 'x?y'");
  table.text.clear();
  table.text["b"] = {"x"};
  check_refused(table, "'b' names two columns");
  table.text.clear();
  table.names = {"a", "a"};
  check_refused(table, "'a' names two columns");
  CHECK(directory.names().empty());
  table.names = {"a", "b"};
  CHECK_THROWS_AS(write_csv(directory / "missing/table.csv", table), FileError);
  CHECK_THROWS_WITH(read_csv(directory / "missing.csv"), ContainsSubstring("was not found"));
}

TEST_CASE("a table of separators alone takes memory in proportion", "[files][tables][slow]") {
  const Directory directory;
  const auto path = directory / "table.csv";
  for (const char byte : {',', '\n', '"', '1'}) {
    write(path, std::string(1000000, byte));
    CHECK(most_live_bytes([&] {
            try {
              read_csv(path, without_header());
            } catch (const FileError&) {
            }
          }) < 300000000);
  }
}

TEST_CASE("a table for which there is no memory is refused as that", "[files][tables][slow]") {
  const Directory directory;
  const auto path = directory / "table.csv";
  Table table;
  table.names = {"a", "b"};
  table.values = values(5000, 2, std::vector<double>(10000, 1.0 / 3));
  table.text["note"] = Names(5000, "a note that is longer than a short text");
  CHECK(refusals_for_memory(path, [&] { write_csv(path, table); }) > 5);
  CHECK(refusals_for_memory(path, [&] { read_csv(path, with_text({"note"})); }) > 5);
  // One cell, which libcsv holds.
  write(path, "a\n" + std::string(1000000, '1'));
  const MemoryLimit limit(1500000);
  CHECK_THROWS_WITH(read_csv(path), ContainsSubstring("[read_csv] " + path + ": the memory for it"));
}

TEST_CASE("damaged tables are refused, or are tables that are written and read the same", "[files][tables]") {
  const Directory directory;
  const auto path = directory / "table.csv";
  const std::vector<std::string> files{"a,b\n1,2\n3,\n\"4\",-5e6\n", "a,b\r\n1.5,nan\r\n\r\n2,inf",
                                       "\xef\xbb\xbf\"a\",b\n\" 1\",2\n1,2\n1,2\n"};
  survive_mutations(files, [&](const std::string& file) {
    write(path, file);
    const auto table = read_csv(path);
    write_csv(path, table);
    const auto back = read_csv(path);
    REQUIRE(back.names == table.names);
    REQUIRE(same(back.values, table.values));
  });
}

TEST_CASE("what no reader or writer of data can open is told as that of the function that was called",
          "[data]") {
  const Directory directory;
  const auto missing = directory / "x", nowhere = directory / "no/x";
  CHECK_THROWS_WITH(read_csv(missing), ContainsSubstring("[read_csv] " + missing));
  CHECK_THROWS_WITH(read_npy(missing), ContainsSubstring("[read_npy] " + missing));
  CHECK_THROWS_WITH(read_npz(missing), ContainsSubstring("[read_npz] " + missing));
  CHECK_THROWS_WITH(write_npy(nowhere, Array(1.f)), ContainsSubstring("[write_npy] cannot write " + nowhere));
  CHECK_THROWS_WITH(write_npz(nowhere, {{"a", Array(1.f)}}),
                    ContainsSubstring("[write_npz] cannot write " + nowhere));
  CHECK_THROWS_WITH(write_csv(nowhere, Table{{"a"}, Array({1, 1}, ElementType::float64), {}}),
                    ContainsSubstring("[write_csv] cannot write " + nowhere));
}
