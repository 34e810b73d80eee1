// A weight file is refused for whatever save() would not write, also for what the XML parser passes over.

#include <reel/files.h>

#include <cmath>

#include "weight_file.h"

using namespace reel;
using namespace reel::test;

namespace {

std::string with(const std::string& from, const std::string& to) { return replaced(known_file, from, to); }

/// Loads `text`, which must hold the numbers of the known file.
void check_loaded(const std::string& text) {
  CAPTURE(text);
  const Directory directory;
  Model expected(Seed{1}), model(Seed{2});
  make_parameters(expected);
  make_parameters(model);
  write(directory / "known.xml", known_file);
  load(expected, directory / "known.xml");
  write(directory / "text.xml", text);
  CHECK_NOTHROW(load(model, directory / "text.xml"));
  CHECK(values(model) == values(expected));
}

const std::string declaration = "<?xml version=\"1.0\"?>";

}  // namespace

TEST_CASE("a number in an attribute is that number and nothing more", "[files]") {
  for (const std::string format :
       {"1x", "1 ", " 1", "1.0", "01", "+1", "0x1", "1e0", "", "1&#9;", "1&#10;"}) {
    CAPTURE(format);
    check_refused(with("Format=\"1\"", "Format=\"" + format + "\""), "has Format '");
  }
  for (const std::string rows : {"2x", "2 ", " 2", "2.0", "02", "+2", "0x2", "2e0", "", "2&#9;", "1 2"})
    check_refused(with("Rows=\"2\"", "Rows=\"" + rows + "\""), "matrix cell/forget/W has Rows '");
  for (const std::string columns : {"3x", "3 ", "+3", "3,"})
    check_refused(with("Columns=\"3\"", "Columns=\"" + columns + "\""), "matrix cell/forget/W has Columns '");
  for (const std::string shape : {"2 3 2x", "2 3 2 ", " 2 3 2", "2  3 2", "2,3,2", "2 3 2 1", "2 3", ""})
    check_refused(with("Shape=\"2 3 2\"", "Shape=\"" + shape + "\""), "matrix head/kernel has Shape '");
  for (const std::string shape : {" ", "0", "1", "()"})
    check_refused(with("Shape=\"\"", "Shape=\"" + shape + "\""), "matrix head/scale has Shape '");
  for (const std::string type : {"float32x", "float32 ", "Float32", "float", ""})
    check_refused(with("Type=\"float32\"", "Type=\"" + type + "\""), "matrix cell/forget/W has Type '");
}

TEST_CASE("the rows of a matrix without columns are told apart", "[files]") {
  const Directory directory;
  Model saved(Seed{1}), other(Seed{1});
  (saved / "head").parameter("W", {4, 0}, glorot_uniform());
  (other / "head").parameter("W", {5, 0}, glorot_uniform());
  save(saved, directory / "weights.xml");
  CHECK_NOTHROW(load(saved, directory / "weights.xml"));
  CHECK_THROWS_WITH(load(other, directory / "weights.xml"),
                    ContainsSubstring("has Rows '4' and must have '5'"));
}

TEST_CASE("an attribute may stand there once, and where it means something", "[files]") {
  const std::string matrix = "matrix cell/forget/W";
  SECTION("twice, with the same value or another") {
    for (const std::string value : {"1", "2", "1x"})
      check_refused(with("Format=\"1\"", "Format=\"1\" Format=\"" + value + "\""),
                    "<Model> has Format twice");
    for (const std::string value : {"cell/forget", "head", ""})
      check_refused(with("Layer Name=\"cell/forget\"", "Layer Name=\"cell/forget\" Name=\"" + value + "\""),
                    "<Layer> has Name twice");
    for (const std::string name : {"Name", "Type", "Rows", "Columns"})
      for (const std::string value : {"W", "float32", "2", "3"})
        check_refused(with("Columns=\"3\"", "Columns=\"3\" " + name + "=\"" + value + "\""),
                      matrix + " has " + name + " twice");
    check_refused(with("Shape=\"2 3 2\"", "Shape=\"2 3 2\" Shape=\"2 3 2\""),
                  "matrix head/kernel has Shape twice");
    check_refused(with("version=\"1.0\"", "version=\"1.0\" version=\"1.0\""), "has version twice");
  }
  SECTION("of another name") {
    check_refused(with("Format=\"1\"", "Format=\"1\" xmlns=\"x\""), "<Model> has an attribute xmlns");
    check_refused(with("Layer Name=\"head\"", "Layer Name=\"head\" name=\"head\""),
                  "<Layer> has an attribute name");
    for (const std::string name : {"Transposed", "type", "x:Rows"})
      check_refused(with("Rows=\"2\"", "Rows=\"2\" " + name + "=\"2\""),
                    matrix + " has an attribute " + name);
  }
  SECTION("not at all") {
    check_refused(with(" Name=\"cell/forget\"", ""), "<Layer> has no Name");
    check_refused(with(" Name=\"W\"", ""), "<Matrix> has no Name");
    check_refused(with(" version=\"1.0\"", ""), "has no version");
  }
}

