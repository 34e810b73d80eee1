#include <reel/ops.h>
#include <reel/record.h>

#include "cpu/linear_scan.h"
#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "summed.h"
#include "table.h"

namespace reel {

namespace {

Attributes attributes(std::int64_t axis, bool reverse) {
  return {{"axis", axis}, {"reverse", static_cast<std::int64_t>(reverse)}};
}

}  // namespace

const Operation& cumsum_operation() {
  static const Operation operation{
      "cumsum",
      Kind::scan,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        normal_axis(attributes.integer("axis"), x[0].shape.rank());
        check_summed(x[0]);
        return x[0];
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        return {cumsum(dy, y.attributes().integer("axis"), !y.attributes().integer("reverse"))};
      }},
      {reference::cumsum, cuda::cumsum_kernels()},
      [] {
        return std::vector<Sample>{{{floats({4})}, attributes(0, false)},
                                   {{floats({2, 3, 2})}, attributes(1, true)},
                                   {{floats({2, 0})}, attributes(1, false)},
                                   {{floats({2, 3})}, attributes(0, false)}};
      },
      nullptr,
      Algebra::linear_in({{0}})};
  return operation;
}

LinearScan LinearScan::of(const Attributes& attributes) {
  return {attributes.integer("axis"), attributes.integer("reverse") != 0, attributes.integer("after") != 0,
          attributes.integer("of_adjoints") != 0};
}

Attributes LinearScan::attributes() const {
  return {{"axis", axis},
          {"reverse", static_cast<std::int64_t>(reverse)},
          {"after", static_cast<std::int64_t>(after)},
          {"of_adjoints", static_cast<std::int64_t>(of_adjoints)}};
}

namespace {

TensorType scanned(const std::vector<TensorType>& x, const Attributes& attributes) {
  if (x.size() != 2 && x.size() != 3) throw RecordError("takes factors, terms, and perhaps what is first");
  const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
  check_summed(x[0]);
  if (x[0] != x[1]) throw RecordError("operands must have the same type and shape");
  if (x.size() == 3 && x[2] != TensorType{x[0].element, x[0].shape.without_axis(axis)})
    throw RecordError("the first must be like one position along axis " + std::to_string(axis));
  return x[0];
}

/// The adjoints of a linear recurrence are one themselves, the other way round: of y_i = a_i y_i-1 + b_i the
/// adjoint of b is db_i = dy_i + a_i+1 db_i+1, which multiplies after where y does before, and the other way
/// round. A factor gets the adjoint of the product that it is in.
Tensors scan_adjoints(const Recorded& y, const Tensor& dy) {
  const auto scan = LinearScan::of(y.attributes());
  const bool has_first = y.operands() == 3;
  const Tensor result = y;
  const auto steps = result.extent(scan.axis);
  const auto db = linear_scan(y[0], dy, Tensor(), {scan.axis, !scan.reverse, !scan.after, true});
  const auto none = zeros(result.shape().without_axis(static_cast<int>(scan.axis)), result.element());
  // What a step multiplies, and the adjoint of the product.
  const auto multiplied =
      scan.after ? result : shift(has_first ? y[2] : none, result, scan.axis, scan.reverse);
  const auto arriving = scan.after ? shift(none, db, scan.axis, !scan.reverse) : db;
  const auto da =
      scan.of_adjoints ? absorbing_product(arriving, multiplied) : scaled_adjoint(arriving, multiplied);
  if (!has_first) return {da, db};
  if (steps == 0) return {da, db, Tensor()};
  const auto at_first = [&](const Tensor& x) { return index(x, scan.axis, scan.reverse ? steps - 1 : 0); };
  return {da, db, scan.after ? at_first(db) : scaled_adjoint(at_first(db), at_first(y[0]))};
}

std::vector<Sample> scan_samples() {
  std::vector<Sample> samples;
  for (const bool after : {false, true})
    for (const bool of_adjoints : {false, true}) {
      const bool reverse = after != of_adjoints;
      samples.push_back(
          {{floats({4}), floats({4})}, LinearScan{0, reverse, after, of_adjoints}.attributes()});
      samples.push_back({{floats({2, 3, 2}), floats({2, 3, 2}), floats({2, 2})},
                         LinearScan{1, !reverse, after, of_adjoints}.attributes()});
    }
  // Long ones, of factors that do not make numbers large.
  for (const bool after : {false, true}) {
    const auto factors = floats({70, 3}, -1, 1);
    samples.push_back({{factors, floats({70, 3})}, LinearScan{0, after, after, true}.attributes()});
    samples.push_back({{factors, floats({70, 3}), floats({3})}, LinearScan{0, !after, after}.attributes()});
  }
  samples.push_back({{floats({2, 0}), floats({2, 0}), floats({2})}, LinearScan{1}.attributes()});
  samples.push_back({{floats({1, 3}), floats({1, 3}), floats({3})}, LinearScan{0, true, true}.attributes()});
  samples.push_back({{floats({3, 2}), floats({3, 2})}, LinearScan{1}.attributes()});
  return samples;
}

}  // namespace

const Operation& linear_scan_operation() {
  static const Operation operation{
      "linear_scan",
      Kind::scan,
      scanned,
      {scan_adjoints},
      {reference::linear_scan, cpu::linear_scan_kernels(), cuda::linear_scan_kernels()},
      scan_samples};
  return operation;
}

Tensor cumsum(const Tensor& x, std::int64_t axis, bool reverse) {
  return record(cumsum_operation(), {summable("cumsum", {x})},
                attributes(checked_axis("cumsum", x, axis), reverse));
}

Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& first, const LinearScan& scan) {
  auto operands = together("linear_scan", {a, b});
  operands = {summable("linear_scan", operands, 0), summable("linear_scan", operands, 1)};
  if (first.defined()) {
    auto& tape = destination("linear_scan", operands);
    operands.push_back(bring(tape, first, "linear_scan", operands[0].element()));
  }
  auto normal = scan;
  normal.axis = checked_axis("linear_scan", operands[0], scan.axis);
  return record(linear_scan_operation(), operands, normal.attributes());
}

Tensor linear_scan(const Tensor& a, const Tensor& b, std::int64_t axis, bool reverse) {
  return linear_scan(a, b, Tensor(), LinearScan{axis, reverse});
}

Tensor cumprod(const Tensor& factors, std::int64_t axis) {
  const auto normal = checked_axis("cumprod", factors, axis);
  const auto x = summable("cumprod", {factors});
  const auto extent = x.extent(normal);
  if (extent == 0) return x;
  return linear_scan(x, pad(slice(x, normal, 0, 1), normal, 0, extent - 1), normal);
}

}  // namespace reel
