// Where a value takes over the memory of what it is made of: where plan.h promises that it may, and only
// there.

#include <reel/gradients.h>
#include <reel/reel.h>

#include <set>

#include "../benchmarks/cells.h"
#include "catch.h"
#include "computations.h"
#include "plans.h"

using namespace reel;
using namespace reel::test;
using plan::Address;

namespace {

constexpr auto d = ElementType::float64;

/// The first byte of every element, at these steps of the loops around.
std::set<std::int64_t> elements_of(const Address& address, const std::vector<std::int64_t>& steps) {
  const auto& [type, strides] = address.layout;
  auto start = address.offset;
  for (const auto& step : address.steps) start += steps[static_cast<std::size_t>(step.level)] * step.bytes;
  std::set<std::int64_t> elements;
  for (std::int64_t i = 0; i < type.shape.size(); ++i) {
    auto rest = i, at = start;
    for (int axis = type.shape.rank() - 1; axis >= 0; --axis) {
      at += rest % type.shape[axis] * strides[axis] * address.element_size();
      rest /= type.shape[axis];
    }
    elements.insert(at);
  }
  return elements;
}

/// Whether two addresses have a byte in common at these steps.
bool meet(const Address& a, const Address& b, const std::vector<std::int64_t>& steps) {
  if (a.base != b.base) return false;
  const auto of_a = elements_of(a, steps), of_b = elements_of(b, steps);
  return std::any_of(of_a.begin(), of_a.end(), [&](std::int64_t at) {
    const auto next = of_b.lower_bound(at - b.element_size() + 1);
    return next != of_b.end() && *next < at + a.element_size();
  });
}

/// A piece of work writes over what it reads only where it is a pass that says so, of the same address.
void check_work(const plan::Plan& plan, std::size_t at, const std::vector<std::int64_t>& steps) {
  const auto& work = plan.work[at];
  INFO("work " << at << ": " << plan.notes[at].what);
  const auto* fusion = work.kind == plan::Work::Kind::fusion ? &plan.fusions[work.index] : nullptr;
  for (std::uint32_t o = 0; o < work.output_count; ++o) {
    const auto& output = plan.operand(work, work.input_count + o);
    const auto overwrites =
        fusion && o < fusion->outputs.size() ? fusion->outputs[o].overwrites : std::vector<int>();
    for (std::uint32_t i = 0; i < work.input_count; ++i) {
      const auto& input = plan.operand(work, i);
      const bool taken = std::count(overwrites.begin(), overwrites.end(), static_cast<int>(i)) == 1;
      INFO("output " << o << ", input " << i);
      if (fusion && o < fusion->outputs.size()) CHECK(taken == input.same_as(output));
      if (!taken) CHECK(!meet(input, output, steps));
    }
    for (std::uint32_t other = 0; other < o; ++other)
      CHECK(!meet(plan.operand(work, work.input_count + other), output, steps));
  }
}

/// All work at every step of the loops around it.
void check_plan(const plan::Plan& plan, std::size_t begin, std::size_t end,
                std::vector<std::int64_t>& steps) {
  for (auto at = begin; at < end; ++at) {
    const auto& work = plan.work[at];
    check_work(plan, at, steps);
    if (work.kind != plan::Work::Kind::loop) continue;
    steps.push_back(0);
    for (; steps.back() < work.steps; ++steps.back())
      check_plan(plan, at + 1, static_cast<std::size_t>(work.end), steps);
    steps.pop_back();
    at = static_cast<std::size_t>(work.end) - 1;
  }
}

/// How many outputs of fusions stand in the memory of an input that is another one at each step.
int taken_over(const plan::Plan& plan) {
  int count = 0;
  for (const auto& work : plan.work) {
    if (work.kind != plan::Work::Kind::fusion) continue;
    const auto& fusion = plan.fusions[work.index];
    for (std::size_t o = 0; o < fusion.outputs.size(); ++o)
      count +=
          !fusion.outputs[o].overwrites.empty() && !plan.operand(work, work.input_count + o).steps.empty();
  }
  return count;
}

CompileOptions without(const std::string& pass) {
  CompileOptions options;
  Without{pass}(options);
  return options;
}

/// An unroll that reads a sequence made before it, whose memory the gate of every step may take over.
struct Gated {
  static constexpr std::int64_t steps = 5, size = 3;

  Tape tape{d};
  Recording recording{tape};
  Tensor x = tape.argument({d, {steps, size, size}}), u = tape.argument({d, {size, size}});
  Tensor sequence = matmul(x, u);
  std::vector<Array> inputs;

