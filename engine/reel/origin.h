#pragma once
#include <string>

namespace reel {

/// Where a node comes from, for people: errors, prints and graphs show it.
struct Origin {
  /// The part of the user's code; "" where no scope was entered.
  std::string scope = {};
  /// The operation whose derivative the node is part of, and which derivative of it, from 1 on; "" and 0 for
  /// what was not derived.
  std::string operation = {};
  int order = 0;

  /// That of an adjoint of a node of `name` which is from here.
  Origin of_derivative(const std::string& name) const {
    return {scope, order > 0 ? operation : name, order + 1};
  }
  /// "derivative of sqrt", "second derivative of sqrt"; "" for what was not derived.
  std::string derivative() const;

  bool operator==(const Origin& other) const {
    return order == other.order && scope == other.scope && operation == other.operation;
  }
};

struct OriginHash {
  std::size_t operator()(const Origin& origin) const {
    const std::hash<std::string> hash;
    return (hash(origin.scope) * 31 + hash(origin.operation)) * 31 + static_cast<std::size_t>(origin.order);
  }
};

/// "[div] gives inf; derivative of sqrt; operands: float64[2] (x), float64[2]; in scope head", as far as
/// there is something to say.
std::string message(const std::string& operation, const std::string& what, const Origin& origin,
                    const std::string& operands);

}  // namespace reel
