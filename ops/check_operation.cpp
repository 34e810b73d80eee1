#include <reel/check_gradients.h>
#include <reel/check_operation.h>
#include <reel/gradients.h>
#include <reel/lift.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/unroll_flat.h>

#include <cmath>
#include <random>
#include <set>

#include "checks.h"

namespace reel {

namespace {

Array random_values(const Sample::Operand& operand, std::mt19937_64& random) {
  Array values(operand.type.shape, ElementType::float64);
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    const double value = operand.low + (operand.high - operand.low) * unit;
    values.data<double>()[i] = is_floating(operand.type.element) ? value : std::floor(value);
  }
  return values.cast(operand.type.element);
}

/// The same operand at `steps` steps, each with values of its own.
Sample::Operand over_time(Sample::Operand operand, std::int64_t steps) {
  operand.type.shape = operand.type.shape.with_axis(0, steps);
  return operand;
}

Tensors floating(const Tensors& tensors) {
  Tensors found;
  for (const auto& tensor : tensors)
    if (is_floating(tensor.element())) found.push_back(tensor);
  return found;
}

/// The sample with each other element type in place of one of its own, as far as the operation takes them.
std::vector<Sample> with_other_elements(const Operation& operation, const Sample& sample) {
  std::set<ElementType> own;
  for (const auto& operand : sample.operands) own.insert(operand.type.element);
  std::vector<Sample> samples;
  for (auto from : own)
    for (auto to : all_element_types) {
      auto other = sample;
      for (auto& operand : other.operands)
        if (operand.type.element == from) operand.type.element = to;
      if (to != from && checks::is_accepted(operation, other)) samples.push_back(other);
    }
  return samples;
}

/// Whether the kernel is a function and the operation what it says of itself. Where it is not, programs would
/// rest on what is wrong, and are not tried.
bool holds_as_declared(const checks::Subject& subject) {
  const auto before = subject.failure_count();
  subject.attempt("values", [&] {
    const auto values = subject.values(1);
    if (subject.call(values) != subject.call(values)) subject.fail("the same values give different results");
  });
  check_kind(subject);
  check_algebra(subject);
  return subject.failure_count() == before;
}

/// What is tried of an operation on one sample.
class Checker : private checks::Subject {
 public:
  Checker(const Operation& operation, const Sample& sample, bool exact_derivative,
          std::vector<std::string>& failures)
      : Subject(operation, sample, failures), exact_derivative_(exact_derivative) {}

  void run() {
    if (!holds_as_declared(*this)) return;
    check_forms(*this);
    attempt("derivative", [&] { check_derivative(); });
    attempt("second derivative", [&] { check_second_derivative(); });
    for (std::size_t varying = 1; varying < (std::size_t{1} << sample.operands.size()); ++varying) {
      std::vector<bool> lifted;
      for (std::size_t i = 0; i < sample.operands.size(); ++i) lifted.push_back(varying >> i & 1);
      attempt("time rule", [&] { check_time_rule(lifted); });
      attempt("unroll", [&] { check_unroll(lifted); });
    }
  }

 private:
  /// Whether the result of the sample has a derivative by one of its operands.
  bool is_differentiable() const {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& operand : sample.operands) arguments.push_back(tape.argument(operand.type));
    return is_floating(apply(arguments).element()) && !floating(arguments).empty();
  }

  void check_derivative() {
    if (!is_differentiable()) return;
    const auto values = this->values(2);
    // What is an identity in value may cut the derivative on purpose.
    const bool cuts = operation.derivative.zero && operation.algebra.identity;
    if (cuts || !exact_derivative_) return run_gradients(values);
    const auto check = check_gradients([&](const Tensors& inputs) { return apply(inputs); }, values);
    if (!check.passes()) fail("derivative: " + to_string(check));
  }

