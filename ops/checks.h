#pragma once
#include <reel/operation.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The parts of check_operation.
namespace reel::checks {

/// An operation under test on one sample.
class Subject {
 public:
  Subject(const Operation& operation, const Sample& sample, std::vector<std::string>& failures)
      : operation(operation), sample(sample), failures_(failures) {}

  const Operation& operation;
  const Sample sample;

  /// Values for the operands, the same ones for the same seed.
  std::vector<Array> values(std::uint64_t seed) const;
  /// The same operation on a sample with longer axes, and with one where there is none: of a map or a scan,
  /// which take any shape, since samples of one element show nothing. Nothing of the other kinds, and where
  /// the type rule refuses the sample, as one with a shape among its attributes may.
  std::optional<Subject> widened() const;
  Tensor apply(const Tensors& operands) const;
  /// What the kernel of the reference runner makes of them.
  Array call(const std::vector<Array>& operands) const;
  Array call(const std::vector<Array>& operands, const Attributes& attributes) const;
  /// The same, into memory that holds something already.
  void call_into(Array& result, const std::vector<Array>& operands, const Attributes& attributes) const;

  void fail(const std::string& what) const;
  /// An exception of `check` is a failure of it.
  void attempt(const std::string& what, const std::function<void()>& check) const;
  std::size_t failure_count() const { return failures_.size(); }

 private:
  std::vector<std::string>& failures_;
};

/// Whether the type rule takes the operands of a sample.
bool is_accepted(const Operation& operation, const Sample& sample);

/// Whether both have one type and values that differ by rounding only; NaN agrees with NaN.
bool close(const Array& a, const Array& b);

/// Element `i` of `from` in place of that of `to`.
void copy_element(Array& to, std::int64_t i, const Array& from, std::int64_t j);

/// What passes conclude from the kind: that a map works element by element, that an index map only moves
/// elements, of which elements those of a reduction or a scan are made, that contractions and gathers are
/// linear.
void check_kind(const Subject& subject);

/// What the operation declares of itself: identity, involution, units, in what it is linear.
void check_algebra(const Subject& subject);

/// Operands that are broadcast, transposed, sliced or the same everywhere, and slices and sums of the result:
/// improved programs of the devices give what the plain program gives that was compiled AsRecorded.
void check_forms(const Subject& subject);

/// The same for operands as they are and broadcast ones, for a sample with other element types; float32
/// results agree with those in float64.
void check_elements(const Subject& subject);

}  // namespace reel::checks
