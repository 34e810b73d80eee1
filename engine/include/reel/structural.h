#pragma once
#include "tape.h"

/// @file
/// The structural operations: the engine's own vocabulary, which passes create and match freely. Of every
/// other operation the engine knows only what its definition says. They are defined in ops/.
namespace REEL_PUBLIC reel {

/// @addtogroup shapes
/// @{

// Leaves.

/// Every element `value`; recorded where it is used, in the element type of what it meets unless one is
/// given.
Tensor full(const Shape& shape, double value, std::optional<ElementType> element = std::nullopt);
/// Every element 0, as full() makes it.
Tensor zeros(const Shape& shape, std::optional<ElementType> element = std::nullopt);
/// Every element 1, as full() makes it.
Tensor ones(const Shape& shape, std::optional<ElementType> element = std::nullopt);
/// 0, 1, ... count - 1: shape [count]. Integer unless another type is asked for.
Tensor iota(std::int64_t count, ElementType element = ElementType::int64);
/// Data fixed when recorded.
Tensor constant(const Array& data);

// Index maps: they move elements and compute nothing.

/// The same elements in row-major order under another shape; one extent may be -1 and is worked out. Throws
/// RecordError where the number of elements differs.
Tensor reshape(const Tensor& x, const std::vector<std::int64_t>& extents);
/// Axis k of the result is axis `axes[k]` of `x`. Throws RecordError unless `axes` names every axis once.
Tensor permute(const Tensor& x, const Axes& axes);
/// `x` with two axes exchanged; the last two by default.
Tensor transpose(const Tensor& x, std::int64_t axis_a = -2, std::int64_t axis_b = -1);
/// Positions start, start + step, ... < stop along `axis`. Throws RecordError unless 0 <= start <= stop <=
/// extent.
Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t start, std::int64_t stop,
             std::int64_t step = 1);
/// One position along `axis`, which disappears. Negative positions count from the end.
Tensor index(const Tensor& x, std::int64_t axis, std::int64_t position);
/// Zeros before and after along `axis`, and `between` of them between any two elements.
Tensor pad(const Tensor& x, std::int64_t axis, std::int64_t before, std::int64_t after,
           std::int64_t between = 0);
/// The elements in reverse order along `axes`.
Tensor flip(const Tensor& x, const Axes& axes);
/// Joins along `axis`; integers of two widths in the wider. Throws RecordError where other extents or the
/// element types differ.
Tensor concat(const Tensors& parts, std::int64_t axis = -1);
/// Joins along a new axis.
Tensor stack(const Tensors& parts, std::int64_t axis = 0);
/// What a step finds that was handed `first` before all others and `sequence[t]` by step t: `first`,
/// sequence[0], sequence[1], ... along `axis`, without the last; the other way round with `reverse`. Throws
/// RecordError unless `first` has the shape of one position. Integers of two widths meet in the wider.
Tensor shift(const Tensor& first, const Tensor& sequence, std::int64_t axis = 0, bool reverse = false);

/// @}

/// @addtogroup reductions
/// @{

/// How a linear recurrence along an axis runs: each step multiplies what it gets from the one before by its
/// own factor and adds its term, or, with `after`, adds its term and multiplies what it hands on.
struct LinearScan {
  std::int64_t axis = 0;  ///< Along which axis, counted from 0.
  bool reverse = false;   ///< Whether it runs from the end of the axis.
  bool after = false;     ///< Whether it adds before it multiplies.
  /// Products are 0 where what is multiplied is, whatever the factor: those of adjoints.
  bool of_adjoints = false;

  /// From the attributes of a recorded operation, and as these.
  /// @{
  static LinearScan of(const Attributes& attributes);
  Attributes attributes() const;
  /// @}
};
/// y_i = a_i s_i + b_i with s_i = y_i-1, or with `after` y_i = s_i + b_i with s_i = a_i-1 y_i-1: a linear
/// recurrence along an axis. The first step gets `first`, of the shape of one position; where that is absent
/// its y is b. a, b and y have one shape, broadcast as in NumPy. Rounded to the element type at each step's
/// end alone: what is handed on is float64 for float32. Throws RecordError for operands that do not fit, and
/// for bools.
Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& first, const LinearScan& scan);

