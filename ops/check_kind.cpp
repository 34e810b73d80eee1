#include <reel/element_index.h>
#include <reel/structural.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "checks.h"

namespace reel::checks {

namespace {

std::string element_text(const Array& array, std::int64_t i) {
  return to_string(Shape(element_index(i, array.shape())));
}

bool has(const Attributes& attributes, const char* name) {
  const auto entries = attributes.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first.is(name); });
}

/// The shape of one element with as many axes.
Shape shape_of_one(const Shape& shape) { return Shape(std::vector<std::int64_t>(shape.rank(), 1)); }

/// Each element of the result is made of the operands' elements at its place alone: else it could not be
/// computed before it is broadcast, transposed or sliced, or together with others in one pass.
void check_map(const Subject& subject) {
  const auto operands = subject.values(7);
  const auto whole = subject.call(operands);
  for (const auto& operand : operands)
    if (operand.shape() != whole.shape())
      return subject.fail("is declared a map, and gives " + to_string(whole.type()) + " of " +
                          to_string(operand.type()));
  for (std::int64_t i = 0; i < whole.size(); ++i) {
    std::vector<Array> alone;
    for (const auto& operand : operands) {
      alone.emplace_back(shape_of_one(operand.shape()), operand.element());
      copy_element(alone.back(), 0, operand, i);
    }
    const auto one = subject.call(alone);
    Array same(one.type());
    copy_element(same, 0, whole, i);
    if (!close(same, one))
      return subject.fail("is declared a map, but element " + element_text(whole, i) +
                          " of its result is not what it makes of the elements there alone: " +
                          to_string(same) + ", alone " + to_string(one));
  }
}

/// Elements of the operands are moved: which one stands where does not rest on their values.
void check_index_map(const Subject& subject) {
  auto operands = subject.values(7);
  if (operands.empty() || operands[0].element() == ElementType::boolean) return;
  // The elements of all operands, one behind the other.
  std::vector<double> elements{0};
  auto numbered = operands, ones = operands;
  for (std::size_t k = 0; k < operands.size(); ++k)
    for (std::int64_t i = 0; i < operands[k].size(); ++i) {
      copy_element(numbered[k], i, Array(static_cast<double>(elements.size())).cast(operands[k].element()),
                   0);
      copy_element(ones[k], i, Array(1.0).cast(operands[k].element()), 0);
      elements.push_back(operands[k].at(i));
    }
  const auto sources = subject.call(numbered), result = subject.call(operands);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const double source = sources.at(i);
    const bool is_one =
        source >= 0 && source < static_cast<double>(elements.size()) && source == std::floor(source);
    if (!is_one || result.at(i) != elements[static_cast<std::size_t>(source)])
      return subject.fail("is declared an index map, but element " + element_text(result, i) +
                          " of its result is not always the same element of the operands, or zero");
  }
  if (&subject.operation == &pad_operation()) return;  // of which passes know what it puts in
  const auto same = subject.call(ones);
  for (std::int64_t i = 0; i < same.size(); ++i)
    if (same.at(i) != 1)
      return subject.fail("is declared an index map, but gives " + to_string(same) +
                          " of operands that are 1 everywhere");
}

/// Which elements of the operands may have a part in element `i` of the result.
using Part = std::function<bool(const std::vector<std::int64_t>& operand_index,
                                const std::vector<std::int64_t>& result_index)>;

/// Whether each element of the result stays when all elements change that have no part in it.
bool is_made_of(const Subject& subject, const Part& has_part) {
  const auto operands = subject.values(7), others = subject.values(8);
  const auto result = subject.call(operands);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    auto changed = others;
    const auto result_index = element_index(i, result.shape());
    for (std::size_t k = 0; k < operands.size(); ++k)
      for (std::int64_t j = 0; j < operands[k].size(); ++j)
        if (has_part(element_index(j, operands[k].shape()), result_index))
          copy_element(changed[k], j, operands[k], j);
    Array before(TensorType{result.element(), {}}), after = before;
    copy_element(before, 0, result, i);
    copy_element(after, 0, subject.call(changed), i);
    if (!close(after, before)) return false;
  }
  return true;
}

/// The axes that are left, in their order.
std::vector<std::int64_t> kept_axes(const Subject& subject) {
  const int rank = subject.sample.operands[0].type.shape.rank();
  const auto reduced = normal_axes(subject.sample.attributes.integers("axes"), rank);
  std::vector<std::int64_t> kept;
  for (std::int64_t axis = 0; axis < rank; ++axis)
    if (std::find(reduced.begin(), reduced.end(), axis) == reduced.end()) kept.push_back(axis);
  return kept;
}

