#include "cpu/product.h"
#include "cuda/kernels.h"
#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/lift.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>

namespace reel {

namespace {

/// Extents of the axes of one role, in order.
std::vector<std::int64_t> extents_of(char role, const Shape& shape, const std::string& roles) {
  std::vector<std::int64_t> extents;
  extents.reserve(static_cast<std::size_t>(shape.rank()));
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (roles[axis] == role) extents.push_back(shape[axis]);
  return extents;
}

void check_roles(const Shape& shape, const std::string& roles, const std::string& allowed) {
  if (static_cast<int>(roles.size()) != shape.rank() || roles.find_first_not_of(allowed) != std::string::npos)
    throw RecordError("roles '" + roles + "' do not fit the shape " + to_string(shape) + ": one of '" +
                      allowed + "' for each axis");
}

std::string count(char role, const std::string& roles) {
  return std::string(std::count(roles.begin(), roles.end(), role), role);
}

std::string rename(std::string roles, const std::string& from, const std::string& to) {
  for (auto& role : roles) role = to[from.find(role)];
  return roles;
}

/// The adjoint of one operand, with axes in the order of `roles`: the product of `dy` and the other operand
/// in the order that needs no transposition where there is one.
///
/// Axes here have the roles of the forward product; `own` is the role that only this operand has ('m' or 'n')
/// and `foreign` that of the other one.
Tensor operand_adjoint(const std::string& roles, char own, char foreign, const Tensor& dy,
                       const std::string& dy_roles, const Tensor& other, const std::string& other_roles) {
  // Now `foreign` is summed over, `own` belongs to dy alone and 'k' to the other operand alone.
  const std::string names{'b', own, foreign, 'k'};
  const std::string batch = count('b', roles), mine = count(own, roles), inner = count('k', roles);
  if (roles == batch + inner + mine)
    return contract(other, rename(other_roles, names, "b?km"), dy, rename(dy_roles, names, "bnk?"));
  const auto product =
      contract(dy, rename(dy_roles, names, "bmk?"), other, rename(other_roles, names, "b?kn"));
  const auto ordered = batch + mine + inner;
  if (roles == ordered) return product;
  Axes axes;
  std::size_t seen[3] = {};
  for (char role : roles) {
    auto& nth = seen[role == 'b' ? 0 : role == own ? 1 : 2];
    axes.push_back(static_cast<std::int64_t>(ordered.find(role) + nth++));
  }
  return permute(product, axes);
}

/// Over all steps: a batch axis where both sides vary, rows (or columns) more where one does.
Tensor lift_matmul(const Lift& lift) {
  auto left = lift.attributes.text("left"), right = lift.attributes.text("right");
  const auto batch = static_cast<int>(count('b', left).size()),
             rows = static_cast<int>(count('m', left).size());
  if (lift.lifted[0] && lift.lifted[1])
    return contract(lift.operands[0], "b" + left, lift.operands[1], "b" + right);
  if (lift.lifted[0])
    return time_first(contract(lift.operands[0], "m" + left, lift.operands[1], right), batch);
  return time_first(contract(lift.operands[0], left, lift.operands[1], "n" + right), batch + rows);
}

/// Over all steps and added up: the steps are one more axis to sum over.
Tensor sum_matmul(const Lift& lift) {
  if (!lift.lifted[0] || !lift.lifted[1]) return {};
  return contract(lift.operands[0], "k" + lift.attributes.text("left"), lift.operands[1],
                  "k" + lift.attributes.text("right"));
}

}  // namespace

const Operation& matmul_operation() {
  static const Operation operation{
      "matmul",
      Kind::contraction,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const auto &left = attributes.text("left"), &right = attributes.text("right");
        if (x[0].element != x[1].element) throw RecordError(elements_differ(x[0].element, x[1].element));
        if (!is_floating(x[0].element)) throw RecordError("operands must be floating");
        check_roles(x[0].shape, left, "bmk");
        check_roles(x[1].shape, right, "bnk");
        const auto inner = extents_of('k', x[0].shape, left),
                   inner_right = extents_of('k', x[1].shape, right);
        if (inner != inner_right)
          throw RecordError("inner extents must agree: " + to_string(Shape(inner)) + " and " +
                            to_string(Shape(inner_right)));
        auto extents = extents_of('b', x[0].shape, left);
        if (extents != extents_of('b', x[1].shape, right)) throw RecordError("batch extents must agree");
        for (auto extent : extents_of('m', x[0].shape, left)) extents.push_back(extent);
        for (auto extent : extents_of('n', x[1].shape, right)) extents.push_back(extent);
        return {x[0].element, Shape(extents)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto &left = y.attributes().text("left"), &right = y.attributes().text("right");
        const auto dy_roles = count('b', left) + count('m', left) + count('n', right);
        return {operand_adjoint(left, 'm', 'n', dy, dy_roles, y[1], right),
                operand_adjoint(right, 'n', 'm', dy, dy_roles, y[0], left)};
      }},
      {reference::matmul, cpu::product_kernels(), cuda::product_kernels()},
      [] {
        const auto roles = [](const char* left, const char* right) {
          return Attributes{{"left", std::string(left)}, {"right", std::string(right)}};
        };
        return std::vector<Sample>{{{floats({2, 3}), floats({3, 4})}, roles("mk", "kn")},
                                   {{floats({3, 2}), floats({3, 4})}, roles("km", "kn")},
                                   {{floats({2, 3}), floats({4, 3})}, roles("mk", "nk")},
                                   {{floats({3, 2}), floats({4, 3})}, roles("km", "nk")},
                                   {{floats({5, 2, 3}), floats({5, 3, 4})}, roles("bmk", "bkn")},
                                   {{floats({5, 3, 2}), floats({5, 4, 3})}, roles("bkm", "bnk")},
                                   {{floats({5, 2, 3}), floats({3, 4})}, roles("mmk", "kn")},
                                   {{floats({5, 2, 3}), floats({5, 2, 4})}, roles("kkm", "kkn")},
                                   {{floats({3, 2, 5}), floats({4, 5, 3})}, roles("kmb", "nbk")},
                                   {{floats({2, 3, 5}), floats({3, 4})}, roles("mkm", "kn")},
                                   {{floats({2, 0}), floats({0, 4})}, roles("mk", "kn")},
                                   {{floats({0, 3}), floats({3, 4})}, roles("mk", "kn")}};
      },
      lift_matmul,
      Algebra::linear_in({{0}, {1}}),
      sum_matmul};
  return operation;
}

