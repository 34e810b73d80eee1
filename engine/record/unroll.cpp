#include <reel/memory.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include "record/checkpoint.h"
#include "record/projection.h"
#include "record/record_step.h"
#include "record/unroll_operands.h"

namespace reel {

UnrollNode UnrollNode::of(const Attributes& attributes) {
  return {attributes.get<std::shared_ptr<Body>>("body"), attributes.integer("steps"),
          attributes.integer("reverse") != 0, attributes.integer("recompute") != 0,
          attributes.integer("silent") != 0};
}

Attributes UnrollNode::attributes() const {
  return {{"body", body},
          {"steps", steps},
          {"reverse", static_cast<std::int64_t>(reverse)},
          {"recompute", static_cast<std::int64_t>(recompute)},
          {"silent", static_cast<std::int64_t>(silent)}};
}

NodeId Unroll::body_id(const Tensor& value) const {
  if (!value.recorded() || &value.tape() != body().tape.get())
    throw RecordError("[unroll] only a value of the unroll's own body can be projected");
  return value.id();
}

const Body& Unroll::body() const {
  if (!node_.defined())
    throw RecordError("[unroll] an expanded or checkpointed unroll has no node to project values from");
  return *node_.tape("unroll").node(node_.id()).attributes.get<std::shared_ptr<Body>>("body");
}

const TensorType& Unroll::type_of(NodeId value) const { return body().tape->node(value).type; }

Tensor Unroll::stacked(NodeId value) const {
  const auto& step = type_of(value);
  const auto steps = node_.tape("unroll").node(node_.id()).attributes.integer("steps");
  TensorType type;
  try {
    type = {step.element, step.shape.with_axis(0, steps)};
    check_addressable(type);
  } catch (const RecordError& rule) {
    refuse("unroll", to_string(step) + " of each of " + std::to_string(steps) + " steps: " + rule.rule(), {});
  }
  const Projection stacked{Projection::Kind::stacked, value};
  return project(stacked.operation(), stacked.attributes(type));
}

Tensor Unroll::summed(NodeId value) const {
  // Widened in the body, so that a summed projection has the type of the body value it names.
  const auto element = summed_type(type_of(value).element);
  const Attributes wider{{"element", static_cast<std::int64_t>(element)}};
  if (type_of(value).element != element) value = body().tape->append(cast_operation(), {&value, 1}, wider);
  const Projection summed{Projection::Kind::summed, value};
  return project(summed.operation(), summed.attributes(type_of(value)));
}

Tensor Unroll::final_carry(std::int64_t position) const {
  const auto carries = static_cast<std::int64_t>(body().carries.size());
  if (position < 0 || position >= carries)
    throw RecordError("[final] carry " + std::to_string(position) + " of an unroll that has " +
                      std::to_string(carries));
  const Projection last{Projection::Kind::final, position};
  return project(last.operation(), last.attributes(type_of(body().carries[position])));
}

Tensor Unroll::project(const Operation& operation, const Attributes& attributes) const {
  const auto id = node_.id();
  return {node_.tape("unroll"), node_.tape("unroll").append(operation, {&id, 1}, attributes)};
}

std::int64_t common_length(const Tensors& sequences) {
  check_usable("unroll", sequences);
  for (const auto& x : sequences)
    if (x.rank() == 0) refuse("unroll", "a sequence needs a leading time axis", sequences);
  if (sequences.empty()) throw RecordError("[unroll] the input holds no sequence: give the number of steps");
  const auto steps = sequences[0].extent(0);
  for (const auto& x : sequences)
    if (x.extent(0) != steps) refuse("unroll", "sequences have different lengths along axis 0", sequences);
  return steps;
}

namespace {

/// The initial state on the tape around the unroll.
Tensors placed_state(Tape& tape, const Tensors& state, const std::vector<TensorType>& types) {
  Tensors placed;
  for (std::size_t k = 0; k < state.size(); ++k)
    placed.push_back(bring(tape, state[k], "unroll", types[k].element));
  return placed;
}

}  // namespace

FlatUnroll unroll_node(const StepContext& context, const Tensors& state) {
  auto& tape = context.outer;
  std::vector<TensorType> types;
  const auto step = record_step(context, state, types);
  std::vector<NodeId> sequences, initial;
  for (const auto& sequence : context.sequences) sequences.push_back(sequence.id());
  sequences.insert(sequences.end(), step.added_sequences.begin(), step.added_sequences.end());
  const auto placed = placed_state(tape, state, types);
  for (const auto& carry : placed) initial.push_back(carry.id());
  const auto& options = context.options;
  const UnrollNode node{step.body, context.steps, options.reverse, options.recompute, false};
  FlatUnroll result;
  result.node = Unroll(tape, append_unroll(tape, node, sequences, step.captured, initial));
  for (auto output : step.outputs) result.outputs.push_back(result.node.stacked(output));
  // What every step keeps is not read from the loop: so a loop around this one sees that it keeps it too.
  for (std::size_t k = 0; k < state.size(); ++k)
    result.state.push_back(step.body->keeps(k) ? placed[k] : result.node.final_carry(k));
  return result;
}

namespace {

FlatUnroll expand(const StepContext& context, const Tensors& state) {
  if (context.steps > Tape::most_nodes)
    refuse("unroll",
           "expanded, each of " + std::to_string(context.steps) +
               " steps is recorded, and a tape has at most " + std::to_string(Tape::most_nodes) + " nodes",
           context.sequences);
  std::vector<Tensors> outputs(context.steps);
  FlatUnroll result;
  result.state = state;
  for (std::int64_t i = 0; i < context.steps; ++i) {
    const auto t = context.options.reverse ? context.steps - 1 - i : i;
    Recording recording(context.outer, t, context.key);
    Tensors x;
    for (const auto& sequence : context.sequences) x.push_back(index(sequence, 0, t));
    auto step = context.cell(x, result.state);
    result.state = checked_state(context.outer, result.state, step.state, context.options);
    for (const auto& output : step.outputs) outputs[t].push_back(bring(context.outer, output, "unroll"));
  }
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    Tensors parts;
    for (const auto& step : outputs) parts.push_back(step[i]);
    result.outputs.push_back(stack(parts));
  }
  return result;
}

FlatUnroll unroll_expanded(const StepContext& context, const Tensors& state) {
  FlatUnroll result;
  with_state_types(context, state, [&](const std::vector<TensorType>& types) {
    result = needing_memory([&] { return expand(context, placed_state(context.outer, state, types)); },
                            [&] {
                              return "[unroll] expanded, each of " + std::to_string(context.steps) +
                                     " steps is recorded, and there is no memory for all of them";
                            });
  });
  return result;
}

}  // namespace

