#include <reel/check_gradients.h>
#include <reel/gradients.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <sstream>

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

std::vector<std::int64_t> index_of(std::int64_t position, const Shape& shape) {
  std::vector<std::int64_t> index(shape.rank());
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return index;
}

/// The derivative of `value` by `x`: central differences at h and h/2, combined so that the error of order
/// h^2 cancels (Richardson extrapolation).
template <class F>
double difference(double& x, F&& value) {
  const double at = x, h = 1e-3 * std::max(1.0, std::abs(at));
  // Put back also where the value throws: x may be a parameter of a model.
  struct Restore {
    double &x, value;
    ~Restore() { x = value; }
  } const restore{x, at};
  const auto slope = [&](double step) {
    x = at + step;
    const double up = value();
    x = at - step;
    const double down = value();
    return (up - down) / (2 * step);
  };
  return (4 * slope(h / 2) - slope(h)) / 3;
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
    subjects.push_back({parameter.name(), parameter.variable()->value.data<double>(), parameter.shape()});
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
  const auto value = [&] {
    for (const auto& parameter : parameters) ++parameter.variable()->version;  // one was written
    const auto result = forward.run(values);
    double total = 0;
    for (std::int64_t i = 0; i < weighted.size(); ++i)
      total += weighted.data<double>()[i] * result[0].data<double>()[i];
    return total;
  };

  GradientCheck report;
  for (std::size_t s = 0; s < subjects.size(); ++s)
    for (std::int64_t i = 0; i < subjects[s].shape.size(); ++i) {
      const double exact = analytic[s].data<double>()[i],
                   measured = difference(subjects[s].elements[i], value);
      const double error = std::abs(exact - measured);
      report.largest_gradient = std::max(report.largest_gradient, std::abs(exact));
      // Not "error > worst": a NaN must count as the worst.
      if (report.worst_input.empty() || !(error <= report.worst_error)) {
        report.worst_error = error;
        report.worst_input = subjects[s].name;
        report.worst_element = index_of(i, subjects[s].shape);
        report.analytic = exact;
        report.numeric = measured;
        if (std::isnan(error)) return report;
      }
    }
  return report;
}

}  // namespace

bool GradientCheck::passes(double tolerance) const {
  return worst_error <= tolerance * std::max(largest_gradient, 1e-3);
}

std::string to_string(const GradientCheck& check) {
  std::ostringstream text;
  text << "worst error " << check.worst_error << " at " << check.worst_input << "[";
  for (std::size_t i = 0; i < check.worst_element.size(); ++i)
    text << (i ? ", " : "") << check.worst_element[i];
  text << "]: analytic " << check.analytic << ", numeric " << check.numeric << "; largest gradient "
       << check.largest_gradient;
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
