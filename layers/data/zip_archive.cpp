#include "zip_archive.h"

#include <reel/error.h>

namespace reel {

ZipSource zip_source(const void* bytes, std::size_t size) {
  ZipError error;
  ZipSource source(zip_source_buffer_create(bytes, size, 0, error.get()));
  if (!source) throw MemoryError("[zip] no memory for an archive: " + error.text());
  return source;
}

ZipArchive open_zip(const ZipSource& source, int flags, const std::string& where) {
  ZipError error;
  ZipArchive archive(zip_open_from_source(source.get(), flags, error.get()));
  if (!archive) throw FileError(where + " is no zip archive that can be read: " + error.text());
  // The archive takes over a share, and the caller keeps one.
  zip_source_keep(source.get());
  return archive;
}

}  // namespace reel
