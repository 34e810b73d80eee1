#include <reel/characters.h>
#include <reel/npz.h>
#include <reel/whole_file.h>

#include <algorithm>
#include <set>
#include <vector>

#include "npy_format.h"
#include "zip_archive.h"

namespace reel {

namespace {

const std::string ending = ".npy";

/// The name of the array in the entry of that name. Throws FileError where the entry is no array.
std::string array_name(const std::string& entry, const std::string& where) {
  if (entry.size() < ending.size() || entry.compare(entry.size() - ending.size(), ending.npos, ending) != 0)
    throw FileError(where + " is no array: its name does not end in .npy");
  return entry.substr(0, entry.size() - ending.size());
}

/// Reads on until `bytes` are `size`, or the entry ends. They grow with what is there, whatever it says of
/// itself.
void read_up_to(zip_file_t* entry, std::string& bytes, std::size_t size, const std::string& where) {
  char block[1 << 16];
  while (bytes.size() < size) {
    const auto count = zip_fread(entry, block, std::min(sizeof block, size - bytes.size()));
    if (count < 0) refuse(*zip_file_get_error(entry), where + " is broken: ");
    if (count == 0) return;
    bytes.append(block, static_cast<std::size_t>(count));
  }
}

/// The file of the format .npy in an entry.
std::string unpack(zip_file_t* entry, const std::string& where) {
  std::string bytes;
  read_up_to(entry, bytes, npy::longest_start, where);
  const auto size = npy::parse_header(bytes, where).bytes();
  // One more than there should be: the reader refuses it, and at the end libzip compares the checksum.
  read_up_to(entry, bytes, size + 1, where);
  return bytes;
}

Array read_entry(zip_t* archive, const zip_stat_t& status, const std::string& where) {
  if (status.encryption_method != ZIP_EM_NONE) throw FileError(where + " is encrypted");
  if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE)
    throw FileError(where + " is neither stored nor deflated, but packed in the way " +
                    std::to_string(status.comp_method));
  const ZipEntry entry(zip_fopen_index(archive, status.index, 0));
  if (!entry) refuse(*zip_get_error(archive), where + " is broken: ");
  return needing_memory_for(where, [&] { return npy::parse(unpack(entry.get(), where), where); });
}

zip_stat_t status_of(zip_t* archive, std::uint64_t index, const std::string& where) {
  zip_stat_t status;
  constexpr auto wanted =
      ZIP_STAT_NAME | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat_index(archive, index, 0, &status) != 0 || (status.valid & wanted) != wanted)
    refuse(*zip_get_error(archive),
           where + " does not tell of its entry " + std::to_string(index + 1) + ": ");
  return status;
}

/// Those of all entries. Throws FileError for entries that share bytes: a small file would unpack to as many
/// arrays as one likes.
std::vector<zip_stat_t> entries(zip_t* archive, std::size_t bytes, const std::string& where) {
  std::vector<zip_stat_t> entries;
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive, 0));
  for (std::uint64_t index = 0; index < count; ++index) {
    entries.push_back(status_of(archive, index, where));
    const auto size = entries.back().comp_size;
    if (size > bytes) throw FileError(where + " has entries of more bytes than the file");
    bytes -= size;
  }
  return entries;
}

void add(zip_t* archive, const std::string& name, const std::string& bytes, Packing packing) {
  auto source = zip_source(bytes.data(), bytes.size());
  const auto index = zip_file_add(archive, (name + ending).c_str(), source.get(), ZIP_FL_ENC_UTF_8);
  if (index < 0)
    throw Error("[write_npz] no archive takes the name " + shown(name) + ": " + zip_strerror(archive));
  source.release();  // It is the archive's now.
  const auto entry = static_cast<std::uint64_t>(index);
  // The first day that an archive can tell, as NumPy has it: the same arrays give the same bytes.
  constexpr int first_day = 1 << 5 | 1;
  const auto method = packing == Packing::stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
  if (zip_set_file_compression(archive, entry, method, 0) != 0 ||
      zip_file_set_dostime(archive, entry, 0, first_day, 0) != 0)
    throw InternalError(std::string("[write_npz] ") + zip_strerror(archive));
}

