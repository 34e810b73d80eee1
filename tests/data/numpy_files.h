#pragma once
#include <string>

/// Files as NumPy writes them.
namespace reel::test {

/// The bytes that pairs of hexadecimal digits spell.
inline std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16));
  return bytes;
}

/// A file .npy of that header text, whatever it is.
inline std::string npy_with_header(const std::string& text, const std::string& elements = {},
                                   char version = 1) {
  std::string file = "\x93NUMPY";
  file += {version, '\0'};
  for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte)
    file += static_cast<char>(text.size() >> 8 * byte & 0xff);
  return file + text + elements;
}

/// What numpy.save (2.4) writes, the header padded as it does.
inline std::string numpy_file(const std::string& dictionary, const std::string& hex_elements,
                              char version = 1) {
  const std::size_t before = version == 1 ? 10 : 12;
  const auto blanks = 63 - (before + dictionary.size()) % 64;
  return npy_with_header(dictionary + std::string(blanks, ' ') + "\n", from_hex(hex_elements), version);
}

/// "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
inline std::string numpy_header(const std::string& type, const std::string& shape,
                                bool fortran_order = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

}  // namespace reel::test
