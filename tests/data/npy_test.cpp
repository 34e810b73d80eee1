// Arrays of NumPy's .npy files, and files that claim to be such.

#include <reel/npy.h>

#include <cmath>
#include <limits>
#include <locale>

#include "catch.h"
#include "directory.h"
#include "live_bytes.h"
#include "memory_refusals.h"
#include "mutations.h"
#include "numpy_files.h"

using namespace reel;
using namespace reel::test;

namespace {

using Numbers = std::vector<double>;

Array read_bytes_as_npy(const std::string& bytes) {
  const Directory directory;
  write(directory / "array.npy", bytes);
  return read_npy(directory / "array.npy");
}

std::string written(const Array& array) {
  const Directory directory;
  write_npy(directory / "array.npy", array);
  return read(directory / "array.npy");
}

template <class T>
Array counted(const Shape& shape) {
  Array array(shape, element_type_of<T>);
  for (std::int64_t i = 0; i < array.size(); ++i) array.data<T>()[i] = static_cast<T>(i);
  return array;
}

/// A vector of three as NumPy writes it.
struct Stored {
  std::string type, elements;
  Array read;
};

template <class T>
Array three(T a, T b, T c) {
  Array array(Shape{3}, element_type_of<T>);
  const T numbers[] = {a, b, c};
  std::copy(numbers, numbers + 3, array.data<T>());
  return array;
}

std::vector<Stored> all_types() {
  using std::int32_t;
  using std::int64_t;
  const auto f2 = three(0.5f, -65504.0f, 0x1p-24f), f4 = three(0.5f, -0x1.fffffep127f, 0x1p-149f);
  const auto f8 = three(0.1, std::numeric_limits<double>::lowest(), 0x1p-1074);
  const auto i2 = three<int32_t>(-32768, 32767, 258), u2 = three<int32_t>(0, 65535, 258);
  const auto i4 = three<int32_t>(INT32_MIN, INT32_MAX, 66051);
  const auto u4 = three<int64_t>(0, 4294967295, 66051);
  const auto i8 = three<int64_t>(INT64_MIN, INT64_MAX, 72623859790382856);
  const auto u8 = three<int64_t>(0, INT64_MAX, 72623859790382856);
  return {
      {"<f2", "0038fffb0100", f2},
      {">f2", "3800fbff0001", f2},
      {"<f4", "0000003fffff7fff01000000", f4},
      {">f4", "3f000000ff7fffff00000001", f4},
      {"<f8", "9a9999999999b93fffffffffffffefff0100000000000000", f8},
      {">f8", "3fb999999999999affefffffffffffff0000000000000001", f8},
      {"|i1", "807f01", three<int32_t>(-128, 127, 1)},
      {"|u1", "00ff01", three<int32_t>(0, 255, 1)},
      {"<i2", "0080ff7f0201", i2},
      {">i2", "80007fff0102", i2},
      {"<u2", "0000ffff0201", u2},
      {">u2", "0000ffff0102", u2},
      {"<i4", "00000080ffffff7f03020100", i4},
      {">i4", "800000007fffffff00010203", i4},
      {"<u4", "00000000ffffffff03020100", u4},
      {">u4", "00000000ffffffff00010203", u4},
      {"<i8", "0000000000000080ffffffffffffff7f0807060504030201", i8},
      {">i8", "80000000000000007fffffffffffffff0102030405060708", i8},
      {"<u8", "0000000000000000ffffffffffffff7f0807060504030201", u8},
      {">u8", "00000000000000007fffffffffffffff0102030405060708", u8},
      {"|b1", "010001", three(true, false, true)},
  };
}

/// Whether a file of that header, followed by `elements`, is refused with a message that holds `reason`.
void check_refused(const std::string& header, const std::string& reason, const std::string& elements = {}) {
  CAPTURE(header);
  CHECK_THROWS_WITH(read_bytes_as_npy(npy_with_header(header + "\n", elements)), ContainsSubstring(reason));
  CHECK_THROWS_AS(read_bytes_as_npy(npy_with_header(header + "\n", elements)), FileError);
}

}  // namespace

TEST_CASE("arrays of every type that NumPy writes are read", "[files][arrays]") {
  for (const auto& stored : all_types()) {
    CAPTURE(stored.type);
    const auto array = read_bytes_as_npy(numpy_file(numpy_header(stored.type, "(3,)"), stored.elements));
    CHECK(to_string(array.type()) == to_string(stored.read.type()));
    CHECK(array == stored.read);
  }
}

