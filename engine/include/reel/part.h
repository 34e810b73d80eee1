#pragma once
/// @file
/// @ingroup files
/// Parts of files.
#include "model.h"

namespace REEL_PUBLIC reel {

/// A part of a file's parameters, by patterns of their names: those that match one of `take` and none of
/// `except`. "*" stands for any characters, "/" too, "?" for one, "[ab]" for one of several, and a backslash
/// takes the next as it is (POSIX fnmatch).
///
///     Part{{"encoder/*"}}          an encoder
///     Part{{"*"}, {"head/*"}}      all but the head
struct Part {
  std::vector<std::string> take{"*"},  ///< Patterns of names that belong to the part.
      except{};                        ///< Patterns of names that do not, whatever `take` says.
};

/// What became of each name when a part of a file was read into a model.
struct LoadReport {
  std::vector<std::string> taken;         ///< In the model as in the file.
  std::vector<std::string> not_asked;     ///< In the file, and not of the part.
  std::vector<std::string> not_in_model;  ///< In the file and of the part; the model has none of that name.
  std::vector<std::string> kept;          ///< In the model, which keeps its own.
};
/// A line for each of the four that is not empty.
std::string to_string(const LoadReport& report);

/// @cond
/// Which parameters of a model a part of a file is read into: asked about each name in the file, and then for
/// the report.
class PartChoice {
 public:
  /// `where` begins messages.
  PartChoice(const Model& model, Part part, std::string where);

  /// The parameter that is to get what the file has of that name; absent where none is.
  std::optional<Parameter> wants(const std::string& name);
  /// Once all names were asked about.
  LoadReport report() const;
  /// Likewise. Throws FileError for a pattern that matched none of them.
  void check_patterns() const;

 private:
  bool matches_one(const std::vector<std::string>& patterns, const std::string& name);

  const Model* model_;
  Part part_;
  std::string where_;
  std::map<std::string, Parameter> by_name_;
  std::set<std::string> matched_;  // patterns
  LoadReport report_;
};
/// @endcond

}  // namespace reel
