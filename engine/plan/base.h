#pragma once
#include <memory>

#include <reel/variable.h>

namespace reel::plan {

/// Memory that addresses count from; a run says where each one is.
struct Base {
  enum class Kind {
    arena,       ///< all values in between
    kept,        ///< what is made of parameters alone, and stays while they do
    argument,    ///< an array that is handed in
    variable,    ///< what a variable holds before the run
    run_number,  ///< the number that a run takes from a variable which counts runs, as int64
    constant,    ///< data fixed when recorded
    result       ///< an array that is handed out
  } kind;
  std::size_t position = 0;  // of an argument, a result, or what is kept
  std::shared_ptr<Variable> variable;
  std::shared_ptr<const Array> constant;
};

/// The first base of every plan.
constexpr int arena_base = 0;

}  // namespace reel::plan
