#include <reel/files.h>
#include <reel/initialisers.h>

#include <clocale>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>

#include <sys/resource.h>

#include "mutations.h"
#include "weight_file.h"

using namespace reel;
using namespace reel::test;
namespace fs = std::filesystem;

namespace {

template <class T>
std::vector<T> hard_numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers{T(0.1),
                         T(1) / 3,
                         -T(0),
                         T(0),
                         Limits::max(),
                         Limits::lowest(),
                         Limits::min(),
                         Limits::denorm_min(),
                         -Limits::denorm_min(),
                         std::nextafter(Limits::min(), T(0)),  // the largest denormal
                         std::nextafter(T(1), T(2)),
                         std::nextafter(Limits::max(), T(0)),
                         Limits::infinity(),
                         -Limits::infinity(),
                         Limits::quiet_NaN(),
                         -Limits::quiet_NaN(),
                         T(16777217),
                         T(9007199254740993.0)};
  // Numbers of every magnitude, with all bits of the mantissa in use.
  std::mt19937_64 random(1);
  while (numbers.size() < 2000) {
    const auto bits = random();
    T number;
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isnan(number)) numbers.push_back(number);
  }
  return numbers;
}

template <class T>
void check_hard_numbers() {
  const Directory directory;
  const Array numbers(hard_numbers<T>());
  const auto make = [&](Model& model, const Array& first) {
    (model / "cell").parameter("b", numbers.shape(), [&](const TensorType&, Random&) { return first; });
  };
  Model saved(Seed{1}, Device::cpu(), element_type_of<T>),
      read_back(Seed{1}, Device::cpu(), element_type_of<T>);
  make(saved, numbers);
  make(read_back, Array(numbers.type()));
  save(saved, directory / "weights.xml");
  load(read_back, directory / "weights.xml");
  for (std::int64_t i = 0; i < numbers.size(); ++i) {
    CAPTURE(i, numbers.at(i), read_back.parameters()[0].value().at(i));
    REQUIRE(std::memcmp(read_back.parameters()[0].value().data<T>() + i, numbers.data<T>() + i, sizeof(T)) ==
            0);
  }
}

}  // namespace

TEST_CASE("weights come back from a file bit for bit", "[files]") {
  SECTION("float32") { check_hard_numbers<float>(); }
  SECTION("float64") { check_hard_numbers<double>(); }
  SECTION("of every shape") {
    const auto element = GENERATE(ElementType::float32, ElementType::float64);
    const Directory directory;
    Model saved(Seed{1}, Device::cpu(), element), other(Seed{2}, Device::cpu(), element);
    make_parameters(saved);
    make_parameters(other);
    REQUIRE(values(saved) != values(other));
    save(saved, directory / "weights.xml");
    load(other, directory / "weights.xml");
    CHECK(values(saved) == values(other));
  }
}