TEST_CASE("a number is spelled as save() may spell it", "[files]") {
  for (const std::string number :
       {".5",       "-.5",       "1.",  "-1.", "1.e5", ".e5",   ".",        "-",         "+1",
        "infinity", "-infinity", "INF", "Inf", "NaN",  "nan()", "nan(123)", "-nan(ind)", "nan(snan)",
        "--1",      "0x1p3",     "1e",  "1e+", "1.5.", "1,5",   "1f"})
    check_refused(with("6.5", number), "matrix cell/forget/W holds a bad number at position 5: '" + number);
  for (const std::string number : {"6.50", "06.5", "65e-1", "6.5e+00", "6.5E0", "0.65e1"})
    check_loaded(with("6.5", number));
}

TEST_CASE("texts of a weight file stand in messages in one line, and shortened", "[files]") {
  check_refused(with("float32", "a&#10;b"), "has Type 'a?b'");
  check_refused(with("6.5", "6.5" + std::string(1000000, 'x')), "'6.5" + std::string(117, 'x') + "...'");
  check_refused(with("Matrix Name=\"W\"", "Matrix Name=\"" + std::string(1000000, 'x') + "\""),
                "matrix cell/forget/" + std::string(108, 'x') + "... is no parameter of the model");
}

TEST_CASE("numbers closer to zero than any of their type are zero", "[files]") {
  const Directory directory;
  Model model(Seed{1});
  make_parameters(model);
  for (const std::string number : {"1e-60", "1e-400", "-1e-400", "-0.00001e-320"}) {
    write(directory / "numbers.xml", with("6.5", number));
    load(model, directory / "numbers.xml");
    const auto loaded = model.parameter("cell/forget/W").value().at(5);
    CAPTURE(number);
    CHECK((loaded == 0 && std::signbit(loaded) == (number[0] == '-')));
  }
}

TEST_CASE("numbers that are none and infinities are read back", "[files]") {
  const Directory directory;
  Model model(Seed{1});
  make_parameters(model);
  for (const std::string number : {"inf", "-inf", "nan", "-nan", "1e+10", "-1.5e-05"}) {
    write(directory / "numbers.xml", with("6.5", number));
    CHECK_NOTHROW(load(model, directory / "numbers.xml"));
    save(model, directory / "again.xml");
    CHECK_THAT(read(directory / "again.xml"), ContainsSubstring(" " + number.substr(0, 3)));
  }
}

TEST_CASE("a layer stands there once, with its own matrices", "[files]") {
  for (const std::string layer : {"cell/forget", "head"}) {
    for (const auto& again : {"<Layer Name=\"" + layer + "\"/>", "<Layer Name=\"" + layer + "\"></Layer>",
                              "<Layer Name='" + layer + "'> <!-- empty --> </Layer>"})
      check_refused(with("</Model>", again + "</Model>"), "layer " + layer + " stands there twice");
    check_refused(with("<Layer Name=\"cell/forget\"", "<Layer Name=\"head\"/><Layer Name=\"cell/forget\""),
                  "layer head holds no <Matrix>");
  }
  for (const std::string name : {"cell", "other", ""})
    check_refused(with("</Model>", "<Layer Name=\"" + name + "\"/></Model>"),
                  "layer " + name + " holds no <Matrix>");
  const auto split = with("</Matrix>\n    <Matrix Name=\"b\"",
                          "</Matrix></Layer><Layer Name=\"cell\">\n    <Matrix Name=\"forget/b\"");
  check_refused(split, "matrix cell/forget/b stands in layer 'cell', which is not its own");
  check_refused(replaced(split, "Layer Name=\"cell\"", "Layer Name=\"\""),
                "matrix forget/b stands in layer '', which is not its own");
}

