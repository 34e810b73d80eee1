// Where Reel stops looking for something better, explain() says so.

#include <reel/cpu_kernel.h>
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/unroll.h>

#include <functional>

#include "catch.h"
#include "devices.h"
#include "passes/residuals/residuals.h"
#include "search_limits.h"

using namespace reel;
using namespace reel::test;

namespace {

const auto f = ElementType::float32;

std::string explained(const Tape& tape, const Tensors& outputs, const Device& device = Device::cpu(1),
                      const CompileOptions& options = {}) {
  return compile(tape, outputs, device, options).explain();
}

/// A cell of so many nodes.
auto chain_of(int nodes) {
  return [nodes](const Tensor& x, Tensor h) {
    h = h + x;
    for (int i = 0; i < nodes; ++i) h = sin(h);
    return h;
  };
}

}  // namespace

TEST_CASE("explain tells of rows that are too wide to be reduced in a pass") {
  for (const std::int64_t columns : {limits::widest_row, limits::widest_row + 1}) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, columns}});
    const auto text = explained(tape, {softmax(x)});
    INFO(text);
    const auto line = "limit: max along rows of " + std::to_string(columns) + " elements";
    CHECK((text.find(line) != std::string::npos) == (columns > limits::widest_row));
    CHECK((text.find("limit: sum along rows") != std::string::npos) == (columns > limits::widest_row));
    // Where nothing is fused no limit was met.
    CHECK_THAT(explained(tape, {sum(x, {1})}), !ContainsSubstring("limit:"));
    CompileOptions one_by_one;
    Without("fuse")(one_by_one);
    CHECK_THAT(explained(tape, {softmax(x)}, Device::cpu(1), one_by_one), !ContainsSubstring("limit:"));
  }
}

TEST_CASE("explain tells of maps of too many operands") {
  const auto infer = [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; };
  const auto kernel = [](const KernelCall& call) {
    for (std::int64_t i = 0; i < call.output.shape().size(); ++i) {
      call.output.as<float>()[i] = 0;
      for (const auto& input : call.inputs) call.output.as<float>()[i] += input.as<float>()[i];
    }
  };
  const auto loop = [](const std::vector<ElementType>&, ElementType) -> MapLoop {
    return [](const void* const*, void*, std::int64_t) {};
  };
  const Operation total{"total_of_four", Kind::map, infer, Derivative::none(), {kernel, CpuKernels{loop}},
                        nullptr};
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {5}});
  const auto of_four = record(total, {x, x, x, x});
  CHECK_THAT(explained(tape, {of_four + x}), ContainsSubstring("limit: total_of_four of 4 operands"));
  CHECK_THAT(explained(tape, {of_four}), !ContainsSubstring("limit:"));  // with what would it be fused?
  CHECK_THAT(explained(tape, {record(total, {x, x, x}) + x}), !ContainsSubstring("limit:"));
}

TEST_CASE("where it takes long to choose what derivatives read of a step all is kept, and that is told") {
  // Each value is a little larger than the one before: whether to keep one depends on all of them.
  const auto met_with = [](int values) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, 32}});
    const auto cell = [&](const Tensor& x, const Tensor& h) {
      auto y = x * h;
      for (int i = 0; i < values; ++i) {
        y = y + y;
        y = concat({y, slice(y, 0, 0, y.extent(0) / 14)}, 0);
      }
      return h + sum(square(y));
    };
    const auto loss = sum(unroll(cell, x, zeros({})).outputs);
    const auto gradient = gradients(loss, {x})[0];
    passes::Wanted wanted{tape.clone(), {gradient.id()}};
    limits::Met met;
    passes::cut_residuals(wanted, Saving::time_and_memory, met);
    return met;
  };
  CHECK(met_with(10).empty());
  const auto met = met_with(400);
  REQUIRE(met.size() == 1);
  CHECK_THAT(met[0],
             ContainsSubstring("nodes of a step is all kept") && ContainsSubstring("looking 20 times"));
}

namespace {

/// A tape of so many unrolls, and one that reads a value of each and ends in `last(sum)`.
passes::Wanted reader_of(int unrolls, const std::function<Tensor(Tensor)>& last) {
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({f, {3, 2}});
  // The state is wanted anyway, and the square of it is cheap.
  const auto cell = [](const Tensor& x, const Tensor& h) {
    const auto next = tanh(h + x);
    return std::make_pair(std::make_tuple(next, square(next)), next);
  };
  passes::Wanted wanted;
  Tensors squares;
  for (int i = 0; i < unrolls; ++i) {
    const auto [state, squared] = unroll(cell, x * (i + 1), zeros({2})).outputs;
    wanted.outputs.push_back(state.id());
    squares.push_back(squared);
  }
  const auto reader = [&](const std::vector<Tensor>& all, Tensor sum) {
    for (const auto& each : all) sum = sum * each;
    return last(sum);
  };
  wanted.outputs.push_back(unroll(reader, squares, ones({2})).outputs.id());
  wanted.tape = tape.clone();
  return wanted;
}

}  // namespace

