// The runner for speed against the plain one: the same values and gradients, whatever is fused, divided or
// kept; and what it promises of memory and threads.

#include <reel/check_operation.h>
#include <reel/gradients.h>
#include <reel/record.h>
#include <reel/reel.h>

#include <atomic>
#include <thread>

#include "catch.h"
#include "devices.h"
#include "plans.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Gradients of a weighted sum of what `record` gives, and the values.
template <class Record>
std::vector<Array> values_and_gradients(const Device& device, const std::vector<Array>& inputs,
                                        const CompileOptions& options, const Record& record) {
  Tape tape(ElementType::float64);
  const Recording recording(tape);
  Tensors arguments, xs;
  for (const auto& input : inputs) {
    arguments.push_back(tape.argument(input.type()));
    if (is_floating(input.element())) xs.push_back(arguments.back());
  }
  Tensors outputs = record(arguments, xs);
  return compile(tape, outputs, device, options).run(inputs);
}

void check_equal(const std::vector<Array>& found, const std::vector<Array>& expected, double tolerance) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("result " << i << ": " << to_string(found[i]) << " and " << to_string(expected[i]));
    REQUIRE(found[i].type() == expected[i].type());
    REQUIRE(difference(found[i], expected[i]) <= tolerance * std::max(1.0, largest(expected[i])));
  }
}

/// One training step's gradients of an LSTM, in the order of the parameters, and the gradient of x.
std::vector<Array> lstm_gradients(const Device& device, const CompileOptions& options = {},
                                  ElementType element = ElementType::float32) {
  Model model(Seed{3}, device, element);
  const LSTM cell(model / "cell", 12, 40);
  Tape tape(element);
  const Recording recording(tape);
  const auto x = tape.argument({element, {9, 7, 12}});
  const auto y = unroll(cell, x, cell.initial_state(7)).outputs;
  Tensors xs{x};
  xs.insert(xs.end(), model.parameters().begin(), model.parameters().end());
  auto outputs = gradients(sum(y * y), xs);
  outputs.push_back(y);
  std::mt19937_64 random(5);
  return compile(tape, outputs, device, options).run({random_array(x.type(), random, -1, 1)});
}

}  // namespace

TEST_CASE("every operation has the reference runner's values and gradients, divided or not") {
  static const std::vector<Device> others{divided_among(2), far_device(), fusing_far_device()};
  for (const auto* operation : operations()) {
    if (!operation->samples || !operation->has_value()) continue;
    for (const auto& sample : operation->samples())
      for (const auto element : {ElementType::float64, ElementType::float32}) {
        auto inputs = sample_values(sample, 7);
        if (element == ElementType::float32)
          for (auto& input : inputs)
            if (input.element() == ElementType::float64) input = input.cast(element);
        INFO(operation->name << " " << to_string(sample.attributes) << " in " << name_of(element));
        const auto record_it = [&](const Tensors& arguments, const Tensors& xs) {
          const auto y = record(*operation, arguments, sample.attributes);
          Tensors outputs{y};
          if (!xs.empty() && is_floating(y.element()) && !operation->derivative.zero)
            for (const auto& gradient : gradients(sum(y * y), xs)) outputs.push_back(gradient);
          return outputs;
        };
        std::vector<Array> expected;
        try {
          expected = values_and_gradients(Device::reference(), inputs, {}, record_it);
        } catch (const RecordError&) {
          continue;  // a sample in another element type than its attributes say
        }
        const double tolerance = element == ElementType::float64 ? 1e-10 : 1e-4;
        check_equal(values_and_gradients(Device::cpu(1), inputs, {}, record_it), expected, tolerance);
        for (const auto& device : others)
          check_equal(values_and_gradients(device, inputs, {}, record_it), expected, tolerance);
      }
  }
}

TEST_CASE("an LSTM has the reference runner's gradients, each pass on or off") {
  const auto expected = lstm_gradients(Device::reference(), {}, ElementType::float64);
  std::vector<CompileOptions> ways(2);
  AsRecorded(ways[1]);
  for (const auto& pass : all_passes()) Without(pass.name)(ways.emplace_back());
  for (const auto& options : ways)
    check_equal(lstm_gradients(Device::cpu(1), options, ElementType::float64), expected, 1e-10);
  check_equal(lstm_gradients(Device::cpu(1)), lstm_gradients(Device::reference()), 1e-4);
}

