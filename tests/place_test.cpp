// Addresses of values: views of memory, slices, steps, and the bytes they reach, element by element.

#include "plan/place.h"

#include <reel/ops.h>
#include <reel/structural.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "catch.h"
#include "random_shapes.h"

using namespace reel;
using namespace reel::test;
using plan::Address;
using plan::make_view;
using plan::Place;

namespace {

/// A value that stands somewhere: its axes in any order, with gaps, forwards, backwards or repeated.
Place random_place(const TensorType& type, Random& random) {
  Place place;
  place.base = 0;
  place.buffer = 3;
  place.layout = {type, std::vector<std::int64_t>(type.shape.rank(), 0)};
  std::vector<int> order(type.shape.rank());
  std::iota(order.rbegin(), order.rend(), 0);
  if (below(2, random) == 0) std::shuffle(order.begin(), order.end(), random);
  std::int64_t stride = 1 + below(2, random), first = 5;
  for (auto axis : order) {
    const auto extent = type.shape[axis];
    if (below(6, random) == 0) continue;  // repeated
    const bool backwards = below(4, random) == 0;
    place.layout.strides[axis] = backwards ? -stride : stride;
    if (backwards && extent > 0) first += (extent - 1) * stride;
    stride *= std::max<std::int64_t>(extent, 1) + (below(3, random) == 0 ? 2 : 0);
  }
  place.offset = first * place.element_size();
  return place;
}

/// The offset in bytes of each element in row-major order, at these steps of the loops around.
std::vector<std::int64_t> offsets(const Address& address, const Extents& steps = {}) {
  const auto& [type, strides] = address.layout;
  auto start = address.offset;
  for (const auto& step : address.steps) start += steps.at(static_cast<std::size_t>(step.level)) * step.bytes;
  std::vector<std::int64_t> found;
  for_each_index(type.shape, [&, &strides = strides](const Extents& index, std::int64_t) {
    const auto element = std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
    found.push_back(start + element * address.element_size());
  });
  return found;
}

/// The same of the result of an operation, from what its kernel makes of an array that holds the offset of
/// each element.
std::vector<std::int64_t> offsets_by_kernel(const Operation& operation, const Attributes& attributes,
                                            const TensorType& type, const Place& operand) {
  // Of integers, so that each is held as it is; an operation that moves elements takes any.
  Array before(operand.layout.type.shape, ElementType::int64), after(type.shape, ElementType::int64);
  const auto from = offsets(operand);
  std::copy(from.begin(), from.end(), before.data<std::int64_t>());
  const ConstView view{before.raw(), &before.type()};
  operation.kernels.reference({{&view, 1}, {after.raw(), &after.type()}, attributes, {}});
  return after.to_vector<std::int64_t>();
}

/// Whether a layout of the memory of `operand` has its elements in row-major order under another shape.
bool has_view(const Place& operand, const Shape& shape) {
  const auto wanted = offsets(operand);
  std::vector<std::int64_t> strides(shape.rank(), 0);
  std::int64_t elements = 1;
  for (int axis = shape.rank() - 1; axis >= 0 && !wanted.empty(); --axis) {
    if (shape[axis] > 1) strides[axis] = wanted[static_cast<std::size_t>(elements)] - wanted[0];
    elements *= shape[axis];
  }
  bool fits = true;
  for_each_index(shape, [&](const Extents& index, std::int64_t position) {
    const auto offset = std::inner_product(index.begin(), index.end(), strides.begin(), wanted[0]);
    fits = fits && offset == wanted[static_cast<std::size_t>(position)];
  });
  return fits;
}

Extents random_extents(std::int64_t size, Random& random) {
  Extents extents;
  for (std::int64_t factor = 2; size > 1; ++factor)
    for (; size % factor == 0; size /= factor) {
      if (extents.empty() || below(2, random) == 0)
        extents.push_back(factor);
      else
        extents[static_cast<std::size_t>(below(static_cast<std::int64_t>(extents.size()), random))] *= factor;
    }
  std::shuffle(extents.begin(), extents.end(), random);
  while (below(3, random) == 0)
    extents.insert(extents.begin() + below(static_cast<std::int64_t>(extents.size()) + 1, random), 1);
  return extents;
}

/// Attributes for an operand of that shape: any reshape, permutation, slice, reversal or repetition.
Attributes random_attributes(const Operation& operation, const Shape& shape, Random& random) {
  const int rank = shape.rank();
  if (&operation == &reshape_operation())
    return {{"shape", shape.size() > 0 ? random_extents(shape.size(), random) : Extents{2, 0}}};
  Axes axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  std::shuffle(axes.begin(), axes.end(), random);
  if (&operation == &permute_operation()) return {{"axes", axes}};
  if (&operation == &flip_operation()) {
    axes.resize(below(rank + 1, random));
    return {{"axes", axes}};
  }
  if (&operation == &broadcast_operation()) {
    auto extents = shape.extents();
    for (auto& extent : extents)
      if (extent == 1) extent = below(4, random);
    return {{"shape", extents}};
  }
  REQUIRE(&operation == &slice_operation());
  const auto axis = below(rank, random), extent = shape[static_cast<int>(axis)],
             start = below(extent + 1, random), stop = start + below(extent - start + 1, random);
  return {{"axis", axis}, {"start", start}, {"stop", stop}, {"step", 1 + below(3, random)}};
}

/// What make_view() gives, against the kernel; none only where there is no such view.
void check_view(const Operation& operation, const Attributes& attributes, const Place& operand) {
  const auto type = operation.infer({operand.layout.type}, attributes);
  INFO(operation.name << " " << to_string(attributes) << " of " << to_string(operand.layout.type));
  const auto view = make_view(operation, attributes, type, operand);
  if (!view) {
    REQUIRE(&operation == &reshape_operation());
    CHECK(!has_view(operand, type.shape));
    return;
  }
  REQUIRE(view->layout.type == type);
  REQUIRE(view->layout.strides.size() == static_cast<std::size_t>(type.shape.rank()));
  CHECK(offsets(*view) == offsets_by_kernel(operation, attributes, type, operand));
  // It is the same memory all the same.
  CHECK(view->base == operand.base);
  CHECK(view->buffer == operand.buffer);
  CHECK(view->steps == operand.steps);
}

}  // namespace

