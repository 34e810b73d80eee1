#include <reel/float16.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <utility>

// Since 0.26 headers of xtensor stand in folders.
#if __has_include(<xtensor/io/xnpy.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xnpy.hpp>
#endif

#include "npy_format.h"

namespace reel::npy {

namespace {

/// Two texts, to be read one behind the other; no copy.
class TwoTexts : public std::streambuf {
 public:
  TwoTexts(std::string& first, char* second, std::size_t size) : second_(second), size_(size) {
    setg(first.data(), first.data(), first.data() + first.size());
  }

 protected:
  int_type underflow() override {
    setg(second_, second_, second_ + size_);
    second_ += std::exchange(size_, 0);
    return gptr() == egptr() ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

 private:
  char* second_;
  std::size_t size_;
};

/// Gives the elements their order of bytes on this machine.
void make_native(std::string& bytes, const Header& header) {
  const char order = native_order(header.type);
  if (order == '|' || (order == '>') == header.big_endian) return;
  const auto size = header.type[1] - '0';
  for (auto element = bytes.begin() + static_cast<std::ptrdiff_t>(header.data_at); element != bytes.end();
       element += size)
    std::reverse(element, element + size);
}

/// Reads elements that xtensor calls `type`, of C++ type Stored, each of which `convert` makes one of the
/// array's.
///
/// xtensor's reader believes what a header says: it makes room for the product of any numbers, which may
/// overflow, reads -1 as an extent, and goes on where the file has ended. So it is handed a header of our
/// own, which says the same as the one that was checked, with the keys in the order that it asks for.
template <class Stored, class Convert>
Array read_elements(std::string& bytes, const Header& header, const std::string& type,
                    const Convert& convert) {
  using Held = decltype(convert(Stored{}));
  auto start = format_header(type, header.fortran_order, header.shape);
  TwoTexts texts(start, bytes.data() + header.data_at, bytes.size() - header.data_at);
  std::istream stream(&texts);
  const auto stored = xt::load_npy<Stored>(stream);
  Array array(header.shape, element_type_of<Held>);
  if (header.fortran_order)
    std::transform(stored.template begin<xt::layout_type::row_major>(),
                   stored.template end<xt::layout_type::row_major>(), array.data<Held>(), convert);
  else  // As they stand in memory, several times as fast.
    std::transform(stored.data(), stored.data() + stored.size(), array.data<Held>(), convert);
  return array;
}

template <class Stored, class Held>
Array read_elements(std::string& bytes, const Header& header) {
  return read_elements<Stored>(bytes, header, header.type,
                               [](Stored number) { return static_cast<Held>(number); });
}

Array read_uint64(std::string& bytes, const Header& header, const std::string& where) {
  auto array = read_elements<std::uint64_t, std::int64_t>(bytes, header);
  const auto begin = array.data<std::int64_t>(), end = begin + array.size();
  const auto wrapped = std::find_if(begin, end, [](std::int64_t number) { return number < 0; });
  if (wrapped != end)
    throw FileError(where + ": element " + std::to_string(wrapped - begin) + " in row-major order is " +
                    std::to_string(static_cast<std::uint64_t>(*wrapped)) + ", which no int64 holds");
  return array;
}

Array read_integers(std::string& bytes, const Header& header, const std::string& where) {
  const bool is_signed = header.type[0] == 'i';
  switch (header.type[1]) {
    case '1':
      return is_signed ? read_elements<std::int8_t, std::int32_t>(bytes, header)
                       : read_elements<std::uint8_t, std::int32_t>(bytes, header);
    case '2':
      return is_signed ? read_elements<std::int16_t, std::int32_t>(bytes, header)
                       : read_elements<std::uint16_t, std::int32_t>(bytes, header);
    case '4':
      return is_signed ? read_elements<std::int32_t, std::int32_t>(bytes, header)
                       : read_elements<std::uint32_t, std::int64_t>(bytes, header);
    default:
      return is_signed ? read_elements<std::int64_t, std::int64_t>(bytes, header)
                       : read_uint64(bytes, header, where);
  }
}

Array read_array(std::string& bytes, const Header& header, const std::string& where) {
  // As bytes, since a bool of C++ may be but 0 or 1; NumPy takes all but 0 for true.
  if (header.type == "b1")
    return read_elements<std::uint8_t>(bytes, header, "u1", [](std::uint8_t byte) { return byte != 0; });
  if (header.type == "f2") return read_elements<std::uint16_t>(bytes, header, "u2", from_float16);
  if (header.type == "f4") return read_elements<float, float>(bytes, header);
  if (header.type == "f8") return read_elements<double, double>(bytes, header);
  return read_integers(bytes, header, where);
}

}  // namespace

Array parse(std::string bytes, const std::string& where) {
  return needing_memory_for(where, [&] {
    const auto header = parse_header(bytes, where);
    if (bytes.size() != header.bytes())
      throw FileError(where + " has " + std::to_string(bytes.size()) + " bytes, where its header tells of " +
                      std::to_string(header.bytes()));
    make_native(bytes, header);
    return read_array(bytes, header, where);
  });
}

std::string format(const Array& array) {
  static_assert(sizeof(bool) == 1);
  const char kind = is_floating(array.element()) ? 'f' : is_integer(array.element()) ? 'i' : 'b';
  // Not by xtensor's writer, which puts the separators of the program's locale into the shape.
  auto bytes = format_header(kind + std::to_string(size_of(array.element())), false, array.shape());
  bytes.reserve(bytes.size() + array.bytes());
  return bytes.append(static_cast<const char*>(array.raw()), array.bytes());
}

}  // namespace reel::npy
