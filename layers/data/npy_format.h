#pragma once
#include <reel/array.h>

#include <string>

/// The format .npy in memory, for files and for entries of archives.
namespace reel::npy {

/// What the beginning of a file says of its array.
struct Header {
  std::string type;  // "f4": kind and bytes of an element
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;
  std::size_t data_at = 0;  // bytes before the first element

  /// Of the whole file.
  std::size_t bytes() const;
};

/// No header goes on behind so many bytes.
inline constexpr std::size_t longest_start = 12 + (1 << 16);

/// Reads the header at the beginning of `bytes`, which may break off behind longest_start. Throws FileError,
/// which begins with `where`.
Header parse_header(const std::string& bytes, const std::string& where);

/// The array in a whole file. Throws FileError and MemoryError, which begin with `where`.
Array parse(std::string bytes, const std::string& where);

/// The file that holds an array.
std::string format(const Array& array);

/// The beginning of a file, up to its elements.
std::string format_header(const std::string& type, bool fortran_order, const Shape& shape);

/// '<', '>' or '|': the order of the bytes of such an element on this machine.
char native_order(const std::string& type);

}  // namespace reel::npy
