// What can be worked on together, and in which order: roles and readings of nodes, and the items of a
// schedule.

#include "plan/iteration_spaces.h"

#include <reel/ops.h>
#include <reel/record.h>

#include <set>

#include "catch.h"
#include "computations.h"
#include "plan/schedule.h"
#include "plans.h"
#include "search_limits.h"

using namespace reel;
using namespace reel::test;
using plan::Reading;
using plan::Role;
using plan::Schedule;
using plan::Spaces;

namespace {

constexpr auto f = ElementType::float32;

/// A device with a plain kernel for everything, that fuses nothing.
class PlainTarget : public plan::Target {
 public:
  const char* name() const override { return "plain"; }
  plan::Takes takes(const Operation&, const KernelRequest&) const override { return plan::Takes::contiguous; }
};

/// A tape to record on, and what is made of it.
struct Sketch {
  Tape tape{f};
  Recording recording{tape};
  std::unique_ptr<plan::Target> target = std::make_unique<cpu::CpuTarget>();

  Tensor input(const Shape& shape, ElementType element = f) { return tape.argument({element, shape}); }

  static std::vector<NodeId> ids(const Tensors& tensors) {
    std::vector<NodeId> ids;
    for (const auto& tensor : tensors) ids.push_back(tensor.id());
    return ids;
  }
  Spaces spaces(const Tensors& outputs, bool fuse = true) const {
    return {tape, passes::find_live(tape, ids(outputs)), *target, fuse};
  }
  Schedule schedule(const Tensors& outputs, bool fuse = true) const {
    return make_schedule(tape, passes::find_live(tape, ids(outputs)), ids(outputs), *target, fuse, true);
  }
  /// The node of that operation; the only one.
  NodeId node_of(const std::string& operation) const {
    NodeId found = -1;
    for (NodeId id = 0; id < tape.size(); ++id) {
      if (tape.node(id).operation->name != operation) continue;
      REQUIRE(found == -1);
      found = id;
    }
    REQUIRE(found >= 0);
    return found;
  }
  /// The operations of an item.
  std::vector<std::string> names_in(const plan::Item& item) const {
    std::vector<std::string> names;
    for (auto id : item.nodes) names.push_back(tape.node(id).operation->name);
    return names;
  }
};

using Names = std::vector<std::string>;

/// What holds of every schedule of a tape and of the bodies in it.
void check_schedule(const Tape& tape, const passes::Live& live, const std::vector<NodeId>& wanted,
                    bool fuse) {
  const auto schedule = make_schedule(tape, live, wanted, cpu::CpuTarget(), fuse, true);
  std::vector<int> times(tape.size(), 0);
  for (std::size_t i = 0; i < schedule.items.size(); ++i)
    for (auto id : schedule.items[i].nodes) {
      ++times[id];
      CHECK(schedule.item_of[id] == static_cast<std::int32_t>(i));
    }
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto role = schedule.spaces.role(id);
    const bool computed = live.nodes[id] && role != Role::given && role != Role::view;
    INFO("node " << id << " of " << tape.node(id).operation->name);
    CHECK(times[id] == (computed ? 1 : 0));
    if (!computed) continue;
    for (std::size_t k = 0; k < tape.inputs(id).size(); ++k) {
      const auto before = schedule.item_of[schedule.spaces.source(id, k)];
      const bool in_pass = schedule.reading(id, k) != Reading::apart;
      // What is computed apart is there before; the rest is in the same fusion.
      CHECK((in_pass ? before == schedule.item_of[id] : before < schedule.item_of[id]));
    }
  }
  for (const auto& [id, loop] : live.loops) {
    const auto unroll = UnrollNode::of(tape.node(id).attributes);
    check_schedule(*unroll.body->tape, loop.body, unroll.body->next, fuse);
  }
}

}  // namespace

