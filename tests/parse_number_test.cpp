// Numbers in texts: the nearest that there is, or none.

#include <reel/parse_number.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <random>
#include <string>
#include <vector>

#include "catch.h"

using namespace reel;

namespace {

/// The same bits, but for NaN, of which only the sign is compared.
template <class T>
bool same_number(const std::optional<T>& found, T wanted) {
  if (!found || std::signbit(*found) != std::signbit(wanted)) return false;
  return *found == wanted || (std::isnan(*found) && std::isnan(wanted));
}

}  // namespace

TEST_CASE("a text that is a number is read as the nearest of the type", "[files][numbers]") {
  const auto check = [](const std::string& text, double number) {
    CAPTURE(text);
    CHECK(is_number(text));
    CHECK(same_number(parse_number<double>(text), number));
    CHECK(same_number(parse_number<float>(text), static_cast<float>(number)));
  };
  constexpr double infinity = std::numeric_limits<double>::infinity(),
                   nan = std::numeric_limits<double>::quiet_NaN();
  check("1", 1);
  check("-1.5", -1.5);
  check("+1.5", 1.5);
  check("5.", 5);
  check("-.5", -0.5);
  check("007", 7);
  check("1e5", 1e5);
  check("1E+5", 1e5);
  check("-1.25e-2", -0.0125);
  check("-0", -0.0);
  check("inf", infinity);
  check("-Infinity", -infinity);
  check("+INF", infinity);
  check("nan", nan);
  check("-NaN", -nan);
  // Between two of float32 the number itself tells which is nearer, not what it is as float64.
  CHECK(parse_number<float>("1.00000005960464477539062500000001") == std::nextafter(1.0f, 2.0f));
}

TEST_CASE("a text that is no number is none", "[files][numbers]") {
  for (const std::string text :
       {"",    " ",        "+",   "-",      ".",     "e5", ".e5", "1e",  "1e+",   "1e5.0",    "1.2.3",
        "--1", "+-1",      "-+1", "++1",    " 1",    "1 ", "1\n", "1,5", "1_000", "0x10",     "1f",
        "1d5", "infinite", "in",  "nan(1)", "nan()", "-",  "one", "1-",  "- 1",   "\xc2\xb2", "--inf"}) {
    CAPTURE(text);
    CHECK(!is_number(text));
    CHECK(!parse_number<double>(text));
    CHECK(!parse_number<float>(text));
  }
  CHECK(!parse_number<double>(std::string_view("1\0", 2)));
  CHECK(!parse_number<double>(std::string_view()));
  // Only what it is asked for: the text goes on behind it.
  CHECK(parse_number<double>(std::string_view("12345", 3)) == 123);
}

TEST_CASE("what is too close to 0 is 0 with its sign, what is too large is no number of the type",
          "[files][numbers]") {
  const auto zeros = std::string(500, '0');
  const std::vector<std::string> small{"1e-400",
                                       "2e-324",
                                       "1e-99999999999999999999",
                                       "0." + zeros + "1",
                                       "0." + zeros + "1e100",
                                       zeros + "1e-400",
                                       "1" + zeros + "e-900",
                                       "." + zeros + "9E-1",
                                       "9.99e-1000"};
  for (const auto& text : small) {
    CAPTURE(text);
    CHECK(same_number(parse_number<double>(text), 0.0));
    CHECK(same_number(parse_number<double>("-" + text), -0.0));
    CHECK(same_number(parse_number<double>("+" + text), 0.0));
    CHECK(same_number(parse_number<float>(text), 0.0f));
    CHECK(same_number(parse_number<float>("-" + text), -0.0f));
  }
  const std::vector<std::string> large{"1e400",         "1.8e308",
                                       "0.1e310",       "1e99999999999999999999",
                                       "1" + zeros,     "0." + zeros + "1e900",
                                       zeros + "1e400", "1" + zeros + ".5e-1"};
  for (const auto& text : large) {
    CAPTURE(text);
    for (const std::string sign : {"", "-", "+"}) {
      CHECK(is_number(sign + text));
      CHECK(!parse_number<double>(sign + text));
      CHECK(!parse_number<float>(sign + text));
    }
  }
  // Bounds of the types.
  using Float = std::numeric_limits<float>;
  using Double = std::numeric_limits<double>;
  CHECK(parse_number<double>("4.9e-324") == Double::denorm_min());
  CHECK(parse_number<double>("3e-324") == Double::denorm_min());
  CHECK(parse_number<double>("2.3e-308") == 2.3e-308);
  CHECK(parse_number<double>("1e-310") == 1e-310);
  CHECK(parse_number<double>("1.7976931348623157e308") == Double::max());
  CHECK(parse_number<float>("1.4e-45") == Float::denorm_min());
  CHECK(same_number(parse_number<float>("-1e-46"), -0.0f));
  CHECK(parse_number<float>("3.4028235e38") == Float::max());
  CHECK(!parse_number<float>("3.5e38"));
  // Nothing but zeros is 0 whatever its exponent.
  for (const std::string text : {"0e999", "-0.000e99999999999999999999", "0e-999", ".0e400"})
    CHECK(parse_number<double>(text) == 0.0);
}

TEST_CASE("numbers of all magnitudes come back from texts, whatever the locale", "[files][numbers]") {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
  };
  const auto before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  std::mt19937_64 random(1);
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto bits = random();
    double number;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", number);
    wrong += !same_number(parse_number<double>(text), number);
  }
  CHECK(wrong == 0);
  CHECK(!parse_number<double>("1,5"));
  CHECK(parse_number<double>("1.5") == 1.5);
  std::locale::global(before);
}

TEST_CASE("what is read is a number, and a number is read or too large", "[files][numbers]") {
  const std::string letters = "0019.eE+-infa ";
  std::mt19937_64 random(2);
  int numbers = 0, wrong = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string text;
    for (auto length = random() % 7; length > 0; --length) text += letters[random() % letters.size()];
    const auto value = parse_number<double>(text);
    char* end = nullptr;
    const auto expected = std::strtod(text.c_str(), &end);
    // The C library lets blanks stand before it.
    const bool is_one = !text.empty() && text[0] != ' ' && *end == '\0' && end != text.c_str();
    const bool is_too_large = is_one && std::isinf(expected) && text.find('i') == text.npos;
    wrong += is_number(text) != is_one || value.has_value() != (is_one && !is_too_large) ||
             (value && !same_number(value, expected));
    numbers += is_one;
  }
  CHECK(wrong == 0);
  CHECK(numbers > 10000);
}