/// Each element that is reduced counts: with the least or the greatest value of the sample in its place the
/// result is another. Not tried of integers, which are often equal, or zero in a product.
void check_all_count(const Subject& subject) {
  auto operands = subject.values(7);
  const auto result_size = subject.call(operands).size();
  auto& x = operands[0];
  if (!is_floating(x.element()) || x.size() < 2 * result_size) return;
  const auto& range = subject.sample.operands[0];
  for (std::int64_t i = 0; i < x.size(); ++i) {
    auto low = operands, high = operands;
    copy_element(low[0], i, Array(range.low).cast(x.element()), 0);
    copy_element(high[0], i, Array(range.high).cast(x.element()), 0);
    if (subject.call(low) == subject.call(high))
      return subject.fail("is declared a reduction, but element " + element_text(x, i) +
                          " of the operand has no part in the result");
  }
}

/// The named axes disappear, the others stay; each element of the result is made of all elements that have
/// its place on them.
void check_reduction(const Subject& subject) {
  const auto operands = subject.values(7);
  const auto type = subject.call(operands).type();
  if (!has(subject.sample.attributes, "axes")) {
    if (type.shape.rank() >= operands[0].shape().rank() && operands[0].shape().rank() > 0)
      subject.fail("is declared a reduction, and gives " + to_string(type));
    return;
  }
  const auto kept = kept_axes(subject);
  std::vector<std::int64_t> extents;
  for (auto axis : kept) extents.push_back(operands[0].shape()[static_cast<int>(axis)]);
  if (type.shape != Shape(extents))
    return subject.fail("is declared a reduction, and gives " + to_string(type) + " where its axes leave " +
                        to_string(Shape(extents)));
  const auto has_kept_place = [&](const auto& operand, const auto& result) {
    for (std::size_t i = 0; i < kept.size(); ++i)
      if (operand[static_cast<std::size_t>(kept[i])] != result[i]) return false;
    return true;
  };
  if (!is_made_of(subject, has_kept_place))
    return subject.fail(
        "is declared a reduction, but its result is also made of elements at other places of the axes that "
        "stay");
  check_all_count(subject);
}

/// Along an axis, each element is made of those up to its own, from one of the ends.
void check_scan(const Subject& subject) {
  const auto operands = subject.values(7);
  const auto type = subject.call(operands).type();
  if (type.shape != operands[0].shape())
    return subject.fail("is declared a scan, and gives " + to_string(type) + " of " +
                        to_string(operands[0].type()));
  if (!has(subject.sample.attributes, "axis")) return;
  const auto axis = static_cast<std::size_t>(
      normal_axis(subject.sample.attributes.integer("axis"), operands[0].shape().rank()));
  const auto along = [&](bool forwards) {
    return is_made_of(subject, [&](auto operand, auto result) {
      // What is handed to the first step is at no place along the axis, and before all of them.
      if (operand.size() < result.size()) operand.insert(operand.begin() + axis, result[axis]);
      const bool is_past = forwards ? operand[axis] <= result[axis] : operand[axis] >= result[axis];
      operand[axis] = result[axis];
      return is_past && operand == result;
    });
  };
  if (!along(true) && !along(false))
    subject.fail("is declared a scan, but elements of its result are not made of those before them alone");
}

/// No program has a place for a result of it.
void check_effect(const Subject& subject) {
  const auto operands = subject.values(7);
  std::vector<TensorType> types;
  for (const auto& operand : operands) types.push_back(operand.type());
  Array result(subject.operation.infer(types, subject.sample.attributes));
  constexpr int untouched = 0x5a;
  std::memset(result.raw(), untouched, result.type().bytes());
  const Array before = result;
  subject.call_into(result, operands, subject.sample.attributes);
  if (std::memcmp(result.raw(), before.raw(), before.type().bytes()) != 0)
    subject.fail("is declared an effect, which has no result, and writes one");
}

/// On the sample, and on a wider one.
void check_each_extent(const Subject& subject, const std::string& what,
                       const std::function<void(const Subject&)>& check) {
  subject.attempt(what, [&] { check(subject); });
  if (const auto wide = subject.widened()) wide->attempt(what, [&] { check(*wide); });
}

}  // namespace

void check_kind(const Subject& subject) {
  const auto kind = subject.operation.kind;
  const auto& operands = subject.sample.operands;
  if (operands.empty()) return;
  if (kind == Kind::leaf) subject.fail("is declared a leaf, and has operands");
  if (kind == Kind::effect) subject.attempt("as an effect", [&] { check_effect(subject); });
  if (kind == Kind::map) check_each_extent(subject, "as a map", check_map);
  if (kind == Kind::index_map) subject.attempt("as an index map", [&] { check_index_map(subject); });
  if (kind == Kind::reduction) subject.attempt("as a reduction", [&] { check_reduction(subject); });
  if (kind == Kind::scan) check_each_extent(subject, "as a scan", check_scan);
  const auto is_index = [](const auto& operand) { return is_integer(operand.type.element); };
  if (kind == Kind::gather && std::none_of(operands.begin(), operands.end(), is_index))
    subject.fail("is declared a gather, and has no operand of integers to choose by");
}

}  // namespace reel::checks
