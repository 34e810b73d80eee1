#pragma once
#include <string>

#include "run/cuda/texts.h"

namespace reel::cuda {

/// What compile() makes, kept in the user's cache folder from one program to the next: $REEL_KERNEL_CACHE,
/// else reel/kernels in $XDG_CACHE_HOME or ~/.cache; nothing is kept where REEL_KERNEL_CACHE is "off", or the
/// folder is somebody else's. Several processes may share it. What is damaged is made again; the oldest files
/// go where all take more than 256 MB.
std::string cached_code(const Source& source, const std::string& architecture);

/// A file of such a folder.
class KernelCache {
 public:
  static constexpr std::size_t most_bytes = std::size_t{256} << 20;

  /// Keeps nothing where `folder` is empty, or cannot be used.
  explicit KernelCache(std::string folder, std::size_t most = most_bytes);

  /// What is kept under a key; empty where nothing is, or it is damaged.
  std::string find(const std::string& key) const;
  /// Whole or not at all. Where there is no room nothing is kept.
  void keep(const std::string& key, const std::string& code) const;

 private:
  std::string path_of(const std::string& key) const;
  void make_room() const;

  std::string folder_;
  std::size_t most_;
};

}  // namespace reel::cuda
