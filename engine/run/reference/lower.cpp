#include "passes/liveness.h"
#include "plan/out_of_memory.h"
#include "plan/totals.h"
#include "record/projection.h"
#include "record/unroll_operands.h"
#include "run/reference/reference_plan.h"
#include "run/runner.h"

#include <reel/structural.h>

#include <algorithm>
#include <unordered_map>

// From a tape to a list of instructions on planned memory. An unroll becomes a loop around the instructions
// of its body. A body value that is projected at every step is written straight into its [T, ...] buffer.

namespace reel::reference {

using passes::Live;

namespace {

/// Where a value stands: a buffer of the arena or memory from outside, moving with the steps of the loops
/// around.
struct Location {
  int base = -1;
  std::int32_t buffer = -1;
  std::vector<plan::Stride> strides;

  bool known() const { return base >= 0; }
};

using Homes = std::unordered_map<NodeId, Location>;

const std::string nameless;

class Lowering {
 public:
  Lowering(const Tape& tape, std::vector<NodeId> outputs)
      : tape_(tape), outputs_(std::move(outputs)), plan_(std::make_unique<Plan>()) {}

  std::unique_ptr<Plan> run() {
    name_id(nameless);
    plan_->bases.push_back({plan::Base::Kind::arena, 0, nullptr, nullptr});
    plan_->arguments = plan::arguments_of(tape_);
    const auto live = passes::find_live(tape_, outputs_);
    auto locations = lower_nodes(tape_, live, {});
    for (auto id : outputs_)
      plan_->outputs.push_back(operand(use(locations[id], end_of_run), tape_.node(id).type));
    for (auto id : updates_) lower_update(id, locations);
    plan_->arena_bytes = place_buffers(buffers_);
    // Before operands are bound: offsets in an arena that is not to be had mean nothing.
    plan_->arena = allocate(plan_->arena_bytes);
    if (!plan_->arena) refuse();
    for (auto* list : {&plan_->operands, &plan_->outputs})
      for (auto& operand : *list) bind(operand);
    for (auto& update : plan_->updates) bind(update.value);
    prepare();
    return std::move(plan_);
  }

 private:
  struct Loop {
    std::vector<std::int32_t> used;  // buffers from outside
  };

  std::int64_t position() const { return static_cast<std::int64_t>(plan_->instructions.size()); }
  int level() const { return static_cast<int>(loops_.size()); }

  Location new_buffer(const TensorType& type) {
    buffers_.push_back({type.bytes(), position(), position(), level()});
    return {plan::arena_base, static_cast<std::int32_t>(buffers_.size() - 1), {}};
  }

  /// Notes that instruction `at` reads or writes there.
  const Location& use(const Location& location, std::int64_t at) {
    if (!location.known()) throw InternalError("a value is used that was never computed");
    if (location.buffer >= 0) {
      auto& buffer = buffers_[location.buffer];
      buffer.last = std::max(buffer.last, at);
      if (buffer.level < level()) loops_[buffer.level].used.push_back(location.buffer);
    }
    return location;
  }

  Operand operand(const Location& location, const TensorType& type) {
    Operand result;
    result.base = location.base;
    result.offset = location.buffer;  // the buffer's offset, once it has one
    result.first_stride = static_cast<std::uint32_t>(plan_->strides.size());
    result.stride_count = static_cast<std::uint32_t>(location.strides.size());
    result.name = 0;
    result.type = &*plan_->types.insert(type).first;
    plan_->strides.insert(plan_->strides.end(), location.strides.begin(), location.strides.end());
    return result;
  }

  void bind(Operand& operand) const {
    operand.offset =
        operand.base == plan::arena_base ? static_cast<std::int64_t>(buffers_[operand.offset].offset) : 0;
  }

  void add_operand(const Location& location, const TensorType& type) {
    plan_->operands.push_back(operand(use(location, position()), type));
  }

  Instruction start(Instruction::Kind kind) const {
    Instruction instruction;
    instruction.kind = kind;
    instruction.first_operand = static_cast<std::uint32_t>(plan_->operands.size());
    return instruction;
  }

  void finish(Instruction& instruction) {
    instruction.operand_count =
        static_cast<std::uint32_t>(plan_->operands.size()) - instruction.first_operand;
    plan_->most_operands = std::max<std::size_t>(plan_->most_operands, instruction.operand_count);
    plan_->instructions.push_back(std::move(instruction));
  }