TEST_CASE("every node has the role that its operation and its shape allow") {
  Sketch r;
  const auto x = r.input({400, 5});
  const auto w = r.input({5, 5});
  const auto map = tanh(x), rows = sum(x, {1}), columns = max(x, {0}), product = matmul(x, w),
             part = slice(x, 0, 1, 3), joined = concat({x, x}, 0), padded = pad(x, 0, 1, 1),
             both = sum(x, {0, 1}), cut = stop_gradient(x), turned = flip(x, {0}), two = x * 2, dead = exp(x),
             repeated = broadcast_to(r.input({1, 5}), {400, 5});
  const auto spaces =
      r.spaces({map, rows, columns, product, part, joined, padded, both, cut, turned, two, repeated});
  CHECK(spaces.role(x.id()) == Role::given);
  CHECK(spaces.role(r.tape.inputs(two.id())[1]) == Role::given);  // a literal
  CHECK(spaces.role(map.id()) == Role::map);
  CHECK(spaces.role(rows.id()) == Role::reduce);
  CHECK(spaces.role(columns.id()) == Role::total);
  for (const auto& each : {product, joined, padded, both}) CHECK(spaces.role(each.id()) == Role::other);
  for (const auto& each : {part, cut, turned, repeated}) CHECK(spaces.role(each.id()) == Role::view);
  CHECK(spaces.role(dead.id()) == Role::given);  // nobody asks for it
  for (const auto& each : {map, rows, columns}) CHECK(spaces.is_fusible(each.id()));
  for (const auto& each : {x, product, part}) CHECK(!spaces.is_fusible(each.id()));
  CHECK(!spaces.is_reduction(map.id()));
  CHECK(spaces.is_reduction(rows.id()));
  CHECK(spaces.is_reduction(columns.id()));
}

TEST_CASE("a reduction whose rows are too long, too few or none has a kernel of its own") {
  Sketch r;
  const auto columns = limits::widest_row;
  const auto fits = sum(r.input({2, columns}), {1}), longer = sum(r.input({2, columns + 1}), {1}),
             single = sum(r.input({9, 1}), {1}), few = sum(r.input({20, 5}), {0}),
             many = sum(r.input({20, 30, 5}), {0, 1}), empty = sum(r.input({0, 5}), {1}),
             one_axis = sum(r.input({7}), {0}), middle = sum(r.input({20, 30, 5}), {1});
  const auto spaces = r.spaces({fits, longer, single, few, many, empty, one_axis, middle});
  CHECK(spaces.role(fits.id()) == Role::reduce);
  CHECK(spaces.role(many.id()) == Role::total);
  CHECK(spaces.role(one_axis.id()) == Role::reduce);
  for (const auto& each : {longer, single, few, empty, middle}) CHECK(spaces.role(each.id()) == Role::other);
}

TEST_CASE("projections and parameters are no work") {
  Model model(Seed{1});
  const Linear layer(model / "layer", 3, 3);
  Sketch r;
  const auto result = unroll([&](const Tensor& x, const Tensor& s) { return tanh(layer(x) + s); },
                             r.input({4, 2, 3}), zeros({2, 3}));
  const auto last = bring(r.tape, result.state, "test");
  const auto spaces = r.spaces({result.outputs, last});
  CHECK(spaces.role(result.outputs.id()) == Role::view);
  CHECK(spaces.role(last.id()) == Role::view);
  for (NodeId id = 0; id < r.tape.size(); ++id) {
    const auto& operation = *r.tape.node(id).operation;
    if (operation.kind == Kind::unroll) CHECK(spaces.role(id) == Role::other);
    if (operation.name == "parameter") CHECK(spaces.role(id) == Role::given);
  }
}

TEST_CASE("an operand of a pass is read element for element, spread along rows, or made before it") {
  Sketch r;
  const auto x = r.input({8, 5});
  const auto e = exp(x), rows = sum(e, {1}), root = sqrt(rows), quotient = e / sum(e, {1}, true),
             turned = tanh(transpose(r.input({5, 8}))), other = tanh(e + matmul(e, r.input({5, 5}))),
             added = root + rows, sum_of_rows = sum(e * e, {1}),
             crossed = tanh(transpose(exp(r.input({8, 8})))), wide = tanh(reshape(e, {4, 10}));
  const auto spaces = r.spaces({e, rows, root, quotient, turned, other, added, sum_of_rows, crossed, wide});
  CHECK(spaces.reading(e.id(), 0) == Reading::apart);  // an argument
  CHECK(spaces.reading(rows.id(), 0) == Reading::same);
  CHECK(spaces.reading(root.id(), 0) == Reading::same);  // row for row
  CHECK(spaces.reading(added.id(), 0) == Reading::same);
  CHECK(spaces.reading(quotient.id(), 0) == Reading::same);
  CHECK(spaces.reading(quotient.id(), 1) == Reading::spread);
  CHECK(spaces.reading(turned.id(), 0) == Reading::apart);
  CHECK(spaces.reading(crossed.id(), 0) == Reading::apart);  // element for element, but of other elements
  CHECK(spaces.reading(wide.id(), 0) == Reading::apart);     // of another space
  const auto product = r.tape.inputs(other.id())[0];
  CHECK(spaces.reading(product, 0) == Reading::same);
  CHECK(spaces.reading(product, 1) == Reading::apart);
  CHECK(spaces.is_per_row(rows.id()));
  CHECK(spaces.is_per_row(root.id()));
  CHECK(!spaces.is_per_row(e.id()));
  CHECK(!spaces.is_per_row(quotient.id()));
  CHECK(spaces.space(root.id()) == Shape{8, 5});
  CHECK(spaces.source(quotient.id(), 1) ==
        r.tape.inputs(r.tape.inputs(r.tape.inputs(quotient.id())[1])[0])[0]);
}

