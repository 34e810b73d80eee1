// Where Reel stops looking for something better, explain() says so.

#include <reel/cpu_kernel.h>
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>
#include <reel/unroll.h>

#include "catch.h"
#include "devices.h"
#include "passes/residuals/residuals.h"

using namespace reel;
using namespace reel::test;
using Catch::Contains;

namespace {

const auto f = ElementType::float32;

std::string explained(const Tape& tape, const Tensors& outputs, const Device& device = Device::cpu(1),
                      const CompileOptions& options = {}) {
  return compile(tape, outputs, device, options).explain();
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
  CHECK_THAT(explained(tape, {record(total, {x, x, x, x})}), Contains("limit: total_of_four of 4 operands"));
  CHECK_THAT(explained(tape, {record(total, {x, x, x})}), !Contains("limit:"));
}

TEST_CASE("what derivatives read of a step with very many nodes is kept, and that is told") {
  const auto met_with = [](int nodes) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, 2}});
    const auto cell = [&](const Tensor& x, Tensor h) {
      h = h + x;
      for (int i = 0; i < nodes; ++i) h = sin(h);
      return h;
    };
    const auto loss = sum(unroll(cell, x, zeros({2})).outputs);
    const auto gradient = gradients(loss, {x})[0];
    passes::Wanted wanted{tape.clone(), {gradient.id()}};
    limits::Met met;
    passes::cut_residuals(wanted, met);
    return met;
  };
  CHECK(met_with(100).empty());
  const auto met = met_with(static_cast<int>(limits::largest_cut));
  REQUIRE(met.size() == 1);
  CHECK_THAT(met[0], Contains("nodes of a step is all kept") && Contains("4096"));
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
  }
}

TEST_CASE("explain tells of loops that are too long to be tried divided as a whole") {
  for (const int nodes : {100, static_cast<int>(limits::longest_divided_loop)}) {
    Tape tape;
    const Recording recording(tape);
    const auto x = tape.argument({f, {3, 2}});
    const auto cell = [&](const Tensor& x, Tensor h) {
      h = h + x;
      for (int i = 0; i < nodes; ++i) h = sin(h);
      return h;
    };
    const auto y = unroll(cell, x, zeros({2})).outputs;
    CompileOptions options;
    AsRecorded(options);
    const auto text = explained(tape, {y}, divided_among(2), options);
    CHECK((text.find("limit: a loop of ") != std::string::npos) == (nodes > 100));
  }
}