  struct Value {
    const Location& location;
    const TensorType& type;
    const std::string& name;
  };

  /// Emits a kernel call; `output` is null for an effect.
  void emit(const Operation& operation, const Attributes& attributes, const Origin& origin,
            const std::vector<Value>& inputs, const Value* output) {
    if (!operation.kernels.reference)
      throw RecordError("[" + operation.name + "] has no kernel for the reference runner");
    auto instruction = start(Instruction::Kind::kernel);
    instruction.operation = &operation;
    instruction.attributes = attributes;
    instruction.origin = &*plan_->origins.insert(origin).first;
    for (const auto& input : inputs) {
      add_operand(input.location, input.type);
      plan_->operands.back().name = name_id(input.name);
    }
    if (output) add_operand(output->location, output->type);
    finish(instruction);
  }

  void emit_cast(const Value& from, const Value& to, const Origin& origin) {
    emit(cast_operation(), {{"element", static_cast<std::int64_t>(to.type.element)}}, origin, {from}, &to);
  }

  void emit_copy(const Location& from, const Location& to, const TensorType& type) {
    auto instruction = start(Instruction::Kind::copy);
    add_operand(from, type);
    add_operand(to, type);
    finish(instruction);
  }

  std::uint32_t name_id(const std::string& name) {
    const auto [entry, added] = name_ids_.emplace(name, static_cast<std::uint32_t>(plan_->names.size()));
    if (added) plan_->names.push_back(name);
    return entry->second;
  }

  Location external(plan::Base base) {
    plan_->bases.push_back(std::move(base));
    return {static_cast<int>(plan_->bases.size() - 1), -1, {}};
  }

  /// Memory that a leaf stands in already, or none for a value to be computed.
  Location leaf_location(const Node& node) {
    using BaseKind = plan::Base::Kind;
    if (node.operation == &argument_operation())
      return external(
          {BaseKind::argument, static_cast<std::size_t>(node.attributes.integer("index")), nullptr, nullptr});
    if (node.operation == &parameter_operation()) {
      const auto& variable = node.attributes.get<std::shared_ptr<Variable>>("variable");
      return external(
          {variable->counts_runs() ? BaseKind::run_number : BaseKind::variable, 0, variable, nullptr});
    }
    if (node.operation == &constant_operation())
      return external(
          {BaseKind::constant, 0, nullptr, node.attributes.get<std::shared_ptr<const Array>>("data")});
    return {};
  }

  /// Lowers the live nodes of a tape. `locations` holds those of its inputs where it is a body; a value in
  /// `homes` is written there.
  std::vector<Location> lower_nodes(const Tape& tape, const Live& live, const Homes& homes,
                                    std::vector<Location> locations = {}) {
    locations.resize(tape.size());
    for (NodeId id = 0; id < tape.size(); ++id) {
      if (!live.nodes[id] || locations[id].known()) continue;
      const auto& node = tape.node(id);
      const auto& operation = *node.operation;
      if (operation.kind == Kind::unroll) {
        lower_unroll(tape, id, live.loops.at(id), homes, locations);
        continue;
      }
      if (operation.kind == Kind::update) {
        updates_.push_back(id);
        continue;
      }
      locations[id] = leaf_location(node);
      if (locations[id].known()) continue;
      std::vector<Value> inputs;
      for (auto input : tape.inputs(id))
        inputs.push_back({locations[input], tape.node(input).type, tape.label(input)});
      if (!operation.has_value()) {
        emit(operation, node.attributes, tape.origin(id), inputs, nullptr);
        continue;
      }
      locations[id] = home_or_buffer(homes, id, node.type);
      const Value output{locations[id], node.type, nameless};
      emit(operation, node.attributes, tape.origin(id), inputs, &output);
    }
    return locations;
  }

  Location home_or_buffer(const Homes& homes, NodeId id, const TensorType& type) {
    const auto home = homes.find(id);
    return home != homes.end() ? home->second : new_buffer(type);
  }