TEST_CASE("a view of any layout has the elements that the operation's kernel moves") {
  Random random(5);
  int seen = 0;
  for (const auto* operation : operations()) {
    if (!operation->is_layout()) continue;
    ++seen;
    for (int round = 0; round < 30; ++round)
      for (const auto& sample : operation->samples())
        check_view(*operation, sample.attributes, random_place(sample.operands[0].type, random));
  }
  CHECK(seen >= 6);
}

TEST_CASE("a view of any layout is right for all attributes") {
  const Operation* structural[] = {&reshape_operation(), &permute_operation(), &slice_operation(),
                                   &flip_operation(), &broadcast_operation()};
  Random random(6);
  for (const auto* operation : structural)
    for (int round = 0; round < 400; ++round) {
      const int rank = static_cast<int>(below(5, random));
      if (operation == &slice_operation() && rank == 0) continue;
      const TensorType type{ElementType::float32, random_shape(random, rank, round % 8 == 0 ? 0 : 1)};
      check_view(*operation, random_attributes(*operation, type.shape, random), random_place(type, random));
    }
}

TEST_CASE("views of views have the elements that kernels one behind the other move") {
  Random random(8);
  for (int round = 0; round < 200; ++round) {
    auto place = random_place({ElementType::float64, random_shape(random, 3, 1)}, random);
    auto elements = offsets(place);
    for (int times = 0; times < 3; ++times) {
      const auto& operation = round % 2 == times % 2 ? permute_operation() : flip_operation();
      const auto attributes = random_attributes(operation, place.layout.type.shape, random);
      const auto type = operation.infer({place.layout.type}, attributes);
      elements = offsets_by_kernel(operation, attributes, type, place);
      place = *make_view(operation, attributes, type, place);
      CHECK(offsets(place) == elements);
    }
  }
}

TEST_CASE("a reshape that is no view gives none") {
  const auto reshaped = [](const Place& place, const Extents& shape) {
    return make_view(reshape_operation(), {{"shape", shape}}, {place.layout.type.element, Shape(shape)},
                     place);
  };
  Place place;
  place.layout = Layout::contiguous({ElementType::float32, {4, 6}});
  CHECK(reshaped(place, {24}));
  CHECK(reshaped(place, {2, 2, 3, 2}));
  Place turned = place;
  turned.layout.type.shape = {6, 4};
  turned.layout.strides = {1, 6};
  CHECK(!reshaped(turned, {24}));
  CHECK(!reshaped(turned, {4, 6}));
  CHECK(reshaped(turned, {3, 2, 1, 4}));  // each axis by itself
  // Half of the columns: rows do not follow one another, but each can be divided.
  const auto half = slice_of(place, 1, 0, 3);
  CHECK(!reshaped(half, {12}));
  CHECK(reshaped(half, {2, 2, 3}));
  // What is repeated stays so as a whole, and not joined with what is not.
  Place repeated = place;
  repeated.layout.strides = {0, 0};
  CHECK(reshaped(repeated, {24}));
  repeated.layout.strides = {0, 1};
  CHECK(!reshaped(repeated, {24}));
}

TEST_CASE("a slice of a place has its elements, backwards too") {
  Random random(9);
  for (int round = 0; round < 300; ++round) {
    const auto place = random_place(
        {round % 2 ? ElementType::boolean : ElementType::float64, random_shape(random, 3, 1)}, random);
    const int axis = static_cast<int>(below(3, random));
    const auto start = below(place.layout.type.shape[axis], random),
               stop = start + below(place.layout.type.shape[axis] - start + 1, random);
    const auto part = slice_of(place, axis, start, stop);
    const auto& type = part.layout.type;
    CHECK(type.shape == place.layout.type.shape.with_extent(axis, stop - start));
    const Attributes attributes{
        {"axis", std::int64_t{axis}}, {"start", start}, {"stop", stop}, {"step", std::int64_t{1}}};
    CHECK(offsets(part) == offsets_by_kernel(slice_operation(), attributes, type, place));
  }
}

