#include "record/record_step.h"

#include <reel/record.h>

#include <algorithm>

#include "record/step_attempt.h"

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

/// Literals among the state without an element type, which take the one of the step.
bool has_untyped(const Tensors& state) {
  return std::any_of(state.begin(), state.end(), [](const Tensor& s) { return !s.own_element(); });
}

/// Whether a tensor of the state can be of that type: a literal may be a fraction.
bool can_be(const Tensor& s, ElementType element) {
  return s.own_element() || !s.leaf() || !s.leaf()->value || can_hold(element, *s.leaf()->value);
}

/// `state` in these types, but for untyped literals, which are of `element` where they can be, otherwise of
/// the floating type, or bool where they are bools of C++.
std::vector<TensorType> typed_as(const Tensors& state, ElementType element, ElementType floating) {
  std::vector<TensorType> types;
  for (const auto& s : state) {
    const bool is_flag = s.leaf() && s.leaf()->is_flag;
    const auto own = is_flag ? ElementType::boolean : can_be(s, element) ? element : floating;
    types.push_back({s.own_element().value_or(own), s.shape()});
  }
  return types;
}

/// The type of the first sequence that is floating, or integer; `otherwise` where there is none.
ElementType first_element(const Tensors& sequences, bool (*is_wanted)(ElementType), ElementType otherwise) {
  for (const auto& x : sequences)
    if (is_wanted(x.element())) return x.element();
  return otherwise;
}

ElementType floating_element(const StepContext& context) {
  return first_element(context.sequences, is_floating, context.outer.floating());
}

std::vector<TensorType> first_guess(const StepContext& context, const Tensors& state) {
  const auto floating = floating_element(context);
  return typed_as(state, floating, floating);
}

/// Within what is recorded twice itself it is enough that it is.
bool is_checked(const StepContext& context) { return context.options.rehearse && !Recording::rehearsing(); }

/// What `make` attempts, made twice: so that it shows what the cell keeps, which would be another thing in
/// the attempts to come.
template <class Make>
Attempt twice(const StepContext& context, Make&& make) {
  auto one = make();
  if (is_checked(context)) check_same(one, make());
  return one;
}

/// The known types among those that an attempt gave, in place of those of untyped literals that can have
/// them.
std::vector<TensorType> with_given(const Tensors& state, std::vector<TensorType> types,
                                   const Attempt& tried) {
  for (std::size_t k = 0; k < std::min(state.size(), tried.given.size()); ++k)
    if (!state[k].own_element() && tried.given[k] && can_be(state[k], *tried.given[k]))
      types[k].element = *tried.given[k];
  return types;
}

/// Lets untyped literals have, again and again, the types that the step gives where they are of `types`,
/// until it gives what it gets. The last attempt, or none where it never does.
std::optional<Attempt> settle(const StepContext& context, const Tensors& state,
                              std::vector<TensorType>& types) {
  for (std::size_t round = 0; round <= state.size(); ++round) {
    auto tried = twice(context, [&] { return attempt(context, types, true); });
    if (!tried.refusal) return tried;
    auto given = with_given(state, types, tried);
    if (given == types) return std::nullopt;
    types = std::move(given);
  }
  return std::nullopt;
}

/// Every way in which untyped literals are of one or other of these types, as a running value, a counter and
/// a flag are: of a few of them, and otherwise all of one kind.
std::vector<std::vector<TensorType>> mixtures(const std::vector<std::vector<TensorType>>& pure) {
  auto found = pure;
  std::vector<std::size_t> open;
  for (std::size_t k = 0; k < pure[0].size(); ++k)
    if (pure[0][k] != pure[1][k]) open.push_back(k);
  constexpr std::size_t few = 3;
  if (open.size() < 2 || open.size() > few) return found;
  std::vector<std::size_t> chosen(open.size(), 0);
  const auto advance = [&] {
    std::size_t i = 0;
    while (i < chosen.size() && ++chosen[i] == pure.size()) chosen[i++] = 0;
    return i < chosen.size();
  };
  while (advance()) {
    found.push_back(pure[0]);
    for (std::size_t i = 0; i < open.size(); ++i) found.back()[open[i]] = pure[chosen[i]][open[i]];
  }
  return found;
}

/// Types to start from where the first guess was refused: those that the step gave all the same, those found
/// with literals, and mixtures of the guess, integers and bools.
std::vector<std::vector<TensorType>> candidates(const StepContext& context, const Tensors& state,
                                                const std::vector<TensorType>& guess,
                                                const Attempt& refused) {
  std::vector<std::vector<TensorType>> found;
  const auto add = [&](std::vector<TensorType> types) {
    if (types != guess && std::find(found.begin(), found.end(), types) == found.end())
      found.push_back(std::move(types));
  };
  add(with_given(state, guess, refused));
  // Literals that meet each other do not tell.
  const auto told = twice(context, [&] { return attempt_with_literals(context, state, guess); });
  if (!told.refusal) add(with_given(state, guess, told));
  const auto floating = floating_element(context);
  const auto integer = first_element(context.sequences, is_integer, ElementType::int64);
  for (const auto& types :
       mixtures({guess, typed_as(state, integer, floating), typed_as(state, ElementType::boolean, floating)}))
    add(types);
  return found;
}

/// Types of the state, and the step as it was recorded with them.
struct Settled {
  std::vector<TensorType> types;
  Attempt attempt;
};

/// Other types of the untyped literals, where the step was refused for `guess`; none where it is refused
/// whatever they are.
std::optional<Settled> settle_otherwise(const StepContext& context, const Tensors& state,
                                        const std::vector<TensorType>& guess, const Attempt& refused) {
  if (!has_untyped(state)) return std::nullopt;
  if (is_checked(context)) check_same(refused, attempt(context, guess, true));
  for (auto& candidate : candidates(context, state, guess, refused))
    if (auto settled = settle(context, state, candidate)) return Settled{candidate, std::move(*settled)};
  return std::nullopt;
}

}  // namespace

void with_state_types(const StepContext& context, const Tensors& state,
                      const std::function<void(const std::vector<TensorType>&)>& use) {
  const auto guess = first_guess(context, state);
  const auto effects = context.outer.roots().size();
  try {
    use(guess);
  } catch (const RecordError&) {
    context.outer.drop_roots(effects);
    if (!has_untyped(state)) throw;
    const auto refused = attempt(context, guess, true);
    if (!refused.refusal) throw;  // It fails for another reason.
    const auto other = settle_otherwise(context, state, guess, refused);
    if (!other) throw;  // It is refused whatever the types are: the first exception says most.
    if (is_checked(context)) check_same(other->attempt, attempt(context, other->types, true));
    use(other->types);
  }
}

RecordedStep record_step(const StepContext& context, const Tensors& state, std::vector<TensorType>& types) {
  const bool rehearses = context.options.rehearse && !context.options.expanded && !Recording::rehearsing();
  types = first_guess(context, state);
  auto first = attempt(context, types, rehearses);
  if (first.refusal)
    if (auto other = settle_otherwise(context, state, types, first)) {
      types = other->types;
      first = rehearses ? std::move(other->attempt) : attempt(context, types, false);
    }
  first.checked();
  if (!rehearses) return first.step;
  const auto again = attempt(context, types, false);
  check_same(first, again);
  return again.step;
}

}  // namespace reel
