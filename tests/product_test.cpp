#include <cpu/product.h>

#include <cstring>
#include <memory>
#include <numeric>

#include "catch.h"
#include "random_shapes.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Memory with known values behind what a kernel may write, aligned as the runner aligns it.
class Guarded {
 public:
  explicit Guarded(std::size_t bytes) : bytes_(bytes), memory_(new char[bytes + alignment + guard]) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    data_ = memory_.get() + (alignment - address % alignment) % alignment;
    std::memset(data_, filling, bytes + guard);
  }
  char* data() const { return data_; }
  bool is_intact() const {
    for (std::size_t i = bytes_; i < bytes_ + guard; ++i)
      if (data_[i] != filling) return false;
    return true;
  }

 private:
  static constexpr std::size_t alignment = 64, guard = 128;
  static constexpr char filling = -1;  // as floats NaN

  std::size_t bytes_;
  std::unique_ptr<char[]> memory_;
  char* data_;
};

/// A layout with its axes in any order in memory and gaps between them.
Layout random_layout(const TensorType& type, Random& random) {
  std::vector<int> order(type.shape.rank());
  std::iota(order.begin(), order.end(), 0);
  const bool is_plain = below(2, random) == 0;
  if (!is_plain) std::shuffle(order.begin(), order.end(), random);
  Layout layout{type, std::vector<std::int64_t>(order.size())};
  std::int64_t stride = !is_plain && below(4, random) == 0 ? 2 : 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    layout.strides[*axis] = stride;
    stride *= type.shape[*axis];
    if (below(3, random) == 0) stride += below(4, random);
  }
  return layout;
}

std::int64_t offset_of(const Layout& layout, const Extents& index) {
  return std::inner_product(index.begin(), index.end(), layout.strides.begin(), std::int64_t(0));
}

std::int64_t span_of(const Layout& layout) {
  auto last = layout.type.shape.extents();
  if (layout.type.shape.size() == 0) return 0;
  for (auto& extent : last) --extent;
  return offset_of(layout, last) + 1;
}

/// An operand in memory of exactly the size it needs, with NaN in its gaps.
template <class T>
std::vector<T> random_values(const Layout& layout, Random& random) {
  std::vector<T> values(span_of(layout), std::numeric_limits<T>::quiet_NaN());
  for_each_index(layout.type.shape, [&](const Extents& index, std::int64_t) {
    values[offset_of(layout, index)] = static_cast<T>(static_cast<double>(below(2001, random)) / 1000 - 1);
  });
  return values;
}

struct Product {
  std::string left, right;
  Layout a, b, c;
};

/// A product with the extents of `roles` ("bmnk" as often as there are axes).
Product random_product(ElementType element, const std::string& roles, const Extents& extents,
                       Random& random) {
  Product product;
  Extents a, b;
  std::vector<std::size_t> order(roles.size());
  std::iota(order.begin(), order.end(), 0);
  // The axes of one role come in the same order on both sides.
  Extents of_batch, of_rows, of_columns;
  for (auto axis : order) {
    if (roles[axis] == 'b') of_batch.push_back(extents[axis]);
    if (roles[axis] == 'm') of_rows.push_back(extents[axis]);
    if (roles[axis] == 'n') of_columns.push_back(extents[axis]);
  }
  const auto side = [&](char own, std::string& names, Extents& shape) {
    for (auto axis : order)
      if (roles[axis] == own || roles[axis] == 'b' || roles[axis] == 'k') names += roles[axis];
    std::shuffle(names.begin(), names.end(), random);
    std::size_t next[256] = {};
    for (char role : names) {
      auto& at = next[static_cast<unsigned char>(role)];
      while (roles[at] != role) ++at;
      shape.push_back(extents[at++]);
    }
  };
  side('m', product.left, a);
  side('n', product.right, b);
  auto c = of_batch;
  c.insert(c.end(), of_rows.begin(), of_rows.end());
  c.insert(c.end(), of_columns.begin(), of_columns.end());
  product.a = random_layout({element, Shape(a)}, random);
  product.b = random_layout({element, Shape(b)}, random);
  product.c = random_layout({element, Shape(c)}, random);
  return product;
}

