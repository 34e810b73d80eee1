// Arrays of NumPy's .npz archives, and archives made to do damage.

#include <reel/npz.h>

#include <memory>

#include <zip.h>

#include "catch.h"
#include "directory.h"
#include "live_bytes.h"
#include "memory_refusals.h"
#include "mutations.h"
#include "numpy_files.h"
#include "refusals.h"

using namespace reel;
using namespace reel::test;

namespace {

/// What numpy.savez and numpy.savez_compressed write of a = [1, 2] as float32 and weights/b = [[True,
/// False]].
std::string numpy_archive(Packing packing) {
  const std::string a = "612e6e7079", b = "776569676874732f622e6e7079";
  if (packing == Packing::stored)
    return from_hex("504b03042d0000000000000021009acaabe7ffffffffffffffff05001400" + a +
                    "0100100088000000000000008800000000000000") +
           numpy_file(numpy_header("<f4", "(2,)"), "0000803f00000040") +
           from_hex("504b03042d00000000000000210010193a19ffffffffffffffff0d001400" + b +
                    "0100100082000000000000008200000000000000") +
           numpy_file(numpy_header("|b1", "(1, 2)"), "0100") +
           from_hex(
               "504b01022d032d0000000000000021009acaabe7880000008800000005000000000000000000000080010000000"
               "0" +
               a +
               "504b01022d032d00000000000000210010193a1982000000820000000d00000000000000000000008001bf00000"
               "0" +
               b + "504b050600000000020002006e000000800100000000");
  return from_hex(
      "504b03042d0000000800000021009acaabe7ffffffffffffffff05001400" + a +
      "0100100088000000000000004c000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f"
      "54"
      "529498179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e0686067b0606060700504b03042d0000"
      "00"
      "08000000210010193a19ffffffffffffffff0d001400" +
      b +
      "01001000820000000000000048000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a05e9364a8aea3a09e965f"
      "54"
      "529498179f5f94920a12774bcc294e058a17672416a402f91a863a0a469a3a0ab50a64032e460600504b01022d032d00000008"
      "00"
      "000021009acaabe74c00000088000000050000000000000000000000800100000000" +
      a + "504b01022d032d00000008000000210010193a1948000000820000000d0000000000000000000000800183000000" + b +
      "504b050600000000020002006e0000000a0100000000");
}

NamedArrays two_arrays() {
  return {{"a", Array(std::vector<float>{1, 2})},
          {"weights/b", Array({1, 2}, std::vector<bool>{true, false})}};
}

NamedArrays read_archive(const std::string& bytes) {
  const Directory directory;
  write(directory / "arrays.npz", bytes);
  return read_npz(directory / "arrays.npz");
}

std::string written(const NamedArrays& arrays, Packing packing = Packing::stored) {
  const Directory directory;
  write_npz(directory / "arrays.npz", arrays, packing);
  return read(directory / "arrays.npz");
}

void check_refused(const std::string& bytes, const std::string& reason) {
  CHECK_THROWS_WITH(read_archive(bytes), ContainsSubstring(reason));
  CHECK_THROWS_AS(read_archive(bytes), FileError);
}

/// An archive of any entries.
std::string archive(const std::vector<std::pair<std::string, std::string>>& entries,
                    int method = ZIP_CM_STORE, bool encrypted = false) {
  const Directory directory;
  const auto path = directory / "archive.zip";
  int error = 0;
  auto* const zip = zip_open(path.c_str(), ZIP_CREATE, &error);
  if (!zip) throw std::runtime_error("no archive");
  for (const auto& [name, bytes] : entries) {
    const auto index =
        zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), method, 0);
    if (encrypted) zip_file_set_encryption(zip, static_cast<zip_uint64_t>(index), ZIP_EM_AES_256, "secret");
  }
  if (zip_close(zip) != 0) throw std::runtime_error("no archive");
  return read(path);
}

