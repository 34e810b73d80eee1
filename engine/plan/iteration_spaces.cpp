#include "plan/iteration_spaces.h"

#include <reel/structural.h>

#include <algorithm>

#include "plan/place.h"

namespace reel::plan {

namespace {

/// The extents that are not 1, but for the last `without` axes.
std::vector<std::int64_t> true_extents(const Shape& shape, int without = 0) {
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank() - without; ++axis)
    if (shape[axis] != 1) extents.push_back(shape[axis]);
  return extents;
}

bool is_fused_map(const Tape& tape, NodeId id, const Target& target) {
  const auto& operation = *tape.node(id).operation;
  if (operation.kind != Kind::map) return false;
  std::vector<ElementType> operands;
  operands.reserve(tape.inputs(id).size());
  for (auto input : tape.inputs(id)) operands.push_back(tape.node(input).type.element);
  return target.fuses_map(operation, operands, tape.node(id).type.element);
}

/// Whether a reduction can be part of a fusion, and how: along the last axis alone, or along all others.
Role role_of_reduction(const Tape& tape, NodeId id, const Target& target) {
  const auto& node = tape.node(id);
  if (node.operation->kind != Kind::reduction) return Role::other;
  const auto& type = tape.node(tape.inputs(id)[0]).type;
  const int last = type.shape.rank() - 1;
  if (last < 0 || type.shape.size() == 0 || type.shape[last] == 1) return Role::other;
  const bool rows = target.fuses_rows(*node.operation, type),
             columns = target.fuses_columns(*node.operation, type);
  if (!rows && !columns) return Role::other;
  const auto& axes = node.attributes.integers("axes");
  const bool has_last = std::find(axes.begin(), axes.end(), last) != axes.end();
  if (rows && has_last && axes.size() == 1) return Role::reduce;
  if (columns && !has_last && static_cast<int>(axes.size()) == last) return Role::total;
  return Role::other;
}

/// Whether a shape is that of the rows of a space, but for axes of extent 1.
bool has_shape_of_rows(const Shape& shape, const Shape& space) {
  return true_extents(shape) == true_extents(space, 1);
}

}  // namespace

Spaces::Spaces(const Tape& tape, const Live& live, const Target& target, bool fuse)
    : tape_(&tape),
      role_(tape.size(), Role::given),
      source_(tape.size(), -1),
      space_(tape.size(), -1),
      per_row_(tape.size(), false) {
  for (NodeId id = 0; id < tape.size(); ++id) {
    source_[id] = id;
    if (!live.nodes[id]) continue;
    role_[id] = role_of(id, target, fuse);
    source_[id] = role_[id] == Role::view ? source_[tape.inputs(id)[0]] : id;
    if (role_[id] == Role::map) place_map(id);
    if (is_reduction(id)) {
      space_[id] = tape.inputs(id)[0];
      per_row_[id] = role_[id] == Role::reduce;
    }
  }
}

Role Spaces::role_of(NodeId id, const Target& target, bool fuse) const {
  const auto& operation = *tape_->node(id).operation;
  if (&operation == &argument_operation() || &operation == &parameter_operation() ||
      &operation == &constant_operation() || &operation == &fill_operation())
    return Role::given;
  if (operation.kind == Kind::projection || operation.is_layout()) return Role::view;
  if (is_fused_map(*tape_, id, target)) return Role::map;
  return fuse ? role_of_reduction(*tape_, id, target) : Role::other;
}

/// A map of row values is one itself, unless rows of its own shape are what it goes on with: a softmax of
/// scores that were sums.
void Spaces::place_map(NodeId id) {
  space_[id] = id;
  for (auto input : tape_->inputs(id))
    if (per_row_[source_[input]] && is_spread(input, source_[input])) return;
  for (auto input : tape_->inputs(id)) {
    const auto source = source_[input];
    if (!per_row_[source] || !is_same_rows(input, source)) continue;
    space_[id] = space_[source];
    per_row_[id] = true;
    return;
  }
}

Reading Spaces::reading(NodeId id, std::size_t operand) const {
  const auto input = tape_->inputs(id)[operand], source = source_[input];
  if (!is_fusible(id) || !is_fusible(source) || space(id) != space(source)) return Reading::apart;
  if (role_[source] == Role::total) return Reading::apart;
  if (!per_row_[source])
    return input == source && (!per_row_[id] || role_[id] == Role::reduce) ? Reading::same : Reading::apart;
  if (is_reduction(id)) return Reading::apart;
  if (per_row_[id]) return is_same_rows(input, source) ? Reading::same : Reading::apart;
  return is_spread(input, source) ? Reading::spread : Reading::apart;
}

std::optional<std::vector<std::int64_t>> Spaces::strides_behind(NodeId input, NodeId source) const {
  std::vector<NodeId> chain;
  for (; input != source; input = tape_->inputs(input)[0]) chain.push_back(input);
  Place place;
  place.base = 0;
  place.layout = Layout::contiguous(tape_->node(source).type);
  for (; !chain.empty(); chain.pop_back()) {
    const auto& view = tape_->node(chain.back());
    const auto found = make_view(*view.operation, view.attributes, view.type, place);
    if (!found || found->offset != 0) return std::nullopt;
    place = *found;
  }
  return place.layout.strides;
}

bool Spaces::is_same_rows(NodeId input, NodeId source) const {
  const auto& type = tape_->node(input).type;
  if (!has_shape_of_rows(type.shape, space(source))) return false;
  const auto strides = strides_behind(input, source);
  return strides && Layout{type, *strides}.is_contiguous();
}

bool Spaces::is_spread(NodeId input, NodeId source) const {
  const auto& shape = tape_->node(input).type.shape;
  if (input == source || shape != space(source)) return false;
  const auto strides = strides_behind(input, source);
  if (!strides || strides->back() != 0) return false;
  std::int64_t next = 1;
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    if ((*strides)[axis] != next) return false;
    next *= shape[axis];
  }
  return true;
}

}  // namespace reel::plan
