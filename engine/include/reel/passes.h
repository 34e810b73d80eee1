#pragma once
#include <string>
#include <vector>

#include "compile_options.h"
#include "tape.h"

/// @file
/// @ingroup programs
/// What is done to a tape between recording and running, and how to leave parts of it out or look at it.
namespace REEL_PUBLIC reel {

/// A pass by its name and what it does.
struct PassName {
  const char* name;     ///< As Without() takes it.
  const char* purpose;  ///< One line for people.
};

/// All passes, in the order in which a tape goes through them.
std::vector<PassName> all_passes();

/// An option: leaves out the pass of that name, as in Function f(model, g, Without("split")).
class Without {
 public:
  /// Throws Error, with all names, where there is no such pass.
  explicit Without(const std::string& pass);
  /// Leaves the pass out.
  void operator()(CompileOptions& options) const { options.leave_out(number_); }

 private:
  std::size_t number_;
};

/// A picture of the tape as it is when it has gone through `pass` and those before it; see to_dot(tape).
/// Throws Error where there is no such pass, and RecordError where an output is not on the tape.
std::string to_dot_after(const std::string& pass, const Tape& tape, const Tensors& outputs,
                         const CompileOptions& options = {});

}  // namespace reel
