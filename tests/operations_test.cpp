// Every operation of the table, from its own samples: a new operation is tested without a line here.

#include <reel/check_gradients.h>
#include <reel/gradients.h>
#include <reel/ops.h>
#include <reel/program.h>
#include <reel/record.h>

#include <set>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Operations that stand in memory already, or that the engine runs itself.
bool needs_samples(const Operation& operation) {
  return operation.has_value() && operation.kind != Kind::projection && operation.kernels.reference;
}

template <class F>
void for_each_sample(F&& f) {
  std::mt19937_64 random(7);
  for (const auto* operation : operations()) {
    if (!needs_samples(*operation)) continue;
    INFO("operation " << operation->name);
    REQUIRE(operation->samples);
    for (const auto& sample : operation->samples()) {
      std::string types;
      for (const auto& operand : sample.operands) types += to_string(operand.type) + " ";
      INFO("operands " << types << "attributes " << to_string(sample.attributes));
      f(*operation, sample, random_operands(sample, random));
    }
  }
}

std::vector<Tensor> floating(const Tensors& tensors) {
  Tensors found;
  for (const auto& tensor : tensors)
    if (is_floating(tensor.element())) found.push_back(tensor);
  return found;
}

}  // namespace

TEST_CASE("names of operations are unique") {
  std::set<std::string> names;
  for (const auto* operation : operations()) {
    INFO(operation->name);
    CHECK(names.insert(operation->name).second);
  }
}

TEST_CASE("every operation says what its derivative is") {
  for (const auto* operation : operations()) {
    INFO(operation->name);
    const bool by_engine = operation->kind == Kind::unroll || operation->kind == Kind::projection;
    CHECK((by_engine || operation->derivative.rule || operation->derivative.zero));
  }
}

TEST_CASE("gradients of every operation agree with differences") {
  int checked = 0;
  for_each_sample([&](const Operation& operation, const Sample& sample, const std::vector<Array>& operands) {
    Tape tape(ElementType::float64);
    Tensors arguments;
    for (const auto& operand : operands) arguments.push_back(tape.argument(operand.type()));
    // On a tape of its own: check_gradients below makes another.
    const bool has_floating_result = [&] {
      Recording recording(tape);
      return is_floating(record(operation, arguments, sample.attributes).element());
    }();
    if (!has_floating_result || floating(arguments).empty() || operation.derivative.zero) return;
    const auto check = check_gradients(
        [&](const Tensors& inputs) { return record(operation, inputs, sample.attributes); }, operands);
    INFO(to_string(check));
    CHECK(check.passes());
    ++checked;
  });
  CHECK(checked > 60);
}

TEST_CASE("second derivatives of every operation agree with differences") {
  for_each_sample([&](const Operation& operation, const Sample& sample, const std::vector<Array>& operands) {
    if (operation.derivative.zero) return;
    const auto gradient_norm = [&](const Tensors& inputs) {
      const auto y = record(operation, inputs, sample.attributes);
      const auto xs = floating(inputs);
      Tensor total = Tensor(0);
      if (!is_floating(y.element()) || xs.empty()) return sum(cast(inputs[0], ElementType::float64));
      // square(y): a linear operation too gets a second derivative.
      for (const auto& gradient : gradients(sum(square(y)), xs)) total = total + sum(square(gradient));
      return total;
    };
    const auto check = check_gradients(gradient_norm, operands);
    INFO(to_string(check));
    CHECK(check.passes());
  });
}

TEST_CASE("every kernel gives the type its rule promises, and the same bits twice") {
  for_each_sample([&](const Operation& operation, const Sample& sample, const std::vector<Array>& operands) {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors arguments;
    for (const auto& operand : operands) arguments.push_back(tape.argument(operand.type()));
    const auto y = record(operation, arguments, sample.attributes);
    auto program = compile(tape, {y});
    const auto first = program.run(operands), second = program.run(operands);
    CHECK(first[0].type() == y.type());
    CHECK(first[0] == second[0]);
  });
}

TEST_CASE("float32 values agree with float64 ones") {
  for_each_sample([&](const Operation& operation, const Sample& sample, const std::vector<Array>& operands) {
    Tape tape(ElementType::float64);
    Recording recording(tape);
    Tensors wide, narrow;
    std::vector<Array> arguments, rounded;
    for (const auto& operand : operands) {
      // The same number in both types.
      const auto single = is_floating(operand.element()) ? operand.cast(ElementType::float32) : operand;
      rounded.push_back(single);
      arguments.push_back(single.cast(operand.element()));
    }
    for (const auto& argument : arguments) wide.push_back(tape.argument(argument.type()));
    for (const auto& argument : rounded) narrow.push_back(tape.argument(argument.type()));
    if (floating(wide).empty()) return;
    const auto y = record(operation, wide, sample.attributes),
               z = record(operation, narrow, sample.attributes);
    auto program = compile(tape, {y, z});
    arguments.insert(arguments.end(), rounded.begin(), rounded.end());
    const auto results = program.run(arguments);
    CHECK(difference(results[0].cast(ElementType::float64), results[1].cast(ElementType::float64)) <=
          1e-5 * std::max(1.0, largest(results[0])));
  });
}