  /// Gradients of the sum of squares, which must be zero where the operation says so.
  void run_gradients(const std::vector<Array>& values) {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& value : values) arguments.push_back(tape.argument(value.type()));
    auto program = compile(tape, gradients(sum(square(apply(arguments))), floating(arguments)));
    for (const auto& gradient : program.run(values))
      for (std::int64_t i = 0; i < gradient.size(); ++i)
        if (operation.derivative.zero && gradient.at(i) != 0) return fail("the derivative is not zero");
  }

  void check_second_derivative() {
    if (!is_differentiable() || operation.derivative.zero || !exact_derivative_) return;
    const auto norm = [&](const Tensors& inputs) {
      Tensor total = 0;
      // The square: a linear operation too gets a second derivative.
      for (const auto& gradient : gradients(sum(square(apply(inputs))), floating(inputs)))
        total = total + sum(square(gradient));
      return total;
    };
    const auto check = check_gradients(norm, values(3));
    if (!check.passes()) fail("second derivative: " + to_string(check));
  }

  /// Values of the result at every step, and the gradients of its sum of squares, in two ways: must agree.
  using AllSteps = std::function<Tensor(const Tensors&)>;
  void compare(const std::string& what, const std::vector<bool>& lifted, const AllSteps& f,
               const AllSteps& g) {
    Sample all = sample;
    for (std::size_t i = 0; i < lifted.size(); ++i)
      if (lifted[i]) all.operands[i] = over_time(all.operands[i], steps);
    const auto values = sample_values(all, 4);
    std::vector<std::vector<Array>> results;
    CompileOptions plain;
    AsRecorded(plain);
    for (const auto* way : {&f, &g}) {
      Tape tape(ElementType::float64);
      Recording recording(tape);
      Tensors arguments;
      for (const auto& value : values) arguments.push_back(tape.argument(value.type()));
      const auto y = (*way)(arguments);
      Tensors outputs{y};
      const auto xs = floating(arguments);
      if (is_floating(y.element()) && !xs.empty())
        for (const auto& gradient : gradients(sum(square(y)), xs)) outputs.push_back(gradient);
      results.push_back(way == &f ? compile(tape, outputs).run(values)
                                  : compile(tape, outputs, Device::reference(), plain).run(values));
    }
    for (std::size_t i = 0; i < results[0].size(); ++i)
      if (!checks::close(results[0][i], results[1][i])) {
        std::string varying;
        for (bool varies : lifted) varying += varies ? " varies" : " constant";
        return fail(what + ", operands" + varying + ": " + (i ? "gradient " : "value ") +
                    to_string(results[0][i]) + ", step by step " + to_string(results[1][i]));
      }
  }

  Tensors at_step(const Tensors& operands, const std::vector<bool>& lifted, std::int64_t step) const {
    auto now = operands;
    for (std::size_t i = 0; i < now.size(); ++i)
      if (lifted[i]) now[i] = index(now[i], 0, step);
    return now;
  }

  void check_time_rule(const std::vector<bool>& lifted) {
    compare(
        "time rule", lifted,
        [&](const Tensors& operands) {
          return lift({operation, operands, lifted, sample.attributes, steps});
        },
        [&](const Tensors& operands) {
          Tensors results;
          for (std::int64_t step = 0; step < steps; ++step)
            results.push_back(apply(at_step(operands, lifted, step)));
          return stack(results);
        });
  }

  /// As the step of an unroll, against steps one by one: all results, and where they are numbers their sum.
  void check_unroll(const std::vector<bool>& lifted) {
    const auto unrolled = [&](bool expanded, bool summed) {
      return [&, expanded, summed](const Tensors& operands) {
        Tensors sequences;
        for (std::size_t i = 0; i < operands.size(); ++i)
          if (lifted[i]) sequences.push_back(operands[i]);
        UnrollOptions options;
        options.expanded = expanded;
        Tensor result;
        const auto cell = [&](const Tensors& x, const Tensors&) -> FlatStep {
          auto now = operands;
          std::size_t next = 0;
          for (std::size_t i = 0; i < now.size(); ++i)
            if (lifted[i]) now[i] = x[next++];
          return {{result = apply(now)}, {}};
        };
        const auto unroll = unroll_flat(steps, sequences, {}, cell, options);
        if (!summed) return unroll.outputs[0];
        return expanded ? sum(unroll.outputs[0], {0}) : unroll.node.summed(result);
      };
    };
    compare("unroll", lifted, unrolled(false, false), unrolled(true, false));
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& operand : sample.operands) arguments.push_back(tape.argument(operand.type));
    if (apply(arguments).element() != ElementType::boolean)
      compare("sum over the steps", lifted, unrolled(false, true), unrolled(true, true));
  }

  static constexpr std::int64_t steps = 3;
  const bool exact_derivative_;
};

}  // namespace

std::vector<Array> sample_values(const Sample& sample, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Array> values;
  for (const auto& operand : sample.operands) values.push_back(random_values(operand, random));
  return values;
}

std::vector<std::string> check_operation(const Operation& operation, bool exact_derivative) {
  if (!operation.samples) return {"[" + operation.name + "] has no samples to test it on"};
  const auto samples = operation.samples();
  if (samples.empty()) return {"[" + operation.name + "] has no samples to test it on"};
  std::vector<std::string> failures;
  for (const auto& sample : samples) {
    Checker(operation, sample, exact_derivative, failures).run();
    for (const auto& other : with_other_elements(operation, sample)) {
      const checks::Subject subject(operation, other, failures);
      if (holds_as_declared(subject)) check_elements(subject);
    }
  }
  return failures;
}

}  // namespace reel