  Gated() {
    std::mt19937_64 random(6);
    for (const auto& input : {x, u}) inputs.push_back(random_array(input.type(), random));
  }

  using Gate = std::function<Tensor(const Tensor& in, const Tensor& h)>;
  /// The gate of all steps. `next` makes the state of it and the step's part of the sequence.
  Tensor gates(const Tensor& over, const Gate& gate, const Gate& next) const {
    const auto step = [&](const Tensor& in, const Tensor& h) {
      const auto made = gate(in, h);
      return std::make_pair(made, next(in, made));
    };
    return unroll(step, over, zeros({size, size})).outputs;
  }
  Tensor gate(const Tensor& in, const Tensor& h) const { return sigmoid(in + matmul(h, u)); }
  Tensor gates(const Tensor& over) const {
    return gates(
        over, [&](const Tensor& in, const Tensor& h) { return gate(in, h); },
        [](const Tensor& in, const Tensor& made) { return made * in; });
  }

  /// In how many places memory is taken over; and the results are those of the plain runner, in a second run
  /// too.
  int taken(const Tensors& outputs, const CompileOptions& options = {}) const {
    const auto before = inputs;
    const auto expected = compile(tape, outputs, Device::reference()).run(inputs);
    auto program = compile(tape, outputs, Device::cpu(1), options);
    for (int runs = 0; runs < 2; ++runs) {
      const auto found = program.run(inputs);
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(difference(found[i], expected[i]) <= 1e-10 * std::max(1.0, largest(expected[i])));
    }
    CHECK(inputs == before);
    const auto plan = plan_of(tape, outputs, options);
    REQUIRE(outer_loops(plan).size() == 1);
    return taken_over(plan);
  }
};

}  // namespace

TEST_CASE("in every plan, what is written over what it is made of is an output of a pass that says so") {
  for (const auto& computation : computations())
    for (const auto& options : {CompileOptions(), without("fuse"), without("split")}) {
      const auto plan = plan_of(*computation.tape, computation.outputs, options);
      INFO(computation.name << "\n" << explain(plan));
      std::vector<std::int64_t> steps;
      check_plan(plan, 0, plan.work.size(), steps);
    }
}

TEST_CASE("the gates of an LSTM and their adjoints stand in the memory of what they are made of") {
  constexpr std::int64_t steps = 200, batch = 16, hidden = 32;
  const auto training = training_of<LSTM>("LSTM", steps, batch, hidden);
  const auto fused = plan_of(*training.tape, training.outputs),
             plain = plan_of(*training.tape, training.outputs, without("fuse"));
  CHECK(taken_over(fused) == 8);  // four gates over their sums, and four adjoints over the gates
  CHECK(taken_over(plain) == 0);
  // Gates, memory, the outputs and their adjoint of every step; without, four more, which are those of the
  // sums and, when these are no longer needed, of the adjoints.
  const auto array = static_cast<double>(steps * batch * hidden * 8);
  const auto bytes = [](const plan::Plan& plan) { return static_cast<double>(plan.arena_bytes); };
  CHECK(bytes(fused) <= 7.1 * array);
  CHECK(bytes(plain) >= bytes(fused) + 4 * array);
  // The four gates are one buffer of all steps; there is no other one as large.
  const auto large = [&](const plan::Plan& plan) {
    return std::count_if(plan.buffers.begin(), plan.buffers.end(), [&](const plan::Buffer& buffer) {
      return static_cast<double>(buffer.bytes) >= 4 * array;
    });
  };
  CHECK(large(fused) == 1);
}

TEST_CASE("a value of every step takes over a sequence that is read for the last time") {
  const Gated g;
  CHECK(g.taken({matmul(g.gates(g.sequence), g.u)}) == 1);
}

TEST_CASE("a sequence stays that is read again after the loop") {
  const Gated g;
  const auto gates = g.gates(g.sequence);
  CHECK(g.taken({matmul(gates, g.u), tanh(g.sequence) + gates}) == 0);
  CHECK(g.taken({matmul(gates, g.u), matmul(transpose(g.sequence), gates)}) == 0);
}

TEST_CASE("a sequence stays that is wanted as an output, and so does what was handed in") {
  const Gated g;
  const auto gates = g.gates(g.sequence);
  CHECK(g.taken({matmul(gates, g.u), g.sequence}) == 0);
  CHECK(g.taken({matmul(gates, g.u), transpose(g.sequence)}) == 0);
  CHECK(g.taken({matmul(g.gates(g.x), g.u)}) == 0);
}