  void lower_unroll(const Tape& tape, NodeId id, const Live::Loop& loop, const Homes& homes,
                    std::vector<Location>& locations) {
    const auto unroll = UnrollNode::of(tape.node(id).attributes);
    const auto& body = *unroll.body;
    const auto& body_tape = *body.tape;
    const auto operands = UnrollOperands::of(tape, id);
    const auto body_type = [&](NodeId value) -> const TensorType& { return body_tape.node(value).type; };

    // Memory that lives through the loop: carries, sums, and the buffers of projected values.
    std::vector<Location> carries(body.carries.size());
    for (const auto& carry : operands.carries()) {
      if (!loop.body.needs(carry)) continue;
      carries[carry.position] = new_buffer(body_type(carry.inner));
      emit_copy(locations[carry.outer], carries[carry.position], body_type(carry.inner));
    }
    std::map<NodeId, Location> stacked, summed, totals;
    std::vector<std::pair<NodeId, Location>> copies_after;  // projection, where its value stands
    for (auto projection : loop.projections) {
      const auto& node = tape.node(projection);
      const bool has_home = homes.count(projection) > 0;
      const auto of = Projection::of(node);
      if (of.is(Projection::Kind::final)) {
        locations[projection] = carries[of.which];
        if (has_home) copies_after.push_back({projection, locations[projection]});
        continue;
      }
      const bool is_sum = of.is(Projection::Kind::summed);
      const auto value = of.value(body);
      auto& known = (is_sum ? summed : stacked)[value];
      if (known.known()) {
        locations[projection] = known;
        if (has_home) copies_after.push_back({projection, known});
        continue;
      }
      known = locations[projection] = home_or_buffer(homes, projection, node.type);
      if (is_sum) {
        const auto type = plan::total_of(node.type);
        const Value output{totals[value] = type == node.type ? known : new_buffer(type), type, nameless};
        emit(fill_operation(), {{"value", 0.0}}, tape.origin(id), {}, &output);
      }
    }

    auto instruction = start(Instruction::Kind::loop);
    instruction.steps = unroll.steps;
    instruction.reverse = unroll.reverse;
    const auto head = position();
    finish(instruction);
    loops_.push_back({});
    plan_->loop_depth = std::max(plan_->loop_depth, level());

    lower_step(unroll, loop, operands, locations, carries, stacked, totals);

    const auto end = position();
    plan_->instructions[head].end = static_cast<std::int32_t>(end);
    const auto used = std::move(loops_.back().used);
    loops_.pop_back();
    for (auto buffer : used) buffers_[buffer].last = std::max(buffers_[buffer].last, end - 1);

    for (const auto& [value, sum] : summed) {
      const auto& type = body_type(value);
      const auto wide = plan::total_of(type);
      if (wide != type)
        emit_cast({totals.at(value), wide, nameless}, {sum, type, nameless}, body_tape.origin(value));
    }
    for (const auto& [projection, from] : copies_after) {
      const auto& to = homes.at(projection);
      emit_copy(from, to, tape.node(projection).type);
      locations[projection] = to;
    }
  }

