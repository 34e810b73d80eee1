// Names of parameters come back from a weight file, or are refused when the parameter is made.

#include <reel/files.h>
#include <reel/initialisers.h>

#include "catch.h"
#include "directory.h"
#include "models.h"

using namespace reel;
using namespace reel::test;

namespace {

/// In UTF-8, without a look at whether there is such a character.
std::string utf8(char32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

void check_refused(const std::string& name, const std::string& reason) {
  CAPTURE(name);
  Model model(Seed{1});
  bool initialised = false;
  const auto initialiser = [&](const TensorType& type, Random&) {
    initialised = true;
    return Array(type);
  };
  const auto told = ContainsSubstring("would not come back from a file");
  const Scope top(model, "");
  CHECK_THROWS_WITH(top.parameter(name, {2}, initialiser), told && ContainsSubstring(reason));
  CHECK_THROWS_WITH(top.state(name, {2}, 0), told && ContainsSubstring(reason));
  CHECK_THROWS_WITH((model / "cell").parameter(name, {2}, initialiser), told);
  CHECK_THROWS_WITH((model / "cell" / name).state("W", {2}, 0), told);
  CHECK(!initialised);
  CHECK(model.parameters().empty());
  CHECK(model.states().empty());
}

/// Saves a model with these names, each with numbers of its own, and loads it into another.
void check_come_back(const std::vector<std::string>& names) {
  const Directory directory;
  Model saved(Seed{1}), other(Seed{2});
  for (const auto& name : names) {
    Scope(saved, "").parameter(name, {2}, glorot_uniform());
    Scope(other, "").parameter(name, {2}, glorot_uniform());
  }
  REQUIRE(values(saved) != values(other));
  save(saved, directory / "weights.xml");
  load(other, directory / "weights.xml");
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(other.parameter(name).value() == saved.parameter(name).value());
  }
}

}  // namespace

TEST_CASE("names that would not come back from a file are refused when they are made", "[files][model]") {
  SECTION("control characters") {
    check_refused(std::string("a\0b", 3), "'a\\x00b' would");
    check_refused("a\nb", "'a\\x0ab'");
    for (const std::string character :
         {"\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f"})
      for (const auto& name : {character, "a" + character, character + "a", "a" + character + "b"})
        check_refused(name, "a control character at byte " + std::to_string(name.find(character)));
  }
  SECTION("what XML cannot hold") {
    for (const std::string character : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
      check_refused("a" + character, "a character that XML cannot at byte 1");
  }
  SECTION("what is not UTF-8") {
    for (const std::string bytes :
         {"\xff", "\x80", "\xe9", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\xaf", "\xe2\x82", "\xed\xa0\x80",
          "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3(", "\xe2\x82("}) {
      check_refused("a" + bytes, "it must be UTF-8 and is not at byte 1");
      check_refused(bytes + "/a", "it must be UTF-8 and is not at byte 0");
    }
    check_refused("b\xe9", "'b\\xe9'");
  }
  SECTION("empty parts") {
    for (const std::string name : {"a//b", "/a", "a/", "/", "//", "a///b", "a/b//c/d"}) {
      const std::string reason = "a part of it, between slashes, is empty";
      CAPTURE(name);
      Model model(Seed{1});
      CHECK_THROWS_WITH(Scope(model, "").parameter(name, {2}, glorot_uniform()), ContainsSubstring(reason));
      CHECK_THROWS_WITH(Scope(model, "").state(name, {2}, 0), ContainsSubstring(reason));
    }
    Model model(Seed{1});
    const auto empty = ContainsSubstring("a part of it, between slashes, is empty");
    CHECK_THROWS_WITH(Scope(model, "").parameter("", {2}, glorot_uniform()), empty);
    CHECK_THROWS_WITH((model / "cell").parameter("", {2}, glorot_uniform()), empty);
    CHECK_THROWS_WITH((model / "cell" / "" / "forget").parameter("W", {2}, glorot_uniform()), empty);
    CHECK_THROWS_WITH((model / "cell" / "").state("W", {2}, 0), empty);
    CHECK(model.parameters().empty());
  }
}

TEST_CASE("odd names come back from a file bit for bit", "[files][model]") {
  check_come_back({"a b",
                   " a",
                   "a ",
                   "  ",
                   "a  b",
                   " /b",
                   "c/ ",
                   "\"",
                   "'",
                   "\"'\"/'",
                   "<",
                   ">",
                   "&",
                   "]]>",
                   "<!--",
                   "-->",
                   "&amp;",
                   "&#65;",
                   "&lt;/&gt;",
                   "<?xml?>",
                   "=",
                   "\\",
                   ".",
                   "..",
                   "./a",
                   "-1",
                   "%s%n",
                   "\xc3\xa4\xc3\xb6\xc3\xbc",
                   "a\xcc\x88",
                   "\xc3\xa4",
                   "\xe2\x82\xac",
                   "\xf0\x9f\x98\x80",
                   "\xe2\x80\xa8",
                   "\xef\xbb\xbf",
                   "\xc2\xa0",
                   "name",
                   "Name",
                   "a/b/c/d",
                   std::string(5000, 'n')});
}

TEST_CASE("every kind of character that a name may hold comes back", "[files][model]") {
  std::vector<std::string> names;
  for (char32_t code = ' '; code < 0x7F; ++code)
    if (code != '/') names.push_back(utf8(code));
  // Where the number of bytes changes, around what is left out, and every 331st.
  for (const char32_t code : {0xA0, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1FFFE, 0x10FFFF})
    names.push_back(utf8(code));
  for (char32_t code = 0xA1; code < 0x110000; code += 331)
    if ((code < 0xD800 || code >= 0xE000) && code != 0xFFFE && code != 0xFFFF) names.push_back(utf8(code));
  check_come_back(names);
}
