#include <reel/npy.h>
#include <reel/whole_file.h>

#include "npy_format.h"

namespace reel {

Array read_npy(const std::string& path) {
  return npy::parse(read_bytes(path, "read_npy"), "[read_npy] " + path);
}

void write_npy(const std::string& path, const Array& array) {
  needing_memory_for("[write_npy] " + path, [&] { write_whole(path, npy::format(array), "write_npy"); });
}

}  // namespace reel
