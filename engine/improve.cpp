#include "improve.h"

#include <algorithm>

#include "products.h"
#include "residuals.h"
#include "split.h"

namespace reel {

namespace {

bool has_unrolls(const Tape& tape) {
  for (NodeId id = 0; id < tape.size(); ++id)
    if (tape.node(id).operation->kind == Kind::unroll) return true;
  return false;
}

/// Every node in its simplest form, and products with it where that is asked for.
Wanted tidy(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options) {
  if (!options.products) return simplify(tape, outputs);
  auto result = simplify(tape, outputs, rewrite_products);
  merge_products(result);
  return result;
}

}  // namespace

Wanted improve(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options) {
  Wanted now{nullptr, outputs};
  const auto current = [&]() -> const Tape& { return now.tape ? *now.tape : tape; };
  const bool tidies = options.simplify || options.products;
  if (options.residuals && has_unrolls(tape)) {
    now = simplify(tape, outputs, [](WantedStep& step) { cut_residuals(step); });
    cut_residuals(now);
  }
  if (tidies) now = tidy(current(), now.outputs, options);
  if (options.split && has_unrolls(current())) {
    now = split(current(), now.outputs, options.sink);
    // What was taken out of loops meets what was there.
    if (tidies) now = tidy(current(), now.outputs, options);
  }
  if (!now.tape) now.tape = tape.clone();
  return now;
}

}  // namespace reel
