#pragma once
#include <reel/structural.h>

/// @file
/// The operations, as functions on tensors. Elementwise ones broadcast as in NumPy and never convert element
/// types, but for one: integers of two widths meet in the wider. Sums and products of many elements are int64
/// for integers and bools. Each throws RecordError, naming operation, shapes and scope, where its operands do
/// not fit.
namespace REEL_PUBLIC reel {

/// @addtogroup own_operations
/// @{

/// Every operation there is, each defined in one place: what the tests loop over.
const std::vector<const Operation*>& operations();

/// @}

/// @addtogroup elementwise
/// @{

// Arithmetic. Floating or integer, unless said otherwise.
/// a - b, of floating tensors or integers.
Tensor sub(const Tensor& a, const Tensor& b);
/// a * b, of floating tensors or integers.
Tensor mul(const Tensor& a, const Tensor& b);
/// a / b, of floating tensors only.
Tensor div(const Tensor& a, const Tensor& b);
/// -x, of floating tensors or integers.
Tensor neg(const Tensor& x);
/// `x` to the power of `exponent`, of floating tensors only. Where x = 0 the derivative by the exponent is 0,
/// and where the exponent is 0 that by x.
Tensor pow(const Tensor& x, const Tensor& exponent);
/// The smaller of two; NaN, and so are the adjoints, where one is NaN. Where they tie each gets half the
/// adjoint.
Tensor minimum(const Tensor& a, const Tensor& b);
/// The larger of two, as minimum().
Tensor maximum(const Tensor& a, const Tensor& b);
/// a - b floor(a / b): the sign of `b`, as in Python. Integers too: 0 where `b` is 0.
Tensor remainder(const Tensor& a, const Tensor& b);
/// The magnitude of `x`; its derivative at 0 is 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1.
Tensor sign(const Tensor& x);
/// As add().
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
/// As sub().
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
/// As mul().
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
/// As div().
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
/// As neg().
inline Tensor operator-(const Tensor& x) { return neg(x); }

// Functions of floating tensors.
/// e to the power of `x`.
Tensor exp(const Tensor& x);
/// Natural logarithm; log'(0) is infinite.
Tensor log(const Tensor& x);
/// Hyperbolic tangent.
Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x)), right at both ends of the range.
Tensor sigmoid(const Tensor& x);
/// max(x, 0); relu'(0) = 0.
Tensor relu(const Tensor& x);
/// log(1 + exp(x)), right at both ends of the range.
Tensor softplus(const Tensor& x);
/// Square root; sqrt'(0) is infinite.
Tensor sqrt(const Tensor& x);
/// x * x; integers too.
Tensor square(const Tensor& x);
/// exp(x) - 1, exact near 0.
Tensor expm1(const Tensor& x);
/// log(1 + x), exact near 0.
Tensor log1p(const Tensor& x);
/// Sine of `x` in radians.
Tensor sin(const Tensor& x);
/// Cosine of `x` in radians.
Tensor cos(const Tensor& x);
/// The error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.
Tensor erf(const Tensor& x);
/// The largest integer that is not above `x`; the derivative is 0.
Tensor floor(const Tensor& x);
/// The smallest integer that is not below `x`; the derivative is 0.
Tensor ceil(const Tensor& x);
/// The nearest integer, halves to even; the derivative is 0.
Tensor round(const Tensor& x);
/// True unless `x` is infinite or NaN.
Tensor isfinite(const Tensor& x);
/// The value of `x`; no derivative passes.
Tensor stop_gradient(const Tensor& x);

/// @}

/// @addtogroup own_operations
/// @{

// What derivatives are made of, an operation's own among them: a value that gets no adjoint passes none on,
// whatever the slope there. Floating only; the derivatives are those of the plain product and quotient.
/// adjoint * slope; 0 where the adjoint is 0, even beside a slope that is infinite or NaN.
Tensor scaled_adjoint(const Tensor& adjoint, const Tensor& slope);
/// adjoint / divisor; 0 where the adjoint is 0, even beside a divisor that is 0 or NaN.
Tensor divided_adjoint(const Tensor& adjoint, const Tensor& divisor);
/// a * b; 0 where either is 0, whatever the other is.
Tensor absorbing_product(const Tensor& a, const Tensor& b);
/// Where 1 / x is not finite; found without dividing, which would raise exceptions.
Tensor has_no_inverse(const Tensor& x);

