#include <reel/record.h>
#include <reel/structural.h>
#include <reel/unroll_flat.h>

#include <algorithm>

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
  if (!tape_) throw RecordError("[unroll] an expanded unroll has no node to project values from");
  return *tape_->node(id_).attributes.get<std::shared_ptr<Body>>("body");
}

const TensorType& Unroll::type_of(NodeId value) const { return body().tape->node(value).type; }

Tensor Unroll::stacked(NodeId value) const {
  const auto& step = type_of(value);
  const auto steps = tape_->node(id_).attributes.integer("steps");
  TensorType type;
  try {
    type = {step.element, step.shape.with_axis(0, steps)};
    check_addressable(type);
  } catch (const RecordError& rule) {
    refuse("unroll", to_string(step) + " of each of " + std::to_string(steps) + " steps: " + rule.what(), {});
  }
  return project(stacked_operation(), typed(type, {{"value", std::int64_t{value}}}));
}

Tensor Unroll::summed(NodeId value) const {
  if (type_of(value).element == ElementType::boolean)
    throw RecordError("[summed] a bool cannot be summed over the steps; cast it first");
  return project(summed_operation(), typed(type_of(value), {{"value", std::int64_t{value}}}));
}

Tensor Unroll::final_carry(std::int64_t position) const {
  const auto carries = static_cast<std::int64_t>(body().carries.size());
  if (position < 0 || position >= carries)
    throw RecordError("[final] carry " + std::to_string(position) + " of an unroll that has " +
                      std::to_string(carries));
  return project(final_operation(), typed(type_of(body().carries[position]), {{"carry", position}}));
}

Tensor Unroll::project(const Operation& operation, const Attributes& attributes) const {
  return {*tape_, tape_->append(operation, {&id_, 1}, attributes)};
}

std::int64_t common_length(const Tensors& sequences) {
  for (const auto& x : sequences)
    if (x.rank() == 0) refuse("unroll", "a sequence needs a leading time axis", sequences);
  if (sequences.empty()) throw RecordError("[unroll] the input holds no sequence: give the number of steps");
  const auto steps = sequences[0].extent(0);
  for (const auto& x : sequences)
    if (x.extent(0) != steps) refuse("unroll", "sequences have different lengths along axis 0", sequences);
  return steps;
}

namespace {

/// The state as the step gets it: a literal takes the element type of the first floating sequence.
Tensors place_state(Tape& tape, const Tensors& sequences, const Tensors& state) {
  auto element = tape.floating();
  for (const auto& x : sequences)
    if (is_floating(x.element())) {
      element = x.element();
      break;
    }
  Tensors placed;
  for (const auto& s : state) placed.push_back(bring(tape, s, "unroll", element));
  return placed;
}

/// The state handed on, on the tape of the step, with the types it came with.
Tensors check_state(Tape& tape, const Tensors& before, const Tensors& after) {
  if (before.size() != after.size())
    throw RecordError("[unroll] the cell gets a state of " + std::to_string(before.size()) +
                      " tensors and returns one of " + std::to_string(after.size()));
  Tensors placed;
  for (std::size_t k = 0; k < after.size(); ++k) {
    placed.push_back(bring(tape, after[k], "unroll", before[k].element()));
    if (placed[k].type() != before[k].type())
      refuse("unroll",
             "state " + std::to_string(k) + " enters the step as " + to_string(before[k].type()) +
                 " and leaves it as " + to_string(placed[k].type()) + "; a step hands on what it gets",
             {});
  }
  return placed;
}

FlatUnroll unroll_node(Tape& tape, std::int64_t steps, const Tensors& sequences, const Tensors& state,
                       const FlatCell& cell, const UnrollOptions& options, std::uint64_t key) {
  auto body = std::make_shared<Body>(tape.floating());
  Tensors x, s, outputs;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto& type = sequences[i].type();
    x.push_back(body->tape->argument({type.element, type.shape.without_axis(0)},
                                     "step of " + describe(sequences[i])));
    body->sequences.push_back(x.back().id());
  }
  for (std::size_t k = 0; k < state.size(); ++k) {
    s.push_back(body->tape->argument(state[k].type(), "state " + std::to_string(k)));
    body->carries.push_back(s.back().id());
  }
  std::vector<NodeId> inputs;
  {
    body->tape->set_scope(tape.current_scope());
    Recording recording(*body, steps, key);
    const auto step = cell(x, s);
    for (const auto& next : check_state(*body->tape, s, step.state)) body->next.push_back(next.id());
    for (const auto& output : step.outputs) {
      check_has_room("unroll", output);
      outputs.push_back(bring(*body->tape, output, "unroll"));
    }
    for (const auto& sequence : sequences) inputs.push_back(sequence.id());
    inputs.insert(inputs.end(), recording.added_sequences().begin(), recording.added_sequences().end());
    inputs.insert(inputs.end(), recording.captured().begin(), recording.captured().end());
    for (const auto& initial : state) inputs.push_back(initial.id());
  }
  const UnrollNode node{body, steps, options.reverse, options.recompute, false};
  FlatUnroll result;
  result.node = Unroll(tape, tape.append(unroll_operation(), inputs, node.attributes()));
  for (const auto& output : outputs) result.outputs.push_back(result.node.stacked(output));
  for (std::size_t k = 0; k < state.size(); ++k) result.state.push_back(result.node.final_carry(k));
  return result;
}