TEST_CASE("row values that stand for other rows than their own are made before the pass that reads them") {
  Sketch r;
  const auto x = r.input({6, 6});
  const auto rows = sum(exp(x), {1});
  const auto along_columns = exp(x) * rows;  // an element of the rows for each column
  const auto reversed = exp(x) * reshape(flip(rows, {0}), {6, 1});
  const auto again = sum(exp(x) + reshape(rows, {6, 1}), {1});
  const auto total = sum(rows, {0});
  // Of a cube whose rows are a square: turned they have the same shape.
  const auto cube = r.input({5, 5, 7});
  const auto square = sum(cube, {2}), turned = transpose(square);
  const auto added = square + turned, backwards = square + flip(square, {1}),
             spread = cube * reshape(turned, {5, 5, 1}), right = cube * reshape(square, {5, 5, 1});
  // Rows of another space, as many of them.
  const auto foreign = square + sum(r.input({5, 5, 9}), {2});
  const auto spaces =
      r.spaces({along_columns, reversed, again, total, added, backwards, spread, right, foreign});
  for (const auto& each : {added, backwards, foreign}) {
    CHECK(spaces.space(each.id()) == Shape{5, 5, 7});
    CHECK(spaces.reading(each.id(), 0) == Reading::same);
    CHECK(spaces.reading(each.id(), 1) == Reading::apart);
  }
  CHECK(spaces.reading(spread.id(), 1) == Reading::apart);
  CHECK(spaces.reading(right.id(), 1) == Reading::spread);
  CHECK(spaces.reading(along_columns.id(), 1) == Reading::apart);
  CHECK(spaces.reading(reversed.id(), 1) == Reading::apart);
  CHECK(spaces.reading(r.tape.inputs(again.id())[0], 1) == Reading::spread);
  CHECK(spaces.reading(again.id(), 0) == Reading::same);
  CHECK(spaces.reading(total.id(), 0) == Reading::apart);
}

TEST_CASE("a total of columns is there when all rows are done: nothing in the pass reads it") {
  Sketch r;
  const auto x = r.input({400, 5});
  const auto e = exp(x), centred = e - sum(e, {0}, true);
  const auto spaces = r.spaces({centred});
  CHECK(spaces.role(r.node_of("sum")) == Role::total);
  CHECK(spaces.reading(r.node_of("sum"), 0) == Reading::same);
  CHECK(spaces.reading(centred.id(), 0) == Reading::same);
  CHECK(spaces.reading(centred.id(), 1) == Reading::apart);
  const auto schedule = r.schedule({centred});
  REQUIRE(schedule.items.size() == 2);
  CHECK(r.names_in(schedule.items[0]) == Names{"exp", "sum"});
  CHECK(r.names_in(schedule.items[1]) == Names{"sub"});
  // In another item, what could be read in a pass is read from memory.
  CHECK(schedule.reading(centred.id(), 0) == Reading::apart);
}

TEST_CASE("a softmax is one item") {
  Sketch r;
  const auto schedule = r.schedule({softmax(r.input({8, 5}))});
  REQUIRE(schedule.items.size() == 1);
  CHECK(schedule.items[0].is_fusion);
  CHECK(!schedule.items[0].is_of_rows);
  CHECK(r.names_in(schedule.items[0]) == Names{"max", "sub", "exp", "sum", "div"});
}

