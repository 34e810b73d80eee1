// What unrolls and index maps are on a tape: read in one place, and made in one.

#include <record/index_maps.h>
#include <record/projection.h>
#include <record/unroll_builder.h>
#include <reel/reel.h>

#include "catch.h"
#include "improved.h"

using namespace reel;
using namespace reel::test;

namespace {

using NodeIds = std::vector<NodeId>;

NodeId last_unroll(const Tape& tape) {
  for (NodeId id = tape.size() - 1; id >= 0; --id)
    if (tape.node(id).operation == &unroll_operation()) return id;
  throw Error("no unroll");
}

NodeIds outer_of(Span<const UnrollOperand> operands) {
  NodeIds ids;
  for (const auto& operand : operands) ids.push_back(operand.outer);
  return ids;
}

// Along the last axis, which is recorded as -1.

constexpr std::int64_t last_axis = -1;

Tensor cut(const Tensor& x, std::int64_t start, std::int64_t stop, std::int64_t step = 1) {
  return record(slice_operation(), {x},
                {{"axis", last_axis}, {"start", start}, {"stop", stop}, {"step", step}});
}

Tensor padded(const Tensor& x, std::int64_t before, std::int64_t after, std::int64_t between) {
  return record(pad_operation(), {x},
                {{"axis", last_axis}, {"before", before}, {"after", after}, {"between", between}});
}

Tensor joined(const Tensors& parts) { return record(concat_operation(), parts, {{"axis", last_axis}}); }

/// An unroll with two sequences, two invariants, a carry that changes and one that is kept.
struct Example {
  Recorder r;
  Tensor x = r.input({T, B}), y = r.input({T}), a = r.input({B}), b = r.input({}), h = r.input({B}),
         k = r.input({B});
  Tensors results = record();
  NodeId id = last_unroll(r.tape);

  /// Outputs, and the last state.
  Tensors record() {
    const auto cell = [&](const std::pair<Tensor, Tensor>& in, const std::pair<Tensor, Tensor>& s) {
      const auto first = in.first * a, second = in.second * b;
      const auto next = tanh(first + s.first * s.second + second);
      return std::pair(next, std::pair(next, s.second));
    };
    const auto [outputs, last] = unroll(cell, std::pair(x, y), std::pair(h, k));
    return {outputs, last.first, last.second};
  }
  UnrollNode node() const { return UnrollNode::of(r.tape.node(id).attributes); }
};

/// The same unroll, node after node.
Unroll rebuilt(Example& example) {
  auto& tape = example.r.tape;
  const auto node = example.node();
  const auto& old = *node.body->tape;
  const auto operands = UnrollOperands::of(tape, example.id);
  UnrollBuilder builder(tape);
  NodeIds ids(old.size(), -1);
  for (const auto& operand : operands)
    ids[operand.inner] = builder.input(operand.kind, operand.outer, old.label(operand.inner));
  for (NodeId id = 0; id < old.size(); ++id) {
    if (ids[id] >= 0) continue;
    NodeIds inputs;
    for (auto input : old.inputs(id)) inputs.push_back(ids[input]);
    ids[id] = builder.step().append_copy(old, id, inputs);
  }
  for (const auto& carry : operands.carries()) builder.hand_on(ids[carry.inner], ids[carry.next]);
  return builder.finish(node);
}

}  // namespace

TEST_CASE("the operands of an unroll are sequences, invariants and initial carries") {
  Example example;
  const auto body = example.node().body;
  const auto operands = UnrollOperands::of(example.r.tape, example.id);
  CHECK(outer_of(operands.sequences()) == NodeIds{example.x.id(), example.y.id()});
  CHECK(outer_of(operands.invariants()) == NodeIds{example.a.id(), example.b.id()});
  CHECK(outer_of(operands.carries()) == NodeIds{example.h.id(), example.k.id()});
  std::size_t number = 0;
  for (const auto& operand : operands) {
    CHECK(operand.number == number);
    CHECK(operand.position == number % 2);
    CHECK(operand.outer == example.r.tape.inputs(example.id)[number]);
    CHECK(&operand == operands.find(operand.inner));
    CHECK(&operand == &operands[number++]);
  }
  CHECK(number == 6);
  const auto &changing = operands.carries()[0], &kept = operands.carries()[1];
  CHECK(changing.inner == body->carries[0]);
  CHECK(changing.next == body->next[0]);
  CHECK(!changing.is_constant());
  CHECK(kept.is_kept());
  CHECK(kept.is_constant());
  CHECK(operands.invariants()[1].is_constant());
  CHECK(!operands.invariants()[1].is_kept());
  CHECK(!operands.sequences()[0].is_constant());
  CHECK(operands.find(changing.next) == nullptr);
}

