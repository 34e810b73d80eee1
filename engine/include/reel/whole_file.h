#pragma once
/// @file
/// @ingroup files
/// Files that are written whole or not at all.
#include <string>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// Writes `text` to the file `path`, all of it or nothing: to a temporary file of its own beside it, flushed
/// to the disk, which then takes the file's name, so that others who write and read it at the same time find
/// a whole file. A file that stands there keeps who may read, write and execute it, and its owner and
/// group where that is allowed; where it is not, nobody may do more with the new file than with the old one.
/// The bits that set user or group, the sticky bit (04755 becomes 0755) and access lists are not kept,
/// and other hard links to the old file still lead to its old text. Of a symbolic link the target is written,
/// or made. Throws FileError, and leaves the file as it was, where something that is no regular file stands
/// there or the system refuses, MemoryError where there is no memory for it. A process that is killed leaves
/// nothing behind but where it had only to rename the file, or on a file system without files that have no
/// name (O_TMPFILE): then "<name>.tmp-<digits>", which is in nobody's way. Errors begin with `function`, that
/// which the user has called, in brackets; so do those of the functions below.
void write_whole(const std::string& path, const std::string& text, const char* function = "save");

/// Throws the FileError or MemoryError that write_whole() would throw before it writes: better before long
/// work than after it.
void check_writable(const std::string& path, const char* function = "save");

/// The text in a file. Throws FileError for what is missing, for all but regular files and links to them, at
/// once and without touching them, and for a zero byte, which no text holds; MemoryError where it does not
/// fit into memory.
std::string read_whole(const std::string& path, const char* function = "load");

/// As read_whole(), for a file of any bytes, zeros among them.
std::string read_bytes(const std::string& path, const char* function = "load");

}  // namespace reel