TEST_CASE("no bit of a result depends on the number of threads") {
  const auto one = lstm_gradients(Device::cpu(1));
  for (int threads : {1, 2, 3}) CHECK(lstm_gradients(divided_among(threads)) == one);
}

TEST_CASE("threads go through the steps of a batch without waiting for one another") {
  const auto waits_in_loops = [](std::int64_t batch, std::int64_t hidden) {
    Model model(Seed{1}, Device::cpu(1));
    const LSTM cell(model / "cell", 24, hidden);
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({ElementType::float32, {10, batch, 24}});
    const auto y = unroll(cell, x, cell.initial_state(batch)).outputs;
    const auto plan = cpu_plan_of(tape, gradients(sum(y * y), {x}), 2);
    INFO(explain(plan->plan));
    REQUIRE(plan->threads == 2);
    const auto loops = outer_loops(plan->plan);
    REQUIRE(loops.size() == 2);  // there and back
    for (auto loop : loops) CHECK(count_work_in(plan->plan, loop).kernels_of("matmul") == 1);
    return barriers_in_loops(*plan);
  };
  CHECK(waits_in_loops(32, 16) == 0);
  CHECK(waits_in_loops(32, 100) == 0);
  // One row cannot be divided, and a matrix for the cache of one thread is.
  CHECK(waits_in_loops(1, 256) > 0);
  CHECK(waits_in_loops(32, 400) > 0);
}

TEST_CASE(
    "a step of an LSTM is a product and a pass, and so is its derivative: what is kept of all steps is added "
    "up "
    "behind them") {
  Model model(Seed{1}, Device::cpu(1));
  const LSTM cell(model / "cell", 4, 8);
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {5, 3, 4}});
  const auto y = unroll(cell, x, cell.initial_state(3)).outputs;
  Tensors xs{x};
  xs.insert(xs.end(), model.parameters().begin(), model.parameters().end());
  const auto plan = plan_of(tape, gradients(sum(y * y), xs));
  INFO(explain(plan));
  const auto loops = outer_loops(plan);
  REQUIRE(loops.size() == 2);
  const auto forwards = count_work_in(plan, loops[0]), backwards = count_work_in(plan, loops[1]);
  CHECK(forwards.kernels_of("matmul") == 1);
  CHECK(forwards.fusions == 1);
  CHECK(forwards.all == 2);
  CHECK(backwards.kernels_of("matmul") == 1);
  CHECK(backwards.fusions == 1);
  CHECK(backwards.all == 2);
  // The gradients of the biases: of gates that lie beside one another, as they lie.
  CHECK(count_work(plan).kernels_of("sum") == 4);
  CHECK(!plan.work[loops[0]].reverse);
  CHECK(plan.work[loops[1]].reverse);
}

TEST_CASE("the arena of an LSTM's training step holds six arrays a step, and tanh of the memory in caches") {
  for (const auto& [time, arrays] : {std::pair{40, 7}, {200, 7}, {300, 6}}) {
    constexpr std::int64_t batch = 16, hidden = 32;
    Model model(Seed{1}, Device::cpu(1));
    const LSTM cell(model / "cell", 8, hidden);
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({ElementType::float32, {time, batch, 8}}),
               dy = tape.argument({ElementType::float32, {time, batch, hidden}});
    Tensors xs{x};
    xs.insert(xs.end(), model.parameters().begin(), model.parameters().end());
    const auto program =
        compile(tape, gradients(unroll(cell, x, cell.initial_state(batch)).outputs, xs, dy), model.device());
    INFO(program.explain());
    const auto bytes = static_cast<double>(program.arena_bytes() - program.kept_bytes());
    const auto least = 4 * arrays * static_cast<double>(time * batch * hidden);
    CHECK(bytes >= least);
    CHECK(bytes <= 1.15 * least);
  }
}

