#include <reel/pytorch.h>
#include <reel/reel.h>
#include <reel/safetensors.h>
#include <reel/tmva.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "directory.h"
#include "memory_refusals.h"
#include "mutations.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A file of a header and data, the header's length in front of it.
std::string file_of(const std::string& header, const std::string& data = "") {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

template <class T>
std::string bytes(const std::vector<T>& elements) {
  return std::string(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T));
}

Safetensors parse(const std::string& file) { return parse_safetensors(file, "here"); }

/// The only array of a file with one tensor "x".
Array only(const std::string& type, const std::string& shape, const std::string& data) {
  const auto content = parse(file_of(R"({"x":{"dtype":")" + type + R"(","shape":)" + shape +
                                         R"(,"data_offsets":[0,)" + std::to_string(data.size()) + "]}}",
                                     data));
  REQUIRE(content.arrays.size() == 1);
  return content.arrays.at("x");
}

Safetensors some_content() {
  Safetensors content;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  content.arrays["a/float32"] = Array({2, 3}, std::vector<float>{1, -0.f, nan, 3.5f, INFINITY, 1e-45f});
  content.arrays["float64"] = Array({1, 0, 2}, ElementType::float64);
  content.arrays["int32"] = Array(std::vector<std::int32_t>{-1, 2147483647});
  content.arrays["int64 \"quoted\" \xc3\xa9"] = Array(std::int64_t{-9007199254740993});
  Array flags({ElementType::boolean, {3}});
  flags.data<bool>()[1] = true;
  content.arrays["boolean"] = flags;
  content.texts = {{"note", "two\nlines, \xe2\x82\xac"}, {"empty", ""}};
  return content;
}

}  // namespace

TEST_CASE("arrays and texts come back from a safetensors file bit for bit", "[files][safetensors]") {
  const Directory directory;
  const auto content = some_content();
  write_safetensors(directory / "x.safetensors", content);
  const auto found = read_safetensors(directory / "x.safetensors");
  CHECK(found.texts == content.texts);
  CHECK(found.arrays == content.arrays);
  SECTION("and hold each array at a multiple of its elements' size") {
    const auto file = read(directory / "x.safetensors");
    std::uint64_t length;
    std::memcpy(&length, file.data(), 8);
    CHECK(length % 8 == 0);
    // The longest elements come first.
    std::int64_t first;
    std::memcpy(&first, file.data() + 8 + length, 8);
    CHECK(first == -9007199254740993);
  }
  SECTION("without any") {
    write_safetensors(directory / "x.safetensors", {});
    const auto none = read_safetensors(directory / "x.safetensors");
    CHECK(none.arrays.empty());
    CHECK(none.texts.empty());
  }
}

TEST_CASE("element types of other programs are read exactly", "[files][safetensors]") {
  CHECK(only("U8", "[3]", bytes<std::uint8_t>({0, 127, 255})) ==
        Array(std::vector<std::int32_t>{0, 127, 255}));
  CHECK(only("I8", "[2]", bytes<std::int8_t>({-128, 127})) == Array(std::vector<std::int32_t>{-128, 127}));
  CHECK(only("I16", "[2]", bytes<std::int16_t>({-32768, 7})) == Array(std::vector<std::int32_t>{-32768, 7}));
  CHECK(only("U16", "[1]", bytes<std::uint16_t>({65535})) == Array(std::vector<std::int32_t>{65535}));
  CHECK(only("U32", "[1]", bytes<std::uint32_t>({4294967295u})) ==
        Array(std::vector<std::int64_t>{4294967295}));
  SECTION("bfloat16") {
    const auto read = only("BF16", "[5]", bytes<std::uint16_t>({0x3f80, 0xc040, 0x7f80, 0x0001, 0x8000}));
    const float smallest = 0x1p-133f;
    CHECK(read == Array(std::vector<float>{1, -3, INFINITY, smallest, -0.f}));
  }
  SECTION("float16") {
    const auto read = only(
        "F16", "[8]", bytes<std::uint16_t>({0x3c00, 0xc248, 0x7bff, 0x0001, 0x8001, 0x0400, 0xfc00, 0x8000}));
    CHECK(read ==
          Array(std::vector<float>{1, -3.140625f, 65504, 0x1p-24f, -0x1p-24f, 0x1p-14f, -INFINITY, -0.f}));
    CHECK(std::isnan(only("F16", "[]", bytes<std::uint16_t>({0x7e01})).item()));
  }
}