TEST_CASE("text outside of the matrices is refused", "[files]") {
  for (const std::string text : {"x", "1 2", "&lt;", "\xc3\xa9", "]]>"}) {
    check_refused(text + known_file, "");
    check_refused(with(declaration, declaration + text), "text outside of its elements");
    check_refused(known_file + text, "text outside of its elements");
    for (const std::string place : {"<Layer Name=\"head\">", "</Model>"})
      check_refused(with(place, text + place), "in <Model> stands something other than <Layer>");
    for (const std::string place : {"<Matrix Name=\"kernel\"", "</Layer>"})
      check_refused(with(place, text + place), "in <Layer> stands something other than <Matrix>");
  }
  const std::string data = "<![CDATA[7]]>";
  check_refused(known_file + data, "text outside of its elements");
  check_refused(with("</Model>", data + "</Model>"), "something other than <Layer>");
  check_refused(with("</Layer>", data + "</Layer>"), "something other than <Matrix>");
  check_refused(with("6.5", data), "holds something other than numbers");
  check_refused(with("4 5 6.5", "<![CDATA[4 5 6.5]]>"), "holds something other than numbers");
}

TEST_CASE("there is one root", "[files]") {
  const auto model = known_file.substr(known_file.find("<Model"));
  check_refused(known_file + model, "a second root, <Model>");
  check_refused(with(declaration, declaration + model), "a second root, <Model>");
  check_refused(known_file + "<Other/>", "a second root, <Other>");
  check_refused(with(declaration, declaration + "<Other/>"), "a second root, <Model>");
  check_refused(known_file + "<Model Format=\"1\"/>", "a second root, <Model>");
  check_refused(with(declaration, declaration + "<Models>") + "</Models>", "holds no <Model>");
  check_refused(declaration, "holds no element");
  check_refused("<!-- nothing else -->", "holds no element");
}

TEST_CASE("nothing may stand behind the end of a weight file", "[files]") {
  const auto end = [](const std::string& text) { return known_file + text; };
  check_refused(end(std::string(1, '\0')), "holds a zero at byte " + std::to_string(known_file.size()));
  check_refused(end(std::string("\0x", 2)), "holds a zero");
  check_refused(end(std::string(5000, '\0')), "holds a zero");
  check_refused(end(std::string("\0", 1) + known_file), "holds a zero");
  for (const std::string text :
       {"x", "<", ">", "&", "</Model>", "<Layer", "\x1a", "\xff", "\xef\xbb\xbf", "-->", "<!--"})
    check_refused(end(text), "");
  // Within the numbers and the names the parser would take the zero for their end.
  check_refused(with("4 5 6.5\n", std::string("4 5 6.5\0 7 8\n", 13)), "holds a zero");
  check_refused(with("6.5", std::string("6.5\0", 4)), "holds a zero");
  check_refused(with("Name=\"W\"", std::string("Name=\"W\0x\"", 10)), "holds a zero");
  check_refused(with("Format=\"1\"", std::string("Format=\"1\0\"", 11)), "holds a zero");
  check_refused(with("6.5", "6.5&#0; 7 8"), "begins no reference");
  check_refused(with("Name=\"W\"", "Name=\"W&#0;x\""), "begins no reference");
  check_refused(with("Format=\"1\"", "Format=\"1&#x00;x\""), "begins no reference");
}