std::string replaced_all(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string bytes_of(std::uint64_t number, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(number >> 8 * i & 0xff);
  return bytes;
}

const std::string local = "PK\3\4", central = "PK\1\2", the_end = "PK\5\6";
/// Where fields stand behind these signatures: of local headers, and of the central directory.
struct Field {
  std::size_t local, central;
};
constexpr Field crc{14, 16}, packed_size{18, 20}, size{22, 24};

/// A field of the first entry changed in both places.
std::string with_field(std::string bytes, Field field, const std::string& value) {
  bytes.replace(bytes.find(local) + field.local, value.size(), value);
  return bytes.replace(bytes.find(central) + field.central, value.size(), value);
}

}  // namespace

TEST_CASE("archives of NumPy are read", "[files][arrays]") {
  CHECK(read_archive(numpy_archive(Packing::stored)) == two_arrays());
  CHECK(read_archive(numpy_archive(Packing::deflated)) == two_arrays());
  // That of no arrays.
  CHECK(read_archive(the_end + std::string(18, '\0')).empty());
}

TEST_CASE("arrays come back from archives bit for bit", "[files][arrays]") {
  NamedArrays arrays = two_arrays();
  arrays.emplace("", Array(7.0));
  arrays.emplace("Gew\xc3\xaf\xc3\xb6hte.npy", Array(Shape{2, 0, 3}, ElementType::int32));
  arrays.emplace("../large", Array({TensorType{ElementType::float64, {100, 300}}, 0.1}));
  arrays.emplace(std::string(65531, 'x'),
                 Array(Shape{3}, std::vector<std::int64_t>{INT64_MIN, 0, INT64_MAX}));
  for (const auto packing : {Packing::stored, Packing::deflated}) {
    const auto bytes = written(arrays, packing);
    CHECK(read_archive(bytes) == arrays);
    // Of the first day that there is, as NumPy's: no file tells when it was written.
    CHECK(bytes.substr(bytes.find(local) + 10, 4) == from_hex("00002100"));
    CHECK(bytes.substr(bytes.find(central) + 12, 4) == from_hex("00002100"));
  }
  CHECK(written(arrays, Packing::deflated).size() + 200000 < written(arrays, Packing::stored).size());
}

TEST_CASE("names that no archive holds and archives without arrays are refused", "[files][arrays]") {
  const Directory directory;
  const auto path = directory / "arrays.npz";
  for (const auto& name : {std::string("a\0b", 3), std::string("\xff"), std::string(65532, 'x')})
    CHECK_THROWS_WITH(write_npz(path, {{name, Array(1.0f)}}),
                      ContainsSubstring("[write_npz] no archive takes"));
  CHECK_THROWS_AS(write_npz(path, {}), Error);
  CHECK_THROWS_AS(write_npz(directory / "missing/arrays.npz", two_arrays()), FileError);
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("was not found"));
  CHECK(directory.names().empty());
}

TEST_CASE("an archive that is broken, or none, is refused", "[files][arrays]") {
  check_refused("", "is empty");
  check_refused(numpy_file(numpy_header("<f4", "()"), "0000e040"), "no zip archive");
  for (const auto packing : {Packing::stored, Packing::deflated}) {
    const auto bytes = written(two_arrays(), packing);
    for (std::size_t end = 0; end < bytes.size(); ++end) {
      CAPTURE(end);
      CHECK_THROWS_AS(read_archive(bytes.substr(0, end)), FileError);
    }
  }
  // More entries than are there.
  auto bytes = written(two_arrays());
  bytes.replace(bytes.rfind(the_end) + 8, 4, "\xff\x7f\xff\x7f");
  check_refused(bytes, "no zip archive");
}

TEST_CASE("an entry with another checksum is refused by its name", "[files][arrays]") {
  auto bytes = written(two_arrays());
  const auto element = bytes.find(from_hex("0000803f00000040"));
  bytes[element] ^= 1;
  check_refused(bytes, "'a.npy' is broken: CRC error");
  for (const auto packing : {Packing::stored, Packing::deflated})
    check_refused(with_field(numpy_archive(packing), crc, "abcd"), "'a.npy' is broken: CRC error");
}

