#include "run/reference/interpreter.h"

#include <reel/memory.h>
#include <reel/structural.h>

#include <cstring>
#include <new>

#include "plan/totals.h"
#include "record/projection.h"

namespace reel::reference {

namespace {

/// Recursive over the nesting of unrolls only.
void check_kernels(const Tape& tape, const passes::Live& live) {
  for (NodeId id = 0; id < tape.size(); ++id) {
    if (!live.nodes[id]) continue;
    const auto& operation = *tape.node(id).operation;
    if (operation.kind == Kind::unroll)
      check_kernels(*UnrollNode::of(tape.node(id).attributes).body->tape, live.loops.at(id).body);
    const bool is_own = operation.kind == Kind::unroll || operation.kind == Kind::projection ||
                        operation.kind == Kind::update || operation.kind == Kind::leaf;
    if (!is_own && !operation.kernels.reference)
      throw RecordError("[" + operation.name + "] has no kernel for the reference runner");
  }
}

}  // namespace

Program::Program(const Tape& original, const std::vector<NodeId>& outputs)
    : tape(original.clone()),
      outputs(outputs),
      live(passes::find_live(*tape, outputs)),
      arguments(plan::arguments_of(*tape)) {
  check_kernels(*tape, live);
}

void Interpreter::run() {
  Frame frame{*program_.tape, program_.live, std::vector<Value>(program_.tape->size())};
  evaluate(frame);
  for (auto id : program_.outputs) outputs_.push_back(frame.values[id]);
}

void Interpreter::evaluate(Frame& frame) {
  const auto& tape = frame.tape;
  for (NodeId id = 0; id < tape.size(); ++id) {
    if (!frame.live.nodes[id] || frame.values[id].known()) continue;
    const auto& node = tape.node(id);
    const auto& operation = *node.operation;
    if (operation.kind == Kind::unroll) {
      unroll(frame, id);
      continue;
    }
    inputs_.clear();
    for (auto input : tape.inputs(id)) {
      if (!frame.values[input].known()) throw InternalError("a value is used that was never computed");
      inputs_.push_back(frame.values[input]);
    }
    const Call call{operation, node.attributes, tape.origin(id), inputs_, steps_, &tape, id};
    if (operation.kind == Kind::update) {
      updates_.push_back({node.attributes.get<std::shared_ptr<Variable>>("variable"), call.inputs[0]});
    } else if (!operation.has_value()) {
      compute(call, nullptr);
    } else {
      auto& value = frame.values[id];
      value = leaf(tape, id);
      if (!value.known()) value = apply(call, node.type);
    }
  }
}

/// What is there without being computed; unknown of all else.
Value Interpreter::leaf(const Tape& tape, NodeId id) {
  const auto& node = tape.node(id);
  if (node.operation == &argument_operation()) {
    const auto position = tape.argument_number(id);
    return handed_in(program_.arguments[position].name, node.type, arguments_[position]->raw());
  }
  if (node.operation == &constant_operation()) {
    const auto& data = node.attributes.get<std::shared_ptr<const Array>>("data");
    return handed_in("a constant", node.type, data->raw());
  }
  if (node.operation != &parameter_operation()) return {};
  const auto& variable = node.attributes.get<std::shared_ptr<Variable>>("variable");
  if (!variable->counts_runs())
    return handed_in("parameter " + variable->name(), node.type, variable->read().raw());
  const auto [number, is_new] = numbers_.emplace(variable.get(), 0);
  if (is_new) number->second = variable->next_run();
  return handed_in("the number of the run", node.type, &number->second);
}

Value Interpreter::apply(const Call& call, const TensorType& type) {
  const auto block = needing_memory([&] { return make(type); }, [&] { return no_memory_for(call, type); });
  compute(call, block.get());
  return Value(block);
}

std::shared_ptr<Block> Interpreter::make(const TensorType& type) {
  // Not zeros: a kernel writes every element.
  return std::make_shared<Block>(type);
}

Value Interpreter::handed_in(const std::string&, const TensorType& type, const void* elements) {
  Value value;
  value.type = &type;
  value.elements = static_cast<const std::byte*>(elements);
  return value;
}

void Interpreter::compute(const Call& call, Block* output) {
  views_.clear();
  for (const auto& input : call.inputs) views_.push_back(input.view());
  const auto to = output ? output->view() : View{nullptr, nullptr};
  try {
    call.operation.kernels.reference({views_, to, call.attributes, call.steps});
  } catch (const RunError& error) {
    throw RunError(describe(call, error.what()));
  } catch (const std::bad_alloc&) {
    throw MemoryError(lacks_memory(describe(call, "finds no memory to work in")));
  }
}

std::string Interpreter::lacks_memory(const std::string& what) const {
  return "[Program] of arguments (" + to_string(plan::types_of(program_.arguments)) + "): " + what;
}

std::string Interpreter::no_memory_for(const Call& call, const TensorType& type) const {
  return lacks_memory(describe(
      call, "finds no memory for the " + std::to_string(type.bytes()) + " bytes of " + to_string(type)));
}

std::string Interpreter::describe(const Call& call, const std::string& what) {
  std::string operands;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    operands += (i > 0 ? ", " : "") + to_string(*call.inputs[i].type);
    const auto name = call.tape ? call.tape->label(call.tape->inputs(call.id)[i]) : "";
    if (!name.empty()) operands += " (" + name + ")";
  }
  return message(call.operation.name, what, call.origin, operands, call.steps);
}