TEST_CASE("references stand for characters of XML", "[files]") {
  for (const std::string wrong :
       {"&", "& ", "&x", "&foo;", "&lt", "&#;", "&#x;", "&#1;", "&#31;", "&#x1F;", "&#xD800;", "&#xFFFE;",
        "&#xFFFF;", "&#x110000;", "&#4294967361;", "&#-65;", "&#65", "&#X41;"}) {
    check_refused(with("Name=\"W\"", "Name=\"W" + wrong + "\""), "a '&' that begins no reference at byte ");
    check_refused(with("4 5", "4" + wrong + " 5"), "a '&' that begins no reference at byte ");
  }
  check_refused(with("Name=\"W\"", "Name=\"W<\""), "a '<' within a tag");
  check_refused(with("Name=\"W\"", "Name='W<'"), "a '<' within a tag");
  check_refused(with("Name=\"W\"", "Name=\"W&lt;\""), "matrix cell/forget/W< is no parameter");
  check_loaded(with("Name=\"W\"", "Name=\"&#87;\""));
  check_loaded(with("Name=\"W\"", "Name='&#x57;'"));
  check_loaded(with("6.5", "&#54;.5"));
}

TEST_CASE("a weight file is UTF-8 and holds what XML may", "[files]") {
  for (const std::string bytes :
       {"\xff", "\x80", "\xc3", "\xc0\x80", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf0\x80\x80\x80", "\xe2\x82", "\xf8\x88\x80\x80\x80"}) {
    check_refused(with("Name=\"W\"", "Name=\"W" + bytes + "\""), "is not UTF-8 at byte ");
    check_refused(with("6.5", "6.5" + bytes), "is not UTF-8 at byte ");
    check_refused(with("<Layer", "<!--" + bytes + "--><Layer"), "is not UTF-8 at byte ");
    check_refused(known_file + bytes, "is not UTF-8 at byte ");
  }
  for (const std::string bytes :
       {"\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    check_refused(with("Name=\"W\"", "Name=\"W" + bytes + "\""), "a character that XML does not");
    check_refused(with("6.5", "6.5" + bytes), "a character that XML does not");
    check_refused(with("<Layer", "<!--" + bytes + "--><Layer"), "a character that XML does not");
    check_refused(known_file + bytes, "a character that XML does not");
  }
  std::string wide = "\xff\xfe";
  for (const char letter : known_file) wide += {letter, '\0'};
  check_refused(wide, "is not a text");
  check_loaded("\xef\xbb\xbf" + known_file);
}

TEST_CASE("the declaration comes first and says what the file is", "[files]") {
  const auto declared = [](const std::string& text) { return with(declaration, text); };
  check_refused(declared("<?xml version=\"1.1\"?>"), "another version than '1.0'");
  check_refused(declared("<?xml version=\"1.0x\"?>"), "another version than '1.0'");
  for (const std::string encoding : {"latin1", "ISO-8859-1", "UTF-16", "UTF-8x", ""})
    check_refused(declared("<?xml version=\"1.0\" encoding=\"" + encoding + "\"?>"), "has encoding '");
  check_refused(declared("<?xml version=\"1.0\" standalone=\"maybe\"?>"), "has standalone 'maybe'");
  check_refused(declared("<?xml version=\"1.0\" other=\"1\"?>"), "has an attribute other");
  const std::string misplaced = "a declaration, document type or instruction that it may not";
  check_refused(" " + known_file, misplaced);
  check_refused("\n" + known_file, misplaced);
  check_refused("<!-- first -->" + known_file, misplaced);
  check_refused(declaration + known_file, misplaced);
  check_refused(known_file + declaration, misplaced);
  check_refused(with("<Layer", declaration + "<Layer"), "");
  check_loaded(declared(""));
  for (const std::string encoding : {"UTF-8", "utf-8", "Utf-8"})
    check_loaded(declared("<?xml version='1.0' encoding='" + encoding + "' standalone='yes'?>"));
}

