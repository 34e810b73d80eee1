#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>

#include "checks.h"

namespace reel::checks {

namespace {

/// A program around the operation: what it is given, and what it makes of it.
struct Form {
  std::string name;
  std::vector<Array> arguments;
  std::function<Tensors(const Tensors&)> record;
};

std::vector<Array> run(const Form& form, const Device& device, bool improved) {
  Tape tape(ElementType::float64);
  const Recording recording(tape);
  Tensors arguments;
  for (const auto& argument : form.arguments) arguments.push_back(tape.argument(argument.type()));
  CompileOptions options;
  if (!improved) AsRecorded(options);
  return compile(tape, form.record(arguments), device, options).run(form.arguments);
}

/// Compares what the devices give with the plain program.
void compare(const Subject& subject, const Form& form) {
  static const auto reference = Device::reference(), cpu = Device::cpu(1);
  subject.attempt(form.name, [&] {
    const auto expected = run(form, reference, false);
    for (const auto& [device, improved] : {std::pair(reference, true), {cpu, true}, {cpu, false}}) {
      const auto results = run(form, device, improved);
      for (std::size_t i = 0; i < results.size(); ++i)
        if (!close(results[i], expected[i]))
          return subject.fail(form.name + ": on " + device.name() + (improved ? "" : ", AsRecorded,") +
                              " it gives " + to_string(results[i]) + ", on reference, AsRecorded, " +
                              to_string(expected[i]));
    }
  });
}

Form plain(const Subject& subject) {
  return {"the operation by itself", subject.values(9),
          [&](const Tensors& x) -> Tensors { return {subject.apply(x)}; }};
}

/// Operands that were other arrays before: `before` makes the argument that stands for an operand, `seen` the
/// operand of it.
Form seen(const Subject& subject, const std::string& name,
          const std::function<TensorType(const TensorType&)>& before,
          const std::function<Tensor(const Tensor&, const TensorType&)>& seen) {
  auto sample = subject.sample;
  for (auto& operand : sample.operands) operand.type = before(operand.type);
  std::vector<std::string> unused;
  return {name, Subject(subject.operation, sample, unused).values(9),
          [&subject, seen](const Tensors& x) -> Tensors {
            Tensors operands;
            for (std::size_t i = 0; i < x.size(); ++i)
              operands.push_back(seen(x[i], subject.sample.operands[i].type));
            return {subject.apply(operands)};
          }};
}

Form broadcast(const Subject& subject, const std::string& name,
               const std::function<bool(int, int)>& repeats) {
  return seen(
      subject, "operands broadcast along " + name,
      [=](TensorType type) {
        for (int axis = 0; axis < type.shape.rank(); ++axis)
          if (repeats(axis, type.shape.rank())) type.shape = type.shape.with_extent(axis, 1);
        return type;
      },
      [](const Tensor& x, const TensorType& type) { return broadcast_to(x, type.shape); });
}

Form transposed(const Subject& subject) {
  return seen(
      subject, "transposed operands",
      [](const TensorType& type) {
        auto extents = type.shape.extents();
        return TensorType{type.element, Shape(std::vector<std::int64_t>(extents.rbegin(), extents.rend()))};
      },
      [](const Tensor& x, const TensorType&) {
        Axes axes;
        for (int axis = x.rank() - 1; axis >= 0; --axis) axes.push_back(axis);
        return permute(x, axes);
      });
}

Form sliced(const Subject& subject) {
  return seen(
      subject, "sliced operands",
      [](TensorType type) {
        for (int axis = 0; axis < type.shape.rank(); ++axis)
          type.shape = type.shape.with_extent(axis, type.shape[axis] + 2);
        return type;
      },
      [](Tensor x, const TensorType& type) {
        for (int axis = 0; axis < x.rank(); ++axis) x = slice(x, axis, 1, 1 + type.shape[axis]);
        return x;
      });
}

/// A number within the range of an operand.
double same_value(const Sample::Operand& operand) {
  if (operand.type.element == ElementType::boolean) return 1;
  return is_floating(operand.type.element) ? 0.25 * operand.low + 0.75 * operand.high
                                           : std::ceil(operand.low);
}

/// Operands that are the same number everywhere, but for those that `varies` names.
Form uniform(const Subject& subject, const std::string& name, const std::function<bool(std::size_t)>& varies,
             const std::function<Tensor(const Tensor&)>& use) {
  return {name, subject.values(9), [&subject, varies, use](const Tensors& x) -> Tensors {
            auto operands = x;
            for (std::size_t i = 0; i < x.size(); ++i) {
              const auto& type = subject.sample.operands[i].type;
              if (!varies(i))
                operands[i] = full(type.shape, same_value(subject.sample.operands[i]), type.element);
            }
            return {use(subject.apply(operands))};
          }};
}

/// The parts of the result along its last axis, each used by itself.
Form parts(const Subject& subject) {
  return {"slices of the result", subject.values(9), [&](const Tensors& x) -> Tensors {
            const auto y = subject.apply(x);
            const int last = y.rank() - 1;
            if (last < 0 || y.extent(last) < 2) return {y};
            return {slice(y, last, 0, 1), slice(y, last, 1, y.extent(last))};
          }};
}

Tensor total(const Tensor& y) { return y.element() == ElementType::boolean ? y : sum(y); }
Tensor itself(const Tensor& y) { return y; }

void compare_all(const Subject& subject) {
  compare(subject, plain(subject));
  compare(subject, broadcast(subject, "all axes", [](int, int) { return true; }));
  compare(subject, broadcast(subject, "the first axis", [](int axis, int) { return axis == 0; }));
  compare(subject, broadcast(subject, "the last axis", [](int axis, int rank) { return axis == rank - 1; }));
  compare(subject, transposed(subject));
  compare(subject, sliced(subject));
  compare(subject, parts(subject));
  compare(subject,
          uniform(
              subject, "operands that are the same everywhere", [](std::size_t) { return false; }, itself));
  for (std::size_t k = 0; k < subject.sample.operands.size(); ++k)
    compare(subject,
            uniform(
                subject, "the sum of the result, where only operand " + std::to_string(k) + " varies",
                [k](std::size_t i) { return i == k; }, total));
}

/// Whether float32 results are those of float64, of the same numbers.
void check_precision(const Subject& subject) {
  auto narrow = subject.values(9), wide = narrow;
  for (auto& operand : wide)
    if (operand.element() == ElementType::float32) operand = operand.cast(ElementType::float64);
  const auto result = subject.call(narrow), exact = subject.call(wide);
  const auto as_narrow = [](const Array& x) {
    return is_floating(x.element()) ? x.cast(ElementType::float32) : x;
  };
  if (!close(as_narrow(result), as_narrow(exact)))
    subject.fail("in float32 it gives " + to_string(result) + ", in float64 " + to_string(exact));
}

}  // namespace

void check_forms(const Subject& subject) {
  compare_all(subject);
  if (const auto wide = subject.widened()) compare_all(*wide);
}

void check_elements(const Subject& subject) {
  compare(subject, plain(subject));
  compare(subject, broadcast(subject, "all axes", [](int, int) { return true; }));
  const auto& operands = subject.sample.operands;
  const auto is_narrow = [](const auto& operand) { return operand.type.element == ElementType::float32; };
  if (std::any_of(operands.begin(), operands.end(), is_narrow))
    subject.attempt("in float32", [&] { check_precision(subject); });
}

}  // namespace reel::checks