/// Element [i] of the result, and the sum of the absolute values of its terms.
template <class T>
std::pair<double, double> element_of(const Product& product, const std::vector<T>& a, const std::vector<T>& b,
                                     const Extents& index) {
  Extents inner;
  for (std::size_t axis = 0; axis < product.left.size(); ++axis)
    if (product.left[axis] == 'k') inner.push_back(product.a.type.shape[static_cast<int>(axis)]);
  const auto batches = std::count(product.left.begin(), product.left.end(), 'b');
  const auto rows = std::count(product.left.begin(), product.left.end(), 'm');
  const auto position = [&](const std::string& roles, const Layout& layout, std::size_t own,
                            const Extents& step) {
    std::size_t batch = 0, k = 0;
    Extents at;
    for (char role : roles)
      at.push_back(role == 'b' ? index[batch++] : role == 'k' ? step[k++] : index[own++]);
    return offset_of(layout, at);
  };
  double sum = 0, scale = 0;
  for_each_index(Shape(inner), [&](const Extents& step, std::int64_t) {
    const double term = static_cast<double>(a[position(product.left, product.a, batches, step)]) *
                        static_cast<double>(b[position(product.right, product.b, batches + rows, step)]);
    sum += term;
    scale += std::abs(term);
  });
  return {sum, scale};
}

void run(const CpuKernel& kernel, std::vector<const void*> inputs, void* output, int parts) {
  for (int part = 0; part < parts; ++part) {
    const Guarded scratch(kernel.scratch_bytes);
    kernel.run({inputs.data(), output, scratch.data(), part, parts, {}});
    REQUIRE(scratch.is_intact());
  }
}

template <class T>
void check(const Product& product, Random& random) {
  const auto a = random_values<T>(product.a, random), b = random_values<T>(product.b, random);
  const Attributes attributes{{"left", product.left}, {"right", product.right}};
  KernelRequest request{{product.a, product.b}, product.c, attributes};
  CAPTURE(product.left, product.right, product.a.type, product.b.type, product.a.strides, product.b.strides,
          product.c.strides);
  const auto bytes = sizeof(T) * static_cast<std::size_t>(span_of(product.c));
  for (auto variant : cpu::usable_variants()) {
    CAPTURE(cpu::to_string(variant));
    request.prepared = false;
    const auto kernel = cpu::product_kernel(request, variant);
    const Guarded first(bytes);
    run(kernel, {a.data(), b.data()}, first.data(), 1);
    CHECK(first.is_intact());
    Guarded others(bytes);  // to see that the gaps are left alone
    for_each_index(product.c.type.shape, [&](const Extents& index, std::int64_t) {
      const auto at = offset_of(product.c, index) * static_cast<std::int64_t>(sizeof(T));
      T value;
      std::memcpy(&value, first.data() + at, sizeof value);
      const auto [expected, scale] = element_of(product, a, b, index);
      if (!(std::abs(value - expected) <= 1e-6 * (sizeof(T) == 4 ? 1 : 1e-9) * scale * 4))
        FAIL(value << " is not " << expected);
      std::memcpy(others.data() + at, &value, sizeof value);
    });
    CHECK(std::memcmp(first.data(), others.data(), bytes) == 0);
    for (int parts : {2, 3, 5}) {
      const Guarded again(bytes);
      run(kernel, {a.data(), b.data()}, again.data(), parts);
      CHECK(std::memcmp(first.data(), again.data(), bytes) == 0);
    }
    const auto packed_bytes = cpu::packed_bytes(request, variant);
    if (packed_bytes == 0) continue;
    const auto packing = cpu::packing_kernel(request, variant);
    request.prepared = true;
    for (int parts : {1, 3}) {
      const Guarded packed(packed_bytes), again(bytes);
      run(packing, {b.data()}, packed.data(), parts);
      CHECK(packed.is_intact());
      run(cpu::product_kernel(request, variant), {a.data(), packed.data()}, again.data(), parts);
      CHECK(again.is_intact());
      CHECK(std::memcmp(first.data(), again.data(), bytes) == 0);
    }
  }
}