// Unrolls.

struct Interpreter::Results {
  const UnrollNode& unroll;
  std::vector<Value> carries;                        // where they are needed
  std::map<NodeId, std::shared_ptr<Block>> stacked;  // all steps of a value
  std::map<NodeId, Value> totals;                    // of the steps so far
};

Value Interpreter::cast(const Value& value, ElementType element, const Origin& origin) {
  if (value.type->element == element) return value;
  const Attributes attributes{{"element", static_cast<std::int64_t>(element)}};
  return apply({cast_operation(), attributes, origin, {&value, 1}, steps_}, {element, value.type->shape});
}

void Interpreter::unroll(Frame& outer, NodeId id) {
  const auto unroll = UnrollNode::of(outer.tape.node(id).attributes);
  const auto& loop = outer.live.loops.at(id);
  const auto operands = UnrollOperands::of(outer.tape, id);
  const auto& body = *unroll.body;
  Results results{unroll, std::vector<Value>(body.carries.size()), {}, {}};
  Frame inner{*body.tape, loop.body, {}};
  for (const auto& carry : operands.carries())
    if (loop.body.needs(carry)) results.carries[carry.position] = outer.values[carry.outer];
  for (auto projection : loop.projections) {
    const auto of = Projection::of(outer.tape.node(projection));
    const auto& type = outer.tape.node(projection).type;
    const auto value = of.value(body);
    if (of.is(Projection::Kind::stacked) && !results.stacked.count(value))
      results.stacked[value] = needing_memory(
          [&] { return make(type); },
          [&] {
            const auto& node = outer.tape.node(projection);
            return no_memory_for({*node.operation, node.attributes, outer.tape.origin(id), {}, {}}, type);
          });
    if (of.is(Projection::Kind::summed) && !results.totals.count(value)) {
      const auto total = plan::total_of(type);
      const auto attributes = typed(total, {{"value", 0.0}});
      results.totals[value] = apply({fill_operation(), attributes, outer.tape.origin(id), {}, steps_}, total);
    }
  }
  for (std::int64_t step = 0; step < unroll.steps; ++step) {
    const auto position = unroll.reverse ? unroll.steps - 1 - step : step;
    inner.values.assign(body.tape->size(), {});
    for (const auto& operand : operands) {
      if (!loop.body.needs(operand)) continue;
      inner.values[operand.inner] =
          operand.is_carry() ? results.carries[operand.position]
          : operand.is_sequence()
              ? outer.values[operand.outer].at(position, body.tape->node(operand.inner).type)
              : outer.values[operand.outer];
    }
    steps_.push_back(position);
    this->step(inner, operands, results, position);
    steps_.pop_back();
  }
  for (auto projection : loop.projections) {
    const auto of = Projection::of(outer.tape.node(projection));
    auto& value = outer.values[projection];
    if (of.is(Projection::Kind::final))
      value = results.carries[of.which];
    else if (of.is(Projection::Kind::stacked))
      value = Value(results.stacked.at(of.value(body)));
    else
      value = cast(results.totals.at(of.value(body)), outer.tape.node(projection).type.element,
                   body.tape->origin(of.value(body)));
  }
}

/// What a step gives: slices of what is stacked, terms of what is summed, and what it hands on.
void Interpreter::step(Frame& inner, const UnrollOperands& operands, Results& results,
                       std::int64_t position) {
  evaluate(inner);
  for (auto& [id, all] : results.stacked) {
    const auto& value = inner.values[id];
    const auto bytes = value.type->bytes(), offset = static_cast<std::size_t>(position) * bytes;
    std::memcpy(all->elements.get() + offset, value.elements, bytes);
    if (all->causes) std::memcpy(all->causes->get() + offset, value.causes, bytes);
  }
  for (auto& [id, total] : results.totals) {
    const auto& origin = inner.tape.origin(id);
    const auto term = cast(inner.values[id], total.type->element, origin);
    const auto type = *total.type;
    const Value terms[] = {total, term};
    total = apply({add_operation(), {}, origin, {terms, 2}, steps_}, type);
  }
  for (const auto& carry : operands.carries())
    if (inner.live.needs(carry)) results.carries[carry.position] = inner.values[carry.next];
}

}  // namespace reel::reference
