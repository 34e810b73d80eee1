#include <reel/ops.h>
#include <reel/record.h>

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

/// Of linear_scan: `of_adjoints` has the products a_i y_i-1 be scaled adjoints, 0 where y_i-1 is 0.
Attributes linear_attributes(std::int64_t axis, bool reverse, bool of_adjoints) {
  return {{"axis", axis},
          {"reverse", static_cast<std::int64_t>(reverse)},
          {"of_adjoints", static_cast<std::int64_t>(of_adjoints)}};
}

/// The element before each one in the order of the scan, or behind it; 0 where there is none.
Tensor neighbour(const Tensor& x, std::int64_t axis, bool earlier_position) {
  const auto extent = x.extent(axis);
  if (extent == 0) return x;
  return earlier_position ? pad(slice(x, axis, 0, extent - 1), axis, 1, 0)
                          : pad(slice(x, axis, 1, extent), axis, 0, 1);
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

const Operation& linear_scan_operation() {
  static const Operation operation{
      "linear_scan",
      Kind::scan,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        normal_axis(attributes.integer("axis"), x[0].shape.rank());
        check_summed(x[0]);
        if (x[0] != x[1]) throw RecordError("operands must have the same type and shape");
        return x[0];
      },
      // y_i = a_i y_i-1 + b_i: the adjoint of b runs the other way, db_i = dy_i + a_i+1 db_i+1, and da_i =
      // db_i y_i-1.
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis");
        const bool reverse = y.attributes().integer("reverse");
        const auto db = record(linear_scan_operation(), {neighbour(y[0], axis, reverse), dy},
                               linear_attributes(axis, !reverse, true));
        const auto before = neighbour(y, axis, !reverse);
        return {y.attributes().integer("of_adjoints") ? absorbing_product(db, before)
                                                      : scaled_adjoint(db, before),
                db};
      }},
      {reference::linear_scan, cuda::linear_scan_kernels()},
      [] {
        return std::vector<Sample>{{{floats({4}), floats({4})}, linear_attributes(0, false, false)},
                                   {{floats({2, 3, 2}), floats({2, 3, 2})}, linear_attributes(1, true, true)},
                                   {{floats({2, 0}), floats({2, 0})}, linear_attributes(1, false, false)},
                                   {{floats({1, 3}), floats({1, 3})}, linear_attributes(0, false, false)}};
      }};
  return operation;
}

Tensor cumsum(const Tensor& x, std::int64_t axis, bool reverse) {
  return record(cumsum_operation(), {summable("cumsum", {x})},
                attributes(checked_axis("cumsum", x, axis), reverse));
}

Tensor linear_scan(const Tensor& a, const Tensor& b, std::int64_t axis, bool reverse) {
  auto operands = together("linear_scan", {a, b});
  operands = {summable("linear_scan", operands, 0), summable("linear_scan", operands, 1)};
  return record(linear_scan_operation(), operands,
                linear_attributes(checked_axis("linear_scan", operands[0], axis), reverse, false));
}

Tensor cumprod(const Tensor& factors, std::int64_t axis) {
  const auto normal = checked_axis("cumprod", factors, axis);
  const auto x = summable("cumprod", {factors});
  const auto extent = x.extent(normal);
  if (extent == 0) return x;
  return linear_scan(x, pad(slice(x, normal, 0, 1), normal, 0, extent - 1), normal);
}

}  // namespace reel