FlatUnroll unroll_flat(std::int64_t steps, const Tensors& sequences, const Tensors& state,
                       const FlatCell& cell, const UnrollOptions& options) {
  if (steps < 0) throw RecordError("[unroll] the number of steps is negative: " + std::to_string(steps));
  Tensors operands = sequences;
  operands.insert(operands.end(), state.begin(), state.end());
  check_usable("unroll", operands);
  auto& tape = destination("unroll", operands);
  std::optional<Recording> root;
  if (!Recording::innermost()) root.emplace(tape);
  const auto key = Recording::next_key();
  FlatCall call{steps, options.reverse, sequences, state, cell};
  const auto bring_sequences = [&] {
    for (auto& x : call.sequences) x = bring(tape, x, "unroll");
    if (!call.sequences.empty() && common_length(call.sequences) != steps)
      refuse("unroll", "sequences do not have " + std::to_string(steps) + " steps", call.sequences);
  };
  bring_sequences();
  for (const auto& rewrite : options.rewrites) {
    rewrite(call);
    bring_sequences();
  }
  const StepContext context{tape, steps, call.sequences, call.cell, options, key};
  // With no steps there is nothing to expand, and only the node knows the types of the outputs.
  if (options.expanded && steps > 0) return unroll_expanded(context, state);
  const auto every = checkpoint_distance(options, steps);
  return every < steps ? unroll_checkpointed(context, state, every) : unroll_node(context, state);
}

}  // namespace reel
