#pragma once
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace REEL_PUBLIC reel {

/// A learned vector for each of `count` symbols: integers [...] in [0, count) -> [..., size]. Parameter
/// `table` [count, size]. A symbol out of range is a RunError.
struct Embedding {
  std::string scope;
  Parameter table;

  Embedding(const Scope& in, std::int64_t count, std::int64_t size,
            const Initialiser& initialiser = glorot_uniform())
      : scope(in.path()), table(in.parameter("table", {count, size}, initialiser)) {}

  Tensor operator()(const Tensor& symbols) const {
    const ScopeGuard guard(scope);
    return gather(table, symbols);
  }
};

}  // namespace reel
