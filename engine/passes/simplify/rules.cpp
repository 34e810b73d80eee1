#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "passes/rewriting/emitter.h"
#include "record/index_maps.h"

// Rules that put something simpler in place of a node, exact for every value, infinities and NaN included
// (but for the sign of a zero to which zero is added, and for rounding and overflow where a sum is scaled
// instead of its terms). Operands are in their simplest form already.

namespace reel::passes {

namespace {

using Inputs = std::vector<NodeId>;
using Result = std::optional<NodeId>;

struct Rule {
  Emitter& to;
  const Operation& operation;
  const Inputs& inputs;
  const Attributes& attributes;

  bool is(const Operation& wanted) const { return &operation == &wanted; }
  const Node& operand(std::size_t i = 0) const { return to.node(inputs[i]); }
  TensorType type() const {
    std::vector<TensorType> types;
    for (auto input : inputs) types.push_back(to.node(input).type);
    return operation.infer(types, attributes);
  }
};

/// By the declared algebra: f(x) = x, f(f(x)) = x, f(x, unit) = x.
Result by_algebra(const Rule& rule) {
  const auto& algebra = rule.operation.algebra;
  if (algebra.identity) return rule.inputs[0];
  if (algebra.involution && rule.operand().operation == &rule.operation) return rule.to.input(rule.inputs[0]);
  if (algebra.right_unit && rule.to.uniform_value(rule.inputs[1]) == algebra.right_unit)
    return rule.inputs[0];
  if (algebra.left_unit && rule.to.uniform_value(rule.inputs[0]) == algebra.left_unit) return rule.inputs[1];
  return {};
}

/// A map of values that are the same everywhere is one itself; its own kernel tells which.
Result fold_map(const Rule& rule) {
  if (rule.operation.kind != Kind::map || rule.inputs.empty() || !rule.operation.kernels.reference) return {};
  for (auto input : rule.inputs)
    if (!rule.to.is(input, fill_operation())) return {};
  std::vector<Array> scalars;
  std::vector<TensorType> types;
  for (auto input : rule.inputs) {
    scalars.push_back(Array(*rule.to.uniform_value(input)).cast(rule.to.node(input).type.element));
    types.push_back(scalars.back().type());
  }
  std::vector<ConstView> views;
  for (const auto& scalar : scalars) views.push_back({scalar.raw(), &scalar.type()});
  Array result(rule.operation.infer(types, rule.attributes));
  try {
    rule.operation.kernels.reference({views, {result.raw(), &result.type()}, rule.attributes, {}});
  } catch (const RunError&) {
    return {};  // refused where it runs, with its scope and step
  }
  const double value = result.item();
  // An int64 beyond the integers of a double cannot be a fill.
  if (result.element() == ElementType::int64 && std::abs(value) > 9e15) return {};
  return rule.to.fill(value, rule.type());
}

/// Moving elements that are all the same gives the same.
Result fold_index_map(const Rule& rule) {
  if (rule.operation.kind != Kind::index_map || rule.inputs.empty()) return {};
  const auto value = rule.to.uniform_value(rule.inputs[0]);
  if (!value) return {};
  for (auto input : rule.inputs) {
    const auto other = rule.to.uniform_value(input);
    if (!other || std::memcmp(&*other, &*value, sizeof *value) != 0) return {};
  }
  if (rule.is(pad_operation()) && (*value != 0 || std::signbit(*value))) return {};
  return rule.to.fill(*value, rule.type());
}

Result simpler_reshape(const Rule& rule) {
  if (!rule.is(reshape_operation())) return {};
  if (rule.operand().type.shape == Shape(rule.attributes.integers("shape"))) return rule.inputs[0];
  if (rule.operand().operation == &rule.operation)
    return rule.to.emit(rule.operation, {rule.to.input(rule.inputs[0])}, rule.attributes);
  return {};
}

Result simpler_permute(const Rule& rule) {
  if (!rule.is(permute_operation())) return {};
  const auto& axes = rule.attributes.integers("axes");
  if (std::is_sorted(axes.begin(), axes.end())) return rule.inputs[0];
  if (rule.operand().operation != &rule.operation) return {};
  const auto& before = rule.operand().attributes.integers("axes");
  Axes both;
  for (auto axis : axes) both.push_back(before[axis]);
  return rule.to.emit(rule.operation, {rule.to.input(rule.inputs[0])}, {{"axes", both}});
}

Result simpler_broadcast(const Rule& rule) {
  if (!rule.is(broadcast_operation())) return {};
  if (rule.operand().type.shape == Shape(rule.attributes.integers("shape"))) return rule.inputs[0];
  if (rule.operand().operation == &rule.operation)
    return rule.to.emit(rule.operation, {rule.to.input(rule.inputs[0])}, rule.attributes);
  return {};
}

/// A map of values repeated alike: computed before they are repeated.
Result map_before_broadcast(const Rule& rule) {
  if (rule.operation.kind != Kind::map) return {};
  const Shape* small = nullptr;
  for (auto input : rule.inputs) {
    if (rule.to.uniform_value(input)) continue;
    if (!rule.to.is(input, broadcast_operation())) return {};
    const auto& shape = rule.to.node(rule.to.input(input)).type.shape;
    if (small && *small != shape) return {};
    small = &shape;
  }
  if (!small) return {};
  const auto shape = *small;
  Inputs inputs;
  for (auto input : rule.inputs) {
    const auto value = rule.to.uniform_value(input);
    inputs.push_back(value ? rule.to.fill(*value, {rule.to.node(input).type.element, shape})
                           : rule.to.input(input));
  }
  const auto whole = rule.type().shape;
  const auto result = rule.to.emit(rule.operation, inputs, rule.attributes);
  return rule.to.emit(broadcast_operation(), {result}, {{"shape", whole.extents()}});
}

Slice slice_of(const Rule& rule) { return Slice::of(rule.attributes, rule.operand().type.shape.rank()); }

Result sliced(const Rule& rule, NodeId x, const Slice& slice) {
  return rule.to.emit(slice_operation(), {x}, slice.attributes());
}

/// A slice of what is repeated: repeated less often, or a slice repeated.
Result slice_before_broadcast(const Rule& rule) {
  if (!rule.is(slice_operation()) || rule.operand().operation != &broadcast_operation()) return {};
  const auto shape = rule.type().shape;
  const auto slice = slice_of(rule);
  auto source = rule.to.input(rule.inputs[0]);
  if (rule.to.node(source).type.shape[slice.axis] != 1) source = *sliced(rule, source, slice);
  return rule.to.emit(broadcast_operation(), {source}, {{"shape", shape.extents()}});
}

Result slice_of_slice(const Rule& rule, const Slice& slice) {
  const auto before = Slice::of(rule.operand());
  if (before.axis != slice.axis) return {};
  return sliced(rule, rule.to.input(rule.inputs[0]), before.then(slice));
}

/// A slice of one part alone.
Result slice_of_concat(const Rule& rule, const Slice& slice) {
  const auto& concat = rule.to.concat(rule.inputs[0]);
  if (concat.axis != slice.axis) return {};
  const auto part =
      std::lower_bound(concat.parts.begin(), concat.parts.end(), slice.stop,
                       [](const Concat::Part& each, std::int64_t stop) { return each.stop < stop; });
  if (part == concat.parts.end() || !slice.is_within(part->start, part->stop)) return {};
  return sliced(rule, part->id, slice.from(part->start));
}

/// A slice of what was padded alone, or of zeros.
Result slice_of_pad(const Rule& rule, const Slice& slice) {
  const auto pad = Pad::of(rule.operand());
  if (pad.axis != slice.axis || pad.is_spread()) return {};
  const auto end = pad.end(rule.operand().type.shape);
  if (slice.is_within(pad.before, end))
    return sliced(rule, rule.to.input(rule.inputs[0]), slice.from(pad.before));
  if (slice.stop <= pad.before || slice.start >= end) return rule.to.fill(0, rule.type());
  return {};
}

/// A slice of a whole, of a slice, of a concat, of a pad.
Result simpler_slice(const Rule& rule) {
  if (!rule.is(slice_operation())) return {};
  const auto& x = rule.operand();
  const auto slice = slice_of(rule);
  if (slice.is_whole(x.type.shape)) return rule.inputs[0];
  if (x.operation == &slice_operation()) return slice_of_slice(rule, slice);
  if (x.operation == &concat_operation()) return slice_of_concat(rule, slice);
  if (x.operation == &pad_operation()) return slice_of_pad(rule, slice);
  return {};
}

/// Slices side by side of one value, joined along `axis`, are one slice.
Result joined_slice(const Rule& rule, int axis, NodeId left, NodeId right) {
  if (!rule.to.is(left, slice_operation()) || !rule.to.is(right, slice_operation())) return {};
  const auto source = rule.to.input(left);
  const auto first = Slice::of(rule.to.node(left)), second = Slice::of(rule.to.node(right));
  const auto is_part = [&](const Slice& slice) { return slice.axis == axis && slice.step == 1; };
  if (source != rule.to.input(right) || !is_part(first) || !is_part(second) || first.stop != second.start)
    return {};
  return sliced(rule, source, {axis, first.start, second.stop});
}

/// One part is the whole; parts that are slices side by side of one value are one slice.
Result simpler_concat(const Rule& rule) {
  if (!rule.is(concat_operation())) return {};
  if (rule.inputs.size() == 1) return rule.inputs[0];
  const auto axis = Concat::of(rule.to.tape(), rule.inputs, rule.attributes).axis;
  Inputs merged;
  for (auto part : rule.inputs) {
    const auto joined = merged.empty() ? Result() : joined_slice(rule, axis, merged.back(), part);
    if (joined)
      merged.back() = *joined;
    else
      merged.push_back(part);
  }
  if (merged.size() == rule.inputs.size()) return {};
  return rule.to.emit(rule.operation, merged, rule.attributes);
}

Result simpler_select(const Rule& rule) {
  if (!rule.is(select_operation())) return {};
  if (rule.inputs[1] == rule.inputs[2]) return rule.inputs[1];
  if (const auto condition = rule.to.uniform_value(rule.inputs[0]))
    return rule.inputs[*condition != 0 ? 1 : 2];
  return {};
}

/// A sum of what is there where a condition holds, and nothing elsewhere, and of what is there under the same
/// condition, or where it does not hold: one choice.
Result sum_of_choices(const Rule& rule) {
  if (!rule.is(add_operation())) return {};
  const auto &first = rule.operand(0), &second = rule.operand(1);
  if (first.operation != &select_operation() || second.operation != &select_operation()) return {};
  const auto a = rule.inputs[0], b = rule.inputs[1];
  const auto condition = rule.to.input(a);
  if (condition != rule.to.input(b)) return {};
  // The other branch of one that has nothing in this; 0 where neither has nothing.
  const auto other_branch = [&](NodeId id) -> std::size_t {
    for (std::size_t branch : {1, 2})
      if (rule.to.uniform_value(rule.to.input(id, branch)) == 0.0) return 3 - branch;
    return 0;
  };
  const auto at_a = other_branch(a), at_b = other_branch(b);
  if (at_a == 0 || at_b == 0) return {};
  const auto value_a = rule.to.input(a, at_a), value_b = rule.to.input(b, at_b);
  Inputs inputs{condition, value_a, value_b};
  if (at_a == at_b) {
    const auto sum = rule.to.emit(rule.operation, {value_a, value_b}, rule.attributes);
    const auto nothing = rule.to.input(a, 3 - at_a);
    inputs = {condition, sum, nothing};
  }
  if (at_a == 2) std::swap(inputs[1], inputs[2]);
  return rule.to.emit(select_operation(), inputs, first.attributes);
}

Result simpler_cast(const Rule& rule) {
  if (!rule.is(cast_operation()) || rule.operand().type != rule.type()) return {};
  return rule.inputs[0];
}

/// A sum over no axis, and a sum of sums.
Result simpler_sum(const Rule& rule) {
  if (!rule.is(sum_operation())) return {};
  const auto& axes = rule.attributes.integers("axes");
  if (axes.empty()) return rule.inputs[0];
  if (rule.operand().operation != &rule.operation) return {};
  auto all = rule.operand().attributes.integers("axes");
  const auto inner = rule.to.input(rule.inputs[0]);
  // The axes of the outer sum, counted before the inner one took some away.
  std::vector<std::int64_t> left;
  for (std::int64_t axis = 0; axis < rule.to.node(inner).type.shape.rank(); ++axis)
    if (std::find(all.begin(), all.end(), axis) == all.end()) left.push_back(axis);
  for (auto axis : axes) all.push_back(left[axis]);
  std::sort(all.begin(), all.end());
  return rule.to.emit(rule.operation, {inner}, {{"axes", all}});
}

/// The operand in which a map is linear while all others are the same finite number, not 0, everywhere; -1
/// where there is none.
int scaled_operand(Emitter& to, NodeId id) {
  const auto& operation = *to.node(id).operation;
  if (operation.kind != Kind::map) return -1;
  const auto inputs = to.tape().inputs(id);
  for (const auto& linear : operation.algebra.linear) {
    bool is_scaling = linear.size() == 1;
    for (std::size_t i = 0; i < inputs.size() && is_scaling; ++i) {
      if (i == linear[0]) continue;
      const auto factor = to.uniform_value(inputs[i]);
      is_scaling = factor && std::isfinite(*factor) && *factor != 0;
    }
    if (is_scaling) return static_cast<int>(linear[0]);
  }
  return -1;
}

/// A sum of terms scaled alike: scaled after it. Of several scalings the last one only, so that long chains
/// of them are not walked for every sum.
Result scale_after_sum(const Rule& rule) {
  if (!rule.is(sum_operation()) || rule.operand().type.shape.size() == 0) return {};
  const auto terms = rule.inputs[0];
  const int scaled = scaled_operand(rule.to, terms);
  if (scaled < 0 ||
      rule.to.node(terms).type.element != rule.to.node(rule.to.input(terms, scaled)).type.element)
    return {};
  const auto operands = rule.to.tape().inputs(terms);
  auto inputs = Inputs(operands.begin(), operands.end());
  if (scaled_operand(rule.to, inputs[scaled]) >= 0) return {};
  const auto& map = *rule.operand().operation;
  const auto attributes = rule.operand().attributes;
  const auto reduced = rule.type().shape;
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i)
    inputs[i] = i == scaled ? rule.to.emit(rule.operation, {inputs[i]}, rule.attributes)
                            : rule.to.fill(*rule.to.uniform_value(inputs[i]),
                                           {rule.to.node(inputs[i]).type.element, reduced});
  return rule.to.emit(map, inputs, attributes);
}

/// A product of a transposed operand: its axes change their roles, and nothing is moved.
Result simpler_matmul(const Rule& rule) {
  if (!rule.is(matmul_operation())) return {};
  for (std::size_t side = 0; side < 2; ++side) {
    const auto& x = rule.operand(side);
    if (x.operation != &permute_operation()) continue;
    const char* name = side == 0 ? "left" : "right";
    const auto& roles = rule.attributes.text(name);
    const auto& axes = x.attributes.integers("axes");
    std::string before(roles.size(), ' ');
    for (std::size_t i = 0; i < axes.size(); ++i) before[axes[i]] = roles[i];
    // Axes of one role correspond in order: it must be the same before.
    const auto in_order = [&](char role) {
      std::int64_t last = -1;
      for (std::size_t i = 0; i < axes.size(); ++i)
        if (roles[i] == role) {
          if (axes[i] < last) return false;
          last = axes[i];
        }
      return true;
    };
    if (!std::all_of(roles.begin(), roles.end(), in_order)) continue;
    auto inputs = rule.inputs;
    inputs[side] = rule.to.input(inputs[side]);
    const auto& left = side == 0 ? before : rule.attributes.text("left");
    const auto& right = side == 1 ? before : rule.attributes.text("right");
    return rule.to.emit(rule.operation, inputs, {{"left", left}, {"right", right}});
  }
  return {};
}

using Apply = Result (*)(const Rule&);

/// Those that say something of operations of that kind.
Span<const Apply> rules_of(Kind kind) {
  static constexpr Apply maps[] = {fold_map, map_before_broadcast, simpler_select, sum_of_choices,
                                   simpler_cast};
  static constexpr Apply index_maps[] = {fold_index_map,    simpler_reshape, simpler_permute,
                                         simpler_broadcast, simpler_slice,   slice_before_broadcast,
                                         simpler_concat};
  static constexpr Apply reductions[] = {simpler_sum, scale_after_sum};
  static constexpr Apply contractions[] = {simpler_matmul};
  switch (kind) {
    case Kind::map:
      return {maps, std::size(maps)};
    case Kind::index_map:
      return {index_maps, std::size(index_maps)};
    case Kind::reduction:
      return {reductions, std::size(reductions)};
    case Kind::contraction:
      return {contractions, std::size(contractions)};
    default:
      return {};
  }
}

}  // namespace

std::optional<NodeId> rewrite(Emitter& emitter, const Operation& operation, const std::vector<NodeId>& inputs,
                              const Attributes& attributes) {
  const Rule rule{emitter, operation, inputs, attributes};
  if (const auto result = by_algebra(rule)) return result;
  for (const auto apply : rules_of(operation.kind))
    if (const auto result = apply(rule)) return result;
  return {};
}

}  // namespace reel::passes