/// @}

/// @addtogroup shapes
/// @{

/// NumPy broadcasting to `shape`: axes of extent 1 are repeated, leading axes added. Throws RecordError.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// @}

/// @addtogroup elementwise
/// @{

// Arithmetic the engine itself needs.

/// Elementwise sum, broadcast as in NumPy.
Tensor add(const Tensor& a, const Tensor& b);

/// @}

/// @addtogroup reductions
/// @{

/// Sum over axes, all of them by default; the axes disappear unless `keep` leaves them with extent 1. Of
/// integers and bools it is int64; they are cast before, so that the operation's result has its operand's
/// type.
/// @{
Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, const Axes& axes, bool keep = false);
/// @}

/// @}

/// @addtogroup elementwise
/// @{

/// `condition ? a : b`, elementwise, broadcast as in NumPy; the branch not taken gets exactly zero adjoint.
Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b);
/// Elementwise conversion. A derivative passes between floating types.
Tensor cast(const Tensor& x, ElementType element);

/// @}

/// @addtogroup products
/// @{

/// Matrix product over the last axis of `a` and the last but one of `b`; leading axes are batch axes,
/// broadcast as in NumPy. [..., M, K] x [..., K, N] -> [..., M, N]; a vector [K] on either side is taken as a
/// matrix with one row or column. Throws RecordError where the inner extents differ.
Tensor matmul(const Tensor& a, const Tensor& b);

/// The general product behind matmul. Every axis of an operand has a role: 'b' batch (in both operands and
/// the result), 'm' (left only), 'n' (right only), 'k' (in both, summed over). Axes of one role correspond in
/// order. The result has the batch axes, then the m axes, then the n axes, each in the order of its operand.
Tensor contract(const Tensor& left, const std::string& left_roles, const Tensor& right,
                const std::string& right_roles);

/// @}

/// @addtogroup tapes
/// @{

// The operations themselves, which nodes hold.

/// Input `index` of a program, or of the body of an unroll.
const Operation& argument_operation();
/// The value of a variable before the run.
const Operation& parameter_operation();
/// Data fixed when recorded.
const Operation& constant_operation();
/// One value everywhere.
const Operation& fill_operation();
/// See reshape().
const Operation& reshape_operation();
/// See permute().
const Operation& permute_operation();
/// See slice().
const Operation& slice_operation();
/// See pad().
const Operation& pad_operation();
/// See flip().
const Operation& flip_operation();
/// See concat().
const Operation& concat_operation();
/// See broadcast_to().
const Operation& broadcast_operation();
/// See shift().
const Operation& shift_operation();
/// See linear_scan().
const Operation& linear_scan_operation();
/// See add().
const Operation& add_operation();
/// See sum().
const Operation& sum_operation();
/// See select().
const Operation& select_operation();
/// See cast().
const Operation& cast_operation();
/// The product of matrices in batches, which contract() records.
const Operation& matmul_operation();
/// A loop over a Body, whose attributes are those of an UnrollNode. It has no value of its own.
const Operation& unroll_operation();
/// A body value at every step: [T, ...]. Attribute `value`: its node in the body.
const Operation& stacked_operation();
/// A body value summed over the steps, floating or int64. Attribute `value`.
const Operation& summed_operation();
/// A carry after the last step; the initial carry where there are no steps. Attribute `carry`: its position.
const Operation& final_operation();
/// See update().
const Operation& update_operation();

// Updates.

/// Records that `variable` gets `value` when a run has computed everything; every read in the run sees the
/// value from before. Throws RecordError inside an unroll, for another type, and for a second update of one
/// variable.
void update(const std::shared_ptr<Variable>& variable, const Tensor& value);

/// @}

}  // namespace reel
