#pragma once
/// @file
/// @ingroup data
/// Single arrays of NumPy.
#include <reel/array.h>

#include <string>

namespace REEL_PUBLIC reel {

/// The array in a file of NumPy's format .npy, of any shape that an Array may have, in row-major order
/// whichever order it is stored in. Elements that an Array does not have become the smallest ones that hold
/// all of theirs:
///
///     float16 -> float32; int8, uint8, int16, uint16 -> int32; uint32, uint64 -> int64
///
/// Big-endian and little-endian files are read, of the versions 1, 2 and 3. Throws FileError for a file that
/// is broken, longer or shorter than it says, or of other elements (complex numbers, text, dates, records,
/// objects), for more than 16 axes, and for an integer of uint64 that no int64 holds, named by its place in
/// row-major order; MemoryError where the array does not fit into memory beside the file.
Array read_npy(const std::string& path);

/// Writes an array as NumPy does, row-major and in this machine's byte order, whole or not at all
/// (write_whole). Throws FileError where the file cannot be written, MemoryError where there is no memory for
/// it.
void write_npy(const std::string& path, const Array& array);

}  // namespace reel