TEST_CASE("a value that is wanted as an output is written there, not over a sequence") {
  const Gated g;
  CHECK(g.taken({g.gates(g.sequence)}) == 0);
}

TEST_CASE("a sequence stays of which a part is read at every step") {
  const Gated g;
  const auto third = index(g.sequence, 0, 3);
  const auto gates = g.gates(
      g.sequence, [&](const Tensor& in, const Tensor& h) { return g.gate(in, matmul(h, third)); },
      [](const Tensor& in, const Tensor& made) { return made * in; });
  CHECK(g.taken({matmul(gates, g.u)}) == 0);
}

TEST_CASE("a sequence stays that the same pass reads in another layout") {
  const Gated g;
  const auto next = [](const Tensor& in, const Tensor& made) { return made * in; };
  const auto turned = [&](const Tensor& in, const Tensor& h) { return g.gate(in + transpose(in), h); };
  const auto reversed = [&](const Tensor& in, const Tensor& h) { return g.gate(in + flip(in, {0}), h); };
  const auto spread = [&](const Tensor& in, const Tensor& h) { return g.gate(in + slice(in, 0, 1, 2), h); };
  for (const auto& gate : std::vector<Gated::Gate>{turned, reversed, spread})
    CHECK(g.taken({matmul(g.gates(g.sequence, gate, next), g.u)}) == 0);
}

TEST_CASE("a sequence stays that a step reads after the pass that would write over it") {
  const Gated g;
  const auto gates = g.gates(
      g.sequence, [&](const Tensor& in, const Tensor& h) { return g.gate(in, h); },
      [&](const Tensor& in, const Tensor& made) { return tanh(matmul(made, g.u)) * in; });
  CHECK(g.taken({matmul(gates, g.u)}) == 0);
}

TEST_CASE("a sequence of which another step is read stays") {
  const Gated g;
  // The step before it has been there; the one after it is still to come.
  const auto both = [&](const Tensor& other) {
    const auto step = [&](const std::pair<Tensor, Tensor>& in, const Tensor& h) {
      const auto made = g.gate(in.first + in.second, h);
      return std::make_pair(made, made * in.first);
    };
    return unroll(step, std::make_pair(g.sequence, other), zeros({Gated::size, Gated::size})).outputs;
  };
  CHECK(g.taken({matmul(both(flip(g.sequence, {0})), g.u)}) == 0);
  CHECK(g.taken({matmul(both(transpose(g.sequence)), g.u)}) == 0);
  // Also where a step reads it before it writes its own.
  const auto earlier = [&](const Tensor& other) {
    const auto step = [&](const std::pair<Tensor, Tensor>& in, const Tensor& h) {
      const auto made = g.gate(in.first, h * in.second);
      return std::make_pair(made, made * in.first);
    };
    return unroll(step, std::make_pair(g.sequence, other), zeros({Gated::size, Gated::size})).outputs;
  };
  CHECK(g.taken({matmul(earlier(tanh(g.sequence)), g.u)}) == 1);
  CHECK(g.taken({matmul(earlier(flip(g.sequence, {0})), g.u)}) == 0);
  const auto shorter = [&] {
    const auto step = [&](const std::pair<Tensor, Tensor>& in, const Tensor& h) {
      const auto made = g.gate(in.first + in.second, h);
      return std::make_pair(made, made * in.first);
    };
    const auto before = slice(g.sequence, 0, 0, Gated::steps - 1),
               after = slice(g.sequence, 0, 1, Gated::steps);
    return unroll(step, std::make_pair(before, after), zeros({Gated::size, Gated::size})).outputs;
  };
  CHECK(g.taken({matmul(shorter(), g.u)}) == 0);
}

TEST_CASE("a sequence stays whose steps repeat one another") {
  const Gated g;
  const auto repeated = broadcast_to(matmul(g.u, g.u), {Gated::steps, Gated::size, Gated::size});
  CHECK(g.taken({matmul(g.gates(repeated), g.u)}) == 0);
}

TEST_CASE("a sequence stays whose step is handed on to the next one") {
  const Gated g;
  const auto step = [&](const Tensor& in, const std::pair<Tensor, Tensor>& state) {
    const auto made = g.gate(in + state.second, state.first);
    return std::make_pair(made, std::make_pair(made * in, in));
  };
  const auto zero = zeros({Gated::size, Gated::size});
  const auto gates = unroll(step, g.sequence, std::make_pair(zero, zero)).outputs;
  CHECK(g.taken({matmul(gates, g.u)}, without("split")) == 0);
  // A pass of its own is made of what was handed on otherwise, before the loop.
  CHECK(g.taken({matmul(gates, g.u)}) == 1);
}