TEST_CASE("a safetensors file that is none is refused", "[files][safetensors]") {
  const auto refuse = [](const std::string& file, const std::string& reason) {
    CHECK_THROWS_AS(parse(file), FileError);
    CHECK_THROWS_WITH(parse(file), ContainsSubstring("here") && ContainsSubstring(reason));
  };
  const auto with = [](const std::string& entries, const std::string& data = "12345678") {
    return file_of("{" + entries + "}", data);
  };
  const std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  REQUIRE_NOTHROW(parse(with(x)));
  const auto changed = [&](const std::string& from, const std::string& to) {
    return with(replaced(x, from, to));
  };

  refuse("", "cut off");
  refuse("1234567", "cut off");
  refuse(std::string(8, '\0'), "JSON");
  refuse(std::string(8, '\xff') + "{}", "its header would have 18446744073709551615 bytes");
  refuse(file_of("{}").substr(0, 9), "its header would have 2 bytes");
  refuse(file_of("[]"), "no JSON object");
  refuse(file_of(" {}"), "no JSON object");
  refuse(file_of("{"), "no JSON");
  refuse(file_of("{}{}"), "no JSON");
  refuse(file_of(std::string("{}\0garbage", 10)), "a zero byte");
  refuse(file_of(std::string("{}\0", 3)), "a zero byte");
  refuse(file_of(std::string(1000000, '[')), "nests too deep");
  refuse(with(x + "," + x), "'x' stands twice");
  refuse(changed(R"("dtype":"F32")", R"("dtype":"F32","dtype":"F32")"), "'dtype' stands twice");
  refuse(changed("\"x\"", "\"\xff\""), "no JSON");
  refuse(with(R"("x":3)"), "is no object");
  refuse(changed(R"("dtype":"F32",)", ""), "has no dtype");
  refuse(changed("\"F32\"", "32"), "has no dtype");
  refuse(changed("F32", "U64"), "type U64, which Reel does not read");
  refuse(changed("F32", "F8_E4M3"), "F8_E4M3");
  refuse(changed(R"("shape":[2],)", ""), "has no list shape");
  refuse(changed("[2]", "2"), "has no list shape");
  refuse(changed("[2]", "[-2]"), "-2, which is no count");
  std::string ones = "[1";
  for (int i = 0; i < 2000; ++i) ones += ",1";
  refuse(changed("[2]", ones + "]"), "a list of more than 1000 values");
  refuse(changed("[2]", "[2.0]"), "2.0, which is no count");
  refuse(changed("[2]", "[[2]]"), "nests too deep");
  refuse(changed("[2]", "[18446744073709551616]"), "which is no count");
  refuse(changed("[2]", "[18446744073709551615]"), "an extent of 18446744073709551615");
  refuse(changed("[2]", "[4294967296,4294967296,4294967296]"), "tensor 'x'");
  refuse(changed("[2]", "[72057594037927936]"), "larger than any memory");
  refuse(changed("[2]", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]"), "tensor 'x'");
  refuse(changed("[2]", "[3]"), "has 8 bytes for shape [3] of F32");
  refuse(changed("[0,8]", "[0,9]"), "has 9 bytes");
  refuse(changed("[0,8]", "[8,0]"), "a beginning and an end");
  refuse(changed("[0,8]", "[0,4,8]"), "a beginning and an end");
  refuse(changed("[0,8]", "[4,12]"), "ends at byte 12 of 8");
  refuse(changed("[0,8]", "[18446744073709551608,18446744073709551615]"), "has 7 bytes");
  refuse(changed("[0,8]", R"([0,8],"more":1)"), "'more', which means nothing there");
  refuse(with(x, "1234567"), "ends at byte 8 of 7");
  refuse(with(x, "123456789"), "goes on for 1 bytes behind its tensors");
  const std::string y = R"(,"y":{"dtype":"F32","shape":[1],"data_offsets":[)";
  refuse(with(x + y + "4,8]}"), "tensor 'y' overlaps");
  refuse(with(x + y + "9,13]}", "1234567890123"), "tensor 'y' leaves a gap");
  refuse(with(R"("__metadata__":[])", ""), "__metadata__ is no object");
  refuse(with(R"("__metadata__":{"a":1})", ""), "'a' is no text");
  refuse(with(R"("x":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]})", std::string("\1\2")),
         "neither 0 nor 1");
  SECTION("and what cannot be written") {
    const Directory directory;
    Safetensors content;
    content.arrays["__metadata__"] = Array(1.f);
    CHECK_THROWS_AS(write_safetensors(directory / "x", content), FileError);
    content.arrays = {{"\xff", Array(1.f)}};
    CHECK_THROWS_AS(write_safetensors(directory / "x", content), FileError);
    CHECK(directory.names().empty());
  }
}

TEST_CASE("a header is read in time that grows as it does", "[files][safetensors]") {
  const auto file_of_tensors = [](int count) {
    std::string entries;
    for (int i = 0; i < count; ++i)
      entries += std::string(i > 0 ? "," : "") + "\"t" + std::to_string(i) +
                 R"(":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) + "," +
                 std::to_string(i + 1) + "]}";
    return file_of("{" + entries + "}", std::string(static_cast<std::size_t>(count), 'x'));
  };
  const auto seconds = [](const std::string& file) {
    const auto start = std::chrono::steady_clock::now();
    parse(file);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto few = file_of_tensors(2000), many = file_of_tensors(32000);
  double of_few = 1e9, of_many = 1e9;
  for (int i = 0; i < 3; ++i) {
    of_few = std::min(of_few, seconds(few));
    of_many = std::min(of_many, seconds(many));
  }
  // 16 times as many; 256 where it grows with the square.
  CHECK(of_many < 64 * of_few);
}

TEST_CASE("safetensors files that were damaged are refused, or read", "[files][safetensors]") {
  const Directory directory;
  auto content = some_content();
  write_safetensors(directory / "many", content);
  content.arrays = {{"x", Array({2}, ElementType::float32)}};
  content.texts.clear();
  write_safetensors(directory / "one", content);
  survive_mutations({read(directory / "many"), read(directory / "one")}, parse);
}

TEST_CASE("texts of a safetensors file stand in messages in one line, and shortened", "[files]") {
  const auto message = [](const std::string& header) {
    try {
      parse(file_of(header, "12345678"));
    } catch (const FileError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto tensor = [](const std::string& name, const std::string& type, const std::string& shape) {
    return "{\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":[0,8]}})";
  };
  CHECK(message(tensor(R"(a\nb\u001b[2J\u0085)", "F64", "[3]")) ==
        "here: tensor 'a?b?[2J?' has 8 bytes for shape [3] of F64");
  CHECK(message(tensor("x", R"(F\t64)", "[1]")) ==
        "here: tensor 'x' is of type F?64, which Reel does not read");
  CHECK(message(R"({"__metadata__":{"\r":1}})") == "here: __metadata__ '?' is no text");
  const std::string endless(1000000, 'x');
  const std::vector<std::string> headers{tensor(endless, "F64", "[3]"),
                                         tensor("x", endless, "[1]"),
                                         tensor("x", "F64", "[\"" + endless + "\"]"),
                                         "{\"" + endless + "\":1,\"" + endless + "\":1}",
                                         R"({"x":{")" + endless + R"(":1}})",
                                         R"({"__metadata__":{")" + endless + R"(":1}})",
                                         "{\"" + endless,
                                         "{\"x\":" + endless + "}"};
  for (const auto& header : headers) {
    CHECK(!message(header).empty());
    CHECK(message(header).size() < 400);
  }
}

