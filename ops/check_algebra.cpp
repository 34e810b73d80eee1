#include <reel/check_operation.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.h"

namespace reel::checks {

namespace {

/// The same value, but for the sign of a zero.
bool is_same(const Array& a, const Array& b) {
  if (a.type() != b.type()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i)
    if (a.at(i) != b.at(i) && !(std::isnan(a.at(i)) && std::isnan(b.at(i)))) return false;
  return true;
}

Array filled(const TensorType& type, double value) {
  Array array(type.shape, ElementType::float64);
  std::fill_n(array.data<double>(), array.size(), value);
  return array.cast(type.element);
}

void check_identity(const Subject& subject) {
  const auto values = subject.values(5);
  const auto result = subject.call(values);
  if (values.size() != 1 || result != values[0])
    subject.fail("is declared an identity, and gives " + to_string(result) +
                 (values.empty() ? "" : " of " + to_string(values[0])));
}

/// Passes take f(f(x)) for x whatever the attributes of the two are.
void check_involution(const Subject& subject) {
  const auto x = subject.values(5);
  if (x.size() != 1) return subject.fail("is declared an involution, and has not one operand");
  const auto once = subject.call(x);
  for (const auto& other : subject.operation.samples()) {
    if (other.operands.size() != 1 || other.operands[0].type.shape != once.shape()) continue;
    const auto twice = subject.call({once}, other.attributes);
    if (!close(twice, x[0]))
      subject.fail("is declared an involution, and applied twice gives " + to_string(twice) + " of " +
                   to_string(x[0]));
  }
}

/// x and the infinities and NaN, where there is room for them.
Array with_special_values(Array x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!is_floating(x.element())) return x;
  std::int64_t i = 0;
  for (double value : {infinity, -infinity, std::nan(""), 0.0}) {
    if (i >= x.size()) break;
    copy_element(x, i++, Array(value).cast(x.element()), 0);
  }
  return x;
}

void check_unit(const Subject& subject, std::size_t side, double unit) {
  auto operands = subject.values(5);
  const std::string name = side == 0 ? "left" : "right";
  if (operands.size() != 2) return subject.fail("declares a " + name + " unit, and has not two operands");
  for (const auto& x : {operands[1 - side], with_special_values(operands[1 - side])}) {
    operands[side] = filled(operands[side].type(), unit);
    operands[1 - side] = x;
    const auto result = subject.call(operands);
    if (!is_same(result, x))
      return subject.fail("declares a " + name + " unit, with which it gives " + to_string(result) + " of " +
                          to_string(x));
  }
}

/// a x + b y
Array combined(double a, const Array& x, double b, const Array& y) {
  Array sum(x.shape(), ElementType::float64);
  for (std::int64_t i = 0; i < x.size(); ++i) sum.data<double>()[i] = a * x.at(i) + b * y.at(i);
  return sum.cast(x.element());
}

std::string list(const std::vector<std::size_t>& operands) {
  std::string text;
  for (auto i : operands) text += (text.empty() ? "" : " and ") + std::to_string(i);
  return text;
}

/// f(a x + b y) = a f(x) + b f(y) in these operands taken together, the others staying.
void check_linear(const Subject& subject, const std::vector<std::size_t>& together, const char* why) {
  const auto xs = subject.values(5);
  auto ys = xs, sums = xs;
  const auto others = subject.values(6);
  constexpr double a = 0.5, b = 0.25;  // a sum within the range of the sample; not an average
  for (auto i : together) {
    if (i >= xs.size()) return subject.fail(why + std::to_string(i) + ", which it has not");
    if (!is_floating(xs[i].element())) return;
    ys[i] = others[i];
    sums[i] = combined(a, xs[i], b, ys[i]);
  }
  const auto result = subject.call(sums), expected = combined(a, subject.call(xs), b, subject.call(ys));
  if (!close(result, expected))
    subject.fail(why + list(together) + ", and of the sum of two gives " + to_string(result) +
                 ", where their results add up to " + to_string(expected));
}

/// 0 times infinity is 0 where the operands `zeros` are 0.
void check_absorbs(const Subject& subject, const std::vector<std::size_t>& zeros) {
  auto xs = subject.values(5);
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const bool is_zero = std::find(zeros.begin(), zeros.end(), i) != zeros.end();
    if (is_floating(xs[i].element()))
      xs[i] = Array(xs[i].type(), is_zero ? 0 : std::numeric_limits<double>::infinity());
  }
  const auto result = subject.call(xs);
  if (!close(result, Array(result.type(), 0)))
    subject.fail("is said to be 0 where operand " + list(zeros) + " is, and beside infinity gives " +
                 to_string(result));
}

}  // namespace

void check_algebra(const Subject& subject) {
  const auto& algebra = subject.operation.algebra;
  if (algebra.identity) subject.attempt("identity", [&] { check_identity(subject); });
  if (algebra.involution) subject.attempt("involution", [&] { check_involution(subject); });
  if (algebra.left_unit) subject.attempt("left unit", [&] { check_unit(subject, 0, *algebra.left_unit); });
  if (algebra.right_unit) subject.attempt("right unit", [&] { check_unit(subject, 1, *algebra.right_unit); });
  for (const auto& together : algebra.linear)
    subject.attempt("linear", [&] { check_linear(subject, together, "is declared linear in operand "); });
  for (std::size_t k = 0; k < algebra.linear.size(); ++k)
    if (algebra.zero_times == ZeroTimes::each_absorbs ||
        (k == 0 && algebra.zero_times == ZeroTimes::first_absorbs))
      subject.attempt("zero times", [&] { check_absorbs(subject, algebra.linear[k]); });
  const auto kind = subject.operation.kind;
  if (kind != Kind::contraction && kind != Kind::gather) return;
  for (std::size_t i = 0; i < subject.sample.operands.size(); ++i)
    subject.attempt("linear", [&] {
      check_linear(subject, {i},
                   kind == Kind::gather ? "is a gather, which is linear in operand "
                                        : "is a contraction, which is linear in operand ");
    });
}

}  // namespace reel::checks