TEST_CASE("the inputs of a body by themselves stand in the same order") {
  Example example;
  const auto node = example.node();
  const auto operands = UnrollOperands::of(example.r.tape, example.id);
  std::size_t number = 0;
  for (const auto& input : UnrollOperands(*node.body)) {
    CHECK(input.outer == -1);
    CHECK(input.inner == operands[number].inner);
    CHECK(input.kind == operands[number++].kind);
  }
  CHECK(number == 6);
  const NodeIds too_few(5);
  CHECK_THROWS_AS(UnrollOperands(*node.body, too_few), InternalError);
}

TEST_CASE("a built unroll computes what the recorded one does") {
  Example example;
  const auto made = rebuilt(example);
  const auto operands = UnrollOperands::of(example.r.tape, made.id());
  const auto before = UnrollOperands::of(example.r.tape, example.id);
  for (const auto& operand : operands) {
    CHECK(operand.outer == before[operand.number].outer);
    CHECK(made.body().tape->label(operand.inner) ==
          example.node().body->tape->label(before[operand.number].inner));
  }
  const auto state = operands.carries()[0];
  const Tensors all{made.stacked(state.next), made.final_carry(0), example.results[0], example.results[1]};
  const auto results = compile(example.r.tape, all).run(example.r.inputs);
  CHECK(largest(results[2]) > 0);
  CHECK(difference(results[0], results[2]) == 0);
  CHECK(difference(results[1], results[3]) == 0);
}

TEST_CASE("what is given to a builder twice in one role is one input, of the type that follows") {
  Recorder r;
  const auto x = r.input({T, B});
  UnrollBuilder builder(r.tape);
  const auto sequence = builder.sequence(x.id(), "first");
  CHECK(builder.sequence(x.id(), "second") == sequence);
  const auto invariant = builder.invariant(x.id(), "");
  CHECK(builder.invariant(x.id(), "") == invariant);
  CHECK(invariant != sequence);
  // Carries part ways.
  CHECK(builder.carry(x.id(), "") != builder.carry(x.id(), ""));
  CHECK(builder.step().node(sequence).type == TensorType{d, {B}});
  CHECK(builder.step().node(invariant).type == TensorType{d, {T, B}});
  CHECK(builder.step().label(sequence) == "first");
}

TEST_CASE("a builder refuses an unroll of which a carry hands on nothing") {
  Recorder r;
  const auto x = r.input({T, B}), h = r.input({B});
  UnrollBuilder builder(r.tape);
  const auto slice = builder.sequence(x.id(), "");
  const auto first = builder.carry(h.id(), ""), second = builder.carry(h.id(), "");
  builder.hand_on(second, slice);
  const UnrollNode like{nullptr, T, false, false, false};
  CHECK_THROWS_AS(builder.finish(like), InternalError);
  builder.hand_on(first, second);
  const auto made = builder.finish(like);
  CHECK(made.body().next == NodeIds{second, slice});
  const auto results = compile(r.tape, {made.final_carry(0), made.final_carry(1)}).run(r.inputs);
  for (std::int64_t i = 0; i < B; ++i) {
    CHECK(results[0].at(i) == r.inputs[0].at((T - 2) * B + i));
    CHECK(results[1].at(i) == r.inputs[0].at((T - 1) * B + i));
  }
}