  /// The instructions of one step.
  void lower_step(const UnrollNode& unroll, const Live::Loop& loop, const UnrollOperands& operands,
                  const std::vector<Location>& outer, const std::vector<Location>& carries,
                  const std::map<NodeId, Location>& stacked, const std::map<NodeId, Location>& totals) {
    const auto& body = *unroll.body;
    const auto& tape = *body.tape;
    const auto type = [&](NodeId value) -> const TensorType& { return tape.node(value).type; };
    const auto step_of = [&](Location location, NodeId value) {
      location.strides.push_back({level() - 1, static_cast<std::int64_t>(type(value).bytes())});
      return location;
    };

    std::vector<Location> locations(tape.size());
    for (const auto& operand : operands) {
      if (!loop.body.needs(operand)) continue;
      locations[operand.inner] = operand.is_sequence() ? step_of(outer[operand.outer], operand.inner)
                                 : operand.is_carry()  ? carries[operand.position]
                                                       : outer[operand.outer];
    }

    // What stands in memory already is copied into its stacked buffer; the rest is computed there.
    Homes homes;
    std::vector<NodeId> late_copies;
    for (const auto& [value, location] : stacked) {
      if (locations[value].known())
        emit_copy(locations[value], step_of(location, value), type(value));
      else if (is_memory(tape.node(value)))
        late_copies.push_back(value);
      else
        homes[value] = step_of(location, value);
    }
    // A carry handed on to another one is saved before it is overwritten.
    std::map<NodeId, Location> saved;
    for (const auto& carry : operands.carries()) {
      if (!loop.body.needs(carry) || carry.is_kept() || saved.count(carry.next)) continue;
      const auto* given = operands.find(carry.next);
      if (!given || !given->is_carry()) continue;
      saved[carry.next] = new_buffer(type(carry.next));
      emit_copy(locations[carry.next], saved[carry.next], type(carry.next));
    }

    locations = lower_nodes(tape, loop.body, homes, std::move(locations));

    for (auto value : late_copies)
      emit_copy(locations[value], step_of(stacked.at(value), value), type(value));
    for (const auto& [value, total] : totals) {
      const auto wide = plan::total_of(type(value));
      auto term = locations[value];
      if (wide != type(value)) {
        term = new_buffer(wide);
        emit_cast({locations[value], type(value), nameless}, {term, wide, nameless}, tape.origin(value));
      }
      const Value output{total, wide, nameless};
      emit(add_operation(), {}, tape.origin(value), {output, {term, wide, nameless}}, &output);
    }
    for (const auto& carry : operands.carries()) {
      if (!loop.body.needs(carry) || carry.is_kept()) continue;
      const auto copy = saved.find(carry.next);
      emit_copy(copy != saved.end() ? copy->second : locations[carry.next], carries[carry.position],
                type(carry.next));
    }
  }

  static bool is_memory(const Node& node) {
    return node.operation == &constant_operation() || node.operation == &parameter_operation();
  }

  /// Updates read everything before they write: a value that is itself a variable is copied first.
  void lower_update(NodeId id, std::vector<Location>& locations) {
    const auto& variable = tape_.node(id).attributes.get<std::shared_ptr<Variable>>("variable");
    const auto value = tape_.inputs(id)[0];
    const auto& type = tape_.node(value).type;
    auto location = locations[value];
    if (location.base != plan::arena_base) {
      const auto copy = new_buffer(type);
      emit_copy(location, copy, type);
      location = copy;
    }
    plan_->updates.push_back({variable, operand(use(location, end_of_run), type)});
  }

  [[noreturn]] void refuse() const {
    std::vector<plan::Holder> largest;
    for (auto buffer : plan::largest_buffers(buffers_)) largest.push_back(holder(buffer));
    plan::refuse_memory(types_of(plan_->arguments), plan_->arena_bytes, plan::to_string(largest));
  }

  /// A buffer is named by the largest operand that stands in it, and by the first operation that writes to
  /// it.
  plan::Holder holder(std::size_t buffer) const {
    plan::Holder holder{buffers_[buffer].bytes, {}, "copy", ""};
    bool known = false;
    for (const auto& instruction : plan_->instructions)
      for (std::uint32_t i = 0; i < instruction.operand_count; ++i) {
        const auto& operand = plan_->operands[instruction.first_operand + i];
        if (operand.base != plan::arena_base || operand.offset != static_cast<std::int64_t>(buffer)) continue;
        const auto bytes = operand.type->bytes();
        if (bytes > holder.type.bytes() && bytes <= holder.bytes) holder.type = *operand.type;
        if (known || !instruction.operation || i + 1 < instruction.operand_count) continue;
        known = true;
        holder.operation = instruction.operation->name;
        holder.scope = instruction.origin->scope;
      }
    return holder;
  }

  void prepare() {
    plan_->addresses.resize(plan_->bases.size());
    plan_->run_numbers.resize(plan_->bases.size());
    plan_->steps.resize(plan_->loop_depth);
    plan_->views.resize(plan_->most_operands);
  }

  /// After every instruction, also those emitted for other updates.
  static constexpr std::int64_t end_of_run = INT64_MAX;

  const Tape& tape_;
  const std::vector<NodeId> outputs_;
  std::vector<NodeId> updates_;
  std::unique_ptr<Plan> plan_;
  std::vector<plan::Buffer> buffers_;
  std::vector<Loop> loops_;
  std::unordered_map<std::string, std::uint32_t> name_ids_;
};

}  // namespace

std::unique_ptr<Plan> lower(const Tape& tape, const std::vector<NodeId>& outputs) {
  return Lowering(tape, outputs).run();
}

}  // namespace reel::reference