TEST_CASE("float16 is read exactly: infinities, NaN, the smallest and the largest", "[files][arrays]") {
  const auto array = read_bytes_as_npy(numpy_file(numpy_header("<f2", "(7,)"),
                                                  "007c"
                                                  "00fc"
                                                  "017e"
                                                  "0080"
                                                  "ff03"
                                                  "0004"
                                                  "ff7b"));
  const auto* numbers = array.data<float>();
  CHECK(numbers[0] == std::numeric_limits<float>::infinity());
  CHECK(numbers[1] == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(numbers[2]));
  CHECK((numbers[3] == 0 && std::signbit(numbers[3])));
  CHECK(numbers[4] == 1023 * 0x1p-24f);
  CHECK(numbers[5] == 0x1p-14f);
  CHECK(numbers[6] == 65504);
}

TEST_CASE("arrays of every shape that NumPy writes are read", "[files][arrays]") {
  const std::string c_order = "00000100020003000400050006000700080009000a000b00";
  const std::string fortran_order = "000006000200080004000a00010007000300090005000b00";
  const auto box = counted<std::int32_t>({2, 3, 2});
  CHECK(read_bytes_as_npy(numpy_file(numpy_header("<i2", "(2, 3, 2)"), c_order)) == box);
  CHECK(read_bytes_as_npy(numpy_file(numpy_header("<i2", "(2, 3, 2)", true), fortran_order)) == box);
  CHECK(read_bytes_as_npy(numpy_file(numpy_header(">f4", "(2, 3)", true),
                                     "00000000404000003f800000408000004000000040a00000")) ==
        counted<float>({2, 3}));
  CHECK(read_bytes_as_npy(numpy_file(numpy_header("<f4", "()"), "0000e040")) == Array(7.0f));
  CHECK(read_bytes_as_npy(numpy_file(numpy_header("<f4", "()", true), "0000e040")) == Array(7.0f));
  CHECK(read_bytes_as_npy(numpy_file(numpy_header("<f8", "(0,)"), "")) == counted<double>({0}));
  for (const bool fortran : {false, true})
    CHECK(read_bytes_as_npy(numpy_file(numpy_header("<i4", "(2, 0, 3)", fortran), "")) ==
          counted<std::int32_t>({2, 0, 3}));
  const auto ones = numpy_header("|u1", "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2)");
  CHECK(read_bytes_as_npy(numpy_file(ones, "0001")).shape().rank() == 16);
}

TEST_CASE("headers of all versions and spellings are read", "[files][arrays]") {
  const auto pair = counted<float>({2});
  const std::string elements = "000000000000803f";
  for (const char version : {1, 2, 3})
    CHECK(read_bytes_as_npy(numpy_file(numpy_header("<f4", "(2,)"), elements, version)) == pair);
  // Python 2 has long integers; others write keys in another order, double quotes, no last comma, no blanks.
  for (const auto& header : {"{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }   \n",
                             "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}",
                             " { 'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2 , ) } \n",
                             "{'shape': (2,),\n 'descr': '<f4',\n 'fortran_order': True}\n"})
    CHECK(read_bytes_as_npy(npy_with_header(header, from_hex(elements))) == pair);
  // A header's length may have any bits.
  for (const std::size_t blanks : {70, 200, 30000, 65000}) {
    const auto header = numpy_header("<f4", "(2,)") + std::string(blanks, ' ') + "\n";
    CHECK(read_bytes_as_npy(npy_with_header(header, from_hex(elements))) == pair);
  }
}

TEST_CASE("what NumPy takes for true is true", "[files][arrays]") {
  const auto array = read_bytes_as_npy(numpy_file(numpy_header("|b1", "(4,)"), "000102ff"));
  CHECK(array == Array(Shape{4}, std::vector<bool>{false, true, true, true}));
}

TEST_CASE("arrays are written byte for byte as NumPy writes them", "[files][arrays]") {
  for (const auto& stored : all_types()) {
    const auto element = stored.read.element();
    const bool kept =
        stored.type[0] != '>' && stored.type[1] != 'u' && stored.type[2] - '0' == int(size_of(element));
    if (!kept) continue;
    CAPTURE(stored.type);
    CHECK(written(stored.read) == numpy_file(numpy_header(stored.type, "(3,)"), stored.elements));
  }
  CHECK(written(counted<float>({2, 3})) ==
        numpy_file(numpy_header("<f4", "(2, 3)"), "000000000000803f0000004000004040000080400000a040"));
  CHECK(written(Array(7.0f)) == numpy_file(numpy_header("<f4", "()"), "0000e040"));
  CHECK(written(counted<std::int32_t>({2, 0, 3})) == numpy_file(numpy_header("<i4", "(2, 0, 3)"), ""));
}

