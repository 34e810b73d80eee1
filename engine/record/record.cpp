#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace reel {

namespace {
thread_local std::vector<Recording*> recordings;
}

Recording::Recording(Tape& tape) : tape_(&tape), form_(Form::root) { recordings.push_back(this); }

Recording::Recording(Body& body, std::int64_t steps, std::uint64_t key, Tensor positions)
    : tape_(body.tape.get()),
      form_(Form::body),
      body_(&body),
      steps_(steps),
      own_positions_(std::move(positions)),
      key_(key) {
  recordings.push_back(this);
}

Recording::Recording(Tape& tape, std::int64_t position, std::uint64_t key)
    : tape_(&tape), form_(Form::expanded), position_(position), key_(key) {
  origin_before_ = tape.origin_number();
  auto origin = tape.current_origin();
  origin.steps.push_back(position);
  tape.set_origin(origin);
  recordings.push_back(this);
}

Recording::~Recording() {
  recordings.pop_back();
  if (form_ == Form::expanded) tape_->return_to_origin(origin_before_);
}

Tape* Recording::innermost() { return recordings.empty() ? nullptr : recordings.back()->tape_; }

bool Recording::in_body() { return !recordings.empty() && recordings.back()->form_ != Form::root; }

bool Recording::rehearsing() {
  return std::any_of(recordings.begin(), recordings.end(), [](const auto* r) { return r->rehearses_; });
}

ScopeGuard::ScopeGuard(const std::string& scope) : tape_(Recording::innermost()) {
  if (!tape_) return;
  before_ = tape_->origin_number();
  tape_->set_scope(scope);
}

ScopeGuard::~ScopeGuard() {
  if (tape_) tape_->return_to_origin(before_);
}

Tape& destination(const std::string& operation, const Tensors& operands) {
  if (Tape* tape = Recording::innermost()) return *tape;
  for (const auto& operand : operands)
    if (operand.recorded()) return operand.tape();
  throw RecordError("[" + operation + "] nothing is being recorded and no operand is on a tape");
}

/// Finds a value in the recordings around a body and captures it level by level.
struct Capture {
  static int innermost() { return static_cast<int>(recordings.size()) - 1; }
  /// Position in the stack of the recording of `tape`, or -1.
  static int find(const Tape& tape, int from) {
    for (int level = from; level >= 0; --level)
      if (recordings[level]->tape_ == &tape) return level;
    return -1;
  }
  static Tape& tape(int level) { return *recordings[level]->tape_; }
  /// The outermost recording that `level` can see.
  static int root(int level) {
    while (recordings[level]->form_ != Recording::Form::root && level > 0) --level;
    return level;
  }
  static NodeId inward(NodeId id, int from, int to) {
    for (int level = from + 1; level <= to; ++level) {
      auto& recording = *recordings[level];
      if (recording.form_ == Recording::Form::expanded) continue;  // on the same tape
      const auto known = recording.inner_.find(id);
      if (known != recording.inner_.end()) {
        id = known->second;
        continue;
      }
      const auto& outer = tape(level - 1);
      const auto inner = recording.tape_->argument(outer.node(id).type, outer.label(id)).id();
      recording.body_->invariants.push_back(inner);
      recording.captured_.push_back(id);
      recording.inner_[id] = inner;
      id = inner;
    }
    return id;
  }

  /// The positions as they stand on the tape of `level`.
  static const Tensors& positions(int level) {
    auto& recording = *recordings[level];
    if (recording.has_positions_ || recording.form_ == Recording::Form::root) return recording.positions_;
    for (const auto& position : positions(level - 1))
      recording.positions_.emplace_back(*recording.tape_, inward(position.id(), level - 1, level));
    recording.has_positions_ = true;
    if (!recording.has_own_position_) return recording.positions_;
    const auto own = recording.form_ == Recording::Form::body ? position_sequence(recording, tape(level - 1))
                                                              : position_constant(recording);
    recording.positions_.push_back(own);
    return recording.positions_;
  }

