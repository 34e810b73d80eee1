#include "passes/split/recurrence.h"

#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <unordered_map>

// Every value of such a cycle is a multiple of the carry and a term: factor * carry + term. The factor of a
// node is the node itself, of the factors of what it reads of the cycle and of zeros for what it adds to
// them; the term is the node of the terms: that is what linear means, for any operation that declares it.

namespace reel::passes {

namespace {

using Operands = std::vector<std::size_t>;

bool holds(const Operands& set, std::size_t i) { return std::find(set.begin(), set.end(), i) != set.end(); }

/// How a node reads the cycle that it is in.
struct Reading {
  Operands cycle;   // operands that are values of the cycle
  Operands linear;  // all those in which, together, the node is linear
  std::size_t set;  // the number of that set among the declared ones
  bool adds;        // something else than zeros to them
};

/// The nodes of a component.
class Cycle {
 public:
  Cycle(const Body& body, Span<const NodeId> component)
      : tape_(*body.tape), nodes_(component.begin(), component.end()) {}

  bool has(NodeId id) const { return std::binary_search(nodes_.begin(), nodes_.end(), id); }

  /// None where the node is not linear in them.
  std::optional<Reading> reading(NodeId id) const {
    const auto inputs = tape_.inputs(id);
    Operands cycle;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (has(inputs[i])) cycle.push_back(i);
    const auto& sets = tape_.node(id).operation->algebra.linear;
    for (std::size_t k = 0; k < sets.size(); ++k)
      if (std::all_of(cycle.begin(), cycle.end(), [&](auto i) { return holds(sets[k], i); }))
        return Reading{cycle, sets[k], k, std::any_of(sets[k].begin(), sets[k].end(), [&](auto i) {
                         return !has(inputs[i]) && !is_zero(inputs[i]);
                       })};
    return std::nullopt;
  }

  const Tape& tape() const { return tape_; }
  const std::vector<NodeId>& nodes() const { return nodes_; }

 private:
  bool is_zero(NodeId id) const {
    const auto& node = tape_.node(id);
    return node.operation == &fill_operation() && node.attributes.get<double>("value") == 0;
  }

  const Tape& tape_;
  const std::vector<NodeId> nodes_;
};

/// What multiplies in a cycle, so far.
struct Factors {
  bool as_numbers = false, of_adjoints = false, others = false;

  void add(const Algebra& algebra, std::size_t set) {
    if (algebra.zero_times == ZeroTimes::as_numbers)
      as_numbers = true;
    else if (algebra.zero_times == ZeroTimes::first_absorbs && set == 0)
      of_adjoints = true;
    else
      others = true;
  }
  /// Whether one kind of product says what all of them do.
  bool are_of_one_kind() const { return !others && !(as_numbers && of_adjoints); }
};

/// Where a value of the cycle is a multiple of the carry: everywhere, or where a condition is true, or false,
/// and elsewhere there is nothing of it. A factor of 0 would not do for that: what is NaN would stay.
struct Extent {
  NodeId condition = -1;
  bool where = true;

  bool is_all() const { return condition < 0; }
};

/// Of a sum of both; none unless each is where the other is not.
std::optional<Extent> joined(const Extent& a, const Extent& b) {
  if (a.is_all() || a.condition != b.condition || a.where == b.where) return std::nullopt;
  return Extent();
}

/// Decides whether a component is a recurrence.
class Finding {
 public:
  Finding(const Body& body, const std::vector<NodeId>& next, Span<const NodeId> component)
      : next_of_(next), cycle_(body, component) {}

  std::optional<Recurrence> run() {
    if (!find_carry()) return std::nullopt;
    const auto& type = cycle_.tape().node(carry_).type;
    if (!is_floating(type.element)) return std::nullopt;
    values_[carry_].is_carry = true;
    for (auto id : cycle_.nodes())
      if (id != carry_ && !(cycle_.tape().node(id).type == type && joins(id))) return std::nullopt;
    if (!factors_.are_of_one_kind() || !values_.at(next_).extent.is_all()) return std::nullopt;
    return Recurrence{carry_, next_, result(), factors_.of_adjoints};
  }

 private:
  bool find_carry() {
    for (auto id : cycle_.nodes()) {
      if (next_of_[id] < 0) continue;
      if (carry_ >= 0) return false;
      carry_ = id;
      next_ = next_of_[id];
    }
    return carry_ >= 0 && next_ != carry_;
  }