TEST_CASE("a long entry is read to its end", "[files][arrays]") {
  const Array zeros(TensorType{ElementType::float64, {20000}});
  const auto file = numpy_file(numpy_header("<f8", "(20000,)"), "") + std::string(zeros.bytes(), '\0');
  for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    CHECK(read_archive(archive({{"a.npy", file}}, method)) == NamedArrays{{"a", zeros}});
    check_refused(archive({{"a.npy", file + "x"}}, method),
                  "'a.npy' has 160129 bytes, where its header tells of 160128");
    check_refused(archive({{"a.npy", file.substr(1)}}, method), "'a.npy' is no .npy file");
    check_refused(archive({{"a.npy", file.substr(0, 160127)}}, method), "'a.npy' has 160127 bytes");
    check_refused(with_field(archive({{"a.npy", file}}, method), crc, "abcd"),
                  "'a.npy' is broken: CRC error");
  }
}

TEST_CASE("an entry that is no array, there twice, encrypted or packed in another way is refused",
          "[files][arrays]") {
  const auto file = numpy_file(numpy_header("<f4", "()"), "0000e040");
  CHECK(read_archive(archive({{"a.npy", file}})) == NamedArrays{{"a", Array(7.0f)}});
  check_refused(archive({{"a.npy", file}, {"b.txt", "text"}}),
                "'b.txt' is no array: its name does not end in .npy");
  check_refused(archive({{"a/", ""}, {"a/b.npy", file}}), "'a/' is no array");
  check_refused(archive({{"npy", file}}), "'npy' is no array");
  check_refused(archive({{"a.npy", "text"}}), "'a.npy' is no .npy file");
  check_refused(archive({{"a.npy", ""}}), "'a.npy' is no .npy file");
  check_refused(archive({{"a.npy", file + "x"}}), "'a.npy' has 133 bytes, where its header tells of 132");
  check_refused(archive({{"a.npy", file.substr(0, 131)}}), "'a.npy' has 131 bytes");
  check_refused(replaced_all(archive({{"a.npy", file}, {"b.npy", file}}), "b.npy", "a.npy"),
                "'a.npy' is there twice");
  check_refused(archive({{"a.npy", file}}, ZIP_CM_BZIP2), "'a.npy' is neither stored nor deflated");
  if (zip_encryption_method_supported(ZIP_EM_AES_256, 1))
    check_refused(archive({{"a.npy", file}}, ZIP_CM_STORE, true), "'a.npy' is encrypted");
}

TEST_CASE("arrays are read by their names, whatever stands beside them", "[files][arrays]") {
  const auto seven = numpy_file(numpy_header("<f4", "()"), "0000e040");
  const auto text = numpy_file(numpy_header("<U1", "()"), "41000000");
  const auto object = numpy_file(numpy_header("|O", "()"), "00");
  const Directory directory;
  const auto path = directory / "arrays.npz";
  const auto refusal = [&](const std::vector<std::string>& names) {
    return message_of([&] { read_npz(path, names); });
  };
  const NamedArrays a{{"a", Array(7.0f)}}, both{{"a", Array(7.0f)}, {"b/c", Array(7.0f)}};
  write(path, archive({{"names.npy", text},
                       {"a.npy", seven},
                       {"objects.npy", object},
                       {"broken.npy", "text"},
                       {"note.txt", "text"},
                       {"b/c.npy", seven}}));
  CHECK_THROWS_WITH(read_npz(path), ContainsSubstring("'names.npy'") && ContainsSubstring("text"));
  CHECK(read_npz(path, {"a"}) == a);
  CHECK(read_npz(path, {"b/c", "a", "a"}) == both);
  CHECK(read_npz(path, std::vector<std::string>()).empty());
  const auto start = "[read_npz] " + path;
  CHECK(refusal({"a", "x"}) == start + " holds no array 'x'");
  // An entry's name is all of it.
  for (const std::string name : {"a.npy", "note.txt", "note", "c", "b", "", "A"})
    CHECK(refusal({name}) == start + " holds no array '" + name + "'");
  CHECK_THAT(refusal({"names"}), ContainsSubstring("'names.npy'") && ContainsSubstring("text"));
  CHECK_THAT(refusal({"objects"}), ContainsSubstring("Python objects"));
  CHECK_THAT(refusal({"a", "broken"}), ContainsSubstring("'broken.npy' is no .npy file"));
  // What is there twice is refused where it is asked for.
  write(path,
        replaced_all(archive({{"a.npy", seven}, {"b.npy", seven}, {"c.npy", seven}}), "c.npy", "b.npy"));
  CHECK(read_npz(path, {"a"}) == a);
  CHECK(refusal({"b"}) == start + ": 'b.npy' is there twice");
  CHECK_THROWS_WITH(read_npz(directory / "missing.npz", {"a"}), ContainsSubstring("was not found"));
}