TEST_CASE("a state joined from parts is not written over before its last reader") {
  constexpr std::int64_t batch = 3, hidden = 4;
  const auto run = [&](const Device& device) {
    Tape tape(ElementType::float64);
    const Recording recording(tape);
    const ElementType element = ElementType::float64;
    const auto xs = tape.argument({element, {5, batch, hidden}}),
               start = tape.argument({element, {batch, 2 * hidden}}),
               w = tape.argument({element, {2 * hidden, hidden}});
    const auto cell = [&](const Tensor& x, const Tensor& s) {
      return concat({tanh(slice(s, 1, 0, hidden) + x), matmul(s, w)}, 1);
    };
    std::mt19937_64 random(4);
    std::vector<Array> arguments;
    for (const auto& tensor : {xs, start, w}) arguments.push_back(random_array(tensor.type(), random, -1, 1));
    return compile(tape, {unroll(cell, xs, start).state}, device).run(arguments);
  };
  check_equal(run(Device::cpu(1)), run(Device::reference()), 1e-10);
}

TEST_CASE("a sequence that an update reads is not taken over by an unroll") {
  const auto run = [](const Device& device) {
    Model model(Seed{1}, device, ElementType::float64);
    const auto u = (model / "u").parameter("u", {3, 3}, [](const TensorType& type, Random& random) {
      return random_array(type, random, -1, 1);
    });
    const auto last = (model / "memory").state("last", {1, 2, 3}, 0);
    Function f(model, [&](Tensor x) {
      const auto sequence = matmul(x, u);
      update(last, slice(sequence, 0, 4, 5));
      const auto step = [&](const Tensor& in, const Tensor& h) {
        const auto gate = sigmoid(in + matmul(h, u));
        return std::make_pair(gate, gate * in);
      };
      return matmul(unroll(step, sequence, zeros({2, 3})).outputs, u);
    });
    std::mt19937_64 random(6);
    const auto y = f(random_array({ElementType::float64, {5, 2, 3}}, random, -1, 1));
    return std::vector<Array>{y, last.value()};
  };
  check_equal(run(Device::cpu(1)), run(Device::reference()), 1e-10);
}

TEST_CASE("one weight packed for two products, one of them into a part of a concat") {
  const auto run = [](const Device& device) {
    Model model(Seed{1}, device, ElementType::float64);
    const auto w = (model / "w").parameter("w", {5, 3, 40}, [](const TensorType& type, Random& random) {
      return random_array(type, random, -1, 1);
    });
    Function f(
        model,
        [&](Tensor a, Tensor b) {
          const auto first = einsum("bi,ihk->bhk", {a, w}), second = einsum("bi,ihk->bhk", {b, w});
          return std::make_tuple(tanh(first), concat({second, zeros({7, 3, 2})}, 2));
        },
        Without("products"));
    std::mt19937_64 random(6);
    const TensorType type{ElementType::float64, {7, 5}};
    const auto a = random_array(type, random, -1, 1), b = random_array(type, random, -1, 1);
    const auto [x, y] = f(a, b);
    return std::vector<Array>{x, y};
  };
  check_equal(run(Device::cpu(1)), run(Device::reference()), 1e-10);
}

TEST_CASE("what was made of parameters is kept until one is written") {
  Model model(Seed{1});
  const Linear layer(model / "layer", 3, 2);
  Function f(model, [&](Tensor x) { return layer(x * 2) + layer(x); });
  const Array x(Shape{1, 3}, std::vector<float>{1, 2, 3});
  const auto before = f(x);
  CHECK(f(x) == before);
  const auto weights = model.parameter("layer/weight");
  weights.assign(Array(weights.value().type()));
  CHECK(f(x) != before);
  Function change(model, [&](Tensor w) { update(weights, w); });
  change(Array(Shape{3, 2}, std::vector<float>{1, 0, 0, 1, 1, 1}));
  Function fresh(model, [&](Tensor x) { return layer(x * 2) + layer(x); });
  CHECK(f(x) == fresh(x));
}