TEST_CASE("a step that reads of many unrolls is freed of some, and that is told") {
  const auto met_with = [](int unrolls) {
    auto wanted = reader_of(unrolls, [](const Tensor& sum) { return sum; });
    limits::Met met;
    passes::cut_residuals(wanted, Saving::time_and_memory, met);
    return met;
  };
  CHECK(met_with(limits::most_cuts_in_turn).empty());
  const auto met = met_with(limits::most_cuts_in_turn + 1);
  REQUIRE(met.size() == 1);
  CHECK_THAT(met[0], ContainsSubstring("chosen anew 4 times"));
}

TEST_CASE("to see whether a limit is met records nothing") {
  // Were the reader there twice, what it prints would be as well.
  auto wanted = reader_of(limits::most_cuts_in_turn + 1, [](const Tensor& sum) { return print(sum, "sum"); });
  limits::Met met;
  passes::cut_residuals(wanted, Saving::time_and_memory, met);
  REQUIRE(met.size() == 1);
  CHECK(wanted.tape->roots().size() == 1);
}

TEST_CASE("explain tells of an unroll that stays whole, as its values have no room for an axis of time") {
  for (const int axes : {Shape::max_rank - 1, Shape::max_rank}) {
    Tape tape;
    const Recording recording(tape);
    const Shape inside(std::vector<std::int64_t>(static_cast<std::size_t>(axes), 1));
    const auto cell = [&](const Tensor& h) { return reshape(tanh(reshape(h, inside)), Shape{1}); };
    const auto y = unroll(cell, 3, tape.argument({f, {1}})).state;
    const auto text = explained(tape, {y});
    INFO(text);
    CHECK((text.find("limit: an unroll of 3 steps stays whole") != std::string::npos) ==
          (axes == Shape::max_rank));
  }
}

TEST_CASE("explain tells where threads wait since there is too much to compare with") {
  for (const auto count : {limits::most_pending, limits::most_pending + 10}) {
    Tape tape;
    const Recording recording(tape);
    Tensors outputs;
    // None has the space of another one.
    for (std::size_t i = 0; i < count; ++i)
      outputs.push_back(tape.argument({f, {static_cast<std::int64_t>(i) + 2}}) + 1);
    const auto text = explained(tape, outputs, divided_among(2));
    CHECK((text.find("limit: threads wait where more than 256") != std::string::npos) ==
          (count > limits::most_pending));
    CHECK((text.find("| waits") != std::string::npos) == (count > limits::most_pending));
    // Nobody waits for what one thread does.
    const auto undivided = explained(tape, outputs, Device::cpu(2));
    CHECK_THAT(undivided, !ContainsSubstring("| waits") && !ContainsSubstring("limit:"));
  }
}

TEST_CASE("explain tells of loops that are too long to be tried divided as a whole") {
  for (const int nodes : {100, static_cast<int>(limits::longest_divided_loop)}) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, 2}});
    const auto y = unroll(chain_of(nodes), x, zeros({2})).outputs;
    CompileOptions options;
    AsRecorded(options);
    const auto text = explained(tape, {y}, divided_among(2), options);
    CHECK((text.find("limit: a loop of ") != std::string::npos) == (nodes > 100));
  }
}

TEST_CASE("a scaling that moves through very many products ends somewhere, and that is told") {
  const auto explained_with = [](int products) {
    Tape tape;
    const Recording recording(tape);
    auto y = tape.argument({f, {2, 3}});
    // Each product is larger than the one before, so that it is better scaled before.
    for (int i = 0; i < products; ++i) y = matmul(y, tape.argument({f, {3 + i, 4 + i}}));
    return explained(tape, {y * 0.5});
  };
  CHECK_THAT(explained_with(5), !ContainsSubstring("limit:"));
  CHECK_THAT(explained_with(limits::most_rewrites_in_turn + 8),
             ContainsSubstring("limit: products are rewritten 32 times"));
}

TEST_CASE("explain tells of steps with too many values in one buffer to find memory to write over") {
  for (const auto gates : {limits::most_in_a_buffer / 2, limits::most_in_a_buffer + 1}) {
    const auto count = static_cast<std::int64_t>(gates);
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, 1, 2}}), W = tape.argument({f, {2, 2 * count}});
    const auto cell = [&](const Tensor& x, const Tensor& h) {
      auto y = h;
      for (const auto& gate : split(matmul(x + h, W), count)) y = tanh(y + gate);
      return y;
    };
    const auto loss = sum(square(unroll(cell, x, zeros({1, 2})).outputs));
    const auto text = explained(tape, gradients(loss, {W}));
    INFO(text);
    const bool is_told =
        text.find("values, what a loop's steps read or parts of a value stand in one buffer") !=
        std::string::npos;
    CHECK(is_told == (gates > limits::most_in_a_buffer));
  }
}