TEST_CASE("document types, entities and instructions are refused", "[files]") {
  const auto before = [](const std::string& text) { return with("<Model", text + "<Model"); };
  check_refused(before("<!DOCTYPE Model>"), "document type");
  check_refused(before("<!DOCTYPE Model SYSTEM \"model.dtd\">"), "document type");
  check_refused(before("<!DOCTYPE Model [<!ENTITY six '6.5'>]>"), "");
  check_refused(known_file + "<!DOCTYPE Model>", "");
  const std::string instruction = "<?run it?>";
  check_refused(before(instruction), "instruction");
  check_refused(known_file + instruction, "instruction");
  check_refused(with("<Layer", instruction + "<Layer"), "something other than <Layer>");
  check_refused(with("<Matrix", instruction + "<Matrix"), "something other than <Matrix>");
  check_refused(with("6.5", instruction + "6.5"), "something other than numbers");
}

TEST_CASE("comments may stand between elements, and be nothing but comments", "[files]") {
  const std::string comment = "<!-- A & B < C, \"so it's said\" -->";
  check_loaded(with(declaration, declaration + comment));
  check_loaded(with("<Layer", comment + "<Layer"));
  check_loaded(with("<Matrix", comment + "<Matrix"));
  check_loaded(with("</Layer>", comment + "</Layer>"));
  check_loaded(known_file + comment + "\n");
  check_refused(with("5 6.5", "5" + comment + "6.5"), "holds something other than numbers");
  check_refused(with("<Layer", "<!-- a -- b --><Layer"), "holds '--' within a comment");
  check_refused(with("<Layer", "<!-- a ---><Layer"), "holds '--' within a comment");
  check_refused(with("<Layer", "<!-- a <Layer"), "");
  check_refused(with("<Layer", "<!--><Layer"), "");
  check_refused(with("Name=\"W\"", "Name=\"W\" <!-- a -->"), "a '<' within a tag");
}

TEST_CASE("tags are closed as they were opened", "[files]") {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"</Matrix>", "</matrix>"},
                                                        {"</Matrix>", "</Matrix x>"},
                                                        {"</Matrix>", "</ Matrix>"},
                                                        {"</Matrix>", ""},
                                                        {"</Layer>", "</Model>"},
                                                        {"</Model>", ""},
                                                        {"</Model>", "</Model></Model>"},
                                                        {"<Model ", "< Model "},
                                                        {"<Model ", "<model "},
                                                        {"Format=\"1\"", "Format=1"},
                                                        {"Format=\"1\"", "Format"},
                                                        {"Format=\"1\"", "Format=\"1'"},
                                                        {"Format=\"1\">", "Format=\"1\"/>"},
                                                        {"Rows=\"2\" Columns", "Rows=\"2\"Columns"},
                                                        {"<Matrix", "<Matrix/><Matrix"},
                                                        {"<Matrix", "<Row/><Matrix"},
                                                        {"<Layer", "<Weights/><Layer"}})
    check_refused(with(from, to), "");
}

TEST_CASE("other white space and quotes are let through", "[files]") {
  std::string lines_of_two;
  for (const char letter : known_file) lines_of_two += letter == '\n' ? "\r\n" : std::string(1, letter);
  check_loaded(lines_of_two);
  check_loaded(with("Rows=\"2\" Columns=\"3\"", "Columns = '3'\n\tRows = '2'"));
  check_loaded(with("</Matrix>", "</Matrix >\n\n"));
  check_loaded(with("1 2 3\n4 5 6.5", "1\t2 3 4\r5    6.5"));
  check_loaded(known_file + "\n \t\n");
}

TEST_CASE("one wrong byte anywhere is found", "[files]") {
  const char wrong = GENERATE('x', '&', '<', '>', '"', '=', '/', '\0', '\x01', '\x80');
  const Directory directory;
  const auto path = directory / "weights.xml";
  Model model(Seed{1});
  make_parameters(model);
  const auto before = values(model);
  const auto check = [&](const std::string& text) {
    write(path, text);
    REQUIRE_THROWS_AS(load(model, path), FileError);
    REQUIRE(values(model) == before);
  };
  for (std::size_t at = 0; at <= known_file.size(); ++at) {
    CAPTURE(wrong, at);
    check(known_file.substr(0, at) + wrong + known_file.substr(at));
    if (at == known_file.size() || known_file[at] == wrong) continue;
    auto text = known_file;
    text[at] = wrong;
    check(text);
  }
}