TEST_CASE("independent maps are an item each unless they share an operand") {
  Sketch r;
  const auto x = r.input({3, 4}), y = r.input({3, 4});
  CHECK(r.schedule({tanh(x), exp(y)}).items.size() == 2);
  CHECK(r.schedule({tanh(x), exp(x)}).items.size() == 1);
  // A literal both have is nothing that is read.
  CHECK(r.schedule({x + 1, y + 1}).items.size() == 2);
  // Nor is it enough that they share one in another space.
  const auto both = r.input({12});
  CHECK(r.schedule({tanh(reshape(both, {3, 4})), exp(both)}).items.size() == 2);
  // Through a third one.
  CHECK(r.schedule({tanh(x), exp(y), x * y}).items.size() == 1);
}

TEST_CASE("what must be computed in between parts two fusions") {
  Sketch r;
  const auto x = r.input({4, 4});
  const auto e = exp(x);
  const auto schedule = r.schedule({tanh(matmul(e, e)) * e, e});
  REQUIRE(schedule.items.size() == 3);
  CHECK(r.names_in(schedule.items[0]) == Names{"exp"});
  CHECK(r.names_in(schedule.items[1]) == Names{"matmul"});
  CHECK(!schedule.items[1].is_fusion);
  CHECK(r.names_in(schedule.items[2]) == Names{"tanh", "mul"});
}

TEST_CASE("effects keep their order, whatever they wait for") {
  Sketch r;
  const auto x = r.input({4, 4});
  print(matmul(matmul(x, x), x), "late");
  print(x, "early");
  const auto run = [&](const Tensor& in, const Tensor& s) { return print(tanh(in + s), "within"); };
  const auto outputs = unroll(run, x, zeros({4})).outputs;
  print(x, "last");
  const auto schedule = r.schedule({outputs});
  std::vector<NodeId> effects;
  for (const auto& item : schedule.items) {
    const auto kind = r.tape.node(item.nodes[0]).operation->kind;
    if (kind == Kind::effect || kind == Kind::unroll) effects.push_back(item.nodes[0]);
  }
  CHECK(effects.size() == 4);
  CHECK(std::is_sorted(effects.begin(), effects.end()));
}

TEST_CASE("a map all of whose users come later is computed with them") {
  Sketch r;
  const auto x = r.input({4, 4}), y = r.input({4, 4});
  const auto early = tanh(x), late = early * matmul(x, y);
  const auto schedule = r.schedule({late});
  REQUIRE(schedule.items.size() == 2);
  CHECK(r.names_in(schedule.items[0]) == Names{"matmul"});
  CHECK(r.names_in(schedule.items[1]) == Names{"tanh", "mul"});
  CHECK(schedule.reading(late.id(), 0) == Reading::same);
  // And those before it, that are for it alone.
  const auto chain = r.schedule({sigmoid(exp(y)) * matmul(x, y)});
  REQUIRE(chain.items.size() == 2);
  CHECK(r.names_in(chain.items[1]) == Names{"exp", "sigmoid", "mul"});
}

TEST_CASE("a map is not delayed that is wanted itself, has a user before, or would keep more alive") {
  Sketch r;
  const auto x = r.input({4, 4}), y = r.input({4, 4});
  const auto early = tanh(x), late = early * matmul(x, y);
  // The first item is the map, before the product.
  const auto wanted = r.schedule({late, early});
  REQUIRE(wanted.items.size() == 3);
  CHECK(r.names_in(wanted.items[0]) == Names{"tanh"});
  const auto used = r.schedule({late, matmul(early, y)});
  CHECK(used.item_of[early.id()] < used.item_of[late.id()]);
  // One value is kept until the product is there, instead of the two that it is made of.
  const auto one = tanh(x), other = exp(x), together = one + other, later = together * matmul(x, y);
  const auto kept = r.schedule({later});
  REQUIRE(kept.items.size() == 3);
  CHECK(r.names_in(kept.items[0]) == Names{"tanh", "exp", "add"});
  CHECK(r.names_in(kept.items[2]) == Names{"mul"});
}

