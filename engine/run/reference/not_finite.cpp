#include "run/reference/not_finite.h"

#include <reel/element_index.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "run/reference/reference_run.h"
#include "run/runner.h"

namespace reel::reference {

namespace {

/// Calls `f` with a C++ zero of the element type where it is floating.
template <class F>
void with_floating(ElementType element, F&& f) {
  if (element == ElementType::float32) f(float{});
  if (element == ElementType::float64) f(double{});
}

/// Position of the first NaN or infinity among the elements, or -1.
std::int64_t first_not_finite(const ConstView& values) {
  std::int64_t position = -1;
  with_floating(values.type->element, [&](auto zero) {
    const auto* begin = values.as<decltype(zero)>();
    const auto* end = begin + values.shape().size();
    const auto* found = std::find_if(begin, end, [](auto x) { return !std::isfinite(x); });
    if (found != end) position = found - begin;
  });
  return position;
}

/// An element of a floating operand.
double element(const ConstView& values, std::int64_t i) {
  return values.type->element == ElementType::float32 ? values.as<float>()[i] : values.as<double>()[i];
}

/// "nan at [1, 0] of float32[2, 3]"
std::string element_text(double value, const TensorType& type, std::int64_t position) {
  const std::string name = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  return name + " at " + to_string(Shape(element_index(position, type.shape))) + " of " + to_string(type);
}

/// Number of a cause, from 1 on in the order of execution; 0 for none.
using Number = std::size_t;

/// Why values are not finite.
struct Cause {
  const Instruction* instruction;  // null where the value was handed in
  std::string name;                // of what was handed in: "argument 0"
  std::vector<std::int64_t> steps;
  // The first such element.
  const TensorType* type;
  double value;
  std::int64_t position;
  /// What was handed in as an infinity and has become NaN here.
  Number meant = 0;

  /// An infinity that was handed in or is a literal.
  bool is_meant() const {
    return std::isinf(value) && (!instruction || instruction->operation->kind == Kind::leaf);
  }
};

/// An operand, and a view of as many elements that hold the numbers of the causes where it is not finite.
struct Traced {
  ConstView values, causes;

  bool is_floating() const { return reel::is_floating(values.type->element); }
};

/// The first causes of what arrives at an operation, by what they have become.
struct Arriving {
  Number nan = 0, infinity = 0, meant = 0;

  static void keep_first(Number& first, Number other) {
    if (other > 0 && (first == 0 || other < first)) first = other;
  }
};

/// A run that follows where values come from that are not finite. Beside all memory of the run lies as much
/// again for the numbers of causes, in the same element type, so that what moves elements can be run on them.
/// They are read only where a value is not finite, so that nobody has to clear them.
class Tracing : public Run {
 public:
  explicit Tracing(Plan& plan) : Run(plan) {
    for (std::size_t i = 0; i < plan.bases.size(); ++i) beside_.push_back(beside(static_cast<int>(i)));
  }

  /// Takes in what a run leaves here.
  void look_at(const Operand& operand) {
    const auto traced = trace(operand);
    if (!traced.is_floating()) return;
    for (std::int64_t i = 0; i < operand.type->shape.size(); ++i)
      if (const double value = element(traced.values, i); !std::isfinite(value)) {
        auto cause = number(element(traced.causes, i));
        if (cause == 0) cause = add({nullptr, "a result", {}, operand.type, value, i});
        Arriving::keep_first(causes_[cause - 1].is_meant() ? first_meant_ : first_, cause);
      }
  }

  std::string explanation() const {
    const auto& cause = causes_[(first_ > 0 ? first_ : first_meant_) - 1];
    const auto text = describe(cause);
    if (cause.meant == 0 || causes_[cause.meant - 1].instruction) return text;
    return text + "; " + holds(causes_[cause.meant - 1]);
  }