TEST_CASE("arrays come back from .npy files bit for bit", "[files][arrays]") {
  std::mt19937_64 random(1);
  const Directory directory;
  for (const auto element : all_element_types) {
    for (const auto& shape :
         {Shape{}, Shape{5}, Shape{0}, Shape{3, 1, 4}, Shape{1, 2, 1, 2, 1, 2, 3, 1, 1}}) {
      Array array(shape, element);
      auto* bytes = static_cast<unsigned char*>(array.raw());
      // All bits of numbers, NaN of all kinds among them.
      for (std::size_t i = 0; i < array.bytes(); ++i)
        bytes[i] = static_cast<unsigned char>(random() & (element == ElementType::boolean ? 1 : 0xff));
      write_npy(directory / "array.npy", array);
      CAPTURE(to_string(array.type()));
      CHECK(read_npy(directory / "array.npy") == array);
    }
  }
}

TEST_CASE("the longest shape of all comes back", "[files][arrays]") {
  std::vector<std::int64_t> extents(Shape::max_rank, 10);
  extents.back() = 0;
  const Array array(Shape(extents), ElementType::boolean);
  const auto bytes = written(array);
  CHECK(bytes.size() == 128);
  CHECK(read_bytes_as_npy(bytes) == array);
}

TEST_CASE("extents are written and read in a locale that groups digits", "[files][arrays]") {
  struct Groups : std::numpunct<char> {
    char do_thousands_sep() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
  };
  const auto array = counted<float>({3, 12345});
  const auto before = std::locale::global(std::locale(std::locale::classic(), new Groups));
  const auto bytes = written(array);
  const auto back = read_bytes_as_npy(bytes);
  std::locale::global(before);
  CHECK(bytes.find("(3, 12345)") != bytes.npos);
  CHECK(back == array);
}

TEST_CASE("an array that holds nothing and a place that takes none are refused", "[files][arrays]") {
  const Directory directory;
  Array array(1.0f);
  CHECK_THROWS_AS(write_npy(directory / "missing/array.npy", array), FileError);
  CHECK_THROWS_AS(read_npy(directory / "missing.npy"), FileError);
  const auto moved = std::move(array);
  CHECK_THROWS_AS(write_npy(directory / "array.npy", array), Error);
  CHECK(directory.names().empty());
}

TEST_CASE("a .npy file of elements that no array has is refused", "[files][arrays]") {
  for (const auto& type : {"<c8", "<c16"}) check_refused(numpy_header(type, "(1,)"), "complex numbers");
  for (const auto& type : {"|S3", "<U2", "|a1"}) check_refused(numpy_header(type, "(1,)"), "text");
  for (const auto& type : {"<M8[D]", "<m8[ns]"})
    check_refused(numpy_header(type, "(1,)"), "dates or spans of time");
  check_refused(numpy_header("|O", "(1,)"), "Python objects");
  check_refused(numpy_header("|V4", "(1,)"), "records or raw bytes");
  check_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records");
  for (const auto& type :
       {"<f16", "<f3", "<i3", "<i16", "|b2", "<x4", "", "<", "<f", "f", "<f44", "<<f4", "4f"})
    check_refused(numpy_header(type, "(1,)"), "which no Array holds");
  for (const auto& type : {"|f4", "=f4", "f4", "|i2"})
    check_refused(numpy_header(type, "(1,)"), "does not tell the order of bytes", "abcd");
  const auto large = numpy_file(numpy_header("<u8", "(2, 2)", true),
                                "0100000000000000"
                                "0200000000000000"
                                "0000000000000080"
                                "0400000000000000");
  CHECK_THROWS_WITH(read_bytes_as_npy(large),
                    ContainsSubstring("element 1 in row-major order is 9223372036854775808"));
}

