#include <reel/characters.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include <xtl/xplatform.hpp>

#include "npy_format.h"

namespace reel::npy {

namespace {

constexpr char magic[] = "\x93NUMPY";
constexpr std::size_t magic_length = sizeof magic - 1;

std::size_t unsigned_at(const std::string& bytes, std::size_t at, int count) {
  std::size_t number = 0;
  for (int i = count; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

/// The text of a header: a dictionary as Python spells it.
class Text {
 public:
  Text(const char* begin, const char* end, const std::string& where)
      : begin_(begin), at_(begin), end_(end), where_(where) {}

  [[noreturn]] void refuse(const std::string& reason) const {
    throw FileError(where_ + ": character " + std::to_string(at_ - begin_ + 1) + " of its header: " + reason);
  }
  bool take(char wanted) {
    skip_blanks();
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) refuse(std::string("a ") + wanted + " is missing");
  }
  void expect_end() {
    skip_blanks();
    if (at_ != end_) refuse("it goes on behind its end");
  }
  std::string quoted() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'') expect(quote);
    const char* close = std::find(at_, end_, quote);
    // None of the names and types that are read has any of these.
    if (std::any_of(at_, close, [](unsigned char c) { return c < ' ' || c > '~' || c == '\\'; }))
      refuse("a name or type of strange characters");
    if (close == end_) refuse("a quote does not end");
    return std::string(std::exchange(at_, close + 1), close);
  }
  bool truth() {
    for (const bool value : {true, false}) {
      skip_blanks();
      const std::string word = value ? "True" : "False";
      if (static_cast<std::size_t>(end_ - at_) < word.size() || !std::equal(word.begin(), word.end(), at_))
        continue;
      at_ += word.size();
      return value;
    }
    refuse("neither True nor False");
  }
  Shape shape() {
    std::vector<std::int64_t> extents;
    expect('(');
    while (!take(')')) {
      extents.push_back(extent());
      if (extents.size() > Shape::max_rank)
        refuse("the array has more than " + std::to_string(Shape::max_rank) + " axes");
      if (take(',')) continue;
      // Without a comma behind it one number in parentheses is a number.
      if (extents.size() == 1) expect(',');
      expect(')');
      break;
    }
    return checked(extents);
  }