 private:
  static Tensor position_sequence(Recording& recording, Tape& outer) {
    const auto& given = recording.own_positions_;
    const auto all = given.defined() ? given : outer.positions(recording.steps_);
    const auto own = recording.tape_->argument({ElementType::int64, {}}, "step");
    recording.body_->sequences.push_back(own.id());
    recording.added_sequences_.push_back(all.id());
    return own;
  }
  static Tensor position_constant(const Recording& recording) {
    return recording.tape_->fill(static_cast<double>(recording.position_), {ElementType::int64, {}});
  }
};

Tape* Recording::outermost() {
  return recordings.empty() ? nullptr : &Capture::tape(Capture::root(Capture::innermost()));
}

namespace {
/// Spreads the bits of a number, so that numbers combined by it do not meet (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
}  // namespace

std::uint64_t Recording::next_key() {
  if (recordings.empty()) return 0;
  auto& recording = *recordings.back();
  // A tape counts on from recording to recording; each expanded step counts from the start, as a body does.
  const auto ordinal =
      recording.form_ == Form::expanded ? ++recording.next_ordinal_ : recording.tape_->next_ordinal();
  return mixed(recording.key_ + mixed(ordinal));
}

Tensors Recording::positions() {
  return recordings.empty() ? Tensors{} : Capture::positions(Capture::innermost());
}

bool can_hold(ElementType element, double value) {
  switch (element) {
    case ElementType::float32:
    case ElementType::float64:
      return true;
    case ElementType::int32:
      return value == std::floor(value) && std::abs(value) < 0x1p31;
    case ElementType::int64:
      return value == std::floor(value) && std::abs(value) <= 0x1p53;
    case ElementType::boolean:
      return value == 0 || value == 1;
  }
  return false;
}

namespace {

std::string cannot_become(double value, ElementType element) {
  std::ostringstream text;
  text << "the literal " << value << (value == std::floor(value) ? "" : ", a fractional one,")
       << " cannot become " << name_of(element);
  return text.str();
}

Tensor place(Tape& tape, const Leaf& leaf, const TensorType& type, const std::string& operation) {
  if (leaf.value && !can_hold(type.element, *leaf.value))
    refuse(operation, cannot_become(*leaf.value, type.element), {});
  const int level = Capture::find(tape, Capture::innermost());
  if (!leaf.outermost || level < 0) return {tape, leaf.place(tape, type)};
  const int root = Capture::root(level);
  return {tape, Capture::inward(leaf.place(Capture::tape(root), type), root, level)};
}

Tensor bring_as(Tape& tape, const Tensor& operand, ElementType element, const std::string& operation) {
  check_usable(operation, operand);
  if (operand.leaf()) {
    const auto& leaf = *operand.leaf();
    return place(tape, leaf, {leaf.element.value_or(element), leaf.shape}, operation);
  }
  if (&operand.tape() == &tape) return operand;
  const int level = Capture::find(tape, Capture::innermost());
  if (level >= 0) {
    const int source = Capture::find(operand.tape(), level);
    if (source >= Capture::root(level)) return {tape, Capture::inward(operand.id(), source, level)};
  }
  throw RecordError(
      "[" + operation +
      "] an operand belongs to another tape, which is none around this recording: " + operand.origin() +
      ". A value made in a step of an unroll leaves it as its output or state, one made in a function "
      "as its result");
}

}  // namespace

Tensor bring(Tape& tape, const Tensor& operand, const std::string& operation,
             std::optional<ElementType> element) {
  return bring_as(tape, operand, element.value_or(tape.floating()), operation);
}