  /// Takes a node into the recurrence; false where it cannot be part of one. Factors and terms stay what a
  /// step computes: no factor is a sum of others, which would be rounded where a step's values are not, and
  /// nothing that it could cancel is added to a term that was multiplied. Factors are multiplied with one
  /// another of adjoints alone, where no 0 meets one that overflows.
  bool joins(NodeId id) {
    const auto& node = cycle_.tape().node(id);
    const auto reading = cycle_.reading(id);
    if (node.operation->kind != Kind::map || !reading) return false;
    const auto inputs = cycle_.tape().inputs(id);
    const bool chooses = node.operation == &select_operation();
    const auto extent = chooses ? chosen(inputs, *reading) : added(inputs, *reading);
    if (!extent) return false;
    Value value{*extent};
    for (auto i : reading->cycle) {
      const auto& before = values_.at(inputs[i]);
      value.is_multiplied |= before.is_multiplied;
      value.has_term |= before.has_term;
      value.has_multiplied_term |= before.has_multiplied_term;
    }
    // A node that is not linear in all of its operands together, as a product, multiplies by the others.
    if (!chooses && reading->linear.size() < inputs.size()) {
      factors_.add(node.operation->algebra, reading->set);
      if ((value.is_multiplied && !factors_.of_adjoints) || !gives_factor(*node.operation, *reading))
        return false;
      value.is_multiplied = true;
      value.has_multiplied_term = value.has_term;
    }
    if (reading->adds && value.has_multiplied_term && !factors_.of_adjoints) return false;
    value.has_term |= reading->adds;
    value.is_carry = node.operation == &add_operation() && reading->cycle.size() == 1 && extent->is_all() &&
                     values_.at(inputs[reading->cycle[0]]).is_carry;
    values_[id] = value;
    return true;
  }

  /// Whether it gives the other operand where the one of the cycle is 1: what is divided by is no factor.
  static bool gives_factor(const Operation& operation, const Reading& reading) {
    const auto unit = reading.cycle[0] == 0 ? operation.algebra.left_unit : operation.algebra.right_unit;
    return reading.cycle.size() == 1 && unit == 1.0;
  }

  /// Of a select: of two values of the cycle, or of one and nothing.
  std::optional<Extent> chosen(Span<const NodeId> inputs, const Reading& reading) const {
    if (reading.adds) return std::nullopt;
    for (auto i : reading.cycle)
      if (!values_.at(inputs[i]).extent.is_all()) return std::nullopt;
    return reading.cycle.size() == 2 ? Extent() : Extent{inputs[0], reading.cycle[0] == 1};
  }

  std::optional<Extent> added(Span<const NodeId> inputs, const Reading& reading) const {
    const auto& first = values_.at(inputs[reading.cycle[0]]).extent;
    if (reading.cycle.size() == 1) return first;
    return reading.cycle.size() == 2 ? joined(first, values_.at(inputs[reading.cycle[1]]).extent)
                                     : std::nullopt;
  }

  /// The last value that is the carry and a term, where all that is handed on is a multiple of it; otherwise
  /// what is handed on.
  NodeId result() {
    for (auto at = cycle_.nodes().rbegin(); at != cycle_.nodes().rend(); ++at) {
      if (*at == carry_ || !values_.at(*at).is_carry) continue;
      return *at < next_ && is_all_that_is_read_behind(*at) ? *at : next_;
    }
    return next_;
  }

  bool is_all_that_is_read_behind(NodeId id) const {
    for (auto other : cycle_.nodes()) {
      if (other <= id) continue;
      if (cycle_.reading(other)->adds) return false;
      for (auto input : cycle_.tape().inputs(other))
        if (cycle_.has(input) && input < id) return false;
    }
    return true;
  }

  const std::vector<NodeId>& next_of_;
  const Cycle cycle_;
  NodeId carry_ = -1, next_ = -1;
  Factors factors_;
  struct Value {
    Extent extent;
    bool is_carry = false;  // the carry, or it and a term
    bool is_multiplied = false, has_term = false, has_multiplied_term = false;
  };
  std::unordered_map<NodeId, Value> values_;
};

/// Records factors and terms, for all steps at once.
class Scanning {
 public:
  Scanning(const Body& body, Span<const NodeId> component, const Recurrence& recurrence, std::int64_t steps,
           Lifting& lifting)
      : cycle_(body, component),
        recurrence_(recurrence),
        steps_(steps),
        lifting_(lifting),
        type_(body.tape->node(recurrence.carry).type),
        one_{full(type_.shape, 1, type_.element), false},
        zero_{full(type_.shape, 0, type_.element), false} {}

