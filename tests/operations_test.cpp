// Every operation of the table, from its own samples: a new operation is tested without a line here.

#include <reel/check_operation.h>
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

TEST_CASE("every operation passes the checks that are public") {
  int checked = 0;
  for (const auto* operation : operations()) {
    if (!needs_samples(*operation)) continue;
    for (const auto& failure : check_operation(*operation)) FAIL_CHECK(failure);
    ++checked;
  }
  CHECK(checked > 55);
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

TEST_CASE("the public checks find mistakes, and name them") {
  // Doubling, with a mistake to be put in.
  Operation doubled{"doubled",
                    Kind::map,
                    [](const std::vector<TensorType>& x, const Attributes&) {
                      if (x[0].element != ElementType::float64) throw RecordError("doubles only");
                      return x[0];
                    },
                    {[](const Recorded&, const Tensor& dy) -> Tensors { return {2 * dy}; }},
                    {[](const KernelCall& call) {
                      for (std::int64_t i = 0; i < call.output.shape().size(); ++i)
                        call.output.as<double>()[i] = 2 * call.inputs[0].as<double>()[i];
                    }},
                    [] {
                      return std::vector<Sample>{{{{{ElementType::float64, {2, 3}}}}, {}}};
                    }};
  CHECK(check_operation(doubled).empty());
  const auto failures = [&](const char* word) {
    std::string all;
    for (const auto& failure : check_operation(doubled)) all += failure + "\n";
    CHECK_THAT(all, ContainsSubstring("[doubled]") && ContainsSubstring(word));
  };
  SECTION("derivative") {
    doubled.derivative = {[](const Recorded&, const Tensor& dy) -> Tensors { return {3 * dy}; }};
    failures("derivative: worst error");
  }
  SECTION("a derivative that is said to be zero") {
    doubled.derivative = Derivative::none();
    failures("derivative: worst error");
  }
  SECTION("second derivative") {
    // Right in value; wrong when it is differentiated.
    doubled.derivative = {
        [](const Recorded& y, const Tensor& dy) -> Tensors { return {2 * dy * y[0] / stop_gradient(y[0])}; }};
    failures("second derivative");
  }
  SECTION("time rule") {
    doubled.time = [](const Lift& lift) { return flip(2 * lift.operands[0], {0}); };
    failures("time rule");
  }
  SECTION("type rule") {
    doubled.infer = [](const std::vector<TensorType>& x, const Attributes&) -> TensorType {
      if (x[0].shape.rank() > 2) throw RecordError("no more than two axes");
      return x[0];
    };
    failures("no more than two axes");
  }
  SECTION("a kernel that is not a function of its operands") {
    doubled.kernels.reference = [calls = 0](const KernelCall& call) mutable {
      ++calls;
      for (std::int64_t i = 0; i < call.output.shape().size(); ++i) call.output.as<double>()[i] = calls;
    };
    failures("different results");
  }
  SECTION("samples") {
    doubled.samples = nullptr;
    failures("no samples");
  }
}