TEST_CASE("a value of another unroll is one of its operands, or else projected") {
  Example example;
  auto& tape = example.r.tape;
  const auto operands = UnrollOperands::of(tape, example.id);
  UnrollBuilder builder(tape);
  for (const auto& operand : operands) builder.value_of(example.id, operands, operand.inner);
  builder.value_of(example.id, operands, operands.carries()[0].next);
  const auto made = UnrollOperands::of(tape, builder.finish(example.node()).id());
  REQUIRE(made.sequences().size() == 4);
  CHECK(made.sequences()[0].outer == example.x.id());
  CHECK(made.sequences()[1].outer == example.y.id());
  const auto &changing = operands.carries()[0], &kept = operands.carries()[1];
  for (const auto& [position, value] : {std::pair(2, changing.inner), std::pair(3, changing.next)}) {
    const auto outer = made.sequences()[position].outer;
    CHECK(tape.inputs(outer)[0] == example.id);
    CHECK(Projection::of(tape.node(outer)).is(Projection::Kind::stacked));
    CHECK(Projection::of(tape.node(outer)).which == value);
  }
  CHECK(outer_of(made.invariants()) == NodeIds{example.a.id(), example.b.id(), kept.outer});
  CHECK(made.carries().empty());
}

TEST_CASE("index maps are read with their axis counted from the first") {
  Recorder r;
  const auto x = r.input({2, 9}), y = r.input({2, 3});
  const auto node = [&](const Tensor& made) { return r.tape.node(made.id()); };
  const auto slice = Slice::of(node(cut(x, 1, 8, 2)));
  CHECK(slice.axis == 1);
  CHECK(slice.attributes() == node(reel::slice(x, 1, 1, 8, 2)).attributes);
  CHECK(slice.along(0).axis == 0);
  CHECK(slice.is_within(1, 8));
  CHECK(!slice.is_within(2, 9));
  CHECK(!slice.is_within(0, 7));
  CHECK(Slice{1, 0, 9}.is_whole({2, 9}));
  CHECK(!Slice{1, 0, 8}.is_whole({2, 9}));
  CHECK(!Slice{1, 0, 9, 2}.is_whole({2, 9}));

  const auto spread = padded(y, 2, 1, 3);
  CHECK(Pad::of(node(spread)).axis == 1);
  CHECK(Pad::of(node(spread)).is_spread());
  CHECK(!Pad::of(node(padded(y, 2, 1, 0))).is_spread());
  CHECK(Pad::of(node(spread)).end(spread.shape()) == 2 + 3 + 2 * 3);

  const auto concat = Concat::of(r.tape, joined({x, y, x}).id());
  CHECK(concat.axis == 1);
  REQUIRE(concat.parts.size() == 3);
  CHECK(concat.parts[1].id == y.id());
  CHECK(concat.parts[1].start == 9);
  CHECK(concat.parts[1].stop == 12);
  CHECK(concat.parts[2].stop == 21);

  for (const bool reverse : {false, true}) {
    const auto shifted = Shift::of(node(shift(r.input({2}), x, -1, reverse)));
    CHECK(shifted.axis == 1);
    CHECK(shifted.reverse == reverse);
  }
}

TEST_CASE("a slice of a slice takes the positions that both leave") {
  constexpr std::int64_t extent = 11;
  const auto positions = [](const Slice& slice) {
    std::vector<std::int64_t> found;
    for (auto i = slice.start; i < slice.stop; i += slice.step) found.push_back(i);
    return found;
  };
  for (const std::int64_t step : {1, 2, 3})
    for (std::int64_t start = 0; start <= extent; ++start) {
      const Slice first{0, start, extent, step};
      const auto taken = positions(first);
      const auto count = static_cast<std::int64_t>(taken.size());
      for (const auto& next : {Slice{0, 0, count, 2}, Slice{0, count / 2, count}, Slice{0, count, count},
                               Slice{0, 0, count / 2, 3}}) {
        std::vector<std::int64_t> expected;
        for (auto i : positions(next)) expected.push_back(taken[i]);
        const auto both = first.then(next);
        CHECK(positions(both) == expected);
        CHECK(both.is_within(0, extent));
      }
    }
}

TEST_CASE("rules on slices, concats and pads take axes counted from the last") {
  Recorder r;
  const auto x = r.input({2, 9}), y = r.input({2, 3});
  const auto both = joined({x, y}), wide = padded(y, 2, 1, 0);
  r.check({cut(both, 9, 11), cut(both, 2, 5), cut(both, 7, 10), cut(cut(x, 1, 8), 2, 4), cut(wide, 2, 4),
           cut(wide, 0, 2), cut(wide, 1, 4), joined({cut(x, 0, 2), cut(x, 2, 5)})});
}