TEST_CASE("a weight file is XML with a layer for each scope and a matrix for each parameter", "[files]") {
  const Directory directory;
  write(directory / "known.xml", known_file);
  Model model(Seed{1});
  make_parameters(model);
  load(model, directory / "known.xml");
  CHECK(model.parameter("cell/forget/W").value() ==
        Array(Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6.5}));
  CHECK(model.parameter("cell/forget/b").value() == Array(std::vector<float>{7, 8, 9}));
  CHECK(model.parameter("head/kernel").value() ==
        Array(Shape{2, 3, 2}, std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  CHECK(model.parameter("head/scale").value() == Array(-0.25f));

  save(model, directory / "saved.xml");
  std::istringstream found(read(directory / "saved.xml")), expected(known_file);
  for (std::string wanted, line; std::getline(expected, wanted);) {
    REQUIRE(std::getline(found, line));
    // The indentation is the XML writer's.
    CHECK(line.substr(line.find_first_not_of(' ')) == wanted.substr(wanted.find_first_not_of(' ')));
  }
  CHECK(!(found >> std::ws).good());
}

TEST_CASE("names with characters that XML reserves survive", "[files]") {
  const Directory directory;
  const auto make = [](Model& model) {
    (model / "a<b>&\"c'").parameter("x \xc3\xa9/y", {2}, glorot_uniform());
    Scope(model, "").parameter("without a layer", {2}, glorot_uniform());
  };
  Model saved(Seed{1}), other(Seed{2});
  make(saved);
  make(other);
  save(saved, directory / "weights.xml");
  load(other, directory / "weights.xml");
  CHECK(values(saved) == values(other));
}

TEST_CASE("the optimiser's memory is not written", "[files]") {
  const Directory directory;
  Model model(Seed{1});
  make_parameters(model);
  (model / "optimiser").state("learning_rate", {}, 0.125);
  save(model, directory / "weights.xml");
  CHECK_THAT(read(directory / "weights.xml"), !ContainsSubstring("learning_rate"));
  CHECK_NOTHROW(load(model, directory / "weights.xml"));
}

TEST_CASE("a float32 file can be read into a float64 model but not the reverse", "[files]") {
  const Directory directory;
  Model narrow(Seed{1}), wide(Seed{2}, Device::cpu(), ElementType::float64);
  make_parameters(narrow);
  make_parameters(wide);
  save(narrow, directory / "weights.xml");
  load(wide, directory / "weights.xml");
  for (std::size_t i = 0; i < narrow.parameters().size(); ++i)
    CHECK(wide.parameters()[i].value() == narrow.parameters()[i].value().cast(ElementType::float64));

  save(wide, directory / "weights.xml");
  check_refused(read(directory / "weights.xml"), "Type 'float64'");
}

TEST_CASE("a file that does not fit the model is refused and changes nothing", "[files]") {
  const auto without = [](const std::string& from, const std::string& to) {
    const auto begin = known_file.find(from), end = known_file.find(to, begin) + to.size();
    return known_file.substr(0, begin) + known_file.substr(end);
  };
  const auto with = [](const std::string& from, const std::string& to) {
    return replaced(known_file, from, to);
  };
  const std::string first = "matrix cell/forget/W", last = "matrix head/nothing";

  SECTION("missing matrix") {
    check_refused(without("<Matrix Name=\"W\"", "</Matrix>"), first + " is missing");
    check_refused(without("<Matrix Name=\"nothing\"", "</Matrix>"), last + " is missing");
    check_refused(without("<Layer Name=\"cell/forget\"", "</Layer>"), "matrix cell/forget/");
    check_refused(with("Layer Name=\"head\"", "Layer Name=\"tail\""), "matrix tail/kernel is no parameter");
    check_refused(with("Matrix Name=\"W\"", "Matrix Name=\"w\""), "matrix cell/forget/w is no parameter");
    check_refused("<?xml version=\"1.0\"?>\n<Model Format=\"1\" />\n", "is missing");
  }
  SECTION("extra matrix") {
    const std::string extra = "<Matrix Name=\"V\" Type=\"float32\" Rows=\"1\" Columns=\"1\">1</Matrix>";
    check_refused(with("</Layer>\n</Model>", extra + "</Layer></Model>"), "matrix head/V is no parameter");
    check_refused(with("</Model>", "<Layer Name=\"more\">" + extra + "</Layer></Model>"),
                  "matrix more/V is no parameter");
  }
  SECTION("the same matrix twice") {
    const std::string again =
        "<Matrix Name=\"b\" Type=\"float32\" Rows=\"3\" Columns=\"1\">1 2 3</Matrix></Layer>";
    check_refused(with("</Layer>", again), "matrix cell/forget/b stands there twice");
    check_refused(with("</Model>", "<Layer Name=\"cell/forget\">" + again + "</Model>"),
                  "layer cell/forget stands there twice");
  }
  SECTION("another shape") {
    check_refused(with("Rows=\"2\"", "Rows=\"3\""), first + " has Rows '3' and must have '2'");
    check_refused(with("Rows=\"2\" Columns=\"3\"", "Rows=\"2\" Columns=\"2\""), first + " has Columns '2'");
    check_refused(with("Rows=\"2\" Columns=\"3\"", "Rows=\"3\" Columns=\"2\""), first + " has Rows '3'");
    check_refused(with("Rows=\"2\" ", ""), first + " has no Rows");
    check_refused(with("Rows=\"2\"", "Rows=\"two\""), first + " has Rows 'two'");
  }
  SECTION("another shape of the same rows and columns") {
    check_refused(with("Shape=\"2 3 2\"", "Shape=\"3 2 2\""), "matrix head/kernel has Shape '3 2 2'");
    check_refused(with("Shape=\"2 3 2\"", ""), "matrix head/kernel has no Shape");
    check_refused(with("Columns=\"3\"", "Columns=\"3\" Shape=\"2 1 3\""), first + " has Shape '2 1 3'");
    check_refused(with("Rows=\"3\" Columns=\"1\"", "Rows=\"3\" Columns=\"1\" Shape=\"1 3\""),
                  "matrix cell/forget/b has Shape '1 3'");
    check_refused(with("Columns=\"1\" Shape=\"\"", "Columns=\"1\" Shape=\"1 1\""),
                  "matrix head/scale has Shape '1 1'");
    check_refused(with("Columns=\"1\" Shape=\"\"", "Columns=\"1\""), "matrix head/scale has no Shape");
  }
  SECTION("another element type") {
    check_refused(with("float32", "float16"), first + " has Type 'float16'");
    check_refused(with("float32", "int32"), first + " has Type 'int32'", ElementType::float64);
    check_refused(with("Type=\"float32\" ", ""), first + " has no Type");
  }
  SECTION("bad numbers") {
    const std::string bad = " holds a bad number at position 5: ";
    for (const std::string word :
         {"six", "1e999", "-1e999", "6,5", "6.5f", "0x1p3", "+6.5", "6.5.1", "--6", "1e", "&lt;6", "6;"})
      check_refused(with("6.5", word), first + bad + "'" + (word == "&lt;6" ? "<6" : word) + "'");
    check_refused(with("4 5 6.5", "4 5,6.5"), first + " holds a bad number at position 4: '5,6.5'");
    check_refused(with("-0.25", "zero"), "matrix head/scale holds a bad number at position 0: 'zero'");
    // A float32 file is read as such by a float64 model, too.
    check_refused(with("6.5", "1e39"), first + bad + "'1e39'", ElementType::float64);
  }
  SECTION("too few or too many numbers") {
    check_refused(with("6.5", ""), first + " holds 5 numbers and needs 6");
    check_refused(with("1 2 3\n4 5 6.5\n", ""), first + " holds 0 numbers and needs 6");
    check_refused(with("6.5", "6.5 7"), first + " holds more than its 6 numbers");
    check_refused(with("-0.25", ""), "matrix head/scale holds 0 numbers and needs 1");
    check_refused(with("Columns=\"4\">\n", "Columns=\"4\">1"), last + " holds more than its 0 numbers");
  }
  SECTION("something other than numbers in a matrix") {
    check_refused(with("6.5", "6.5<More/>7"), first + " holds something other than numbers");
    check_refused(with("1 2 3", "<Row>1 2 3</Row>"), first + " holds something other than numbers");
  }
  SECTION("another format") {
    check_refused(with("Format=\"1\"", "Format=\"2\""), "Format '2'");
    check_refused(with(" Format=\"1\"", ""), "Format ''");
  }
  SECTION("not a weight file") {
    check_refused("", "");
    check_refused("0.5 0.25", "");
    check_refused(std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), "");
    check_refused("<html><body/></html>", "<Model>");
    // What a power failure leaves of a file that was not flushed: zeros from some byte on.
    check_refused(replaced(known_file, "4 5 6.5", std::string("4 5 6.5\0\0\0", 10)), "");
  }
}