TEST_CASE("a small archive that unpacks to a large one takes no memory", "[files][arrays][slow]") {
  const Directory directory;
  const auto path = directory / "arrays.npz";
  const auto check_small = [&](const std::string& bytes) {
    write(path, bytes);
    CHECK(bytes.size() < 200000);
    CHECK(most_live_bytes([&] { CHECK_THROWS_AS(read_npz(path), FileError); }) < 1000000);
  };
  // Behind an array of one element, beside an array that is not there, and within a header.
  const std::string zeros(100000000, '\0');
  const auto one = numpy_file(numpy_header("<f4", "()"), "0000e040");
  check_small(archive({{"a.npy", one + zeros}}, ZIP_CM_DEFLATE));
  check_small(archive({{"a.npy", zeros}}, ZIP_CM_DEFLATE));
  check_small(archive({{"a.npy", std::string("\x93NUMPY\2\0\0\xe1\xf5\5", 12) + zeros}}, ZIP_CM_DEFLATE));
  const auto huge = numpy_file(numpy_header("<f8", "(100000000000,)"), "0000e040");
  for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE})
    for (const std::uint64_t claimed : {0xfffffffeu, 0x7fffffffu, 0u})
      check_small(with_field(archive({{"a.npy", huge}}, method), size, bytes_of(claimed, 4)));
}

TEST_CASE("entries of an archive that share their bytes are refused", "[files][arrays]") {
  const auto bytes = written({{"a", Array(TensorType{ElementType::float32, {1000}})}});
  const auto at = bytes.find(central), end = bytes.rfind(the_end);
  const auto entry = bytes.substr(at, end - at);
  auto many = bytes.substr(0, at);
  constexpr int times = 50;
  for (int i = 0; i < times; ++i) many += entry;
  many += bytes.substr(end);
  const auto last = many.rfind(the_end);
  many.replace(last + 8, 4, bytes_of(times, 2) + bytes_of(times, 2));
  many.replace(last + 12, 4, bytes_of(times * entry.size(), 4));
  check_refused(many, "entries of more bytes than the file");
  check_refused(with_field(bytes, packed_size, bytes_of(0x7fffffff, 4)),
                "entries of more bytes than the file");
}

TEST_CASE("damaged archives are refused, or hold arrays", "[files][arrays]") {
  const Directory directory;
  const std::vector<std::string> files{numpy_archive(Packing::stored), numpy_archive(Packing::deflated),
                                       written(two_arrays(), Packing::stored),
                                       written(two_arrays(), Packing::deflated)};
  survive_mutations(files, [&](const std::string& file) {
    write(directory / "arrays.npz", file);
    read_npz(directory / "arrays.npz");
  });
}

TEST_CASE("an archive for which there is no memory is refused as that", "[files][arrays][slow]") {
  const Directory directory;
  const auto path = directory / "arrays.npz";
  auto arrays = two_arrays();
  arrays.emplace("large", Array(TensorType{ElementType::float64, {100, 100}}));
  for (const auto packing : {Packing::stored, Packing::deflated}) {
    CHECK(refusals_for_memory(path, [&] { write_npz(path, arrays, packing); }) > 5);
    CHECK(refusals_for_memory(path, [&] { read_npz(path); }) > 5);
    CHECK(refusals_for_memory(path, [&] { read_npz(path, {"large"}); }) > 5);
  }
}