TEST_CASE("with fuse left out every map is an item, and a reduction has its kernel") {
  Sketch r;
  const auto x = r.input({8, 5});
  const auto y = softmax(x);
  const auto spaces = r.spaces({y}, false);
  CHECK(spaces.role(r.node_of("sum")) == Role::other);
  CHECK(spaces.role(r.node_of("exp")) == Role::map);
  const auto schedule = r.schedule({y}, false);
  Names names;
  for (const auto& item : schedule.items) {
    REQUIRE(item.nodes.size() == 1);
    CHECK(item.is_fusion == (spaces.role(item.nodes[0]) == Role::map));
    names.push_back(r.tape.node(item.nodes[0]).operation->name);
  }
  CHECK(names == Names{"max", "sub", "exp", "sum", "div"});
  // Nor is anything delayed.
  const auto early = tanh(x), late = early * matmul(x, r.input({5, 5}));
  const auto delayed = r.schedule({late}, false);
  CHECK(delayed.item_of[early.id()] == 0);
  CHECK(delayed.items.size() == 3);
}

TEST_CASE("for a device that fuses nothing there is no pass") {
  const auto training = training_of<LSTM>("LSTM", 3, 2, 4);
  Sketch r;
  r.target = std::make_unique<PlainTarget>();
  const auto x = r.input({300, 5});
  const Tensors outputs{softmax(x), sum(tanh(x), {0})};
  const auto spaces = r.spaces(outputs);
  for (NodeId id = 0; id < r.tape.size(); ++id) CHECK(!spaces.is_fusible(id));
  for (const auto& item : r.schedule(outputs).items) {
    CHECK(!item.is_fusion);
    CHECK(item.nodes.size() == 1);
  }
  const auto plan = plan_of(*training.tape, training.outputs, {}, PlainTarget());
  CHECK(plan.fusions.empty());
  const auto counts = count_work(plan);
  CHECK(counts.fusions == 0);
  CHECK(counts.finishes == 0);
  CHECK(counts.prepared == 0);
  CHECK(counts.kernels_of("sigmoid") > 0);
  CHECK(plan_of(*training.tape, training.outputs).fusions.size() > 0);
}

TEST_CASE("a reduction by itself is run by its kernel, and one among maps in their pass") {
  Sketch r;
  const auto x = r.input({300, 5});
  for (const auto& axes : {Axes{0}, Axes{1}}) {
    const auto alone = r.schedule({sum(x, axes)});
    REQUIRE(alone.items.size() == 1);
    CHECK(!alone.items[0].is_fusion);
    const auto among = r.schedule({sum(tanh(x), axes)});
    REQUIRE(among.items.size() == 1);
    CHECK(among.items[0].is_fusion);
  }
}

TEST_CASE("an item of row values alone is a pass over the rows") {
  Sketch r;
  const auto x = r.input({8, 5});
  const auto rows = sum(exp(x), {1});
  const auto later = tanh(rows * matmul(x, r.input({5})));
  const auto schedule = r.schedule({rows, later});
  REQUIRE(schedule.items.size() == 3);
  CHECK(r.names_in(schedule.items[2]) == Names{"mul", "tanh"});
  CHECK(schedule.items[2].is_of_rows);
  CHECK(!schedule.items[0].is_of_rows);
  const auto plan = plan_of(r.tape, {rows, later});
  REQUIRE(plan.fusions.size() == 2);
  CHECK(plan.fusions[0].space == Shape{8, 5});
  CHECK(plan.fusions[1].space == Shape{8, 1});
}

TEST_CASE("what is made of parameters alone is in no item with what is not") {
  Model model(Seed{1});
  const auto w = (model / "w").parameter("w", {4, 4}, orthogonal());
  Sketch r;
  const auto x = r.input({4, 4});
  const Tensor made = tanh(w);
  const auto y = made * x;
  const auto schedule = r.schedule({y});
  REQUIRE(schedule.items.size() == 2);
  CHECK(schedule.cached[made.id()]);
  CHECK(!schedule.cached[y.id()]);
  CHECK(!schedule.cached[x.id()]);
  // Within a loop nothing is kept: it is worked out at every step.
  const std::vector<NodeId> wanted{y.id()};
  const auto inside =
      make_schedule(r.tape, passes::find_live(r.tape, wanted), wanted, cpu::CpuTarget(), true, false);
  CHECK(inside.items.size() == 1);
  CHECK(!inside.cached[made.id()]);
}

TEST_CASE("in every schedule each node is computed once, its operands before or with it") {
  for (const auto& computation : computations())
    for (const bool fuse : {true, false}) {
      INFO(computation.name << (fuse ? ", fused" : ""));
      const auto improved = passes::improve(*computation.tape, Sketch::ids(computation.outputs), {});
      check_schedule(*improved.tape, passes::find_live(*improved.tape, improved.outputs), improved.outputs,
                     fuse);
    }
}
