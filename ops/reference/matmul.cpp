#include "kernels.h"
#include "views.h"

#include <algorithm>
#include <limits>

#if __has_include(<xtensor-blas/xblas.hpp>)
#include <xtensor-blas/xblas.hpp>
#else
#include <xtensor/xblas.hpp>
#endif

/// OpenBLAS's, where that is what is linked.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int threads);

namespace reel::reference {

namespace {

/// BLAS keeps to the calling thread: its own threads cost small products more than they bring, and make the
/// last bits depend on how many there are. The setting is the process's.
void keep_to_one_thread() {
  static const bool done = [] {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

/// Products of more terms than this are added up in double: BLAS adds floats up in floats.
constexpr std::int64_t many_terms = 1 << 16;

/// A size as BLAS takes it.
int blas_size(std::int64_t size) {
  if (size > std::numeric_limits<int>::max())
    throw RunError("an extent of " + std::to_string(size) + " is beyond BLAS");
  return static_cast<int>(size);
}

/// An operand as a batch of matrices: batch axes, then rows, then columns. Rows are its own axes ('m' or
/// 'n'), columns those summed over, or the other way round.
template <class T>
struct Matrices {
  const T* data;
  bool columns_first;
  std::vector<T> copy;
};

template <class T>
Matrices<T> matrices(const ConstView& x, const std::string& roles, char own) {
  const auto batch = std::count(roles.begin(), roles.end(), 'b');
  const auto mine = std::count(roles.begin(), roles.end(), own);
  const auto inner = std::count(roles.begin(), roles.end(), 'k');
  const std::string b(batch, 'b'), o(mine, own), k(inner, 'k');
  if (roles == b + o + k) return {x.as<T>(), false, {}};
  if (roles == b + k + o) return {x.as<T>(), true, {}};
  // The axes of different roles are mixed: bring them in order first.
  std::vector<std::size_t> axes;
  for (char role : {'b', own, 'k'})
    for (std::size_t axis = 0; axis < roles.size(); ++axis)
      if (roles[axis] == role) axes.push_back(axis);
  auto source = adapt<T>(x);
  const xt::xarray<T> ordered = xt::transpose(source, axes);
  Matrices<T> result{nullptr, false, std::vector<T>(ordered.begin(), ordered.end())};
  result.data = result.copy.data();
  return result;
}

std::int64_t extent_of(char role, const Shape& shape, const std::string& roles) {
  std::int64_t extent = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (roles[axis] == role) extent *= shape[axis];
  return extent;
}

}  // namespace

void matmul(const KernelCall& call) {
  const auto &left = call.attributes.text("left"), &right = call.attributes.text("right");
  const auto &a = call.inputs[0], &b = call.inputs[1];
  const auto batch = extent_of('b', a.shape(), left), m = extent_of('m', a.shape(), left);
  const auto k = extent_of('k', a.shape(), left), n = extent_of('n', b.shape(), right);
  keep_to_one_thread();
  const auto product = [&](auto zero) {
    using T = decltype(zero);
    T* y = call.output.as<T>();
    if (batch * m * n == 0) return;
    if (k == 0) {
      std::fill_n(y, batch * m * n, T(0));
      return;
    }
    const auto x = matrices<T>(a, left, 'm'), w = matrices<T>(b, right, 'n');
    const auto multiply = [&](const auto* left_data, const auto* right_data, auto* result) {
      using cxxblas::Transpose;
      using Element = std::remove_reference_t<decltype(*result)>;
      for (std::int64_t i = 0; i < batch; ++i)
        cxxblas::gemm<int>(
            cxxblas::StorageOrder::RowMajor, x.columns_first ? Transpose::Trans : Transpose::NoTrans,
            w.columns_first ? Transpose::NoTrans : Transpose::Trans, blas_size(m), blas_size(n), blas_size(k),
            Element(1), left_data + i * m * k, blas_size(x.columns_first ? m : k), right_data + i * k * n,
            blas_size(w.columns_first ? n : k), Element(0), result + i * m * n, blas_size(n));
    };
    if (k <= many_terms || std::is_same_v<T, double>) return multiply(x.data, w.data, y);
    const std::vector<double> wide_x(x.data, x.data + batch * m * k), wide_w(w.data, w.data + batch * k * n);
    std::vector<double> wide_y(batch * m * n);
    multiply(wide_x.data(), wide_w.data(), wide_y.data());
    std::copy(wide_y.begin(), wide_y.end(), y);
  };
  if (call.output.type->element == ElementType::float32)
    product(float{});
  else
    product(double{});
}

}  // namespace reel::reference
