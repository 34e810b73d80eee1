#pragma once
#include <reel/structural.h>

/// The operations, as functions on tensors. Elementwise ones broadcast as in NumPy and never convert element
/// types; each throws RecordError, naming operation, shapes and scope, where its operands do not fit.
namespace reel {

/// Every operation there is, each defined in one place: what the tests loop over.
const std::vector<const Operation*>& operations();

// Arithmetic. Floating or integer, unless said otherwise.
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// Floating only.
Tensor div(const Tensor& a, const Tensor& b);
Tensor neg(const Tensor& x);
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

// Functions of floating tensors.
Tensor exp(const Tensor& x);
/// Natural logarithm; log'(0) is infinite.
Tensor log(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x)), right at both ends of the range.
Tensor sigmoid(const Tensor& x);
/// max(x, 0); relu'(0) = 0.
Tensor relu(const Tensor& x);
/// sqrt'(0) is infinite.
Tensor sqrt(const Tensor& x);
/// x * x; integers too.
Tensor square(const Tensor& x);
/// The value of `x`; no derivative passes.
Tensor stop_gradient(const Tensor& x);

// Comparisons: bool, no derivative. Equality of every element type, order of numbers.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
inline Tensor operator==(const Tensor& a, const Tensor& b) { return equal(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return not_equal(a, b); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }

// Reductions; the axes disappear unless `keep` leaves them with extent 1.
/// Largest element over axes, all by default. Elements that tie share the adjoint equally.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keep = false);
/// Mean over axes, all by default; floating only.
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keep = false);

// Gather and scatter.
/// Rows of `table` [R, ...] chosen by integer `indices` [I...]: [I..., ...]. An index outside [0, R) is a
/// RunError.
Tensor gather(const Tensor& table, const Tensor& indices);
/// The reverse: adds the rows of `values` [I..., ...] at `indices` [I...] into zeros [rows, ...].
Tensor scatter_add(const Tensor& indices, const Tensor& values, std::int64_t rows);

// Composed from others.
/// exp(x) / sum(exp(x)) along `axis`, the maximum taken off first.
Tensor softmax(const Tensor& x, std::int64_t axis = -1);
/// The logarithm of softmax, without forming it.
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

/// Prints `x` to standard error under `name` each time the program computes it, with the step of the unrolls
/// around it. Returns `x`.
Tensor print(const Tensor& x, const std::string& name);

}  // namespace reel
