#include <reel/check_gradients.h>
#include <reel/element_index.h>
#include <reel/gradients.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "checks/differences.h"

namespace reel {

namespace {

/// One tensor to differentiate with respect to: where its elements stand.
struct Subject {
  std::string name;
  double* elements;
  Shape shape;
};

/// Weights of the result's elements: in [0.5, 1.5), irregular, so that errors do not cancel in the sum.
Array weights(const Shape& shape) {
  Array result(shape, ElementType::float64);
  constexpr double golden_ratio = 0.6180339887498949;
  for (std::int64_t i = 0; i < shape.size(); ++i)
    result.data<double>()[i] = 0.5 + std::fmod(golden_ratio * static_cast<double>(i + 1), 1.0);
  return result;
}

/// Enters the comparison of one element into the report.
void note(GradientCheck& report, const Subject& subject, std::int64_t i, double exact,
          const Comparison& comparison) {
  const auto element = element_index(i, subject.shape);
  if (!comparison.settles && !std::isnan(exact)) {
    if (report.unsettled++ > 0) return;
    report.unsettled_input = subject.name;
    report.unsettled_element = element;
    return;
  }
  if (const double size = std::abs(exact); std::isfinite(size))
    report.largest_gradient = std::max(report.largest_gradient, size);
  const double error = std::abs(exact - comparison.measured);
  // Not "error <= worst": a NaN must count as the worst, and the first one stays it.
  if (report.compared++ > 0 && (std::isnan(report.worst_error) || error <= report.worst_error)) return;
  report.worst_error = error;
  report.worst_input = subject.name;
  report.worst_element = element;
  report.analytic = exact;
  report.numeric = comparison.measured;
}

/// The largest of the finite ones.
double largest_of(const std::vector<Array>& gradients) {
  double largest = 0;
  for (const auto& gradient : gradients)
    for (std::int64_t i = 0; i < gradient.size(); ++i)
      if (const double size = std::abs(gradient.at(i)); std::isfinite(size))
        largest = std::max(largest, size);
  return largest;
}

/// Smaller gradients are measured against this one.
constexpr double least_gradient = 1e-3;

/// Compares all elements of the `analytic` gradients, which are of the size of `scale`, up to a NaN.
GradientCheck compare(const std::vector<Subject>& subjects, const std::vector<Array>& analytic, double scale,
                      const std::function<double()>& value) {
  GradientCheck report;
  for (std::size_t s = 0; s < subjects.size(); ++s)
    for (std::int64_t i = 0; i < subjects[s].shape.size(); ++i) {
      const double exact = analytic[s].data<double>()[i];
      note(report, subjects[s], i, exact,
           compare_with_differences(exact, scale, subjects[s].elements[i], value));
      if (std::isnan(exact)) return report;
    }
  return report;
}

GradientCheck check(const std::function<Tensor(const Tensors&)>& f, const std::vector<Array>& inputs,
                    const std::vector<Parameter>& parameters, const Device& device) {
  auto values = inputs;
  std::vector<Subject> subjects;
  Tape tape(ElementType::float64);
  Tensors arguments, xs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& type = values[i].type();
    if (type.element == ElementType::float32)
      throw Error("[check_gradients] input " + std::to_string(i) + " is float32; differences need float64");
    arguments.push_back(tape.argument(type));
    if (type.element != ElementType::float64) continue;
    subjects.push_back({"input " + std::to_string(i), values[i].data<double>(), type.shape});
    xs.push_back(arguments.back());
  }
  for (const auto& parameter : parameters) {
    if (parameter.value().element() != ElementType::float64)
      throw Error("[check_gradients] parameter " + parameter.name() +
                  " is float32; differences need a float64 model");
    subjects.push_back({parameter.name(), parameter.variable()->write().data<double>(), parameter.shape()});
    xs.push_back(parameter);
  }
  Recording recording(tape);
  const auto y = bring(tape, f(arguments), "check_gradients");
  const auto weight = bring(tape, constant(weights(y.shape())), "check_gradients");
  for (auto root : tape.roots())
    if (tape.node(root).operation->kind == Kind::update)
      throw Error(
          "[check_gradients] the function updates a parameter, which would change from value to value");
  if (subjects.empty()) throw Error("[check_gradients] there is no float64 input or parameter to check");
  auto derivative = compile(tape, gradients(y, xs, weight), device);
  auto forward = compile(tape, {y}, device);
  const auto analytic = derivative.run(values);
  const auto weighted = weights(y.shape());
  const auto count_writes = [&] {
    for (const auto& parameter : parameters) parameter.variable()->write();
  };
  // The last element is put back when all is compared, or where a value throws.
  struct AtTheEnd {
    const std::function<void()> count_writes;
    ~AtTheEnd() { count_writes(); }
  } const at_the_end{count_writes};
  const auto value = [&] {
    count_writes();  // of one element
    const auto result = forward.run(values);
    double total = 0;
    for (std::int64_t i = 0; i < weighted.size(); ++i)
      total += weighted.data<double>()[i] * result[0].data<double>()[i];
    return total;
  };

  double scale = std::max(largest_of(analytic), least_gradient);
  for (;;) {
    const auto report = compare(subjects, analytic, scale, value);
    const double largest_compared = std::max(report.largest_gradient, least_gradient);
    if (std::isnan(report.worst_error) || largest_compared >= scale) return report;
    // What could not be compared must not excuse the others: once more, against the largest that was.
    scale = largest_compared;
  }
}

std::string place(const std::string& input, const std::vector<std::int64_t>& element) {
  return input + to_string(Shape(element));
}

}  // namespace

bool GradientCheck::passes(double tolerance) const {
  const bool compared_any = compared > 0 || unsettled == 0;
  return compared_any && worst_error <= tolerance * std::max(largest_gradient, least_gradient);
}

std::string to_string(const GradientCheck& check) {
  if (check.compared == 0 && check.unsettled == 0) return "there was no element to compare";
  std::ostringstream text;
  if (check.compared > 0)
    text << "worst error " << check.worst_error << " at " << place(check.worst_input, check.worst_element)
         << ": analytic " << check.analytic << ", numeric " << check.numeric << "; largest gradient "
         << check.largest_gradient;
  if (check.unsettled > 0)
    text << (check.compared > 0 ? "; " : "") << "the differences do not settle at "
         << place(check.unsettled_input, check.unsettled_element)
         << (check.unsettled > 1 ? " and " + std::to_string(check.unsettled - 1) + " other elements" : "")
         << ", where nothing was compared: a kink or a jump nearby, or rounding";
  return text.str();
}

GradientCheck check_gradients(const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs) {
  return check(f, inputs, {}, Device::cpu());
}

GradientCheck check_gradients(Model& model, const std::function<Tensor(const Tensors&)>& f,
                              const std::vector<Array>& inputs) {
  return check(f, inputs, model.parameters(), model.device());
}

}  // namespace reel
