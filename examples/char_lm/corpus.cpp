#include "corpus.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include "utf8.h"

namespace char_lm {

namespace {

namespace fs = std::filesystem;

bool is_left_out_folder(const fs::path& folder) {
  const auto name = folder.filename().string();
  std::error_code ignored;
  return name == ".git" || name.rfind("build", 0) == 0 || fs::exists(folder / "CMakeCache.txt", ignored);
}

std::optional<std::string> contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return std::nullopt;
  return text;
}

/// Collects files, each once, however many of the paths lead to it.
class Reader {
 public:
  using TextTest = std::function<bool(const std::string&)>;

  explicit Reader(TextTest unwanted) : unwanted_(std::move(unwanted)) {}

  void read(const std::string& given) {
    const fs::path path(given);
    std::error_code error;
    if (!fs::exists(path, error)) throw UserError("there is no file or folder '" + given + "'");
    if (fs::is_directory(path))
      read_folder(path);
    else if (!std::ifstream(path))
      throw UserError("cannot read '" + given + "'");
    else
      add(path, path.filename().generic_string());
  }

  std::vector<TextFile> files;
  std::size_t left_out = 0;

 private:
  void read_folder(const fs::path& folder) {
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, error), end;
    if (error) throw UserError("cannot read the folder '" + folder.string() + "': " + error.message());
    for (; entry != end; entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) {
        if (is_left_out_folder(entry->path()) || !can_enter(entry->path())) entry.disable_recursion_pending();
      } else if (entry->is_regular_file(ignored) && entry->path().filename() != ".git") {
        add(entry->path(), entry->path().lexically_relative(folder).generic_string());
      }
    }
  }

  /// A folder that may not be read is left out, not the end of the walk.
  bool can_enter(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator attempt(folder, error);
    if (error) ++left_out;
    return !error;
  }

  void add(const fs::path& path, const std::string& name) {
    std::error_code error;
    const auto identity = fs::canonical(path, error);
    if (!seen_.insert(error ? fs::absolute(path) : identity).second) return;
    auto text = contents(path);
    if (!text || looks_binary(*text) || unwanted_(*text))
      ++left_out;
    else if (!text->empty())
      files.push_back({name, std::move(*text)});
  }

  TextTest unwanted_;
  std::set<fs::path> seen_;
};

/// FNV-1a with a last mixing step: names that differ little end far apart, and the same on every machine.
std::uint64_t hash_of(const std::string& name) {
  std::uint64_t hash = 14695981039346656037u;
  for (unsigned char letter : name) hash = (hash ^ letter) * 1099511628211u;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  return hash ^ (hash >> 33);
}

/// Which of `files` to hold out: in the order of their hashes until a tenth of the text is reached, passing
/// over a file that would make it more than a fifth.
std::set<const TextFile*> held_out(const std::vector<TextFile>& files) {
  std::vector<const TextFile*> order;
  for (const auto& file : files) order.push_back(&file);
  std::sort(order.begin(), order.end(), [](const TextFile* a, const TextFile* b) {
    return std::pair(hash_of(a->name), a->name) < std::pair(hash_of(b->name), b->name);
  });
  const auto total = character_count(files);
  std::set<const TextFile*> chosen;
  std::size_t characters = 0;
  for (const auto* file : order) {
    if (characters >= total / 10) break;
    if (characters + file->text.size() > total / 5) continue;
    chosen.insert(file);
    characters += file->text.size();
  }
  const auto shorter = [](const TextFile* a, const TextFile* b) { return a->text.size() < b->text.size(); };
  if (chosen.empty()) chosen.insert(*std::min_element(order.begin(), order.end(), shorter));
  return chosen;
}

void split(std::vector<TextFile> files, Corpus& corpus) {
  const auto held = held_out(files);
  for (auto& file : files)
    (held.count(&file) ? corpus.validation : corpus.training).push_back(std::move(file));
}

void split_one(const TextFile& file, Corpus& corpus) {
  const auto cut = file.text.size() - file.text.size() / 10;
  corpus.training.push_back({file.name, file.text.substr(0, cut)});
  corpus.validation.push_back({file.name, file.text.substr(cut)});
  corpus.one_file = true;
}

}  // namespace

std::size_t character_count(const std::vector<TextFile>& files) {
  std::size_t count = 0;
  for (const auto& file : files) count += file.text.size();
  return count;
}

Corpus read_corpus(const std::vector<std::string>& paths,
                   const std::function<bool(const std::string&)>& unwanted) {
  Reader reader(unwanted);
  for (const auto& path : paths) reader.read(path);
  auto& files = reader.files;
  if (files.empty())
    throw UserError(
        "there is no text in what was given (files left out as binary, unreadable or saved models: " +
        std::to_string(reader.left_out) + ")");
  std::sort(files.begin(), files.end(), [](const TextFile& a, const TextFile& b) {
    return std::tie(a.name, a.text) < std::tie(b.name, b.text);
  });
  Corpus corpus;
  corpus.left_out = reader.left_out;
  if (files.size() == 1)
    split_one(files[0], corpus);
  else
    split(std::move(files), corpus);
  return corpus;
}

}  // namespace char_lm