/// @}

/// @addtogroup elementwise
/// @{

// Comparisons: bool, no derivative. Equality of every element type, order of numbers.
/// Whether a = b: bool, without a derivative, for every element type. A NaN equals nothing.
Tensor equal(const Tensor& a, const Tensor& b);
/// Whether they differ: bool, without a derivative, for every element type.
Tensor not_equal(const Tensor& a, const Tensor& b);
/// Whether a is below b: bool, without a derivative, for numbers.
Tensor less(const Tensor& a, const Tensor& b);
/// Whether a is not above b, NaN being neither: bool, without a derivative, for numbers.
Tensor less_equal(const Tensor& a, const Tensor& b);
/// Whether a is above b: bool, without a derivative, for numbers.
Tensor greater(const Tensor& a, const Tensor& b);
/// Whether a is not below b, NaN being neither: bool, without a derivative, for numbers.
Tensor greater_equal(const Tensor& a, const Tensor& b);
/// As equal().
inline Tensor operator==(const Tensor& a, const Tensor& b) { return equal(a, b); }
/// As not_equal().
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return not_equal(a, b); }
/// As less().
inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
/// As less_equal().
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
/// As greater().
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
/// As greater_equal().
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }

// Logic, of bool.
/// Whether both are true, of bools.
Tensor logical_and(const Tensor& a, const Tensor& b);
/// Whether one is true, of bools.
Tensor logical_or(const Tensor& a, const Tensor& b);
/// Whether it is false, of bools.
Tensor logical_not(const Tensor& x);
/// As logical_and(): both operands are computed.
inline Tensor operator&&(const Tensor& a, const Tensor& b) { return logical_and(a, b); }
/// As logical_or(): both operands are computed.
inline Tensor operator||(const Tensor& a, const Tensor& b) { return logical_or(a, b); }
/// As logical_not().
inline Tensor operator!(const Tensor& x) { return logical_not(x); }

/// @}

/// @addtogroup reductions
/// @{