FlatUnroll unroll_expanded(Tape& tape, std::int64_t steps, const Tensors& sequences, const Tensors& state,
                           const FlatCell& cell, const UnrollOptions& options, std::uint64_t key) {
  if (steps > Tape::most_nodes)
    refuse("unroll",
           "expanded, each of " + std::to_string(steps) + " steps is recorded, and a tape has at most " +
               std::to_string(Tape::most_nodes) + " nodes",
           sequences);
  std::vector<Tensors> outputs(steps);
  FlatUnroll result;
  result.state = state;
  for (std::int64_t i = 0; i < steps; ++i) {
    const auto t = options.reverse ? steps - 1 - i : i;
    Recording recording(tape, t, key);
    Tensors x;
    for (const auto& sequence : sequences) x.push_back(index(sequence, 0, t));
    auto step = cell(x, result.state);
    result.state = check_state(tape, result.state, step.state);
    for (const auto& output : step.outputs) outputs[t].push_back(bring(tape, output, "unroll"));
  }
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    Tensors parts;
    for (const auto& step : outputs) parts.push_back(step[i]);
    result.outputs.push_back(stack(parts));
  }
  return result;
}

}  // namespace

FlatUnroll unroll_flat(std::int64_t steps, const Tensors& sequences, const Tensors& state,
                       const FlatCell& cell, const UnrollOptions& options) {
  if (steps < 0) throw RecordError("[unroll] the number of steps is negative: " + std::to_string(steps));
  Tensors operands = sequences;
  operands.insert(operands.end(), state.begin(), state.end());
  auto& tape = destination("unroll", operands);
  std::optional<Recording> root;
  if (!Recording::innermost()) root.emplace(tape);
  Tensors brought;
  for (const auto& x : sequences) brought.push_back(bring(tape, x, "unroll"));
  if (!brought.empty() && common_length(brought) != steps)
    refuse("unroll", "sequences do not have " + std::to_string(steps) + " steps", brought);
  const auto placed = place_state(tape, brought, state);
  const auto key = Recording::next_key();
  // With no steps there is nothing to expand, and only the node knows the types of the outputs.
  return options.expanded && steps > 0 ? unroll_expanded(tape, steps, brought, placed, cell, options, key)
                                       : unroll_node(tape, steps, brought, placed, cell, options, key);
}

}  // namespace reel