 private:
  void call(const Instruction& instruction, Span<const Operand> operands, const KernelCall& call) override {
    if (!instruction.operation->has_value()) return;  // An effect has been seen already.
    std::vector<Traced> inputs;
    std::vector<Array> kept;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
      inputs.push_back(trace(operands[i]));
      if (call.inputs[i].data == call.output.data) keep(inputs.back(), kept);
    }
    Run::call(instruction, operands, call);
    const auto output = trace(operands[call.inputs.size()]);
    if (first_not_finite(output.values) < 0) return;
    if (instruction.operation->kind == Kind::index_map)
      move(instruction, inputs, output, call.steps);
    else
      with_floating(output.values.type->element,
                    [&](auto zero) { spread<decltype(zero)>(instruction, inputs, output, call.steps); });
  }

  void copy(const Operand& from, const Operand& to) override {
    const auto source = trace(from), target = trace(to);
    Run::copy(from, to);
    if (source.is_floating()) std::memcpy(writable(target.causes), source.causes.data, from.type->bytes());
  }

  /// The memory beside a base, with the cause of each element that was handed in.
  std::vector<std::byte> beside(int index) {
    const auto& base = plan_.bases[index];
    if (base.kind == plan::Base::Kind::arena) return std::vector<std::byte>(plan_.arena_bytes);
    const bool is_argument = base.kind == plan::Base::Kind::argument;
    const auto& type = is_argument     ? plan_.arguments[base.position].type
                       : base.variable ? base.variable->type()
                                       : base.constant->type();
    const auto name = is_argument     ? plan_.arguments[base.position].name
                      : base.variable ? "parameter " + base.variable->name()
                                      : std::string("a constant");
    std::vector<std::byte> numbers(type.bytes());
    with_floating(type.element, [&](auto zero) {
      number_what_was_handed_in(name, {plan_.addresses[index], &type},
                                reinterpret_cast<decltype(zero)*>(numbers.data()));
    });
    return numbers;
  }

  template <class T>
  void number_what_was_handed_in(const std::string& name, const ConstView& values, T* numbers) {
    Number nan = 0, infinity = 0;
    for (std::int64_t i = 0; i < values.shape().size(); ++i) {
      const double value = element(values, i);
      if (std::isfinite(value)) continue;
      auto& cause = std::isnan(value) ? nan : infinity;
      if (cause == 0) cause = add({nullptr, name, {}, values.type, value, i});
      numbers[i] = static_cast<T>(cause);
    }
  }

  Traced trace(const Operand& operand) {
    auto* values = address(operand);
    auto* causes = beside_[operand.base].data() + (values - plan_.addresses[operand.base]);
    return {{values, operand.type}, {causes, operand.type}};
  }

  static void* writable(const ConstView& view) { return const_cast<void*>(view.data); }

  /// Puts a copy in place of an operand that the result is about to be written over.
  static void keep(Traced& operand, std::vector<Array>& kept) {
    for (auto* view : {&operand.values, &operand.causes}) {
      Array copy(*view->type);
      std::memcpy(copy.raw(), view->data, view->type->bytes());
      view->data = copy.raw();
      kept.push_back(std::move(copy));
    }
  }

  /// What moves elements moves the numbers of their causes alike.
  void move(const Instruction& instruction, const std::vector<Traced>& inputs, const Traced& output,
            Span<const std::int64_t> steps) {
    std::vector<ConstView> views;
    for (const auto& input : inputs) views.push_back(input.is_floating() ? input.causes : input.values);
    instruction.operation->kernels.reference(
        {views, {writable(output.causes), output.causes.type}, instruction.attributes, steps});
  }

