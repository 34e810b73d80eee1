#pragma once
/// @file
/// @ingroup errors
/// The exceptions that Reel throws.
#include <stdexcept>
#include <string>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// Base of every exception Reel throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An operation, unroll or gradient that cannot be recorded: shapes, types or tapes that do not fit.
class RecordError : public Error {
 public:
  using Error::Error;
  /// "[name] rule": the broken rule in the name of what found it.
  RecordError(const std::string& name, const std::string& rule)
      : Error("[" + name + "] " + rule), rule_(name.size() + 3) {}
  /// The text without that name, for an operation that refuses the rule in its own.
  const char* rule() const noexcept { return what() + rule_; }

 private:
  std::size_t rule_ = 0;
};

/// Something only the values could tell while a program ran, such as an index out of range.
class RunError : public Error {
 public:
  using Error::Error;
};

/// Memory that the system does not give.
class MemoryError : public Error {
 public:
  using Error::Error;
};

/// A file that is missing, broken, or does not fit the model.
class FileError : public Error {
 public:
  using Error::Error;
};

/// A defect in Reel itself.
class InternalError : public Error {
 public:
  using Error::Error;
};

}  // namespace reel