TEST_CASE("a step of a place is its slice at that step, from the first one on, forwards and backwards") {
  Random random(10);
  for (int round = 0; round < 300; ++round) {
    const auto place = random_place({ElementType::float32, random_shape(random, 3, 1)}, random);
    const auto extent = place.layout.type.shape[0], first = below(extent, random);
    const int level = static_cast<int>(below(3, random));
    const auto step = step_of(place, level, first);
    CHECK(step.layout.type.shape == place.layout.type.shape.without_axis(0));
    REQUIRE(step.steps.size() == 1);
    CHECK(step.steps[0].level == level);
    CHECK(step.level == level + 1);
    // In the order in which a loop goes through them, or the other.
    for (auto t = extent - first - 1; t >= 0; --t) {
      Extents steps(static_cast<std::size_t>(level + 1), 100);
      steps[static_cast<std::size_t>(level)] = t;
      CHECK(offsets(step, steps) == offsets(slice_of(place, 0, first + t, first + t + 1)));
    }
  }
}

TEST_CASE("a step of a step moves with both loops") {
  Place place;
  place.base = 0;
  place.layout = Layout::contiguous({ElementType::float64, {3, 4, 2}});
  const auto inner = step_of(step_of(place, 0), 1, 1);
  CHECK(inner.layout.type.shape == Shape{2});
  for (std::int64_t outer_step = 0; outer_step < 3; ++outer_step)
    for (std::int64_t inner_step = 0; inner_step < 3; ++inner_step) {
      const auto first = 8 * (8 * outer_step + 2 * (1 + inner_step));
      CHECK(offsets(inner, {outer_step, inner_step}) == std::vector<std::int64_t>{first, first + 8});
    }
  // Backwards through a sequence that stands backwards.
  auto backwards = place;
  backwards.offset = 2 * 64;
  backwards.layout.strides[0] = -8;
  CHECK(step_of(backwards, 0).steps[0].bytes == -64);
  CHECK(offsets(step_of(step_of(backwards, 0), 1), {2, 0}) == std::vector<std::int64_t>{0, 8});
}

TEST_CASE("axes of extent 1 come and go without moving anything") {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    const auto place = random_place({ElementType::float32, random_shape(random, 3, 1)}, random);
    auto extents = place.layout.type.shape.extents();
    extents.erase(std::remove(extents.begin(), extents.end(), 1), extents.end());
    while (below(2, random) == 0)
      extents.insert(extents.begin() + below(static_cast<std::int64_t>(extents.size()) + 1, random), 1);
    const auto same = with_shape(place, Shape(extents));
    CHECK(same.layout.type.shape == Shape(extents));
    CHECK(offsets(same) == offsets(place));
  }
}

TEST_CASE("an address reaches from its first to its last byte, and no further") {
  Random random(12);
  for (int round = 0; round < 400; ++round) {
    const auto element = all_element_types[round % 5];
    const auto place = random_place(
        {element, random_shape(random, static_cast<int>(below(5, random)), round % 8 == 0 ? 0 : 1)}, random);
    INFO(to_string(place.layout.type));
    const auto [low, high] = place.reach();
    const auto bytes = offsets(place);
    if (bytes.empty()) {
      CHECK(low == 0);
      CHECK(high == 0);
      continue;
    }
    CHECK(place.offset + low == *std::min_element(bytes.begin(), bytes.end()));
    CHECK(place.offset + high == *std::max_element(bytes.begin(), bytes.end()) + place.element_size());
  }
}

TEST_CASE("two addresses are the same where they read the same memory in the same way") {
  Place place;
  place.base = 2;
  place.buffer = 5;
  place.offset = 64;
  place.layout = Layout::contiguous({ElementType::float32, {3, 1, 4}});
  place.steps = {{0, 48}};
  CHECK(place.same_as(place));
  const auto differs = [&](const std::function<void(Place&)>& change) {
    auto other = place;
    change(other);
    return !other.same_as(place) && !place.same_as(other);
  };
  CHECK(differs([](Place& other) { other.base = 1; }));
  CHECK(differs([](Place& other) { other.buffer = 4; }));
  CHECK(differs([](Place& other) { other.offset = 68; }));
  CHECK(differs([](Place& other) { other.layout.strides[0] = 8; }));
  CHECK(differs([](Place& other) { other.layout.strides[2] = -1; }));
  CHECK(differs([](Place& other) { other.layout.type.element = ElementType::int32; }));
  CHECK(differs([](Place& other) { other = with_shape(other, {3, 4}); }));
  CHECK(differs([](Place& other) { other.steps[0].bytes = 40; }));
  CHECK(differs([](Place& other) { other.steps[0].level = 1; }));
  CHECK(differs([](Place& other) { other.steps.clear(); }));
  // An axis of one element goes nowhere.
  CHECK(!differs([](Place& other) { other.layout.strides[1] = 77; }));
  CHECK(!differs([](Place& other) { other.level = 3; }));
}