TEST_CASE("a sequence stays that was copied for others as well") {
  const Gated g;
  const auto columns = matmul(reshape(g.x, {Gated::steps * Gated::size, Gated::size}), g.u);
  const auto sequence = reshape(transpose(columns), g.x.shape());
  const auto gates = g.gates(sequence);
  // The same copy is read in another shape, after the loop.
  CHECK(g.taken({matmul(gates, g.u), cumsum(reshape(transpose(columns), {Gated::size, 15}), 1)}) == 0);
}

TEST_CASE("a sequence stays that is kept from run to run") {
  Model model(Seed{4}, Device::cpu(1), d);
  const auto weights =
      (model / "w")
          .parameter("w", {Gated::steps, Gated::size, Gated::size},
                     [](const TensorType& type, Random& random) { return random_array(type, random); });
  const Gated g;
  CHECK(g.taken({matmul(g.gates(matmul(weights, weights)), g.u)}) == 0);
}

TEST_CASE("a sequence stays that every step of a loop around reads") {
  const Gated g;
  const auto outer = [&](const Tensor& s) {
    const auto step = [&](const Tensor& in, const Tensor& h) {
      const auto made = g.gate(in, h);
      return std::make_pair(made, made * in);
    };
    return sum(matmul(unroll(step, g.sequence, s).outputs, g.u), {0});
  };
  const auto last = unroll(outer, 3, zeros({Gated::size, Gated::size})).state;
  CHECK(g.taken({last}) == 0);
}

TEST_CASE("a sequence is taken over once: a second value of every step has memory of its own") {
  const Gated g;
  const auto step = [&](const Tensor& in, const Tensor& h) {
    const auto sum = in + matmul(h, g.u);
    return std::make_pair(std::make_pair(sigmoid(sum), tanh(sum)), sigmoid(sum) * in);
  };
  const auto outputs = unroll(step, g.sequence, zeros({Gated::size, Gated::size})).outputs;
  CHECK(g.taken({matmul(outputs.first, g.u), matmul(outputs.second, g.u)}) == 1);
}

TEST_CASE("a state stays that is read once more after the next one is made") {
  Tape tape(d);
  const Recording recording(tape);
  const auto x = tape.argument({d, {5, 3, 3}}), u = tape.argument({d, {3, 3}});
  const auto step = [&](const Tensor& in, const std::pair<Tensor, Tensor>& state) {
    const auto next = tanh(in + state.first + state.second);
    return std::make_pair(next, 0.5 * state.second + matmul(state.first, u));
  };
  const auto zero = zeros({3, 3});
  const auto last = unroll(step, x, std::make_pair(zero, zero)).state;
  const Tensors outputs{last.first, last.second};
  const auto plan = plan_of(tape, outputs);
  const auto loops = outer_loops(plan);
  REQUIRE(loops.size() == 1);
  // The first is copied at the end of a step, the second written in its place.
  INFO(explain(plan));
  CHECK(count_work_in(plan, loops[0]).copies == 1);
  std::mt19937_64 random(6);
  const std::vector<Array> inputs{random_array(x.type(), random), random_array(u.type(), random)};
  const auto expected = compile(tape, outputs, Device::reference()).run(inputs);
  const auto found = compile(tape, outputs, Device::cpu(1)).run(inputs);
  for (int i = 0; i < 2; ++i) CHECK(difference(found[i], expected[i]) <= 1e-10);
}

TEST_CASE("a state is written over the one before where nobody reads that any more") {
  const auto outputs_over_inputs = [](const auto& next) {
    Tape tape(d);
    const Recording recording(tape);
    const auto x = tape.argument({d, {5, 3, 3}}), u = tape.argument({d, {3, 3}});
    const auto last =
        unroll([&](const Tensor& in, const Tensor& h) { return next(in, h, u); }, x, zeros({3, 3})).state;
    const auto plan = plan_of(tape, {last});
    int count = 0;
    for (const auto& fusion : plan.fusions)
      for (const auto& output : fusion.outputs) count += !output.overwrites.empty();
    std::mt19937_64 random(6);
    const std::vector<Array> inputs{random_array(x.type(), random), random_array(u.type(), random)};
    const auto expected = compile(tape, {last}, Device::reference()).run(inputs)[0];
    CHECK(difference(compile(tape, {last}, Device::cpu(1)).run(inputs)[0], expected) <= 1e-10);
    // Without memory of its own it needs no copy at the end of a step.
    const auto loops = outer_loops(plan);
    REQUIRE(loops.size() == 1);
    return std::make_pair(count, count_work_in(plan, loops[0]).copies);
  };
  using Counts = std::pair<int, int>;
  // Element by element in one pass.
  CHECK(outputs_over_inputs([](const Tensor& in, const Tensor& h, const Tensor&) { return tanh(in + h); }) ==
        Counts(1, 0));
  // Read before, by the product: it is overwritten by a pass that does not read it.
  CHECK(outputs_over_inputs([](const Tensor& in, const Tensor& h, const Tensor& u) {
          return tanh(in + matmul(h, u));
        }) == Counts(0, 0));
  // The same pass reads other elements of it.
  CHECK(outputs_over_inputs([](const Tensor& in, const Tensor& h, const Tensor&) {
          return tanh(in + h * transpose(h));
        }) == Counts(0, 1));
}

