#pragma once
#include <tuple>

#include <reel/unroll_flat.h>

namespace reel {

/// What a projection takes of an unroll.
struct Projection {
  enum class Kind : std::uint8_t { stacked, summed, final };
  Kind kind;
  /// A value of the body, or of `final` the position of a carry.
  std::int64_t which;

  /// What a node of kind projection takes.
  static Projection of(const Node& node);
  /// The same of another value, or carry.
  Projection with(std::int64_t other) const { return {kind, other}; }

  bool is(Kind other) const { return kind == other; }
  /// The value of the body that it is made of: of `final` what the carry hands on.
  NodeId value(const Body& body) const {
    return kind == Kind::final ? body.next[which] : static_cast<NodeId>(which);
  }

  const Operation& operation() const;
  Attributes attributes(const TensorType& type) const;
  Tensor record(const Unroll& unroll) const;

  bool operator<(const Projection& other) const {
    return std::tie(kind, which) < std::tie(other.kind, other.which);
  }
};

}  // namespace reel
