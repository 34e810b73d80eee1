#pragma once
/// @file
/// @ingroup tapes
/// Where nodes come from.
#include <cstdint>
#include <string>
#include <vector>

#include "span.h"

namespace REEL_PUBLIC reel {

/// Where a node comes from, for people: errors, prints and graphs show it.
struct Origin {
  /// The part of the user's code; "" where no scope was entered.
  std::string scope = {};
  /// The operation whose derivative the node is part of; "" for what was not derived.
  std::string operation = {};
  /// Which derivative of it, from 1 on; 0 for what was not derived.
  int order = 0;
  /// The steps of the Expanded unrolls around it, outermost first.
  std::vector<std::int64_t> steps = {};

  /// That of an adjoint of a node of `name` which is from here.
  Origin of_derivative(const std::string& name) const {
    return {scope, order > 0 ? operation : name, order + 1, steps};
  }
  /// "derivative of sqrt", "second derivative of sqrt"; "" for what was not derived.
  std::string derivative() const;

  /// Whether they are from the same place.
  bool operator==(const Origin& other) const {
    return order == other.order && scope == other.scope && operation == other.operation &&
           steps == other.steps;
  }
};

/// @cond
/// For unordered containers, with an Origin as the key.
struct OriginHash {
  /// A number that is the same for equal origins.
  std::size_t operator()(const Origin& origin) const {
    const std::hash<std::string> hash;
    auto result =
        (hash(origin.scope) * 31 + hash(origin.operation)) * 31 + static_cast<std::size_t>(origin.order);
    for (auto step : origin.steps) result = result * 31 + static_cast<std::size_t>(step);
    return result;
  }
};
/// @endcond

/// "[div] gives inf; derivative of sqrt; operands: float64[2] (x), float64[2]; in scope head; at step 3 of
/// the outer and step 1", as far as there is something to say. `steps` are those of the unrolls around it
/// that are run step by step, outermost first.
std::string message(const std::string& operation, const std::string& what, const Origin& origin,
                    const std::string& operands, Span<const std::int64_t> steps = {});

}  // namespace reel
