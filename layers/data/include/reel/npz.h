#pragma once
/// @file
/// @ingroup data
/// Archives of NumPy's arrays.
#include <reel/array.h>

#include <map>
#include <string>
#include <vector>

namespace REEL_PUBLIC reel {

/// Arrays by their names in an archive, without ".npy".
using NamedArrays = std::map<std::string, Array>;

/// The arrays in a file of NumPy's format .npz: a zip archive whose entries, stored or deflated, are files
/// "<name>.npy", each read as read_npy() does. Throws FileError, which names file and array, for what is
/// broken, encrypted, packed in another way, there twice, or no array. An entry is unpacked no further than
/// its array goes, so that a small file that unpacks to a large one takes no more memory than its arrays.
/// Throws MemoryError where they do not fit into it.
NamedArrays read_npz(const std::string& path);

/// Those of these names alone. No other entry is unpacked, so that the archive may hold texts, objects and
/// files that are no arrays beside them. Throws as the other does, and FileError for a name that is not
/// there.
///
///     const auto arrays = read_npz("events.npz", {"hits", "labels"});
NamedArrays read_npz(const std::string& path, const std::vector<std::string>& names);

/// Whether entries of an archive are stored as they are, as by numpy.savez, or deflated, as by
/// numpy.savez_compressed: weights hardly become smaller, counts and masks do.
enum class Packing { stored, deflated };

/// Writes arrays under their names, whole or not at all (write_whole); the same arrays give the same bytes.
/// Throws Error for no arrays, and for a name that no archive holds: one that is not UTF-8, has a zero byte,
/// or is longer than 65531 bytes; FileError where the file cannot be written, MemoryError where there is no
/// memory for it.
void write_npz(const std::string& path, const NamedArrays& arrays, Packing packing = Packing::stored);

}  // namespace reel