TEST_CASE("a file cut off anywhere is refused and changes nothing", "[files]") {
  const Directory directory;
  const auto path = directory / "weights.xml";
  Model model(Seed{1});
  make_parameters(model);
  const auto before = values(model);
  for (std::size_t length = 0; length < known_file.size() - std::string("\n").size(); ++length) {
    CAPTURE(length);
    write(path, known_file.substr(0, length));
    REQUIRE_THROWS_AS(load(model, path), FileError);
    REQUIRE(values(model) == before);
  }
  // What was left out is the line end after the last tag.
  write(path, known_file.substr(0, known_file.size() - 1));
  load(model, path);
  CHECK(model.parameter("head/scale").value() == Array(-0.25f));
}

TEST_CASE("a file that cannot be read is refused", "[files]") {
  const Directory directory;
  Model model(Seed{1});
  make_parameters(model);
  const auto refused = [&](const std::string& path, const std::string& reason) {
    CHECK_THROWS_AS(load(model, path), FileError);
    CHECK_THROWS_WITH(load(model, path), ContainsSubstring(path) && ContainsSubstring(reason));
  };
  refused(directory / "missing.xml", "not found");
  refused(directory.path.string(), "is a directory");
}

TEST_CASE("weights are written whole or not at all", "[files]") {
  const Directory directory;
  const auto path = directory / "weights.xml";
  Model model(Seed{1}), other(Seed{2});
  make_parameters(model);
  make_parameters(other);
  save(model, path);
  const auto before = read(path);
  REQUIRE(directory.names() == std::vector<std::string>{"weights.xml"});

  SECTION("over an older file") {
    save(other, path);
    CHECK(read(path) != before);
    CHECK(directory.names() == std::vector<std::string>{"weights.xml"});
  }
  SECTION("over what a crash left behind") {
    const std::string left(100000, 'x');
    write(path + ".tmp", left);
    save(model, path);
    CHECK(read(path) == before);
    // Whoever wrote that: it is not this save's.
    CHECK(read(path + ".tmp") == left);
  }
  SECTION("no room on the disk") {
    // Stands in for a full disk: a file may not grow beyond 100 bytes.
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    bool refused = false;
    try {
      save(other, path);
    } catch (const FileError&) {
      refused = true;
    }
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, handler);
    CHECK(refused);
    CHECK(read(path) == before);
    CHECK(directory.names() == std::vector<std::string>{"weights.xml"});
  }
  SECTION("a directory that is gone") {
    const Directory elsewhere;
    fs::rename(directory.path, elsewhere / "moved");
    CHECK_THROWS_AS(save(other, path), FileError);
    fs::rename(elsewhere / "moved", directory.path);
    CHECK(read(path) == before);
    CHECK(directory.names() == std::vector<std::string>{"weights.xml"});
  }
  SECTION("a directory where nobody may write") {
    // Permissions do not stop the superuser; a file in place of the directory stops everybody.
    CHECK_THROWS_AS(save(other, path + "/weights.xml"), FileError);
    CHECK(read(path) == before);
  }
  SECTION("a name that cannot be replaced") {
    fs::create_directory(directory / "taken.xml");
    CHECK_THROWS_AS(save(other, directory / "taken.xml"), FileError);
    CHECK(directory.names().size() == 2);
  }
}