// Reductions over axes.
/// The largest element over all axes or over `axes`, which disappear unless `keep` leaves them with extent 1;
/// NaN, and so are the adjoints of all, where one is NaN. Elements that tie share the adjoint equally.
/// @{
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// The smallest element, as max().
/// @{
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// int64 position of the first largest element along one axis; a NaN counts as the largest.
Tensor argmax(const Tensor& x, std::int64_t axis = -1, bool keep = false);
/// int64 position of the first smallest element along one axis; a NaN counts as the smallest.
Tensor argmin(const Tensor& x, std::int64_t axis = -1, bool keep = false);
/// The product over axes as max() takes them, int64 for integers and bools; its derivative is right where
/// elements are zero.
/// @{
Tensor prod(const Tensor& x);
Tensor prod(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// The mean over axes as max() takes them. For integers and bools it is computed in float64 and is of the
/// tape's floating type.
/// @{
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// Mean square distance from the mean, over axes as max() takes them: of n elements, the sum of squares over
/// n - correction. For integers and bools as mean().
/// @{
Tensor variance(const Tensor& x);
Tensor variance(const Tensor& x, const Axes& axes, bool keep = false, double correction = 0);
/// @}
/// Euclidean norm over axes as max() takes them, of elements of any magnitude; infinite where one is
/// infinite, NaN where one is NaN. Its derivative is 0 at 0, and where an element is infinite.
/// @{
Tensor norm(const Tensor& x);
Tensor norm(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// log(sum(exp(x))) over axes as max() takes them, the maximum taken off first.
/// @{
Tensor logsumexp(const Tensor& x);
Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// Of bool: whether one is true, over all axes or over `axes`, which disappear unless `keep` leaves them with
/// extent 1.
/// @{
Tensor any(const Tensor& x);
Tensor any(const Tensor& x, const Axes& axes, bool keep = false);
/// @}
/// Of bool: whether all are true, as any().
/// @{
Tensor all(const Tensor& x);
Tensor all(const Tensor& x, const Axes& axes, bool keep = false);
/// @}

// Scans along an axis.
/// y_i = x_0 + ... + x_i along `axis`, from its start or, with `reverse`, from its end; int64 for integers
/// and bools.
Tensor cumsum(const Tensor& x, std::int64_t axis, bool reverse = false);
/// y_i = x_0 ... x_i along `axis`, int64 for integers and bools; its derivative is right where elements are
/// zero.
Tensor cumprod(const Tensor& x, std::int64_t axis);
/// y_i = a_i y_i-1 + b_i with y_0 = b_0 along `axis`, from its start or, with `reverse`, from its end: a
/// linear recurrence, of operands of one shape or broadcast to it; what is handed on is float64 for float32.
Tensor linear_scan(const Tensor& a, const Tensor& b, std::int64_t axis, bool reverse = false);

/// @}

/// @addtogroup shapes
/// @{

// Index maps, composed from slice, concat, reshape and broadcast.
/// Equal parts along `axis`.
Tensors split(const Tensor& x, std::int64_t parts, std::int64_t axis = -1);
/// Element i moves to i + shift, around the end.
Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t axis = -1);
/// `x` repeated `counts[k]` times along axis k; leading axes are added where there are more counts than axes.
Tensor tile(const Tensor& x, const std::vector<std::int64_t>& counts);
/// Without an axis of extent 1. Throws RecordError where it has another.
Tensor squeeze(const Tensor& x, std::int64_t axis);
/// With an axis of extent 1 put in before `axis`; behind the last where `axis` is the rank.
Tensor unsqueeze(const Tensor& x, std::int64_t axis);

/// @}

/// @addtogroup indexing
/// @{

// Gather and scatter.
/// Positions of `x` [..., extent, ...] along `axis`, chosen by `indices` [I...], integers: [..., I..., ...].
/// An index outside the axis is a RunError.
Tensor gather(const Tensor& x, const Tensor& indices, std::int64_t axis = 0);
/// The reverse: adds `values` [..., I..., ...] at `indices` [I...] into zeros [..., extent, ...]; int64 for
/// integers and bools, as any sum. An index outside the extent is a RunError.
Tensor scatter_add(const Tensor& indices, const Tensor& values, std::int64_t extent, std::int64_t axis = 0);
/// For each position along the other axes its own choice: `x` and `indices` differ in extent along `axis`
/// alone. An index outside the axis is a RunError, which calls it `called` where that is not empty; it stands
/// then at a place without `axis` where there is one along it.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, std::int64_t axis = -1,
                       const std::string& called = "");
/// The reverse: adds `values` at `indices`, both of one shape, into zeros with `extent` along `axis`; int64
/// for integers and bools. An index outside the extent is a RunError.
Tensor scatter_add_along_axis(const Tensor& indices, const Tensor& values, std::int64_t extent,
                              std::int64_t axis = -1);
/// [...] -> [..., classes]: 1 at the index, 0 elsewhere; zeros for an index out of range.
Tensor one_hot(const Tensor& indices, std::int64_t classes, ElementType element = ElementType::float32);
/// `value` where `mask` is true, `x` elsewhere.
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);
/// bool [rows, columns]: true on and below the diagonal (column <= row + offset), for causal masks.
Tensor lower_triangle(std::int64_t rows, std::int64_t columns, std::int64_t offset = 0);

/// @}

/// @addtogroup elementwise
/// @{

