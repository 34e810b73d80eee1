#include <reel/body.h>
#include <reel/record.h>
#include <reel/structural.h>
#include <reel/tape.h>
#include <reel/variable.h>

#include <algorithm>
#include <new>

namespace reel {

Tape::Tape(ElementType floating) : floating_(floating) {
  if (!is_floating(floating)) throw RecordError("[Tape] literals are float32 or float64");
}

Tape::~Tape() {
  if (link_.shared && link_.shared.use_count() > 1) link_.shared->bury(epitaph());
}

std::unique_ptr<const Epitaph> Tape::epitaph() noexcept {
  try {
    auto epitaph = std::make_unique<Epitaph>();
    epitaph->lines.reserve(nodes_.size());
    std::unordered_map<TensorType, std::uint32_t, TypeHash> types;
    std::unordered_map<const Operation*, std::uint32_t> operations;
    for (std::size_t id = 0; id < nodes_.size(); ++id) {
      const auto& node = nodes_[id];
      const auto [type, is_new_type] = types.emplace(node.type, types.size());
      if (is_new_type) epitaph->types.push_back(node.type);
      const auto [operation, is_new_operation] = operations.emplace(node.operation, operations.size());
      if (is_new_operation) epitaph->operations.push_back(node.operation->name);
      epitaph->lines.push_back({type->second, operation->second, node.origin, node.label});
    }
    epitaph->origins = std::move(origins_);
    epitaph->labels = std::move(labels_);
    return epitaph;
  } catch (const std::bad_alloc&) {  // the tape may be going for want of memory
    return nullptr;
  }
}

const std::shared_ptr<TapeLink>& Tape::link() {
  if (!link_.shared) link_.shared = std::make_shared<TapeLink>(*this);
  return link_.shared;
}

std::unique_ptr<Tape> Tape::clone() const { return std::unique_ptr<Tape>(new Tape(*this)); }

std::uint32_t Tape::intern(const Origin& origin) {
  // Mostly that of the node before.
  return current_origin() == origin ? origin_ : origins_.number_of(origin);
}

void Tape::set_scope(const std::string& scope) {
  auto origin = current_origin();
  origin.scope = scope;
  set_origin(origin);
}

Tensor Tape::argument(const TensorType& type, const std::string& label) {
  const auto number = arguments_.size();
  // Those before it are often of the same type: then what says so is shared.
  Attributes attributes;
  bool is_known = false;
  for (std::size_t back = 1; back <= std::min<std::size_t>(number, 4) && !is_known; ++back) {
    const auto& other = nodes_[arguments_[number - back]];
    is_known = other.type == type;
    if (is_known) attributes = other.attributes;
  }
  if (!is_known) attributes = typed(type);
  return {*this, label.empty()
                     ? append(argument_operation(), {}, attributes, "argument " + std::to_string(number))
                     : append(argument_operation(), {}, attributes, label)};
}

std::size_t Tape::argument_number(NodeId id) const {
  const auto found = std::lower_bound(arguments_.begin(), arguments_.end(), id);
  if (found == arguments_.end() || *found != id) throw InternalError("no argument is asked for its number");
  return static_cast<std::size_t>(found - arguments_.begin());
}

Tensor Tape::parameter(const std::shared_ptr<Variable>& variable) {
  const auto known = parameters_.find(variable.get());
  if (known != parameters_.end()) return {*this, known->second};
  const auto id =
      append(parameter_operation(), {}, {{"variable", variable}}, "parameter " + variable->name());
  parameters_[variable.get()] = id;
  return {*this, id};
}

Tensor Tape::fill(double value, const TensorType& type) {
  const auto attributes = typed(type, {{"value", value}});
  const auto known = fills_.find(attributes);
  if (known != fills_.end()) return {*this, known->second};
  const auto id = append(fill_operation(), {}, attributes);
  fills_.emplace(attributes, id);
  return {*this, id};
}

Tensor Tape::positions(std::int64_t count) {
  const auto known = positions_.find(count);
  if (known != positions_.end()) return {*this, known->second};
  const auto id = bring(*this, iota(count), "unroll").id();
  positions_[count] = id;
  return {*this, id};
}

void Tape::set_random_source(std::uint64_t seed, std::shared_ptr<Variable> run) {
  seed_ = seed;
  run_ = std::move(run);
}

Tensor Tape::run_number() {
  const TensorType type{ElementType::int64, {}};
  if (!run_) return fill(0, type);
  return parameter(run_);
}

NodeId Tape::append(const Operation& operation, Span<const NodeId> inputs, const Attributes& attributes,
                    const std::string& label) {
  TensorType type;
  try {
    operand_types_.clear();
    for (auto input : inputs) operand_types_.push_back(nodes_[input].type);
    type = operation.infer(operand_types_, attributes);
    check_addressable(type);
    if (operation.kind == Kind::update) note_update(attributes);
    return append_checked(operation, inputs, attributes, type, label);
  } catch (const RecordError& rule) {
    Tensors operands;
    for (auto input : inputs) operands.emplace_back(*this, input);
    refuse(operation.name, rule.rule(), operands);
  }
}

namespace {

/// What is then put behind the others takes no memory.
void make_room(std::vector<NodeId>& nodes) {
  if (nodes.size() == nodes.capacity()) nodes.reserve(std::max<std::size_t>(4, 2 * nodes.size()));
}

}  // namespace

void Tape::note_update(const Attributes& attributes) {
  const auto& variable = attributes.get<std::shared_ptr<Variable>>("variable");
  if (!updated_.emplace(variable.get(), size()).second)
    throw RecordError("parameter " + variable->name() +
                      " is updated twice; updates take effect after the run");
}

NodeId Tape::append_checked(const Operation& operation, Span<const NodeId> inputs,
                            const Attributes& attributes, const TensorType& type, const std::string& label) {
  if (size() == most_nodes) throw RecordError("a tape has at most " + std::to_string(most_nodes) + " nodes");
  const auto id = size();
  // The node last, so that where memory gives out there is none without its operands.
  const auto first_input = static_cast<std::uint32_t>(inputs_.size());
  const auto name = label.empty() ? 0 : labels_.number_of(label);
  const bool is_argument = &operation == &argument_operation();
  const bool acts = operation.kind == Kind::update || operation.kind == Kind::effect ||
                    (operation.kind == Kind::unroll && UnrollNode::of(attributes).has_effects());
  if (is_argument) make_room(arguments_);
  if (acts) make_room(roots_);
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
  nodes_.push_back(
      {&operation, attributes, type, first_input, static_cast<std::uint32_t>(inputs.size()), origin_, name});
  if (acts) roots_.push_back(id);
  if (is_argument) arguments_.push_back(id);
  return id;
}

NodeId Tape::append_same(const Tape& source, NodeId id, Span<const NodeId> inputs) {
  const auto& node = source.node(id);
  const auto old = source.inputs(id);
  const bool same_types =
      std::equal(old.begin(), old.end(), inputs.begin(), inputs.end(),
                 [&](NodeId a, NodeId b) { return source.node(a).type == nodes_[b].type; });
  // What it takes to infer the type again is most of what it takes to append a node.
  return same_types && node.operation->kind != Kind::update
             ? append_checked(*node.operation, inputs, node.attributes, node.type, source.label(id))
             : append(*node.operation, inputs, node.attributes, source.label(id));
}

NodeId Tape::append_copy(const Tape& source, NodeId id, Span<const NodeId> inputs) {
  const auto copy = append_same(source, id, inputs);
  nodes_[copy].origin = intern(source.origin(id));
  return copy;
}

void refuse(const std::string& operation, const std::string& rule, const Tensors& operands) {
  std::string described;
  const Tape* tape = Recording::innermost();
  for (const auto& operand : operands) {
    described += (described.empty() ? "" : ", ") + describe(operand);
    if (!tape && operand.recorded()) tape = &operand.tape();
  }
  const auto origin = tape ? tape->current_origin() : Origin{};
  throw RecordError(message(operation, rule, origin, described));
}

Tensor Recorded::operator[](std::size_t i) const { return {*tape_, tape_->inputs(id_)[i]}; }
std::size_t Recorded::operands() const { return tape_->inputs(id_).size(); }
const Attributes& Recorded::attributes() const { return tape_->node(id_).attributes; }
const Shape& Recorded::shape() const { return tape_->node(id_).type.shape; }

}  // namespace reel
