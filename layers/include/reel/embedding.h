#pragma once
/// @file
/// @ingroup layers
/// Vectors for symbols.
#include <reel/initialisers.h>
#include <reel/ops.h>
#include <reel/record.h>

namespace REEL_PUBLIC reel {

/// A learned vector for each of `count` symbols: integers [...] in [0, count) -> [..., size]. Parameter
/// `table` [count, size]. A symbol out of range is a RunError.
struct Embedding {
  std::string scope;  ///< What its operations are recorded under.
  Parameter table;    ///< A row for each symbol.

  /// Makes the table in a model. Throws Error as Scope::parameter() does.
  Embedding(const Scope& in, std::int64_t count, std::int64_t size,
            const Initialiser& initialiser = glorot_uniform())
      : scope(in.path()), table(in.parameter("table", {count, size}, initialiser)) {}

  /// The vectors of these symbols, integers [...]: [..., size].
  Tensor operator()(const Tensor& symbols) const {
    const ScopeGuard guard(scope);
    return gather(table, symbols);
  }
};

}  // namespace reel