  void run(const Tensor& initial, bool reverse) {
    const bool after = recurrence_.multiplies_after();
    const auto term = multiples(recurrence_.carry, recurrence_.result).term;
    const auto factor = after ? multiples(recurrence_.result, recurrence_.next).factor
                              : multiples(recurrence_.carry, recurrence_.next).factor;
    const auto result = linear_scan(at_every_step(factor), at_every_step(term.value_or(zero_)), initial,
                                    {0, reverse, after, recurrence_.of_adjoints});
    lifting_.set(recurrence_.result, result, true);
    // The values of the cycle behind the result, what a step gets, and those before.
    record_nodes([&](NodeId id) { return id > recurrence_.result; });
    lifting_.set(recurrence_.carry, shift(initial, lifting_.at_every_step(recurrence_.next), 0, reverse),
                 true);
    record_nodes([](NodeId) { return true; });
  }

 private:
  /// factor * x + term; no term where nothing is added.
  struct Multiple {
    LiftedValue factor;
    std::optional<LiftedValue> term;
  };

  Tensor at_every_step(const LiftedValue& value) const {
    return value.lifted ? value.tensor : repeat_over_time(value.tensor, steps_);
  }

  template <class Condition>
  void record_nodes(const Condition& is_wanted) {
    for (auto id : cycle_.nodes())
      if (is_wanted(id) && !lifting_.has(id)) lifting_.node(id);
  }

  /// The node of other operands.
  LiftedValue node_of(NodeId id, const std::vector<LiftedValue>& operands) const {
    const auto& node = cycle_.tape().node(id);
    Lift all{*node.operation, {}, {}, node.attributes, steps_};
    for (const auto& [tensor, lifted] : operands) {
      all.operands.push_back(tensor);
      all.lifted.push_back(lifted);
    }
    const bool varies = std::find(all.lifted.begin(), all.lifted.end(), true) != all.lifted.end();
    return {varies ? lift(all) : record(*node.operation, all.operands, node.attributes), varies};
  }

  /// What `last` is of `first`, both of the cycle.
  Multiple multiples(NodeId first, NodeId last) const {
    std::unordered_map<NodeId, Multiple> known{{first, {one_, std::nullopt}}};
    for (auto id : cycle_.nodes())
      if (id != recurrence_.carry && id <= last && id != first && reads_only(id, known))
        known.emplace(id, multiple(id, known));
    return known.at(last);
  }

  bool reads_only(NodeId id, const std::unordered_map<NodeId, Multiple>& known) const {
    const auto inputs = cycle_.tape().inputs(id);
    return std::all_of(inputs.begin(), inputs.end(),
                       [&](NodeId input) { return !cycle_.has(input) || known.count(input) > 0; });
  }

  Multiple multiple(NodeId id, const std::unordered_map<NodeId, Multiple>& known) const {
    const auto inputs = cycle_.tape().inputs(id);
    const auto reading = *cycle_.reading(id);
    std::vector<LiftedValue> factors, terms;
    bool has_term = reading.adds;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (cycle_.has(inputs[i])) {
        const auto& of = known.at(inputs[i]);
        has_term = has_term || of.term.has_value();
        factors.push_back(of.factor);
        terms.push_back(of.term.value_or(zero_));
      } else {
        const auto& value = lifting_[inputs[i]];
        factors.push_back(holds(reading.linear, i) ? zero_ : value);
        terms.push_back(value);
      }
    }
    Multiple result{node_of(id, factors), std::nullopt};
    if (has_term) result.term = node_of(id, terms);
    return result;
  }

  const Cycle cycle_;
  const Recurrence& recurrence_;
  const std::int64_t steps_;
  Lifting& lifting_;
  const TensorType type_;
  const LiftedValue one_, zero_;
};

}  // namespace

std::optional<Recurrence> linear_recurrence(const Body& body, const std::vector<NodeId>& next,
                                            Span<const NodeId> component) {
  return Finding(body, next, component).run();
}

void record_scan(const Body& body, Span<const NodeId> component, const Recurrence& recurrence,
                 const Tensor& initial, bool reverse, std::int64_t steps, Lifting& lifting) {
  Scanning(body, component, recurrence, steps, lifting).run(initial, reverse);
}

}  // namespace reel::passes