namespace {

/// How many arrays [steps, batch, hidden] it takes to train a cell whose state begins as `initial`.
template <class Cell, class State>
double arrays_to_train(const State& initial, std::int64_t hidden, std::int64_t batch = 8,
                       const CompileOptions& options = {}) {
  constexpr std::int64_t steps = 600;
  Model model(Seed{3}, Device::cpu(1), d);
  const Cell cell(model / "cell", 3, hidden);
  Tape tape(d);
  const Recording recording(tape);
  const auto x = tape.argument({d, {steps, batch, 3}}), dy = tape.argument({d, {steps, batch, hidden}});
  const auto y = unroll(cell, x, initial).outputs;
  const auto plan =
      plan_of(tape, gradients(sum(y * dy), {model.parameters().begin(), model.parameters().end()}), options);
  return static_cast<double>(plan.arena_bytes) / static_cast<double>(steps * batch * hidden * 8);
}

}  // namespace

TEST_CASE("a training keeps little more of every step than the equations of its cell must") {
  constexpr std::int64_t hidden = 32;
  const auto zero = zeros({8, hidden}, d);
  // Gates, memory and state.
  CHECK(arrays_to_train<LSTM>(LSTMState{zero, zero}, hidden) < 1.25 * 6);
  CHECK(arrays_to_train<benchmarks::PeepholeLSTM>(LSTMState{zero, zero}, hidden) < 1.25 * 6);
  // The gate, the candidate and the state, and what the gate lets through of the state, by which the gradient
  // of a weight is made.
  CHECK(arrays_to_train<benchmarks::MinimalGatedUnit>(zero, hidden) < 1.25 * 4);
  // Both normalised sums of four gates each; the gates and their inputs are made of these again. Adjoints of
  // all steps are written over one of the sums.
  CHECK(arrays_to_train<benchmarks::LayerNormLSTM>(LSTMState{zero, zero}, hidden) < 2.5 * 6);
}

TEST_CASE("what is kept for derivatives is set: least time, or least memory") {
  constexpr std::int64_t hidden = 32;
  const auto arrays = [&](std::int64_t batch, const auto& option) {
    CompileOptions options;
    option(options);
    const auto zero = zeros({batch, hidden}, d);
    return arrays_to_train<benchmarks::LayerNormLSTM>(LSTMState{zero, zero}, hidden, batch, options);
  };
  const auto unset = [](CompileOptions&) {};
  for (std::int64_t batch : {1, 8}) {
    CHECK(arrays(batch, LeastMemory) < 2.7 * 6);
    CHECK(arrays(batch, LeastTime) > 3 * 6);
  }
  // By itself memory counts where it is more than little.
  CHECK(arrays(8, unset) == arrays(8, LeastMemory));
  CHECK(arrays(1, unset) == arrays(1, LeastTime));
}

TEST_CASE("a value stands in the memory of one that is read for the last time to make it") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float64, {40, 50}}),
             w = tape.argument({ElementType::float64, {50, 50}});
  const auto product = matmul(x, w);
  const auto array = 40 * 50 * 8;
  // Over the product, which nobody reads again.
  const auto v = tape.argument({ElementType::float64, {50, 1}});
  CHECK(plan_of(tape, {matmul(tanh(product), v)}).arena_bytes < 1.5 * array);
  // Not where it is read again, or where it is read in another order.
  for (const auto& other : {matmul(tanh(product) - 1, w) + product,
                            matmul(tanh(product) * permute(reshape(product, {50, 40}), {1, 0}), w)})
    CHECK(plan_of(tape, {sum(other * 2)}).arena_bytes >= 2 * array);
}
