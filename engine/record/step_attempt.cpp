#include "record/step_attempt.h"

#include <reel/record.h>

#include <algorithm>

namespace reel {

namespace {

/// The slices of the sequences that a step gets, as arguments of its body.
Tensors add_slices(Body& body, const Tensors& sequences) {
  Tensors slices;
  for (const auto& sequence : sequences) {
    const auto& type = sequence.type();
    slices.push_back(
        body.tape->argument({type.element, type.shape.without_axis(0)}, "step of " + describe(sequence)));
    body.sequences.push_back(slices.back().id());
  }
  return slices;
}

void record_into(Attempt& attempt, const StepContext& context, const std::vector<TensorType>& types,
                 bool rehearses) {
  auto& step = attempt.step;
  step.body = std::make_shared<Body>(context.outer.floating());
  auto& body = *step.body;
  body.tape->set_origin(context.outer.current_origin());
  const auto slices = add_slices(body, context.sequences);
  Tensors carries;
  for (std::size_t k = 0; k < types.size(); ++k) {
    carries.push_back(body.tape->argument(types[k], state_name(context.options, k)));
    body.carries.push_back(carries.back().id());
  }
  Recording recording(body, context.steps, context.key, context.positions);
  if (rehearses) recording.rehearse();
  if (context.is_of_chunks) recording.leave_out_position();
  const auto flat = context.cell(slices, carries);
  for (const auto& next : flat.state) attempt.given.push_back(next.own_element());
  for (const auto& next : checked_state(*body.tape, carries, flat.state, context.options))
    body.next.push_back(next.id());
  for (const auto& output : flat.outputs) {
    check_has_room("unroll", output);
    step.outputs.push_back(bring(*body.tape, output, "unroll").id());
  }
  step.added_sequences = recording.added_sequences();
  step.captured = recording.captured();
}

/// `record` fills an attempt.
template <class Record>
Attempt attempting(Record&& record) {
  Attempt result;
  try {
    record(result);
  } catch (const RecordError& error) {
    result.refusal = std::current_exception();
    result.said = error.what();
  }
  return result;
}

bool same_bodies(const Body& a, const Body& b);

bool same_attributes(const Attributes& a, const Attributes& b) {
  const auto same = [](const auto& x, const auto& y) {
    if (x.first != y.first) return false;
    if (identical(x.second, y.second)) return true;
    // Made anew by each recording, but with the same content.
    using Data = std::shared_ptr<const Array>;
    using Inner = std::shared_ptr<Body>;
    const auto *data = std::get_if<Data>(&x.second), *other_data = std::get_if<Data>(&y.second);
    if (data && other_data) return **data == **other_data;
    const auto *body = std::get_if<Inner>(&x.second), *other_body = std::get_if<Inner>(&y.second);
    return body && other_body && same_bodies(**body, **other_body);
  };
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(), b.entries().end(), same);
}

bool same_nodes(const Tape& a, const Tape& b, NodeId id) {
  const auto &x = a.node(id), &y = b.node(id);
  const auto x_inputs = a.inputs(id), y_inputs = b.inputs(id);
  return x.operation == y.operation && x.type == y.type &&
         std::equal(x_inputs.begin(), x_inputs.end(), y_inputs.begin(), y_inputs.end()) &&
         same_attributes(x.attributes, y.attributes);
}

/// The first node in which two recordings differ, or -1.
NodeId first_difference(const Tape& a, const Tape& b) {
  const auto common = std::min(a.size(), b.size());
  for (NodeId id = 0; id < common; ++id)
    if (!same_nodes(a, b, id)) return id;
  return a.size() == b.size() ? -1 : common;
}

bool same_bodies(const Body& a, const Body& b) {
  return a.sequences == b.sequences && a.invariants == b.invariants && a.carries == b.carries &&
         a.next == b.next && first_difference(*a.tape, *b.tape) < 0;
}

constexpr auto is_other = "the cell gives other operations when it is recorded a second time: ";

[[noreturn]] void refuse_kept_state(const std::string& what) {
  refuse("unroll",
         is_other + what +
             ". What a step keeps for the next one is handed on in its state, not kept in the cell",
         {});
}

}  // namespace

Attempt attempt(const StepContext& context, const std::vector<TensorType>& types, bool rehearses) {
  return attempting([&](Attempt& result) { record_into(result, context, types, rehearses); });
}

Attempt attempt_with_literals(const StepContext& context, const Tensors& state,
                              const std::vector<TensorType>& types) {
  return attempting([&](Attempt& result) {
    result.step.body = std::make_shared<Body>(context.outer.floating());
    auto& body = *result.step.body;
    const auto slices = add_slices(body, context.sequences);
    Tensors entering;
    for (std::size_t k = 0; k < state.size(); ++k)
      entering.push_back(state[k].own_element() ? body.tape->argument(types[k]) : state[k]);
    Recording recording(body, context.steps, context.key, context.positions);
    recording.rehearse();
    if (context.is_of_chunks) recording.leave_out_position();
    for (const auto& next : context.cell(slices, entering).state) result.given.push_back(next.own_element());
  });
}

void check_same(const Attempt& one, const Attempt& other) {
  const auto &first = one.step, &second = other.step;
  const auto &a = *first.body->tape, &b = *second.body->tape;
  const auto what = [](const Tape& tape, NodeId id) {
    if (id >= tape.size()) return std::string("nothing more");
    const auto& node = tape.node(id);
    const auto attributes = to_string(node.attributes);
    return "[" + node.operation->name + "] " + to_string(node.type) +
           (attributes.empty() ? "" : " (" + attributes + ")");
  };
  if (one.said != other.said) {
    // An unroll within it may have said so already.
    if (other.said.find(is_other) != std::string::npos) other.checked();
    refuse_kept_state(other.refusal ? other.said : "the first time " + one.said);
  }
  if (const auto id = first_difference(a, b); id >= 0)
    refuse_kept_state("first " + what(a, id) + ", then " + what(b, id));
  if (!same_bodies(*first.body, *second.body) || first.outputs != second.outputs)
    refuse_kept_state("it hands on other values");
  if (first.captured != second.captured || first.added_sequences != second.added_sequences)
    refuse_kept_state("it reads other values from around it");
}

}  // namespace reel