TEST_CASE("a .npy file with a broken header is refused where it is broken", "[files][arrays]") {
  const std::string start = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  for (const auto& extent : {"(-1,)", "(a,)", "(9223372036854775808,)", "(18446744073709551616,)", "(, 2)",
                             "(2,,)", "(+2,)", "(None,)"})
    check_refused(start + extent + ", }", "extent");
  for (const auto& extent : {"(1.5,)", "(1e3,)", "(0x2,)"})
    check_refused(start + extent + ", }", "a , is missing");
  check_refused(start + "(2), }", "a , is missing");
  check_refused(start + "2, }", "a ( is missing");
  check_refused(start + "(2, 3", "a ) is missing");
  check_refused(start + "(2 3), }", "a , is missing");
  check_refused(start + "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }", "more than 16 axes");
  // Products that overflow, to 0 and beyond.
  for (const auto& shape :
       {"(4294967296, 4294967296)", "(9223372036854775807, 2)", "(4611686018427387904, 4)",
        "(9223372036854775807,)", "(0, 9223372036854775807, 9223372036854775807)"})
    check_refused(start + shape + ", }", "character ");
  check_refused("", "a { is missing");
  check_refused("{", "a ' is missing");
  check_refused("{}", "it does not tell all of");
  check_refused("{'descr': '<f4', 'shape': (2,), }", "it does not tell all of");
  check_refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }",
                "'descr' is there twice");
  check_refused("{'descr': '<f4', 'order': False, 'shape': (), }", "unknown key 'order'");
  check_refused("{'descr': '<f4', 'fortran_order': 1, 'shape': (), }", "neither True nor False");
  check_refused("{'descr': <f4, 'fortran_order': False, 'shape': (), }", "a ' is missing");
  check_refused("{'descr': '<f4, 'fortran_order': False, 'shape': (), }", "of type '<f4, '");
  check_refused("{'descr': '<f4", "a name or type of strange characters");
  check_refused("{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (), }", "strange characters");
  check_refused("{'descr': '<f4' 'fortran_order': False, 'shape': (), }", "a } is missing");
  check_refused(start + "(), } }", "goes on behind its end");
  check_refused(start + "(), }x", "goes on behind its end", "abcd");
  check_refused(std::string(60000, '('), "a { is missing");
  check_refused(start + std::string(60000, '('), "extent");
}

TEST_CASE("a .npy file that is cut off, too long or of another kind is refused", "[files][arrays]") {
  const auto file = numpy_file(numpy_header("<f4", "(2,)"), "000000000000803f");
  for (const char version : {1, 2, 3}) {
    const auto whole = numpy_file(numpy_header("<f4", "(2,)"), "000000000000803f", version);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK_THROWS_AS(read_bytes_as_npy(whole.substr(0, size)), FileError);
    }
  }
  CHECK_THROWS_WITH(read_bytes_as_npy(file.substr(0, file.size() - 1)),
                    ContainsSubstring("has 135 bytes, where its header tells of 136"));
  CHECK_THROWS_WITH(read_bytes_as_npy(file + "x"), ContainsSubstring("has 137 bytes"));
  CHECK_THROWS_WITH(read_bytes_as_npy("PK" + file), ContainsSubstring("no .npy file"));
  for (const auto& version : {std::string("\0\0", 2), std::string("\4\0", 2), std::string("\1\1", 2)}) {
    auto other = file;
    CHECK_THROWS_WITH(read_bytes_as_npy(other.replace(6, 2, version)), ContainsSubstring("another version"));
  }
  auto long_header = numpy_file(numpy_header("<f4", "(2,)"), "000000000000803f", 2);
  CHECK_THROWS_WITH(read_bytes_as_npy(long_header.replace(8, 4, "\xff\xff\xff\xff")),
                    ContainsSubstring("a header of 4294967295 bytes"));
}

TEST_CASE("a .npy file that claims to be large takes no memory", "[files][arrays][slow]") {
  const Directory directory;
  for (const auto& shape : {"(1000000000,)", "(281474976710656,)", "(1048576, 1048576)"})
    for (const auto& type : {"<f4", "|u1", "<f2"}) {
      write(directory / "array.npy", numpy_file(numpy_header(type, shape), "0000"));
      const auto bytes =
          most_live_bytes([&] { CHECK_THROWS_AS(read_npy(directory / "array.npy"), FileError); });
      CHECK(bytes < 100000);
    }
}

TEST_CASE("damaged .npy files are refused, or are arrays", "[files][arrays]") {
  const Directory directory;
  std::vector<std::string> files;
  for (const auto& stored : all_types())
    files.push_back(npy_with_header(numpy_header(stored.type, "(3,)") + "\n", from_hex(stored.elements)));
  files.push_back(npy_with_header(numpy_header("<i2", "(2, 3, 2)", true), std::string(24, 'x'), 2));
  survive_mutations(files, [&](const std::string& file) {
    write(directory / "array.npy", file);
    const auto array = read_npy(directory / "array.npy");
    REQUIRE(array.bytes() <= 4 * file.size());
  });
}

TEST_CASE("a .npy file for which there is no memory is refused as that", "[files][arrays][slow]") {
  const Directory directory;
  const auto path = directory / "array.npy";
  const Array array(TensorType{ElementType::float64, {100, 100}});
  CHECK(refusals_for_memory(path, [&] { write_npy(path, array); }) > 5);
  CHECK(refusals_for_memory(path, [&] { read_npy(path); }) > 5);
}