TEST_CASE("a safetensors file for which there is no memory is refused as that", "[files][slow]") {
  const Directory directory;
  const auto path = directory / "weights.safetensors";
  Safetensors content;
  for (int i = 0; i < 200; ++i) {
    content.arrays["a tensor with a long name " + std::to_string(i)] =
        Array(Shape{100}, ElementType::float32);
    content.texts["a text with a long name " + std::to_string(i)] = std::string(100, 'x');
  }
  CHECK(refusals_for_memory(path, [&] { write_safetensors(path, content); }) > 5);
  CHECK(refusals_for_memory(path, [&] { read_safetensors(path); }) > 5);
}

TEST_CASE("what cannot be read or written is told as that of the function that was called",
          "[files][safetensors]") {
  const Directory directory;
  CHECK_THROWS_WITH(read_safetensors(directory / "x"),
                    ContainsSubstring("[read_safetensors] " + (directory / "x")));
  CHECK_THROWS_WITH(write_safetensors(directory / "no/x", {}),
                    ContainsSubstring("[write_safetensors] cannot write"));
  CHECK_THROWS_WITH(load_pytorch({}, directory / "x"),
                    ContainsSubstring("[load_pytorch] " + (directory / "x")));
  CHECK_THROWS_WITH(save_pytorch({}, directory / "no/x"), ContainsSubstring("[save_pytorch] cannot write"));
  CHECK_THROWS_WITH(read_tmva(directory / "x"), ContainsSubstring("[read_tmva] " + (directory / "x")));
}
