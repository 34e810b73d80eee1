// Texts of files and names as messages show them.

#include <reel/characters.h>

#include "catch.h"

using namespace reel;

TEST_CASE("a text of a message is one line, and no longer than that", "[files][characters]") {
  CHECK(in_one_line("") == "");
  CHECK(shown("") == "''");
  CHECK(shown("a/b c") == "'a/b c'");
  const std::string euro = "\xe2\x82\xac";
  CHECK(in_one_line(euro) == euro);
  // Control characters, those of two bytes in UTF-8 among them.
  CHECK(in_one_line(std::string("a\0b\n\t\r\x1b[31m\x7f", 12)) == "a?b????[31m?");
  CHECK(in_one_line("a\xc2\x85z\xc2\x9bz") == "a?z?z");
  // What is no UTF-8: a lone byte, a character cut off, one that fewer bytes could say.
  CHECK(in_one_line("\xff"
                    "a\xc3") == "?a?");
  CHECK(in_one_line("\xc0\x80") == "??");
  const std::string longest(120, 'x');
  CHECK(in_one_line(longest) == longest);
  CHECK(in_one_line(longest + "y") == longest + "...");
  CHECK(in_one_line(std::string(1000000, '\n')) == std::string(120, '?') + "...");
  // Not within a character.
  CHECK(in_one_line(std::string(118, 'x') + euro) == std::string(118, 'x') + "...");
  CHECK(in_one_line(std::string(117, 'x') + euro) == std::string(117, 'x') + euro);
}

TEST_CASE("letters of ASCII are made small, and no others", "[files][characters]") {
  CHECK(lower_case("UTF-8 @AZ[ az \xc3\x84") == "utf-8 @az[ az \xc3\x84");
}
