#include "record_step.h"

#include <reel/record.h>

#include <algorithm>

namespace reel {

std::string state_name(const UnrollOptions& options, std::size_t position) {
  const auto& names = options.state_names;
  const auto name = position < names.size() ? names[position] : std::to_string(position);
  return name.empty() ? "the state" : "state " + name;
}

Tensors checked_state(Tape& tape, const Tensors& before, const Tensors& after, const UnrollOptions& options) {
  if (before.size() != after.size())
    throw RecordError("[unroll] the cell gets a state of " + std::to_string(before.size()) +
                      " tensors and returns one of " + std::to_string(after.size()));
  Tensors placed;
  for (std::size_t k = 0; k < after.size(); ++k) {
    placed.push_back(bring(tape, after[k], "unroll", before[k].element()));
    const auto &entering = before[k].type(), &leaving = placed[k].type();
    if (entering == leaving) continue;
    auto rule = state_name(options, k) + " enters the step as " + to_string(entering) + " and leaves it as " +
                to_string(leaving) + "; a step hands on what it gets";
    if (entering.element != leaving.element)
      rule += "; " + elements_differ(entering.element, leaving.element);
    refuse("unroll", rule, {});
  }
  return placed;
}

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

/// The element types of the state that a step hands on, where they are known.
using GivenTypes = std::vector<std::optional<ElementType>>;

/// `given` is told the types also where they are refused.
RecordedStep record_once(const StepContext& context, const std::vector<TensorType>& state, bool rehearses,
                         GivenTypes* given = nullptr) {
  RecordedStep step{std::make_shared<Body>(context.outer.floating()), {}, {}, {}};
  auto& body = *step.body;
  body.tape->set_origin(context.outer.current_origin());
  const auto slices = add_slices(body, context.sequences);
  Tensors carries;
  for (std::size_t k = 0; k < state.size(); ++k) {
    carries.push_back(body.tape->argument(state[k], state_name(context.options, k)));
    body.carries.push_back(carries.back().id());
  }
  Recording recording(body, context.steps, context.key);
  if (rehearses) recording.rehearse();
  const auto flat = context.cell(slices, carries);
  if (given)
    for (const auto& next : flat.state) given->push_back(next.own_element());
  for (const auto& next : checked_state(*body.tape, carries, flat.state, context.options))
    body.next.push_back(next.id());
  for (const auto& output : flat.outputs) {
    check_has_room("unroll", output);
    step.outputs.push_back(bring(*body.tape, output, "unroll").id());
  }
  step.added_sequences = recording.added_sequences();
  step.captured = recording.captured();
  return step;
}

/// Literals among the state without an element type, which take the one of the step.
bool has_untyped(const Tensors& state) {
  return std::any_of(state.begin(), state.end(), [](const Tensor& s) { return !s.own_element(); });
}

/// `state` in these types, but for untyped literals, which are of `element`, or bool where they are
/// bools of C++.
std::vector<TensorType> typed_as(const Tensors& state, ElementType element) {
  std::vector<TensorType> types;
  for (const auto& s : state) {
    const bool is_flag = s.leaf() && s.leaf()->is_flag;
    types.push_back({s.own_element().value_or(is_flag ? ElementType::boolean : element), s.shape()});
  }
  return types;
}

/// The type of the first sequence that is floating, or integer; `otherwise` where there is none.
ElementType first_element(const Tensors& sequences, bool (*is_wanted)(ElementType), ElementType otherwise) {
  for (const auto& x : sequences)
    if (is_wanted(x.element())) return x.element();
  return otherwise;
}

/// The types that a step hands on which gets its untyped literals as they are, so that they take the type of
/// what they meet there.
std::vector<TensorType> types_of_step(const StepContext& context, const Tensors& state,
                                      std::vector<TensorType> types) {
  Body body(context.outer.floating());
  const auto slices = add_slices(body, context.sequences);
  Tensors given;
  for (std::size_t k = 0; k < state.size(); ++k)
    given.push_back(state[k].own_element() ? body.tape->argument(types[k]) : state[k]);
  Recording recording(body, context.steps, context.key);
  recording.rehearse();
  const auto next = context.cell(slices, given).state;
  for (std::size_t k = 0; k < std::min(state.size(), next.size()); ++k)
    if (!state[k].own_element()) types[k].element = next[k].own_element().value_or(types[k].element);
  return types;
}

/// Lets untyped literals have, again and again, the types that the step gives where they are of `types`,
/// until it gives what it gets. False where it never does.
bool settles(const StepContext& context, const Tensors& state, std::vector<TensorType>& types) {
  for (std::size_t round = 0; round <= state.size(); ++round) {
    GivenTypes given;
    try {
      record_once(context, types, true, &given);
      return true;
    } catch (const RecordError&) {
      const auto before = types;
      for (std::size_t k = 0; k < std::min(state.size(), given.size()); ++k)
        if (!state[k].own_element() && given[k]) types[k].element = *given[k];
      if (types == before) return false;
    }
  }
  return false;
}

/// Types to start from where the first guess fails: the guess again, those found with literals, integers,
/// bools.
std::vector<std::vector<TensorType>> candidates(const StepContext& context, const Tensors& state,
                                                const std::vector<TensorType>& guess) {
  std::vector<std::vector<TensorType>> found{guess};
  try {
    found.push_back(types_of_step(context, state, guess));
  } catch (const RecordError&) {  // literals that meet each other do not tell
  }
  found.push_back(typed_as(state, first_element(context.sequences, is_integer, ElementType::int64)));
  found.push_back(typed_as(state, ElementType::boolean));
  return found;
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

[[noreturn]] void refuse_kept_state(const std::string& what) {
  refuse("unroll",
         "the cell gives other operations when it is recorded a second time: " + what +
             ". What a step keeps for the next one is handed on in its state, not kept in the cell",
         {});
}

/// Throws where two recordings of one cell differ.
void check_same(const RecordedStep& first, const RecordedStep& second) {
  const auto &a = *first.body->tape, &b = *second.body->tape;
  const auto what = [](const Tape& tape, NodeId id) {
    return id < tape.size() ? "[" + tape.node(id).operation->name + "] " + to_string(tape.node(id).type)
                            : std::string("nothing more");
  };
  if (const auto id = first_difference(a, b); id >= 0)
    refuse_kept_state("first " + what(a, id) + ", then " + what(b, id));
  if (!same_bodies(*first.body, *second.body) || first.outputs != second.outputs)
    refuse_kept_state("it hands on other values");
  if (first.captured != second.captured || first.added_sequences != second.added_sequences)
    refuse_kept_state("it reads other values from around it");
}

}  // namespace

std::vector<TensorType> state_types(const StepContext& context, const Tensors& state,
                                    const std::function<void(const std::vector<TensorType>&)>& use) {
  auto types = typed_as(state, first_element(context.sequences, is_floating, context.outer.floating()));
  if (!has_untyped(state)) {
    use(types);
    return types;
  }
  const auto effects = context.outer.roots().size();
  try {
    use(types);
    return types;
  } catch (const RecordError&) {
    context.outer.drop_roots(effects);
    for (auto& candidate : candidates(context, state, types))
      if (settles(context, state, candidate)) {
        use(candidate);
        return candidate;
      }
    throw;  // it fails whatever the types are: the first exception says most
  }
}

RecordedStep record_step(const StepContext& context, const Tensors& state, std::vector<TensorType>& types) {
  const bool rehearses = context.options.rehearse && !Recording::rehearsing();
  RecordedStep step;
  types = state_types(context, state, [&](const std::vector<TensorType>& tried) {
    step = record_once(context, tried, rehearses);
  });
  if (!rehearses) return step;
  RecordedStep again;
  try {
    again = record_once(context, types, false);
  } catch (const RecordError& error) {
    refuse_kept_state(error.what());
  }
  check_same(step, again);
  return again;
}

}  // namespace reel