TEST_CASE("an error in one thread ends the run in all, and the next one works") {
  const auto device = divided_among(3);
  Tape tape;
  const Recording recording(tape);
  const auto table = tape.argument({ElementType::float32, {4, 3}}),
             index = tape.argument({ElementType::int32, {5}});
  auto program = compile(tape, {sum(tanh(gather(tanh(table), index)) * 2)}, device);
  const Array values(table.type());
  for (int i = 0; i < 20; ++i) {
    CHECK_THROWS_AS(program.run({values, Array(Shape{5}, std::vector<std::int32_t>{0, 1, 7, 2, 3})}),
                    RunError);
    CHECK(program.run({values, Array(Shape{5}, std::vector<std::int32_t>{0, 1, 3, 2, 3})})[0].item() == 0);
  }
}

TEST_CASE("several threads predict with one model whose device divides all work", "[threads]") {
  for (int threads : {1, 2}) {
    Model model(Seed{2}, divided_among(threads));
    const LSTM cell(model / "cell", 6, 24);
    const auto predict = [&](Tensor x) { return unroll(cell, x, cell.initial_state(4)).outputs; };
    std::mt19937_64 random(1);
    const auto x = random_array({ElementType::float32, {8, 4, 6}}, random, -1, 1);
    Function expected_of(model, predict);
    const auto expected = expected_of(x);
    std::vector<std::thread> callers;
    std::atomic<int> wrong{0};
    for (int caller = 0; caller < 4; ++caller)
      callers.emplace_back([&] {
        Function own(model, predict);
        for (int i = 0; i < 30; ++i) wrong += own(x) != expected;
      });
    for (auto& caller : callers) caller.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a program explains itself in the names of the user's code: scopes, operands, derivatives") {
  Model model(Seed{1}, Device::cpu(1));
  const LSTM cell(model / "encoder", 3, 8);
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {6, 2, 3}}, "characters");
  const auto y = unroll(cell, x, cell.initial_state(2)).outputs;
  const auto text = compile(tape, gradients(sum(y * y), {x}), model.device()).explain();
  INFO(text);
  for (const auto* part : {"loop of 6 steps", "loop of 6 steps, backwards", " in encoder/input",
                           " of float32[6, 2, 3] (characters)", "encoder/input/W+0 -> kept ",
                           ", derivative of matmul", "in one pass: ", "characters+0", "arena+", "result 0+",
                           "kept while parameters stay", "arena: ", "threads: 1"})
    CHECK_THAT(text, ContainsSubstring(part));
}

TEST_CASE("a program tells where its time goes, in the names of the user's code") {
  Model model(Seed{1}, Device::cpu(1));
  const LSTM cell(model / "encoder", 3, 8);
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {6, 2, 3}});
  auto program = compile(tape, {unroll(cell, x, cell.initial_state(2)).outputs}, model.device());
  const auto profile = program.profile({Array(x.type())}, 3);
  CHECK(profile.microseconds > 0);
  const auto in_loop = std::count_if(profile.lines.begin(), profile.lines.end(),
                                     [](const Profile::Line& line) { return line.calls == 6; });
  CHECK(in_loop >= 2);
  CHECK(to_string(profile).find("us in all") != std::string::npos);
}

TEST_CASE("results are written into the caller's arrays") {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {2}});
  auto program = compile(tape, {x + 1, x, exp(x * 0)});
  const Array one(Shape{2}, std::vector<float>{1, 2});
  std::vector<Array> results;
  program.run({&one}, results);
  const auto* memory = results[0].raw();
  program.run({&one}, results);
  CHECK(results[0].raw() == memory);
  CHECK(results[0] == Array(Shape{2}, std::vector<float>{2, 3}));
  CHECK(results[1] == one);
  CHECK(results[2] == Array(Shape{2}, std::vector<float>{1, 1}));
  const auto moved = std::move(results[0]);
  program.run({&one}, results);
  CHECK(results[0] == moved);
  CHECK_THROWS_WITH(program.run({&results[0]}, results), ContainsSubstring("cannot be a result"));
  CHECK_THROWS_AS(Device::cpu(-1), Error);
}
