#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <zip.h>

/// Zip archives in memory, by libzip.
namespace reel {

/// What libzip says of a failure; freed with it.
class ZipError {
 public:
  ZipError() { zip_error_init(&error_); }
  ~ZipError() { zip_error_fini(&error_); }
  ZipError(const ZipError&) = delete;

  zip_error_t* get() { return &error_; }

 private:
  zip_error_t error_;
};

struct ZipClose {
  /// Without writing what was changed.
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using ZipArchive = std::unique_ptr<zip_t, ZipClose>;
using ZipEntry = std::unique_ptr<zip_file_t, ZipClose>;
/// Of which the holder has a share: archives and others keep theirs.
using ZipSource = std::unique_ptr<zip_source_t, ZipClose>;

/// `size` bytes as libzip reads and writes them, valid as long as they; room for an archive where there are
/// none. Throws std::bad_alloc.
ZipSource zip_source(const void* bytes, std::size_t size);

/// Throws FileError of the text `what` and of what libzip says of a failure, std::bad_alloc where it had no
/// memory.
[[noreturn]] void refuse(zip_error_t& error, const std::string& what);

/// Opens the archive in a source. Throws as refuse() does, FileError that begins with `where`.
ZipArchive open_zip(const ZipSource& source, int flags, const std::string& where);

}  // namespace reel
