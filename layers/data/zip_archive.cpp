#include "zip_archive.h"

#include <reel/error.h>

#include <new>

namespace reel {

void refuse(zip_error_t& error, const std::string& what) {
  if (zip_error_code_zip(&error) == ZIP_ER_MEMORY) throw std::bad_alloc();
  throw FileError(what + zip_error_strerror(&error));
}

ZipSource zip_source(const void* bytes, std::size_t size) {
  ZipError error;
  ZipSource source(zip_source_buffer_create(bytes, size, 0, error.get()));
  // Nothing else can be wrong with it.
  if (!source) throw std::bad_alloc();
  return source;
}

ZipArchive open_zip(const ZipSource& source, int flags, const std::string& where) {
  ZipError error;
  ZipArchive archive(zip_open_from_source(source.get(), flags, error.get()));
  if (!archive) refuse(*error.get(), where + " is no zip archive that can be read: ");
  // The archive takes over a share, and the caller keeps one.
  zip_source_keep(source.get());
  return archive;
}

}  // namespace reel
