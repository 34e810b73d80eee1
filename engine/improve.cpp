#include "improve.h"

#include "split.h"

namespace reel {

Wanted improve(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options) {
  Wanted now{nullptr, outputs};
  const auto apply = [&](bool wanted, auto&& pass) {
    if (wanted) now = pass(now.tape ? *now.tape : tape, now.outputs);
  };
  apply(options.simplify, simplify);
  apply(options.split, split);
  // What was taken out of loops meets what was there.
  apply(options.simplify && options.split, simplify);
  if (!now.tape) now.tape = tape.clone();
  return now;
}

}  // namespace reel
