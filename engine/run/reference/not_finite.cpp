#include "run/reference/not_finite.h"

#include <reel/element_index.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <cstring>

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
  /// What is said of it: the operation that gives the value, or what was handed in and holds it.
  std::string text;
  bool is_handed_in = false;
  bool is_literal = false;
  double value = 0;  // of the first such element
  /// What was handed in as an infinity and has become NaN here.
  Number meant = 0;

  /// An infinity that was handed in or is a literal.
  bool is_meant() const { return std::isinf(value) && (is_handed_in || is_literal); }
};

/// The first causes of what arrives at an operation, by what they have become.
struct Arriving {
  Number nan = 0, infinity = 0, meant = 0;

  static void keep_first(Number& first, Number other) {
    if (other > 0 && (first == 0 || other < first)) first = other;
  }
};

bool is_traced(const Value& value) { return is_floating(value.type->element); }

/// A run that follows where values come from that are not finite. Beside each value lies another one of the
/// same type with the numbers of causes, so that what moves elements can be run on them. They are read only
/// where a value is not finite, so that nobody has to clear them.
class Tracing : public Interpreter {
 public:
  using Interpreter::Interpreter;

  /// Takes in what a run leaves here.
  void look_at(const Value& result) {
    if (!is_traced(result)) return;
    for (std::int64_t i = 0; i < result.type->shape.size(); ++i)
      if (const double value = element(result.view(), i); !std::isfinite(value)) {
        auto cause = number(element(result.view_of_causes(), i));
        if (cause == 0) cause = add_handed_in("a result", value, *result.type, i);
        Arriving::keep_first(causes_[cause - 1].is_meant() ? first_meant_ : first_, cause);
      }
  }

  std::string explanation() const {
    const auto& cause = causes_[(first_ > 0 ? first_ : first_meant_) - 1];
    const auto text = (cause.is_handed_in ? "[check_finite] " : "") + cause.text;
    if (cause.meant == 0 || !causes_[cause.meant - 1].is_handed_in) return text;
    return text + "; " + causes_[cause.meant - 1].text;
  }

 private:
  std::shared_ptr<Block> make(const TensorType& type) override {
    auto block = Interpreter::make(type);
    block->causes = std::make_unique<Elements>(type.bytes());
    std::memset(block->causes->get(), 0, type.bytes());
    return block;
  }

  Value handed_in(const std::string& name, const TensorType& type, const void* elements) override {
    const auto block = make(type);
    std::memcpy(block->elements.get(), elements, type.bytes());
    with_floating(type.element, [&](auto zero) {
      number_what_was_handed_in(name, {elements, &type},
                                reinterpret_cast<decltype(zero)*>(block->causes->get()));
    });
    return Value(block);
  }

  template <class T>
  void number_what_was_handed_in(const std::string& name, const ConstView& values, T* numbers) {
    Number nan = 0, infinity = 0;
    for (std::int64_t i = 0; i < values.shape().size(); ++i) {
      const double value = element(values, i);
      if (std::isfinite(value)) continue;
      auto& cause = std::isnan(value) ? nan : infinity;
      if (cause == 0) cause = add_handed_in(name, value, *values.type, i);
      numbers[i] = static_cast<T>(cause);
    }
  }

  void compute(const Call& call, Block* output) override {
    if (!output) return;  // An effect has been seen already.
    Interpreter::compute(call, output);
    const ConstView values{output->elements.get(), &output->type};
    if (first_not_finite(values) < 0) return;
    if (call.operation.kind == Kind::index_map)
      move(call, *output);
    else
      with_floating(output->type.element, [&](auto zero) {
        spread(call, values, reinterpret_cast<decltype(zero)*>(output->causes->get()));
      });
  }

  /// What moves elements moves the numbers of their causes alike.
  static void move(const Call& call, Block& output) {
    std::vector<ConstView> views;
    for (const auto& input : call.inputs)
      views.push_back(is_traced(input) ? input.view_of_causes() : input.view());
    call.operation.kernels.reference(
        {{views.data(), views.size()}, {output.causes->get(), &output.type}, call.attributes, call.steps});
  }

  template <class T>
  void spread(const Call& call, const ConstView& values, T* causes) {
    const auto has_all = [&](const Value& input) { return input.type->shape == values.shape(); };
    const bool is_map =
        call.operation.kind == Kind::map && std::all_of(call.inputs.begin(), call.inputs.end(), has_all);
    Arriving anywhere;
    if (!is_map)
      for (const auto& input : call.inputs)
        for (std::int64_t i = 0; i < input.type->shape.size(); ++i) arrive(anywhere, input, i);
    Number own = 0;
    for (std::int64_t i = 0; i < values.shape().size(); ++i) {
      const double value = element(values, i);
      if (std::isfinite(value)) continue;
      const auto arriving = is_map ? arriving_at(call, i) : anywhere;
      const auto cause = passed_on(value, arriving);
      if (cause == 0 && own == 0)
        own = add({describe(call, "gives " + element_text(value, *values.type, i)), false,
                   call.operation.kind == Kind::leaf, value, arriving.meant});
      causes[i] = static_cast<T>(cause > 0 ? cause : own);
    }
  }

  /// What arrives at an element of a map: of a select the branch that is taken.
  Arriving arriving_at(const Call& call, std::int64_t i) const {
    Arriving arriving;
    if (&call.operation == &select_operation()) {
      arrive(arriving, call.inputs[call.inputs[0].view().as<bool>()[i] ? 1 : 2], i);
    } else {
      for (const auto& input : call.inputs) arrive(arriving, input, i);
    }
    return arriving;
  }

  void arrive(Arriving& arriving, const Value& operand, std::int64_t i) const {
    if (!is_traced(operand)) return;
    const double value = element(operand.view(), i);
    if (std::isfinite(value)) return;
    const auto cause = number(element(operand.view_of_causes(), i));
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

  Number add_handed_in(const std::string& name, double value, const TensorType& type, std::int64_t position) {
    return add({name + " holds " + element_text(value, type, position), true, false, value, 0});
  }

  std::vector<Cause> causes_;
  // Of what the run leaves; infinities that are meant are named only where there is nothing else.
  Number first_ = 0, first_meant_ = 0;
};

}  // namespace

bool gives_not_finite(const Interpreter& run) {
  bool found = false;
  run.for_each_result([&](const Value& result) { found = found || first_not_finite(result.view()) >= 0; });
  return found;
}

void explain_not_finite(const Program& program, const std::vector<const Array*>& arguments,
                        Interpreter::RunNumbers& numbers) {
  Tracing tracing(program, arguments, numbers);
  tracing.run();
  tracing.for_each_result([&](const Value& result) { tracing.look_at(result); });
  throw RunError(tracing.explanation());
}

}  // namespace reel::reference
