#include <reel/initialisers.h>

#include <algorithm>
#include <cmath>

#if __has_include(<xtensor-blas/xlinalg.hpp>)
#include <xtensor-blas/xlinalg.hpp>
#else
#include <xtensor/xlinalg.hpp>
#endif

namespace reel {

namespace {

/// Uniform in [0, 1); the same on every platform, which the standard distributions are not.
double uniform(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// Standard normal, by Box and Muller.
double normal(Random& random) {
  constexpr double two_pi = 6.283185307179586;
  const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
  return radius * std::cos(two_pi * uniform(random));
}

template <class F>
Array filled(const TensorType& type, F&& next) {
  Array array(type.shape, ElementType::float64);
  std::generate_n(array.data<double>(), array.size(), next);
  return array.cast(type.element);
}

}  // namespace

Initialiser constant_init(double value) {
  return [value](const TensorType& type, Random&) { return filled(type, [value] { return value; }); };
}

Initialiser uniform_init(double low, double high) {
  return [=](const TensorType& type, Random& random) {
    return filled(type, [&] { return low + (high - low) * uniform(random); });
  };
}

Initialiser glorot_uniform() {
  return [](const TensorType& type, Random& random) {
    const auto columns = type.shape.rank() == 0 ? 1 : type.shape[type.shape.rank() - 1];
    const auto rows = columns == 0 ? 0 : type.shape.size() / columns;
    const double bound = std::sqrt(6.0 / static_cast<double>(rows + columns));
    return filled(type, [&] { return bound * (2 * uniform(random) - 1); });
  };
}

Initialiser orthogonal() {
  return [](const TensorType& type, Random& random) {
    if (type.shape.rank() != 2)
      throw Error("[orthogonal] initialises a matrix, not a parameter of shape " + to_string(type.shape));
    const auto rows = static_cast<std::size_t>(type.shape[0]),
               columns = static_cast<std::size_t>(type.shape[1]);
    if (rows * columns == 0) return Array(type);
    // QR of a tall matrix; a wide one is the transpose of a tall one.
    const bool wide = rows < columns;
    xt::xarray<double> gaussian =
        xt::xarray<double>::from_shape({std::max(rows, columns), std::min(rows, columns)});
    std::generate(gaussian.begin(), gaussian.end(), [&] { return normal(random); });
    const auto [q, r] = xt::linalg::qr(gaussian);
    Array array(type.shape, ElementType::float64);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        const auto tall = wide ? j : i, thin = wide ? i : j;
        array.data<double>()[i * columns + j] = q(tall, thin) * (r(thin, thin) < 0 ? -1 : 1);
      }
    return array.cast(type.element);
  };
}

}  // namespace reel
