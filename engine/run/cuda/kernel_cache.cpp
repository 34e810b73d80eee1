#include "run/cuda/kernel_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "run/cuda/compiler.h"
#include "run/cuda/digest.h"

namespace fs = std::filesystem;

namespace reel::cuda {

namespace {

std::string default_folder() {
  const auto* own = std::getenv("REEL_KERNEL_CACHE");
  if (own) return own == std::string("off") ? "" : own;
  if (const auto* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache)
    return std::string(cache) + "/reel/kernels";
  if (const auto* home = std::getenv("HOME"); home && *home)
    return std::string(home) + "/.cache/reel/kernels";
  return "";
}

/// Makes a folder that its owner alone may read. Returns whether it is this user's, and no link.
bool is_own_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(fs::path(folder).parent_path(), error);
  ::mkdir(folder.c_str(), 0700);
  struct stat status {};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & 077) == 0;
}

}  // namespace

KernelCache::KernelCache(std::string folder, std::size_t most) : folder_(std::move(folder)), most_(most) {
  if (!folder_.empty() && !is_own_folder(folder_)) folder_.clear();
}

std::string KernelCache::path_of(const std::string& key) const { return folder_ + "/" + key + ".kernels"; }

/// A file is a digest of the code, and the code.
std::string KernelCache::find(const std::string& key) const {
  if (folder_.empty()) return "";
  std::ifstream file(path_of(key), std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const auto content = text.str();
  const auto size = digest("").size();
  if (content.size() <= size || content.substr(0, size) != digest(content.substr(size))) return "";
  return content.substr(size);
}

void KernelCache::keep(const std::string& key, const std::string& code) const {
  if (folder_.empty() || code.size() > most_) return;
  auto beside = path_of(key) + ".XXXXXX";
  const int file = ::mkstemp(beside.data());  // mode 0600
  if (file < 0) return;
  const auto content = digest(code) + code;
  const bool is_whole = ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  ::close(file);
  if (!is_whole || ::rename(beside.c_str(), path_of(key).c_str()) != 0) ::unlink(beside.c_str());
  make_room();
}

/// The files that were written longest ago go.
void KernelCache::make_room() const {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    files.emplace_back(entry.last_write_time(error), entry.path());
    bytes += entry.file_size(error);
  }
  std::sort(files.begin(), files.end());
  for (const auto& [time, path] : files) {
    if (bytes <= most_) break;
    bytes -= fs::file_size(path, error);
    fs::remove(path, error);  // another process may have done so
  }
}

std::string cached_code(const Source& source, const std::string& architecture) {
  const KernelCache cache(default_folder());
  auto all = compiler_version() + architecture + source.text();
  for (const auto& [name, text] : source.headers) all += name + text;
  const auto key = digest(all);
  if (auto code = cache.find(key); !code.empty()) return code;
  const auto made = compile(source, architecture);
  const auto& code = made.machine_code.empty() ? made.ptx : made.machine_code;
  cache.keep(key, code);
  return code;
}

}  // namespace reel::cuda
