// Operations on operands that are no plain arguments but transposed, sliced, reversed and broadcast where
// they are used.

#include <reel/check_gradients.h>

#include <algorithm>
#include <numeric>

#include "catch.h"
#include "random_shapes.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A tensor seen another way, and where each of its elements comes from: plain loops say the same as the
/// recorded operations, or the values would differ.
struct Seen {
  std::function<Tensor(const Tensor&)> record = [](const Tensor& x) { return x; };
  Shape shape;
  std::vector<std::int64_t> positions;
};

/// One more way to see it, `wanted` giving for each index of the new shape the one in the old.
template <class F>
void see(Seen& seen, const Shape& shape, const std::function<Tensor(const Tensor&)>& record, F&& wanted) {
  std::vector<std::int64_t> positions(shape.size());
  for_each_index(shape, [&](const Extents& index, std::int64_t position) {
    positions[position] = seen.positions[broadcast_position(seen.shape, wanted(index))];
  });
  const auto before = seen.record;
  seen = {[=](const Tensor& x) { return record(before(x)); }, shape, positions};
}

void transpose_randomly(Seen& seen, Random& random) {
  Axes axes(seen.shape.rank());
  std::iota(axes.begin(), axes.end(), 0);
  std::shuffle(axes.begin(), axes.end(), random);
  Extents extents;
  for (auto axis : axes) extents.push_back(seen.shape[static_cast<int>(axis)]);
  see(
      seen, Shape(extents), [=](const Tensor& x) { return permute(x, axes); },
      [&](const Extents& index) {
        Extents old(index.size());
        for (std::size_t i = 0; i < axes.size(); ++i) old[axes[i]] = index[i];
        return old;
      });
}

void slice_randomly(Seen& seen, Random& random) {
  if (seen.shape.rank() == 0) return;
  const int axis = static_cast<int>(below(seen.shape.rank(), random));
  const auto extent = seen.shape[axis];
  if (extent == 0) return;
  // Seldom empty: what is empty tests little.
  const auto start = below(extent, random), step = 1 + below(2, random);
  const auto stop = below(8, random) == 0 ? start : start + 1 + below(extent - start, random);
  see(
      seen, seen.shape.with_extent(axis, (stop - start + step - 1) / step),
      [=](const Tensor& x) { return slice(x, axis, start, stop, step); },
      [&](Extents index) {
        index[axis] = start + step * index[axis];
        return index;
      });
}

void reverse_randomly(Seen& seen, Random& random) {
  if (seen.shape.rank() == 0) return;
  const int axis = static_cast<int>(below(seen.shape.rank(), random));
  const auto extent = seen.shape[axis];
  see(
      seen, seen.shape, [=](const Tensor& x) { return flip(x, {axis}); },
      [&](Extents index) {
        index[axis] = extent - 1 - index[axis];
        return index;
      });
}

void broadcast_randomly(Seen& seen, Random& random) {
  Extents extents = seen.shape;
  for (auto& extent : extents)
    if (extent == 1) extent = below(8, random) == 0 ? 0 : 1 + below(3, random);
  if (extents.size() < 4) extents.insert(extents.begin(), 1 + below(2, random));
  see(
      seen, Shape(extents), [=](const Tensor& x) { return broadcast_to(x, Shape(extents)); },
      [](const Extents& index) { return index; });
}

Seen seen_randomly(const Shape& shape, Random& random) {
  Seen seen;
  seen.shape = shape;
  seen.positions.resize(shape.size());
  std::iota(seen.positions.begin(), seen.positions.end(), 0);
  constexpr decltype(&transpose_randomly) ways[] = {transpose_randomly, slice_randomly, reverse_randomly,
                                                    broadcast_randomly};
  for (int i = 0; i < 3; ++i) ways[below(4, random)](seen, random);
  return seen;
}

Array seen_values(const Seen& seen, const Array& x) {
  Array y(seen.shape, ElementType::float64);
  for (std::int64_t i = 0; i < y.size(); ++i) y.data<double>()[i] = x.at(seen.positions[i]);
  return y;
}

/// What is done to operands seen that way: by shape, as not every operation takes every shape.
using Applied = std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>>;

Applied applicable(const Shape& shape, Random& random) {
  Applied all{{"tanh", reel::tanh},
              {"mul", [](const Tensor& x) { return x * (x + 1); }},
              {"select", [](const Tensor& x) { return select(x > 0, 2 * x, square(x)); }},
              {"sum", [](const Tensor& x) { return sum(x); }},
              {"reshape", [](const Tensor& x) { return reshape(x, {x.shape().size()}); }},
              {"stack", [](const Tensor& x) {
                 return stack({x, x}, x.rank());
               }}};
  if (shape.rank() == 0) return all;
  const auto axis = below(shape.rank(), random);
  all.push_back({"sum over one axis", [=](const Tensor& x) { return sum(x, {axis}); }});
  all.push_back({"prod", [=](const Tensor& x) { return prod(x, {axis}); }});
  all.push_back({"cumsum", [=](const Tensor& x) { return cumsum(x, axis, true); }});
  all.push_back({"cumprod", [=](const Tensor& x) { return cumprod(x, axis); }});
  all.push_back({"roll", [=](const Tensor& x) { return roll(x, 1, axis); }});
  all.push_back({"pad", [=](const Tensor& x) { return pad(x, axis, 1, 0, 1); }});
  all.push_back({"concat", [=](const Tensor& x) { return concat({x, 2 * x}, axis); }});
  all.push_back({"tile", [=](const Tensor& x) { return tile(x, Extents(x.rank(), 2)); }});
  if (shape[static_cast<int>(axis)] > 0) {
    all.push_back({"softmax", [=](const Tensor& x) { return softmax(x, axis); }});
    all.push_back({"gather", [=](const Tensor& x) {
                     return gather(x, constant(Array(std::vector<std::int32_t>{0, 0})), axis);
                   }});
  }
  if (shape.rank() >= 2) {
    all.push_back({"matmul", [](const Tensor& x) { return matmul(x, transpose(x)); }});
    all.push_back({"transposed matmul", [](const Tensor& x) { return matmul(transpose(x), x); }});
  } else {
    all.push_back({"inner product", [](const Tensor& x) { return matmul(x, x); }});
  }
  return all;
}

}  // namespace

TEST_CASE("operands that are transposed, sliced, reversed and broadcast where they are used") {
  Random random(13);
  for (int round = 0; round < 200; ++round) {
    const auto shape = random_shape(random, round % 5, round % 8 == 0 ? 0 : 1);
    const auto seen = seen_randomly(shape, random);
    const auto x = random_array({ElementType::float64, shape}, random), plain = seen_values(seen, x);
    INFO(to_string(shape) << " seen as " << to_string(seen.shape) << ", round " << round);
    for (const auto& [name, f] : applicable(seen.shape, random)) {
      INFO(name);
      const auto on = [&, &f = f](const Tensor& y) -> Tensors { return {f(y)}; };
      const auto found = run({x}, [&](const Tensors& in) { return on(seen.record(in[0])); });
      const auto expected = run({plain}, [&](const Tensors& in) { return on(in[0]); });
      CHECK(found[0] == expected[0]);
    }
    const auto [name, f] = [&] {
      const auto all = applicable(seen.shape, random);
      return all[below(static_cast<std::int64_t>(all.size()), random)];
    }();
    INFO("gradient of " << name);
    const auto check = check_gradients([&, &f = f](const Tensors& in) { return f(seen.record(in[0])); }, {x});
    INFO(to_string(check));
    CHECK(check.passes(1e-8));
  }
}
