#include "checks.h"

#include <reel/check_operation.h>
#include <reel/record.h>

#include <cmath>
#include <cstring>

namespace reel::checks {

std::vector<Array> Subject::values(std::uint64_t seed) const { return sample_values(sample, seed); }

std::optional<Subject> Subject::widened() const {
  if (operation.kind != Kind::map && operation.kind != Kind::scan) return std::nullopt;
  auto wide = sample;
  for (auto& operand : wide.operands) {
    auto& shape = operand.type.shape;
    if (shape.rank() == 0) shape = {1};
    for (int axis = 0; axis < shape.rank(); ++axis) shape = shape.with_extent(axis, shape[axis] + 2);
    // Longer than what a loop over vectors takes at a time.
    if (operation.kind == Kind::map)
      shape = shape.with_extent(shape.rank() - 1, shape[shape.rank() - 1] + 64);
  }
  if (!is_accepted(operation, wide)) return std::nullopt;
  return Subject(operation, wide, failures_);
}

Tensor Subject::apply(const Tensors& operands) const {
  return record(operation, operands, sample.attributes);
}

Array Subject::call(const std::vector<Array>& operands) const { return call(operands, sample.attributes); }

Array Subject::call(const std::vector<Array>& operands, const Attributes& attributes) const {
  std::vector<TensorType> types;
  for (const auto& operand : operands) types.push_back(operand.type());
  Array result(operation.infer(types, attributes));
  call_into(result, operands, attributes);
  return result;
}

void Subject::call_into(Array& result, const std::vector<Array>& operands,
                        const Attributes& attributes) const {
  std::vector<ConstView> views;
  for (const auto& operand : operands) views.push_back({operand.raw(), &operand.type()});
  operation.kernels.reference({views, {result.raw(), &result.type()}, attributes, {}});
}

void Subject::fail(const std::string& what) const {
  std::string text = "[" + operation.name + "] " + what + "; operands:";
  for (const auto& operand : sample.operands) text += " " + to_string(operand.type);
  const auto attributes = to_string(sample.attributes);
  failures_.push_back(attributes.empty() ? text : text + "; " + attributes);
}

void Subject::attempt(const std::string& what, const std::function<void()>& check) const {
  try {
    check();
  } catch (const std::exception& error) {
    fail(what + ": " + error.what());
  }
}

bool is_accepted(const Operation& operation, const Sample& sample) {
  std::vector<TensorType> types;
  for (const auto& operand : sample.operands) types.push_back(operand.type);
  try {
    operation.infer(types, sample.attributes);
    return true;
  } catch (const RecordError&) {
    return false;
  }
}

bool close(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  double largest = 1;
  for (std::int64_t i = 0; i < b.size(); ++i)
    if (std::isfinite(b.at(i))) largest = std::max(largest, std::abs(b.at(i)));
  const double rounding = !is_floating(a.element()) ? 0 : a.element() == ElementType::float32 ? 1e-5 : 1e-12;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.at(i), y = b.at(i);
    const bool same = x == y || (std::isnan(x) && std::isnan(y));
    if (!same && !(std::abs(x - y) <= rounding * largest)) return false;
  }
  return true;
}

void copy_element(Array& to, std::int64_t i, const Array& from, std::int64_t j) {
  const auto bytes = static_cast<std::int64_t>(size_of(to.element()));
  std::memcpy(static_cast<char*>(to.raw()) + i * bytes, static_cast<const char*>(from.raw()) + j * bytes,
              static_cast<std::size_t>(bytes));
}

}  // namespace reel::checks