/// The bytes of an archive that was made.
std::string content(const ZipSource& source) {
  std::string bytes;
  zip_stat_t status;
  bool whole = zip_source_stat(source.get(), &status) == 0 && zip_source_open(source.get()) == 0;
  if (whole) {
    bytes.resize(status.size);
    const auto count = zip_source_read(source.get(), bytes.data(), bytes.size());
    whole = count >= 0 && static_cast<std::size_t>(count) == bytes.size();
    zip_source_close(source.get());
  }
  if (!whole) throw InternalError("[write_npz] the archive that was made cannot be read");
  return bytes;
}

/// The arrays in the entries that `is_wanted` chooses, by the entries' names.
template <class IsWanted>
NamedArrays read(const std::string& path, const std::string& where, const IsWanted& is_wanted) {
  const auto bytes = read_bytes(path, "read_npz");
  // What libzip takes for the archive of no entries.
  if (bytes.empty()) throw FileError(where + " is empty");
  const auto source = zip_source(bytes.data(), bytes.size());
  const auto archive = open_zip(source, ZIP_RDONLY, where);
  NamedArrays arrays;
  for (const auto& status : entries(archive.get(), bytes.size(), where)) {
    if (!is_wanted(status.name)) continue;
    const auto place = where + ": " + shown(status.name);
    const auto name = array_name(status.name, place);
    if (arrays.count(name) != 0) throw FileError(place + " is there twice");
    arrays.emplace(name, read_entry(archive.get(), status, place));
  }
  return arrays;
}

NamedArrays read_named(const std::string& path, const std::vector<std::string>& names,
                       const std::string& where) {
  std::set<std::string> wanted;
  for (const auto& name : names) wanted.insert(name + ending);
  auto arrays = read(path, where, [&](const std::string& entry) { return wanted.count(entry) != 0; });
  for (const auto& name : names)
    if (arrays.count(name) == 0) throw FileError(where + " holds no array " + shown(name));
  return arrays;
}

/// The bytes of an archive of these.
std::string archive_of(const NamedArrays& arrays, Packing packing, const std::string& where) {
  std::vector<std::string> files;  // libzip reads them when it closes the archive
  files.reserve(arrays.size());
  const auto source = zip_source(nullptr, 0);
  auto archive = open_zip(source, ZIP_CREATE | ZIP_TRUNCATE, where);
  for (const auto& [name, array] : arrays) {
    if (name.find('\0') != name.npos)
      throw Error("[write_npz] no archive takes a name with a zero byte: " + shown(name));
    files.push_back(npy::format(array));
    add(archive.get(), name, files.back(), packing);
  }
  if (zip_close(archive.get()) != 0)
    throw MemoryError(where + ": the archive cannot be made: " + zip_strerror(archive.get()));
  archive.release();
  return content(source);
}

}  // namespace

NamedArrays read_npz(const std::string& path) {
  const auto where = "[read_npz] " + path;
  return needing_memory_for(where,
                            [&] { return read(path, where, [](const std::string&) { return true; }); });
}

NamedArrays read_npz(const std::string& path, const std::vector<std::string>& names) {
  const auto where = "[read_npz] " + path;
  return needing_memory_for(where, [&] { return read_named(path, names, where); });
}

void write_npz(const std::string& path, const NamedArrays& arrays, Packing packing) {
  const auto where = "[write_npz] " + path;
  if (arrays.empty()) throw Error(where + ": there are no arrays to be written");
  needing_memory_for(where, [&] { write_whole(path, archive_of(arrays, packing, where), "write_npz"); });
}

}  // namespace reel