Tensor contract(const Tensor& left, const std::string& left_roles, const Tensor& right,
                const std::string& right_roles) {
  return record(matmul_operation(), {left, right}, {{"left", left_roles}, {"right", right_roles}});
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_usable("matmul", {a, b});
  if (a.rank() == 0 || b.rank() == 0) refuse("matmul", "a scalar has no axis to sum over", {a, b});
  if (a.rank() == 1) {
    const auto y = matmul(reshape(a, {1, a.extent(0)}), b);
    return reshape(y, y.shape().without_axis(b.rank() == 1 ? 0 : y.rank() - 2));
  }
  if (b.rank() == 1) {
    const auto y = matmul(a, reshape(b, {b.extent(0), 1}));
    return reshape(y, y.shape().without_axis(y.rank() - 1));
  }
  if (a.extent(-1) != b.extent(-2))
    refuse("matmul",
           "the last extent of the left operand, " + std::to_string(a.extent(-1)) +
               ", must equal the last but one of the right, " + std::to_string(b.extent(-2)),
           {a, b});
  if (b.rank() == 2) return contract(a, std::string(a.rank() - 1, 'm') + "k", b, "kn");
  // Batch axes: those of the operands, broadcast.
  const auto split = [](const Tensor& x) {
    const auto all = x.shape().extents();
    return std::make_pair(Shape(std::vector<std::int64_t>(all.begin(), all.end() - 2)),
                          std::vector<std::int64_t>(all.end() - 2, all.end()));
  };
  const auto [batch_a, matrix_a] = split(a);
  const auto [batch_b, matrix_b] = split(b);
  const auto batch = refusing("matmul", {a, b},
                              [&, left = batch_a, right = batch_b] { return broadcast_shape(left, right); });
  const auto spread = [&](const Tensor& x, const std::vector<std::int64_t>& matrix) {
    auto extents = batch.extents();
    extents.insert(extents.end(), matrix.begin(), matrix.end());
    return broadcast_to(x, refusing("matmul", {a, b}, [&] { return Shape(extents); }));
  };
  const std::string roles(batch.rank(), 'b');
  return contract(spread(a, matrix_a), roles + "mk", spread(b, matrix_b), roles + "kn");
}

}  // namespace reel