// Activations, composed from the functions above.
/// 1 / x
Tensor reciprocal(const Tensor& x);
/// 1 / sqrt(x)
Tensor rsqrt(const Tensor& x);
/// Between `low` and `high`; on a bound half the adjoint passes.
Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high);
/// x / (1 + |x|)
Tensor softsign(const Tensor& x);
/// x where x > 0, else slope * x; its derivative at 0 is the slope.
Tensor leaky_relu(const Tensor& x, const Tensor& slope = 0.01);
/// x where x > 0, else scale * (exp(x) - 1) (Clevert et al. 2016).
Tensor elu(const Tensor& x, const Tensor& scale = 1);
/// x Phi(x), with the normal distribution function (Hendrycks and Gimpel 2016).
Tensor gelu(const Tensor& x);
/// The approximation of gelu() by tanh (Hendrycks and Gimpel 2016): x / 2 (1 + tanh(sqrt(2 / pi) (x +
/// 0.044715 x^3))).
Tensor gelu_tanh(const Tensor& x);
/// x sigmoid(x)
Tensor silu(const Tensor& x);
/// exp(-x^2)
Tensor gauss(const Tensor& x);
/// |x|, as TMVA has it.
Tensor symmetric_relu(const Tensor& x);
/// x between -1 and 1.
Tensor hard_tanh(const Tensor& x);
/// x / 6 + 1/2 between 0 and 1.
Tensor hard_sigmoid(const Tensor& x);

/// @}

/// @addtogroup random
/// @{

// Random values.
/// Random values, uniform in [0, 1), or from `low` to `high`, which rounding may reach: new ones in each run
/// of a program and at each step of an unroll, the same in its derivative. Bits are a function of the model's
/// seed, the place in the recorded function, the run and the step (Philox; Salmon et al. 2011), so that they
/// do not depend on device or number of threads. The element type is the model's unless one is given. Throws
/// RecordError where nothing is being recorded.
Tensor uniform(const Shape& shape, const Tensor& low = 0, const Tensor& high = 1,
               std::optional<ElementType> element = std::nullopt);
/// Random values of a normal distribution, by Box and Muller (1958), drawn as uniform() draws.
Tensor normal(const Shape& shape, const Tensor& mean = 0, const Tensor& deviation = 1,
              std::optional<ElementType> element = std::nullopt);
/// Random bools, true with `probability`, which may be an input of the run, drawn as uniform() draws.
Tensor bernoulli(const Shape& shape, const Tensor& probability);

/// @}

/// @addtogroup reductions
/// @{

// Composed from others.
/// exp(x) / sum(exp(x)) along `axis`, the maximum taken off first.
Tensor softmax(const Tensor& x, std::int64_t axis = -1);
/// The logarithm of softmax, without forming it.
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

/// (x - mean) / sqrt(variance + epsilon) along `axis` (Ba et al. 2016), without scale and shift. Squares that
/// vanish are nothing beside epsilon; where their mean overflows (deviations above 1e19 in float32) the
/// result is 0, since a unit of each row's own would cost one more pass over it.
Tensor layer_norm(const Tensor& x, std::int64_t axis = -1, double epsilon = 1e-5);
/// x / sqrt(mean(x^2) + epsilon) along `axis` (Zhang and Sennrich 2019), without scale. Its range is that of
/// layer_norm.
Tensor rms_norm(const Tensor& x, std::int64_t axis = -1, double epsilon = 1e-5);

/// @}

/// @addtogroup products
/// @{

/// softmax(queries keys^T / sqrt(D)) values (Vaswani et al. 2017): queries [..., M, D], keys [..., N, D] and
/// values [..., N, E] give [..., M, E]. Where the bool `mask` [..., M, N] is false a score counts nothing,
/// whatever it is; a query that sees no key gets zeros. Keys and values must be finite all the same.
Tensor attention(const Tensor& queries, const Tensor& keys, const Tensor& values, const Tensor& mask = {});
/// Sums of products by Einstein's convention: einsum("bij,jk->bik", {x, w}). One letter for each axis, none
/// twice in one operand; letters not in the result are summed over. Operands are multiplied from the left.
Tensor einsum(const std::string& formula, const Tensors& operands);

/// @}

/// @addtogroup programs
/// @{

/// Prints `x` to standard error under `name` each time the program computes it, with the step of the unrolls
/// around it. Returns `x`.
Tensor print(const Tensor& x, const std::string& name);

/// @}

}  // namespace reel
