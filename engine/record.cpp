#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>

namespace reel {

namespace {
thread_local std::vector<Recording*> recordings;
}

Recording::Recording(Tape& tape) : tape_(&tape) { recordings.push_back(this); }

Recording::Recording(Body& body) : tape_(body.tape.get()), body_(&body) { recordings.push_back(this); }

Recording::~Recording() { recordings.pop_back(); }

Tape* Recording::innermost() { return recordings.empty() ? nullptr : recordings.back()->tape_; }

bool Recording::in_body() { return !recordings.empty() && recordings.back()->body_; }

ScopeGuard::ScopeGuard(const std::string& scope) : tape_(Recording::innermost()) {
  if (!tape_) return;
  before_ = tape_->current_scope();
  tape_->set_scope(scope);
}

ScopeGuard::~ScopeGuard() {
  if (tape_) tape_->set_scope(before_);
}

Tape& destination(const std::string& operation, const Tensors& operands) {
  if (Tape* tape = Recording::innermost()) return *tape;
  for (const auto& operand : operands)
    if (operand.recorded()) return operand.tape();
  throw RecordError("[" + operation + "] nothing is being recorded and no operand is on a tape");
}

/// Finds a value in the recordings around a body and captures it level by level.
struct Capture {
  /// Position in the stack of the recording of `tape`, or -1.
  static int find(const Tape& tape, int from) {
    for (int level = from; level >= 0; --level)
      if (recordings[level]->tape_ == &tape) return level;
    return -1;
  }
  static Tape& tape(int level) { return *recordings[level]->tape_; }
  /// The outermost recording that `level` can see.
  static int root(int level) {
    while (recordings[level]->body_) --level;
    return level;
  }
  static NodeId inward(NodeId id, int from, int to) {
    for (int level = from + 1; level <= to; ++level) {
      auto& recording = *recordings[level];
      const auto known = recording.inner_.find(id);
      if (known != recording.inner_.end()) {
        id = known->second;
        continue;
      }
      const auto& outer = *recordings[level - 1]->tape_;
      const auto inner = recording.tape_->argument(outer.node(id).type, outer.label(id)).id();
      recording.body_->invariants.push_back(inner);
      recording.captured_.push_back(id);
      recording.inner_[id] = inner;
      id = inner;
    }
    return id;
  }
};

namespace {

Tensor place(Tape& tape, const Leaf& leaf, const TensorType& type) {
  const int level = recordings.empty() ? -1 : Capture::find(tape, static_cast<int>(recordings.size()) - 1);
  if (!leaf.outermost || level < 0) return {tape, leaf.place(tape, type)};
  const int root = Capture::root(level);
  return {tape, Capture::inward(leaf.place(Capture::tape(root), type), root, level)};
}

Tensor bring_as(Tape& tape, const Tensor& operand, ElementType element, const std::string& operation) {
  if (operand.leaf()) {
    const auto& leaf = *operand.leaf();
    return place(tape, leaf, {leaf.element.value_or(element), leaf.shape});
  }
  if (&operand.tape() == &tape) return operand;
  const int top = static_cast<int>(recordings.size()) - 1;
  const int level = top < 0 ? -1 : Capture::find(tape, top);
  if (level >= 0) {
    const int source = Capture::find(operand.tape(), level);
    if (source >= Capture::root(level)) return {tape, Capture::inward(operand.id(), source, level)};
  }
  throw RecordError("[" + operation +
                    "] an operand belongs to another tape, which is not one that encloses this recording");
}

}  // namespace

Tensor bring(Tape& tape, const Tensor& operand, const std::string& operation,
             std::optional<ElementType> element) {
  return bring_as(tape, operand, element.value_or(tape.floating()), operation);
}

ElementType common_element(const std::string& operation, const Tensors& operands) {
  std::optional<ElementType> element;
  for (const auto& operand : operands) {
    const auto own = operand.own_element();
    if (!own) continue;
    if (element && *element != *own)
      refuse(operation, "element types differ and are never converted silently: use cast", operands);
    element = own;
  }
  if (!element) return destination(operation, operands).floating();
  for (const auto& operand : operands)
    if (operand.leaf() && operand.leaf()->fractional && !is_floating(*element))
      refuse(operation, std::string("a fractional literal cannot become ") + name_of(*element), operands);
  return *element;
}

Tensor record(const Operation& operation, const Tensors& operands, const Attributes& attributes) {
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

int checked_axis(const std::string& operation, const Tensor& x, std::int64_t axis) {
  try {
    return normal_axis(axis, x.rank());
  } catch (const RecordError& rule) {
    refuse(operation, rule.what(), {x});
  }
}

Tensor bring_broadcast(Tape& tape, const Tensor& operand, const Shape& shape, ElementType element,
                       const std::string& operation) {
  if (operand.leaf() && operand.leaf()->uniform)
    return place(tape, *operand.leaf(), {operand.leaf()->element.value_or(element), shape});
  return broadcast_to(bring_as(tape, operand, element, operation), shape);
}

Tensors together(const std::string& operation, const Tensors& operands) {
  const auto element = common_element(operation, operands);
  Shape shape;
  try {
    for (const auto& operand : operands) shape = broadcast_shape(shape, operand.shape());
  } catch (const RecordError& rule) {
    refuse(operation, rule.what(), operands);
  }
  auto& tape = destination(operation, operands);
  Tensors brought;
  for (const auto& operand : operands)
    brought.push_back(bring_broadcast(tape, operand, shape, element, operation));
  return brought;
}

}  // namespace reel
