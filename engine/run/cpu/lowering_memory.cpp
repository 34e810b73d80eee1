#include "run/cpu/lowering.h"

#include <reel/structural.h>

#include <algorithm>

// Where values stand, and the instructions that move them.

namespace reel::cpu {

const Place& Lowering::place(Context& context, NodeId id) {
  auto& known = context.places[id];
  if (known.known()) return known;
  const auto& node = context.tape.node(id);
  if (!is_view(*node.operation)) {
    known = leaf_place(context, id);
    if (!known.known()) throw InternalError("[" + node.operation->name + "] is used and was never computed");
    return known;
  }
  // Iterative: a chain of layouts may be long.
  std::vector<NodeId> chain{id};
  while (!context.places[chain.back()].known() && is_view(context.operation(chain.back())))
    chain.push_back(context.tape.inputs(chain.back())[0]);
  Place from = place(context, chain.back());
  for (chain.pop_back(); !chain.empty(); chain.pop_back()) {
    const auto& view = context.tape.node(chain.back());
    auto found = make_view(*view.operation, view.attributes, view.type, from);
    if (!found) found = make_view(*view.operation, view.attributes, view.type, contiguous(from));
    context.places[chain.back()] = from = *found;
  }
  return context.places[id];
}

Place Lowering::external(Plan::Base base, const TensorType& type) {
  Place place;
  place.base = static_cast<int>(plan_->bases.size());
  place.layout = Layout::contiguous(type);
  plan_->bases.push_back(std::move(base));
  return place;
}

Place Lowering::filled(double value, const TensorType& type) {
  Place place;
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto [entry, added] = uniform_bases_.emplace(std::make_pair(bits, static_cast<int>(type.element)),
                                                     static_cast<int>(plan_->bases.size()));
  if (added) {
    const auto scalar = std::make_shared<const Array>(Array(value).cast(type.element));
    plan_->bases.push_back({Plan::Base::Kind::constant, 0, nullptr, scalar});
  }
  place.base = entry->second;
  place.layout = {type, std::vector<std::int64_t>(type.shape.rank(), 0)};
  place.kept = true;
  return place;
}

/// Memory that a leaf stands in already.
Place Lowering::leaf_place(Context& context, NodeId id) {
  using BaseKind = Plan::Base::Kind;
  const auto& node = context.tape.node(id);
  if (node.operation == &fill_operation()) return filled(node.attributes.real("value"), node.type);
  if (node.operation == &argument_operation()) {
    if (context.level > 0) return {};
    return external(
        {BaseKind::argument, static_cast<std::size_t>(node.attributes.integer("index")), nullptr, nullptr},
        node.type);
  }
  if (node.operation == &parameter_operation()) {
    const auto& variable = node.attributes.get<std::shared_ptr<Variable>>("variable");
    auto place = external({BaseKind::variable, 0, variable, nullptr}, node.type);
    place.kept = !variable->counts_runs;
    if (place.kept) plan_->parameters.push_back(variable);
    return place;
  }
  if (node.operation == &constant_operation()) {
    auto place =
        external({BaseKind::constant, 0, nullptr, node.attributes.get<std::shared_ptr<const Array>>("data")},
                 node.type);
    place.kept = true;
    return place;
  }
  return {};
}

Place Lowering::home_or_buffer(Context& context, NodeId id) {
  const auto home = context.homes.find(id);
  if (home != context.homes.end()) return home->second;
  return new_buffer(context.tape.node(id).type, context.level, context.schedule.kept[id]);
}

Place Lowering::new_buffer(const TensorType& type, int level, bool kept) {
  Place place;
  place.base = Plan::arena_base;
  place.buffer = static_cast<std::int32_t>(buffers_.size());
  place.layout = Layout::contiguous(type);
  place.level = level;
  place.kept = kept;
  buffers_.push_back({type.bytes(), INT64_MAX, -1, level});
  buffer_kept_.push_back(kept);
  return place;
}

const void* Lowering::uniform_element(const Place& place) const {
  const auto& base = plan_->bases[place.base];
  if (base.kind != Plan::Base::Kind::constant) return nullptr;
  const auto& strides = place.layout.strides;
  const auto& shape = place.layout.type.shape;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (strides[axis] != 0 && shape[axis] != 1) return nullptr;
  if (!place.steps.empty()) return nullptr;
  return static_cast<const std::byte*>(base.constant->raw()) + place.offset;
}

/// The same value in row-major order, copied once where it was computed unless it is so already.
Place Lowering::contiguous(const Place& place) {
  if (place.layout.is_contiguous()) return place;
  auto& forms = blocks_[place.level]->forms;
  for (const auto& form : forms)
    if (!form.operation && form.of.same_as(place)) return form.place;
  const auto copy = new_buffer(place.layout.type, place.level, place.kept && place.level == 0);
  add_copy(place, copy, place.level, "copy");
  forms.push_back({place, nullptr, {}, {}, copy});
  return copy;
}

/// The form in which `operation` works faster on an operand, made once where the operand was computed.
Place Lowering::prepared(const Operation& operation, const CpuRequest& request, const Place& operand) {
  auto& forms = blocks_[operand.level]->forms;
  for (const auto& form : forms)
    if (form.operation == &operation && form.of.same_as(operand) && form.attributes == request.attributes &&
        form.result == request.result.strides)
      return form.place;
  const auto bytes = static_cast<std::int64_t>(operation.kernels.cpu.prepared.bytes(request));
  // Bytes, whatever they mean.
  const auto form =
      new_buffer({ElementType::boolean, {bytes}}, operand.level, operand.kept && operand.level == 0);
  Note note{"prepare " + operation.name, {}, to_string(operand.layout.type)};
  add_kernel(operation.kernels.cpu.prepared.kernel(request), {{operand, false}, {form, true}}, operand.level,
             std::move(note));
  forms.push_back({operand, &operation, request.attributes, request.result.strides, form});
  return form;
}

void Lowering::add_copy(const Place& from, const Place& to, int level, const std::string& what) {
  if (from.layout.type.shape.size() == 0) return;
  Line line;
  line.instruction.kind = Instruction::Kind::copy;
  line.instruction.index = static_cast<std::uint32_t>(plan_->copies.size());
  plan_->copies.emplace_back(from.layout, to.layout);
  const auto bytes = plan_->copies.back().bytes();
  line.instruction.nanoseconds = 10 + static_cast<double>(bytes) * (from.layout.is_contiguous() ? 0.03 : 0.1);
  line.instruction.note = static_cast<std::uint32_t>(plan_->notes.size());
  plan_->notes.push_back({"copy (" + what + ")", {}, to_string(from.layout.type)});
  line.uses = {{from, false}, {to, true}};
  add_line(std::move(line), level);
}

void Lowering::add_kernel(CpuKernel kernel, std::vector<Use> uses, int level, Note note) {
  Line line;
  line.instruction.kind = Instruction::Kind::kernel;
  line.instruction.index = static_cast<std::uint32_t>(plan_->kernels.size());
  line.instruction.nanoseconds = kernel.nanoseconds;
  line.instruction.note = static_cast<std::uint32_t>(plan_->notes.size());
  plan_->scratch_bytes = std::max(plan_->scratch_bytes, kernel.scratch_bytes);
  plan_->kernels.push_back(std::move(kernel));
  plan_->notes.push_back(std::move(note));
  line.uses = std::move(uses);
  add_line(std::move(line), level);
}

namespace {

/// Whether memory is hardly in the cache when it is needed: another part of it at each step, or too much.
bool is_cold(const Place& place) {
  constexpr std::int64_t cached = 256 * 1024;  // bytes
  const auto [low, high] = place.reach();
  return !place.steps.empty() || high - low > cached;
}

}  // namespace

void Lowering::add_cluster(const Shape& shape, const std::vector<Place>& inputs,
                           const std::vector<Cluster::Step>& steps,
                           const std::vector<std::pair<int, Place>>& outputs, int level, Note note,
                           const std::vector<Place>& totals) {
  if (shape.size() == 0) return;
  Line line;
  std::vector<Cluster::Input> cluster_inputs;
  std::vector<Cluster::Output> cluster_outputs;
  for (const auto& input : inputs) {
    cluster_inputs.push_back({input.layout, uniform_element(input), is_cold(input)});
    line.uses.push_back({input, false});
  }
  for (const auto& [value, place] : outputs) {
    cluster_outputs.push_back({value, place.layout, {}, is_cold(place)});
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].same_as(place)) cluster_outputs.back().overwrites.push_back(static_cast<int>(i));
    line.uses.push_back({place, true});
  }
  for (const auto& place : totals) line.uses.push_back({place, true});
  const auto count = steps.size();
  line.instruction.kind = Instruction::Kind::cluster;
  line.instruction.index = static_cast<std::uint32_t>(plan_->clusters.size());
  plan_->clusters.emplace_back(shape, cluster_inputs, steps, cluster_outputs);
  const auto& cluster = plan_->clusters.back();
  constexpr double per_element = 0.1, per_byte = 0.03, per_call = 40;
  line.instruction.nanoseconds =
      per_call + cluster.bytes_moved() * per_byte +
      static_cast<double>(cluster.elements()) * static_cast<double>(count) * per_element;
  plan_->scratch_bytes = std::max(plan_->scratch_bytes, cluster.scratch_bytes());
  line.instruction.note = static_cast<std::uint32_t>(plan_->notes.size());
  plan_->notes.push_back(std::move(note));
  add_line(std::move(line), level);
}

void Lowering::add_line(Line line, int level) { blocks_[level]->lines.push_back(std::move(line)); }

}  // namespace reel::cpu