 private:
  void skip_blanks() {
    at_ = std::find_if(at_, end_, [](char c) { return c != ' ' && c != '\n' && c != '\t' && c != '\r'; });
  }
  std::int64_t extent() {
    skip_blanks();
    std::int64_t extent = 0;
    const auto [after, error] = std::from_chars(at_, end_, extent);
    if (error != std::errc() || extent < 0)
      refuse("the shape has an extent that is no whole number, or too large");
    at_ = after;
    take('L');  // behind what Python 2 calls long
    return extent;
  }
  Shape checked(const std::vector<std::int64_t>& extents) const {
    // Elements of eight bytes are the largest that are read.
    try {
      const Shape shape(extents);
      check_addressable({ElementType::int64, shape});
      return shape;
    } catch (const RecordError& error) {
      refuse(error.rule());
    }
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const std::string& where_;
};

/// Why no array has elements of a kind; nothing where that depends on their size.
const char* reason_against(char kind) {
  switch (kind) {
    case 'c':
      return "complex numbers";
    case 'S':
    case 'a':
    case 'U':
    case 'T':
      return "text";
    case 'O':
      return "Python objects";
    case 'V':
      return "records or raw bytes";
    case 'M':
    case 'm':
      return "dates or spans of time";
    default:
      return nullptr;
  }
}

void set_type(Header& header, const Text& text, const std::string& descriptor) {
  static const char* const known[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
  const auto order = descriptor.find_first_of("<>|=");
  header.type = order == 0 ? descriptor.substr(1) : descriptor;
  header.big_endian = order == 0 && descriptor[0] == '>';
  if (const auto reason = header.type.empty() ? nullptr : reason_against(header.type[0]))
    text.refuse("its elements are of type " + shown(descriptor) + ", " + reason + ", which no Array holds");
  if (std::find(std::begin(known), std::end(known), header.type) == std::end(known))
    text.refuse("its elements are of type " + shown(descriptor) + ", which no Array holds");
  // Of one byte each there is no order, and of several there is one: what else may be meant is not guessed.
  const bool one_byte = header.type[1] == '1';
  if (!one_byte && (order != 0 || (descriptor[0] != '<' && descriptor[0] != '>')))
    text.refuse("its type " + shown(descriptor) + " does not tell the order of bytes");
}

/// Reads the value of one of the keys into the header, in whatever order they stand.
void parse_value(Header& header, Text& text, const std::string& key) {
  if (key == "descr") {
    if (text.take('[')) text.refuse("its elements are records, which no Array holds");
    set_type(header, text, text.quoted());
  } else if (key == "fortran_order") {
    header.fortran_order = text.truth();
  } else if (key == "shape") {
    header.shape = text.shape();
  } else {
    text.refuse("an unknown key " + shown(key));
  }
}

void parse_dictionary(Header& header, Text& text) {
  std::vector<std::string> keys;
  text.expect('{');
  while (!text.take('}')) {
    const auto key = text.quoted();
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) text.refuse(shown(key) + " is there twice");
    keys.push_back(key);
    text.expect(':');
    parse_value(header, text, key);
    if (text.take(',')) continue;
    text.expect('}');
    break;
  }
  text.expect_end();
  if (keys.size() != 3) text.refuse("it does not tell all of descr, fortran_order and shape");
}

}  // namespace

std::size_t Header::bytes() const {
  return data_at + static_cast<std::size_t>(shape.size()) * static_cast<std::size_t>(type[1] - '0');
}

Header parse_header(const std::string& bytes, const std::string& where) {
  if (bytes.compare(0, magic_length, magic) != 0)
    throw FileError(where + " is no .npy file: it does not begin with \\x93NUMPY");
  const auto ends = [&] { throw FileError(where + " ends within its header"); };
  if (bytes.size() < magic_length + 4) ends();
  const int version = static_cast<unsigned char>(bytes[magic_length]);
  if (version < 1 || version > 3 || bytes[magic_length + 1] != 0)
    throw FileError(where + " is of another version of the format than 1.0, 2.0 and 3.0");
  const int count = version == 1 ? 2 : 4;
  const auto text_at = magic_length + 2 + count;
  if (bytes.size() < text_at) ends();
  const auto length = unsigned_at(bytes, magic_length + 2, count);
  if (length > longest_start - text_at)
    throw FileError(where + " has a header of " + std::to_string(length) +
                    " bytes, longer than any array needs");
  if (bytes.size() - text_at < length) ends();

  Header header;
  header.data_at = text_at + length;
  Text text(bytes.data() + text_at, bytes.data() + header.data_at, where);
  parse_dictionary(header, text);
  return header;
}

char native_order(const std::string& type) {
  if (type[1] == '1') return '|';
  return xtl::endianness() == xtl::endian::big_endian ? '>' : '<';
}

std::string format_header(const std::string& type, bool fortran_order, const Shape& shape) {
  std::string extents;
  for (const auto extent : shape) extents += (extents.empty() ? "" : ", ") + std::to_string(extent);
  if (shape.rank() == 1) extents += ',';
  std::string text = "{'descr': '" + (native_order(type) + type) +
                     "', 'fortran_order': " + (fortran_order ? "True" : "False") + ", 'shape': (" + extents +
                     "), }";
  // Elements begin at a multiple of 64, as NumPy has it. What a Shape may be fits into the first two of
  // these, and the length's lower byte is below 128: xtensor's reader takes it for one with a sign.
  constexpr std::size_t before = magic_length + 4;
  while ((before + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string start(magic);
  for (const auto byte : {std::size_t{1}, std::size_t{0}, text.size() & 0xff, text.size() >> 8})
    start += static_cast<char>(byte);
  return start + text;
}

}  // namespace reel::npy
