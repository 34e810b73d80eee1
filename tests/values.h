#pragma once
#include <reel/operation.h>

#include <cmath>
#include <random>

/// Values for tests, drawn from a seed.
namespace reel::test {

inline Array random_array(const TensorType& type, std::mt19937_64& random, double low = -1, double high = 1) {
  Array array(type.shape, ElementType::float64);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    const double value = low + (high - low) * unit;
    array.data<double>()[i] = is_floating(type.element) ? value : std::floor(value);
  }
  return array.cast(type.element);
}

inline std::vector<Array> random_operands(const Sample& sample, std::mt19937_64& random) {
  std::vector<Array> operands;
  for (const auto& operand : sample.operands)
    operands.push_back(random_array(operand.type, random, operand.low, operand.high));
  return operands;
}

inline Array doubles(const Shape& shape, const std::vector<double>& values) { return Array(shape, values); }

/// Largest |a - b|, infinite where the types differ or one of them is NaN.
inline double difference(const Array& a, const Array& b) {
  if (a.type() != b.type()) return INFINITY;
  double largest = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(a.at(i) - b.at(i));
    if (std::isnan(d)) return INFINITY;
    largest = std::max(largest, d);
  }
  return largest;
}

inline double largest(const Array& a) {
  double value = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) value = std::max(value, std::abs(a.at(i)));
  return value;
}

}  // namespace reel::test