void check(ElementType element, const std::string& roles, const Extents& extents, Random& random) {
  const auto product = random_product(element, roles, extents, random);
  if (element == ElementType::float32)
    check<float>(product, random);
  else
    check<double>(product, random);
}

}  // namespace

TEST_CASE(
    "Matrix products of all variants are right for any roles and layout, with the same bits however "
    "they are divided and whether packed or not") {
  Random random(1);
  for (int i = 0; i < 150; ++i) {
    std::string roles;
    Extents extents;
    for (char role : {'b', 'm', 'n', 'k'})
      for (auto axes = below(role == 'b' ? 2 : 3, random); axes > 0; --axes) {
        roles += role;
        extents.push_back(1 + below(role == 'b' ? 3 : 9, random));
      }
    check(i % 2 ? ElementType::float32 : ElementType::float64, roles, extents, random);
  }
}

TEST_CASE("Matrix products of all variants are right at the edges of their tiles and panels") {
  Random random(2);
  for (int i = 0; i < 60; ++i)
    check(i % 2 ? ElementType::float32 : ElementType::float64, "mnk",
          {1 + below(40, random), 1 + below(100, random), 1 + below(20, random)}, random);
  for (std::int64_t rows = 1; rows <= 15; ++rows) check(ElementType::float32, "mnk", {rows, 129, 3}, random);
}

TEST_CASE("Matrix products of all variants are right in several blocks") {
  Random random(3);
  check(ElementType::float32, "mnk", {5, 21, 1300}, random);
  check(ElementType::float64, "mnkk", {9, 17, 40, 33}, random);
  check(ElementType::float32, "mnk", {300, 40, 513}, random);
  check(ElementType::float64, "mnk", {130, 33, 520}, random);
}

TEST_CASE("Matrix products of all variants are right in the blocks of very long ones") {
  Random random(5);
  check(ElementType::float32, "mnk", {2, 66, 65600}, random);
  check(ElementType::float32, "mnkk", {67, 1, 300, 221}, random);
}

TEST_CASE("Matrix products without rows, columns or terms") {
  Random random(4);
  for (const Extents& extents : {Extents{0, 3, 4}, Extents{3, 0, 4}, Extents{3, 4, 0}, Extents{20, 70, 0}})
    check(ElementType::float32, "mnk", extents, random);
}

TEST_CASE("Infinity and NaN stay in the rows and columns of a matrix product that have them") {
  constexpr std::int64_t m = 9, n = 37, k = 5;
  const TensorType left{ElementType::float32, {m, k}}, right{ElementType::float32, {k, n}};
  const Attributes attributes{{"left", std::string("mk")}, {"right", std::string("kn")}};
  std::vector<float> a(m * k, 1), b(k * n, 2);
  a[3 * k + 2] = INFINITY;
  b[4 * n + 36] = NAN;
  b[2 * n + 7] = 0;
  for (auto variant : cpu::usable_variants())
    for (bool prepared : {false, true}) {
      KernelRequest request{{Layout::contiguous(left), Layout::contiguous(right)},
                            Layout::contiguous({ElementType::float32, {m, n}}),
                            attributes,
                            prepared};
      const Guarded packed(cpu::packed_bytes(request, variant));
      if (prepared) run(cpu::packing_kernel(request, variant), {b.data()}, packed.data(), 1);
      std::vector<float> c(m * n);
      run(cpu::product_kernel(request, variant),
          {a.data(), prepared ? static_cast<const void*>(packed.data()) : b.data()}, c.data(), 1);
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
          const float value = c[i * n + j];
          if (j == 36 || (i == 3 && j == 7))
            CHECK(std::isnan(value));  // infinity times zero is none either
          else
            CHECK(value == (i == 3 ? INFINITY : j == 7 ? 8.0f : 10.0f));
        }
    }
}
