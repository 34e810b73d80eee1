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

bool close(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  double largest = 1;
  for (std::int64_t i = 0; i < b.size(); ++i) largest = std::max(largest, std::abs(b.at(i)));
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a.at(i) - b.at(i)) <= 1e-12 * largest)) return false;
  return true;
}

Tensors floating(const Tensors& tensors) {
  Tensors found;
  for (const auto& tensor : tensors)
    if (is_floating(tensor.element())) found.push_back(tensor);
  return found;
}

class Checker {
 public:
  Checker(const Operation& operation, bool exact_derivative)
      : operation_(operation), exact_derivative_(exact_derivative) {}

  std::vector<std::string> run() {
    if (!operation_.samples) return {"[" + operation_.name + "] has no samples to test it on"};
    for (const auto& sample : operation_.samples()) {
      sample_ = &sample;
      attempt("values", [&] { check_values(); });
      attempt("derivative", [&] { check_derivative(); });
      attempt("second derivative", [&] { check_second_derivative(); });
      for (std::size_t varying = 1; varying < (std::size_t{1} << sample.operands.size()); ++varying) {
        std::vector<bool> lifted;
        for (std::size_t i = 0; i < sample.operands.size(); ++i) lifted.push_back(varying >> i & 1);
        attempt("time rule", [&] { check_time_rule(lifted); });
        attempt("unroll", [&] { check_unroll(lifted); });
      }
    }
    return failures_;
  }

 private:
  void fail(const std::string& what) {
    std::string text = "[" + operation_.name + "] " + what + "; operands:";
    for (const auto& operand : sample_->operands) text += " " + to_string(operand.type);
    const auto attributes = to_string(sample_->attributes);
    failures_.push_back(attributes.empty() ? text : text + "; " + attributes);
  }

  void attempt(const char* what, const std::function<void()>& check) {
    try {
      check();
    } catch (const std::exception& error) {
      fail(std::string(what) + ": " + error.what());
    }
  }

  Tensor apply(const Tensors& operands) const { return record(operation_, operands, sample_->attributes); }

  void check_values() {
    const auto values = sample_values(*sample_, 1);
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& value : values) arguments.push_back(tape.argument(value.type()));
    const auto y = apply(arguments);
    auto program = compile(tape, {y});
    const auto first = program.run(values), second = program.run(values);
    if (first[0].type() != y.type()) fail("the result is " + to_string(first[0].type()));
    if (first[0] != second[0]) fail("the same values give different results");
  }

  /// Whether the result of the sample has a derivative by one of its operands.
  bool is_differentiable() const {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& operand : sample_->operands) arguments.push_back(tape.argument(operand.type));
    return is_floating(apply(arguments).element()) && !floating(arguments).empty();
  }

  void check_derivative() {
    if (!is_differentiable()) return;
    const auto values = sample_values(*sample_, 2);
    // What is an identity in value may cut the derivative on purpose.
    const bool cuts = operation_.derivative.zero && operation_.algebra.identity;
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
        if (operation_.derivative.zero && gradient.at(i) != 0) return fail("the derivative is not zero");
  }

  void check_second_derivative() {
    if (!is_differentiable() || operation_.derivative.zero || !exact_derivative_) return;
    const auto norm = [&](const Tensors& inputs) {
      Tensor total = 0;
      // The square: a linear operation too gets a second derivative.
      for (const auto& gradient : gradients(sum(square(apply(inputs))), floating(inputs)))
        total = total + sum(square(gradient));
      return total;
    };
    const auto check = check_gradients(norm, sample_values(*sample_, 3));
    if (!check.passes()) fail("second derivative: " + to_string(check));
  }

  /// Values of the result at every step, and the gradients of its sum of squares, in two ways: must agree.
  using AllSteps = std::function<Tensor(const Tensors&)>;
  void compare(const std::string& what, const std::vector<bool>& lifted, const AllSteps& f,
               const AllSteps& g) {
    Sample sample = *sample_;
    for (std::size_t i = 0; i < lifted.size(); ++i)
      if (lifted[i]) sample.operands[i] = over_time(sample.operands[i], steps);
    const auto values = sample_values(sample, 4);
    std::vector<std::vector<Array>> results;
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
      results.push_back(compile(tape, outputs).run(values));
    }
    for (std::size_t i = 0; i < results[0].size(); ++i)
      if (!close(results[0][i], results[1][i])) {
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
          return lift({operation_, operands, lifted, sample_->attributes, steps});
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
    for (const auto& operand : sample_->operands) arguments.push_back(tape.argument(operand.type));
    if (apply(arguments).element() != ElementType::boolean)
      compare("sum over the steps", lifted, unrolled(false, true), unrolled(true, true));
  }

  static constexpr std::int64_t steps = 3;
  const Operation& operation_;
  const bool exact_derivative_;
  const Sample* sample_ = nullptr;
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<Array> sample_values(const Sample& sample, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Array> values;
  for (const auto& operand : sample.operands) values.push_back(random_values(operand, random));
  return values;
}

std::vector<std::string> check_operation(const Operation& operation, bool exact_derivative) {
  return Checker(operation, exact_derivative).run();
}

}  // namespace reel