std::string elements_differ(ElementType one, ElementType other) {
  std::string text = "element types differ and are never converted silently: use cast";
  if (!is_floating(one) || !is_floating(other)) return text;
  const Tape* tape = Recording::outermost();
  for (NodeId id = 0; tape && id < tape->size(); ++id) {
    const auto& node = tape->node(id);
    if (node.operation == &argument_operation() && is_floating(node.type.element) &&
        node.type.element != tape->floating())
      text += "; " + tape->label(id) + " is " + name_of(node.type.element) + ", the model " +
              name_of(tape->floating());
  }
  return text;
}

Tensors widened(const std::string& operation, Tensors operands) {
  check_usable(operation, operands);
  const auto is = [](ElementType element) {
    return [element](const Tensor& operand) { return operand.own_element() == element; };
  };
  const auto is_narrow = is(ElementType::int32);
  if (std::any_of(operands.begin(), operands.end(), is_narrow) &&
      std::any_of(operands.begin(), operands.end(), is(ElementType::int64))) {
    auto& tape = destination(operation, operands);
    for (auto& operand : operands)
      if (is_narrow(operand)) operand = cast(bring(tape, operand, operation), ElementType::int64);
  }
  return operands;
}

ElementType common_element(const std::string& operation, const Tensors& operands) {
  check_usable(operation, operands);
  std::optional<ElementType> element;
  for (const auto& operand : operands) {
    const auto own = operand.own_element();
    if (!own) continue;
    if (element && *element != *own) refuse(operation, elements_differ(*element, *own), operands);
    element = own;
  }
  if (!element) return destination(operation, operands).floating();
  for (const auto& operand : operands)
    if (operand.leaf() && operand.leaf()->value && !can_hold(*element, *operand.leaf()->value))
      refuse(operation, cannot_become(*operand.leaf()->value, *element), operands);
  return *element;
}

Tensor record(const Operation& operation, const Tensors& operands, const Attributes& attributes) {
  check_usable(operation.name, operands);
  auto& tape = destination(operation.name, operands);
  NodeId few[4];
  std::vector<NodeId> many;
  NodeId* inputs = few;
  if (operands.size() > std::size(few)) {
    many.resize(operands.size());
    inputs = many.data();
  }
  const bool has_literals =
      std::any_of(operands.begin(), operands.end(), [](const Tensor& t) { return !t.own_element(); });
  const auto element = has_literals ? common_element(operation.name, operands) : tape.floating();
  for (std::size_t i = 0; i < operands.size(); ++i)
    inputs[i] = bring_as(tape, operands[i], element, operation.name).id();
  return {tape, tape.append(operation, {inputs, operands.size()}, attributes)};
}

void check_has_room(const std::string& operation, const Tensor& x) {
  check_usable(operation, x);
  if (x.rank() == Shape::max_rank)
    refuse(operation, "a shape has at most " + std::to_string(Shape::max_rank) + " axes", {x});
}

int checked_axis(const std::string& operation, const Tensor& x, std::int64_t axis) {
  check_usable(operation, x);
  return refusing(operation, {x}, [&] { return normal_axis(axis, x.rank()); });
}

Tensor bring_broadcast(Tape& tape, const Tensor& operand, const Shape& shape, ElementType element,
                       const std::string& operation) {
  if (operand.leaf() && operand.leaf()->value)
    return place(tape, *operand.leaf(), {operand.leaf()->element.value_or(element), shape}, operation);
  return broadcast_to(bring_as(tape, operand, element, operation), shape);
}

Tensors together(const std::string& operation, Tensors operands) {
  operands = widened(operation, std::move(operands));
  const auto element = common_element(operation, operands);
  Shape shape;
  try {
    for (const auto& operand : operands) shape = broadcast_shape(shape, operand.shape());
  } catch (const RecordError& rule) {
    refuse(operation, rule.rule(), operands);
  }
  auto& tape = destination(operation, operands);
  Tensors brought;
  brought.reserve(operands.size());
  for (const auto& operand : operands)
    brought.push_back(bring_broadcast(tape, operand, shape, element, operation));
  return brought;
}

}  // namespace reel