namespace {

struct DecimalComma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\1"; }
};

/// Loads and saves numbers that another locale would write or read otherwise.
void check_locale() {
  const Directory directory;
  Model model(Seed{1});
  make_parameters(model);
  write(directory / "known.xml", known_file);
  load(model, directory / "known.xml");
  CHECK(model.parameter("head/scale").value() == Array(-0.25f));
  save(model, directory / "saved.xml");
  const auto saved = read(directory / "saved.xml");
  CHECK_THAT(saved, ContainsSubstring("-0.25") && ContainsSubstring("10 11"));
  CHECK_THAT(saved, !ContainsSubstring(","));
}

}  // namespace

TEST_CASE("numbers in files do not depend on the locale of C++", "[files]") {
  const auto old = std::locale::global(std::locale(std::locale(), new DecimalComma));
  check_locale();
  std::locale::global(old);
}

TEST_CASE("numbers in files do not depend on the locale of C", "[files]") {
  const std::string old = std::setlocale(LC_ALL, nullptr);
  bool has_comma = false;
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8", "nl_NL.utf8"})
    if (!has_comma && std::setlocale(LC_ALL, name)) has_comma = *std::localeconv()->decimal_point == ',';
  if (!has_comma) {
    std::setlocale(LC_ALL, old.c_str());
    WARN("skipped: no locale with a decimal comma is installed");
    return;
  }
  check_locale();
  std::setlocale(LC_ALL, old.c_str());
}