  template <class T>
  void spread(const Instruction& instruction, const std::vector<Traced>& inputs, const Traced& output,
              Span<const std::int64_t> steps) {
    const auto has_all = [&](const Traced& input) { return input.values.shape() == output.values.shape(); };
    const bool is_map =
        instruction.operation->kind == Kind::map && std::all_of(inputs.begin(), inputs.end(), has_all);
    Arriving anywhere;
    if (!is_map)
      for (const auto& input : inputs)
        for (std::int64_t i = 0; i < input.values.shape().size(); ++i) arrive(anywhere, input, i);
    Number own = 0;
    for (std::int64_t i = 0; i < output.values.shape().size(); ++i) {
      const double value = element(output.values, i);
      if (std::isfinite(value)) continue;
      const auto arriving = is_map ? arriving_at(instruction, inputs, i) : anywhere;
      auto cause = passed_on(value, arriving);
      if (cause == 0 && own == 0)
        own = add(
            {&instruction, "", {steps.begin(), steps.end()}, output.values.type, value, i, arriving.meant});
      static_cast<T*>(writable(output.causes))[i] = static_cast<T>(cause > 0 ? cause : own);
    }
  }

  /// What arrives at an element of a map: of a select the branch that is taken.
  Arriving arriving_at(const Instruction& instruction, const std::vector<Traced>& inputs,
                       std::int64_t i) const {
    Arriving arriving;
    if (instruction.operation == &select_operation()) {
      arrive(arriving, inputs[inputs[0].values.as<bool>()[i] ? 1 : 2], i);
    } else {
      for (const auto& input : inputs) arrive(arriving, input, i);
    }
    return arriving;
  }

  void arrive(Arriving& arriving, const Traced& operand, std::int64_t i) const {
    if (!operand.is_floating()) return;
    const double value = element(operand.values, i);
    if (std::isfinite(value)) return;
    const auto cause = number(element(operand.causes, i));
    if (cause == 0) return;
    const bool is_meant = causes_[cause - 1].is_meant();
    Arriving::keep_first(std::isnan(value) ? arriving.nan
                         : is_meant        ? arriving.meant
                                           : arriving.infinity,
                         cause);
  }

  /// The cause of a value that is not finite among those of the operands; 0 where it has come about here.
  static Number passed_on(double value, const Arriving& arriving) {
    if (std::isnan(value)) return arriving.nan > 0 ? arriving.nan : arriving.infinity;
    return arriving.infinity > 0 ? arriving.infinity : arriving.meant;
  }

  Number add(Cause cause) {
    // Beyond this a float cannot count them; those that come later are not told apart.
    constexpr std::size_t most = 1 << 24;
    if (causes_.size() < most) causes_.push_back(std::move(cause));
    return causes_.size();
  }

  /// As it was stored; an operation of the user's may call itself an index map and store anything.
  Number number(double stored) const {
    return stored >= 1 && stored <= static_cast<double>(causes_.size()) ? static_cast<Number>(stored) : 0;
  }

  static std::string holds(const Cause& cause) {
    return cause.name + " holds " + element_text(cause.value, *cause.type, cause.position);
  }

  std::string describe(const Cause& cause) const {
    if (!cause.instruction) return "[check_finite] " + holds(cause);
    return reference::describe(plan_, *cause.instruction,
                               "gives " + element_text(cause.value, *cause.type, cause.position),
                               cause.steps);
  }

  std::vector<std::vector<std::byte>> beside_;  // by base
  std::vector<Cause> causes_;
  // Of what the run leaves; infinities that are meant are named only where there is nothing else.
  Number first_ = 0, first_meant_ = 0;
};

/// Calls `f` with everything that a run leaves.
template <class F>
void for_each_result(const Plan& plan, F&& f) {
  for (const auto& output : plan.outputs) f(output);
  for (const auto& update : plan.updates) f(update.value);
}

}  // namespace

bool gives_not_finite(Plan& plan) {
  const Run run(plan);
  bool found = false;
  for_each_result(plan, [&](const Operand& result) {
    found = found || first_not_finite({run.address(result), result.type}) >= 0;
  });
  return found;
}

void explain_not_finite(Plan& plan) {
  Tracing tracing(plan);
  tracing.all();
  for_each_result(plan, [&](const Operand& result) { tracing.look_at(result); });
  throw RunError(tracing.explanation());
}

}  // namespace reel::reference
