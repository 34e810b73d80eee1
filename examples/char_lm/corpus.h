#pragma once
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace char_lm {

/// What the user can set right: a path that is missing, too little text, a model that does not fit.
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct TextFile {
  /// Relative to the path that was asked for, so that it does not depend on where that lies.
  std::string name;
  std::string text;
};

/// What was read, in the order of the names.
struct Corpus {
  std::vector<TextFile> training, validation;
  /// Files that are binary, could not be read, or were not wanted.
  std::size_t left_out = 0;
  /// There was one file only: its last tenth is held out.
  bool one_file = false;
};

std::size_t character_count(const std::vector<TextFile>& files);

/// Reads text files, and those in folders, theirs included. Left out are binary files, those with a text that
/// is `unwanted`, and below a path that was asked for `.git`, folders named build..., and folders CMake
/// builds in. About a tenth of the text, whole files, is held out for validation, chosen by a hash of their
/// names. Throws UserError for a path that is missing or cannot be read, and where there is no text.
Corpus read_corpus(const std::vector<std::string>& paths,
                   const std::function<bool(const std::string&)>& unwanted);

}  // namespace char_lm