TEST_CASE("a part of a file is read into another model, with a report", "[files]") {
  const Directory directory;
  const auto path = directory / "m.xml";
  const auto make = [](Model& model, const std::string& name, const Shape& shape, double value) {
    return Scope(model, "").parameter(name, shape, constant_init(value));
  };
  Model saved(Seed{1});
  make(saved, "encoder/W", {2, 3}, 1);
  make(saved, "encoder/b", {3}, 2);
  make(saved, "head/W", {3, 4}, 3);
  save(saved, path);

  Model model(Seed{2});
  const auto weight = make(model, "encoder/W", {2, 3}, 0), bias = make(model, "encoder/b", {3}, 0);
  const auto head = make(model, "head/W", {3, 5}, 0), more = make(model, "more", {}, 0);
  using Names = std::vector<std::string>;
  SECTION("an encoder") {
    const auto report = load(model, path, Part{{"encoder/*"}});
    CHECK(report.taken == Names{"encoder/W", "encoder/b"});
    CHECK(report.not_asked == Names{"head/W"});
    CHECK(report.not_in_model.empty());
    CHECK(report.kept == Names{"head/W", "more"});
    CHECK(weight.value() == Array({ElementType::float32, {2, 3}}, 1));
    CHECK(bias.value() == Array({ElementType::float32, {3}}, 2));
    CHECK(head.value() == Array({ElementType::float32, {3, 5}}, 0));
    CHECK(to_string(report) ==
          "taken (2): encoder/W encoder/b\nin the file, not asked for (1): head/W\nkept as they were (2): "
          "head/W more\n");
  }
  SECTION("all but a head") { CHECK(load(model, path, Part{{"*"}, {"head/*"}}).taken.size() == 2); }
  SECTION("what the model does not have") {
    Model other(Seed{2});
    make(other, "head/W", {3, 4}, 0);
    const auto report = load(other, path, Part{});
    CHECK(report.taken == Names{"head/W"});
    CHECK(report.not_in_model == Names{"encoder/W", "encoder/b"});
  }
  SECTION("of another shape it is refused, and nothing is taken") {
    CHECK_THROWS_WITH(load(model, path, Part{}), ContainsSubstring("matrix head/W has Columns '4'"));
    CHECK(weight.value() == Array({ElementType::float32, {2, 3}}, 0));
  }
  SECTION("a pattern that matches nothing is a mistake") {
    CHECK_THROWS_WITH(load(model, path, Part{{"encoder/*", "encodr/*"}}),
                      ContainsSubstring(path + ": no name in it matches 'encodr/*'"));
    CHECK_THROWS_WITH(load(model, path, Part{{"encoder/*"}, {"haed/*"}}),
                      ContainsSubstring("no name in it matches 'haed/*'"));
    CHECK(weight.value() == Array({ElementType::float32, {2, 3}}, 0));
  }
}

TEST_CASE("a damaged weight file is refused and changes nothing, or is read", "[files]") {
  const Directory directory;
  const auto path = directory / "weights.xml", damaged_path = directory / "damaged.xml";
  write(path, known_file);
  Model model(Seed{1});
  make_parameters(model);
  load(model, path);
  const auto known = values(model);
  survive_mutations({known_file}, [&](const std::string& damaged) {
    write(damaged_path, damaged);
    try {
      load(model, damaged_path);
    } catch (const FileError&) {
      CHECK(values(model) == known);
      throw;
    }
    load(model, path);
  });
}
