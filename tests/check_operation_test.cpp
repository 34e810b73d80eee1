// What check_operation finds: wrong kinds, wrong algebra, wrong time rules, kernels for one element type
// alone.

#include <reel/check_operation.h>
#include <reel/cpu_kernel.h>
#include <reel/reel.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "catch.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto float64 = ElementType::float64;

/// The type rule of operations of doubles alone, which give what they get.
TensorType same_doubles(const std::vector<TensorType>& x, const Attributes&) {
  for (const auto& operand : x)
    if (operand != x[0] || operand.element != float64)
      throw RecordError("operands must be float64, of one shape");
  return x[0];
}

std::vector<Sample> two_axes() { return {{{{{float64, {2, 3}}}}, {}}}; }
std::vector<Sample> pairs() { return {{{{{float64, {2, 3}}}, {{float64, {2, 3}}}}, {}}}; }

using Elements = std::function<void(const double* x, double* y, const Shape& shape)>;
Kernel kernel(const Elements& f) {
  return [=](const KernelCall& call) {
    f(call.inputs[0].as<double>(), call.output.as<double>(), call.inputs[0].shape());
  };
}

/// y[i] = f(x[i])
Kernel elementwise(double (*f)(double)) {
  return kernel(
      [=](const double* x, double* y, const Shape& shape) { std::transform(x, x + shape.size(), y, f); });
}

std::int64_t last_extent(const Shape& shape) { return shape.rank() == 0 ? 1 : shape[shape.rank() - 1]; }

const auto running_sum = kernel([](const double* x, double* y, const Shape& shape) {
  for (std::int64_t i = 0; i < shape.size(); ++i) y[i] = x[i] + (i % last_extent(shape) ? y[i - 1] : 0);
});

const Derivative of_running_sum{
    [](const Recorded&, const Tensor& dy) -> Tensors { return {cumsum(dy, -1, true)}; }};

std::string failures_of(const Operation& operation, bool exact_derivative = true) {
  std::string all;
  for (const auto& failure : check_operation(operation, exact_derivative)) all += failure + "\n";
  return all;
}

void finds(const Operation& operation, const std::string& words) {
  const auto failures = failures_of(operation);
  CHECK_THAT(failures, ContainsSubstring("[" + operation.name + "] ") && ContainsSubstring(words));
}

const Derivative linear{[](const Recorded&, const Tensor& dy) -> Tensors { return {2 * dy}; }};
const auto doubling = elementwise([](double x) { return 2 * x; });

}  // namespace

TEST_CASE("check_operation finds what is declared a map and is none") {
  finds(
      {"running", Kind::map, same_doubles, of_running_sum, {running_sum}, two_axes},
      "is declared a map, but element [0, 1] of its result is not what it makes of the elements there alone");
  // The same operation, where its type rule takes what its kernel does not.
  const Operation any_type{
      "running",      Kind::map,     [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
      of_running_sum, {running_sum}, two_axes};
  finds(any_type, "is declared a map, but element [0, 1]");
  finds(any_type, "the kernel takes float32[2, 3] for float64; operands: float32[2, 3]");
  finds({"rows",
         Kind::map,
         same_doubles,
         {[](const Recorded& y, const Tensor& dy) -> Tensors {
           const Tensor p = y;
           return {p * (dy - sum(dy * p, {-1}, true))};
         }},
         {kernel([](const double* x, double* y, const Shape& shape) {
           const auto n = last_extent(shape);
           for (std::int64_t i = 0; i < shape.size(); i += n) {
             double total = 0;
             for (std::int64_t j = 0; j < n; ++j) total += y[i + j] = std::exp(x[i + j]);
             for (std::int64_t j = 0; j < n; ++j) y[i + j] /= total;
           }
         })},
         two_axes},
        "is declared a map, but element [0, 0]");
  finds({"reversal",
         Kind::map,
         same_doubles,
         {[](const Recorded&, const Tensor& dy) -> Tensors {
           return {flip(dy, {0, 1})};
         }},
         {kernel([](const double* x, double* y, const Shape& shape) {
           std::reverse_copy(x, x + shape.size(), y);
         })},
         two_axes},
        "is declared a map, but element [0, 0]");
  finds({"columns",
         Kind::map,
         [](const std::vector<TensorType>& x, const Attributes&) -> TensorType {
           return {float64, x[0].shape.without_axis(0)};
         },
         Derivative::none(),
         {kernel([](const double*, double*, const Shape&) {})},
         two_axes},
        "is declared a map, and gives float64[3] of float64[2, 3]");
}

TEST_CASE("check_operation tries maps and scans on longer axes than their samples have") {
  const auto of_shape = [](const Shape& shape) {
    return [shape] { return std::vector<Sample>{{{{{float64, shape}}}, {}}}; };
  };
  for (const auto& shape :
       {Shape{1}, Shape{3, 1}, Shape{0}, Shape{}, Shape{1, 1, 1}, Shape{2, 0}, Shape{0, 1}}) {
    CAPTURE(to_string(shape));
    finds({"running", Kind::map, same_doubles, of_running_sum, {running_sum}, of_shape(shape)},
          "is declared a map, but element ");
  }
  const auto reversal = kernel(
      [](const double* x, double* y, const Shape& shape) { std::reverse_copy(x, x + shape.size(), y); });
  const Derivative same{[](const Recorded&, const Tensor& dy) -> Tensors { return {dy}; }};
  for (const auto& shape : {Shape{}, Shape{1}, Shape{1, 1}, Shape{0}}) {
    CAPTURE(to_string(shape));
    finds({"reversal", Kind::map, same_doubles, same, {reversal}, of_shape(shape)},
          "is declared a map, but element ");
  }
  for (const std::int64_t extent : {0, 1}) {
    const auto samples = [extent] {
      return std::vector<Sample>{{{{{float64, {extent}}}}, {{"axis", std::int64_t{0}}}}};
    };
    finds({"mean",
           Kind::scan,
           same_doubles,
           same,
           {kernel([](const double* x, double* y, const Shape& shape) {
             const double total = std::accumulate(x, x + shape.size(), 0.0);
             std::fill_n(y, shape.size(), total / static_cast<double>(shape.size()));
           })},
           samples},
          "is declared a scan, but elements of its result are not made of those before them alone");
  }
  // A loop that stops after the first element.
  Operation first{"doubled", Kind::map, same_doubles, linear, {doubling}, of_shape({1})};
  CHECK(failures_of(first) == "");
  first.kernels.set(CpuKernels{[](const std::vector<ElementType>&, ElementType) -> MapLoop {
    return [](const void* const* inputs, void* output, std::int64_t count) {
      const auto* x = static_cast<const double*>(inputs[0]);
      for (std::int64_t i = 0; i < count; ++i) static_cast<double*>(output)[i] = i == 0 ? 2 * x[i] : 0;
    };
  }});
  finds(first, "the operation by itself: on cpu it gives float64[67] {");
}

TEST_CASE("check_operation tries a map as it is where its type rule takes no longer axes") {
  const auto only_two = [](const std::vector<TensorType>& x, const Attributes& attributes) {
    if (x[0].element != float64) throw RecordError("the operand must be float64");
    const auto extents = x[0].shape.extents();
    if (!extents.empty() && extents.back() != attributes.integer("extent"))
      throw RecordError("the last axis must have the extent that is an attribute");
    return x[0];
  };
  const auto samples = [] {
    return std::vector<Sample>{{{{{float64, {2, 2}}}}, {{"extent", std::int64_t{2}}}}};
  };
  const auto failures = failures_of({"doubled", Kind::map, only_two, linear, {doubling}, samples});
  CHECK(failures.find("float64[4, 4]") == std::string::npos);
  CHECK(failures.find("is declared a map") == std::string::npos);
}

TEST_CASE("check_operation finds what is declared another kind and is not of it") {
  // Adds up along no axis that its attributes name.
  const auto sum_of_first = [](const Shape& result) {
    return kernel([result](const double* x, double* y, const Shape&) { std::copy_n(x, result.size(), y); });
  };
  const auto over = [](const Axes& axes) {
    return [axes] { return std::vector<Sample>{{{{{float64, {2, 3}}}}, {{"axes", axes}}}}; };
  };
  const auto reduced = [](const Shape& result) {
    return [result](const std::vector<TensorType>& x, const Attributes&) -> TensorType {
      const int more = x[0].shape.rank() - 2;
      return {float64, more == 0 ? result : result.with_axis(0, x[0].shape[0])};
    };
  };
  finds({"forgetful", Kind::reduction, reduced({3}), linear, {sum_of_first({3})}, over({0, 1})},
        "is declared a reduction, and gives float64[3] where its axes leave []");
  finds({"partial", Kind::reduction, reduced({3}), linear, {sum_of_first({3})}, over({0})},
        "is declared a reduction, but element [1, 0] of the operand has no part in the result");
  finds({"mixing", Kind::reduction, reduced({2}), linear, {sum_of_first({2})}, over({1})},
        "is declared a reduction, but its result is also made of elements at other places");
  finds({"scaled move", Kind::index_map, same_doubles, linear, {doubling}, two_axes},
        "is declared an index map, but element [0, 0] of its result is not always the same element");
  // The first element is 0, so that operands that are the same everywhere give another result.
  finds({"clearing",
         Kind::index_map,
         same_doubles,
         Derivative::none(),
         {kernel([](const double* x, double* y, const Shape& shape) {
           std::copy_n(x, shape.size(), y);
           y[0] = 0;
         })},
         two_axes},
        "is declared an index map, but gives float64[2, 3] {0, 1, 1, 1, 1, 1} of operands that are 1 "
        "everywhere");
  finds({"centred",
         Kind::scan,
         same_doubles,
         Derivative::none(),
         {kernel([](const double* x, double* y, const Shape& shape) {
           const double mean = std::accumulate(x, x + shape.size(), 0.0) / static_cast<double>(shape.size());
           std::transform(x, x + shape.size(), y, [&](double element) { return element - mean; });
         })},
         [] {
           return std::vector<Sample>{{{{{float64, {5}}}}, {{"axis", std::int64_t{0}}}}};
         }},
        "is declared a scan, but elements of its result are not made of those before them alone");
  const auto squaring = elementwise([](double x) { return x * x; });
  const Derivative of_square{[](const Recorded& y, const Tensor& dy) -> Tensors { return {2 * dy * y[0]}; }};
  finds({"products", Kind::contraction, same_doubles, of_square, {squaring}, two_axes},
        "is a contraction, which is linear in operand 0, and of the sum of two gives");
  finds({"choice", Kind::gather, same_doubles, of_square, {squaring}, two_axes},
        "is a gather, which is linear in operand 0, and of the sum of two gives");
  finds({"choice", Kind::gather, same_doubles, linear, {doubling}, two_axes},
        "no operand of integers to choose by");
}

TEST_CASE("check_operation finds a wrong algebra") {
  Operation doubled{"doubled", Kind::map, same_doubles, linear, {doubling}, two_axes};
  doubled.algebra.linear = {{0}};
  CHECK(failures_of(doubled) == "");
  doubled.algebra.linear = {{1}};
  finds(doubled, "is declared linear in operand 1, which it has not");
  doubled.algebra = {};
  doubled.algebra.identity = true;
  finds(doubled, "is declared an identity, and gives float64[2, 3] {");
  doubled.algebra = {};
  doubled.algebra.involution = true;
  finds(doubled, "is declared an involution, and applied twice gives float64[2, 3] {");
  doubled.algebra = {};
  doubled.algebra.right_unit = 1;
  finds(doubled, "declares a right unit, and has not two operands");

  Operation shifted{"shifted",
                    Kind::map,
                    same_doubles,
                    {[](const Recorded&, const Tensor& dy) -> Tensors { return {dy}; }},
                    {elementwise([](double x) { return x + 1; })},
                    two_axes};
  CHECK(failures_of(shifted) == "");
  shifted.algebra.linear = {{0}};
  finds(shifted, "is declared linear in operand 0, and of the sum of two gives");

  Operation inverse{"inverse",
                    Kind::map,
                    same_doubles,
                    {[](const Recorded& y, const Tensor& dy) -> Tensors { return {-dy / square(y[0])}; }},
                    {elementwise([](double x) { return 1 / x; })},
                    [] {
                      return std::vector<Sample>{{{{{float64, {2, 3}}, 1, 2}}, {}}};
                    }};
  inverse.algebra.involution = true;
  CHECK(failures_of(inverse) == "");

  // x - y has a right unit and no left one.
  Operation difference{"difference",
                       Kind::map,
                       same_doubles,
                       {[](const Recorded&, const Tensor& dy) -> Tensors {
                         return {dy, -dy};
                       }},
                       {[](const KernelCall& call) {
                         const double *a = call.inputs[0].as<double>(), *b = call.inputs[1].as<double>();
                         std::transform(a, a + call.output.shape().size(), b, call.output.as<double>(),
                                        std::minus<>());
                       }},
                       pairs};
  difference.algebra.right_unit = 0;
  difference.algebra.linear = {{0, 1}};
  CHECK(failures_of(difference) == "");
  difference.algebra.left_unit = 0;
  finds(difference, "declares a left unit, with which it gives float64[2, 3] {");
  difference.algebra.left_unit.reset();
  difference.algebra.right_unit = 1;
  finds(difference, "declares a right unit, with which it gives");
  difference.algebra.right_unit.reset();
  difference.algebra.linear = {{0}, {1}};
  finds(difference, "is declared linear in operand 0, and of the sum of two gives");
}

TEST_CASE("a unit must be one for infinities and NaN too") {
  // x + 0 * y is x where y is finite.
  Operation guarded{"guarded",
                    Kind::map,
                    same_doubles,
                    {[](const Recorded&, const Tensor& dy) -> Tensors {
                      return {dy, 0 * dy};
                    }},
                    {[](const KernelCall& call) {
                      const double *a = call.inputs[0].as<double>(), *b = call.inputs[1].as<double>();
                      for (std::int64_t i = 0; i < call.output.shape().size(); ++i)
                        call.output.as<double>()[i] = std::isfinite(a[i]) ? a[i] + 0 * b[i] : 0;
                    }},
                    pairs};
  CHECK(failures_of(guarded) == "");
  guarded.algebra.right_unit = 5;
  finds(guarded, "declares a right unit, with which it gives float64[2, 3] {0, 0, 0, 0,");
}

TEST_CASE("check_operation finds an effect that has a result, a leaf with operands, and no sample") {
  finds({"doubled", Kind::effect, same_doubles, linear, {doubling}, two_axes},
        "is declared an effect, which has no result, and writes one");
  finds({"doubled", Kind::leaf, same_doubles, linear, {doubling}, two_axes},
        "is declared a leaf, and has operands");
  finds({"doubled", Kind::map, same_doubles, linear, {doubling}, [] { return std::vector<Sample>(); }},
        "has no samples");
  // Right up to 31 elements, wrong in vectors.
  finds({"doubled",
         Kind::map,
         same_doubles,
         linear,
         {kernel([](const double* x, double* y, const Shape& shape) {
           for (std::int64_t i = 0; i < shape.size(); ++i) y[i] = 2 * x[i];
           if (shape.size() >= 32) y[8] = x[9];
         })},
         two_axes},
        "is declared a map, but element");
}

TEST_CASE("check_operation finds wrong time rules") {
  Operation scan{"running", Kind::scan, same_doubles, of_running_sum, {running_sum}, two_axes};
  CHECK(failures_of(scan) == "");
  scan.time = [](const Lift& lift) { return cumsum(lift.operands[0], 0); };
  finds(scan, "time rule, operands varies: value");
  finds(scan, "unroll, operands varies: value");
  scan.time = nullptr;
  scan.sum_over_time = [](const Lift& lift) {
    return record(lift.operation, {2 * sum(lift.operands[0], {0})});
  };
  finds(scan, "sum over the steps, operands varies: value");
  // An axis that moves with time under a name that nobody knows.
  finds({"reversal",
         Kind::index_map,
         same_doubles,
         {[](const Recorded&, const Tensor& dy) -> Tensors {
           return {flip(dy, {0, 1})};
         }},
         {kernel([](const double* x, double* y, const Shape& shape) {
           std::reverse_copy(x, x + shape.size(), y);
         })},
         two_axes},
        "time rule, operands varies: value");
}

TEST_CASE("check_operation tries every element type that the type rule accepts") {
  const auto any_floating = [](const std::vector<TensorType>& x, const Attributes&) {
    if (!is_floating(x[0].element)) throw RecordError("operands must be floating");
    return x[0];
  };
  Operation doubled{"doubled", Kind::map, any_floating, linear, {doubling}, two_axes};
  finds(doubled, "the kernel takes float32[2, 3] for float64; operands: float32[2, 3]");
  // One that takes the bits for others.
  doubled.kernels.reference = [](const KernelCall& call) {
    if (call.output.type->element == float64) return doubling(call);
    const auto* x = call.inputs[0].as<float>();
    std::transform(x, x + call.output.shape().size(), call.output.as<float>(), [](float e) { return 3 * e; });
  };
  finds(doubled, "in float32 it gives float32[2, 3] {");
  // A kernel of the other runner that is another function.
  Operation halved{"doubled", Kind::map, same_doubles, linear, {doubling}, two_axes};
  halved.kernels.set(CpuKernels{[](const std::vector<ElementType>&, ElementType) -> MapLoop {
    return [](const void* const* inputs, void* output, std::int64_t count) {
      const auto* x = static_cast<const double*>(inputs[0]);
      std::transform(x, x + count, static_cast<double*>(output), [](double e) { return 2.5 * e; });
    };
  }});
  finds(halved, "the operation by itself: on cpu it gives float64[2, 3] {");
}

TEST_CASE("a kernel is refused operands of another element type, where it is used") {
  const Operation doubled{
      "doubled", Kind::map,  [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
      linear,    {doubling}, two_axes};
  for (const auto& device : {Device::reference(), Device::cpu(1)}) {
    Model model(Seed{1}, device);
    Function f(model, [&](Tensor x) {
      const auto cell = [&](const Tensor& xt, const Tensor& s) {
        const ScopeGuard guard("cell");
        return record(doubled, {s}) + xt;
      };
      return unroll(cell, x, zeros({2})).state;
    });
    CHECK_THROWS_WITH(f(Array(Shape{3, 2}, ElementType::float32)),
                      ContainsSubstring("[doubled] the kernel takes float32[2] for float64") &&
                          ContainsSubstring("in scope cell") && ContainsSubstring("at step 0"));
    // Of literals: not before it runs.
    Function g(model, [&](Tensor x) { return record(doubled, {full({2}, 3)}) + x; });
    CHECK_THROWS_WITH(g(Array(std::vector<float>{1, 2})), ContainsSubstring("[doubled] the kernel takes"));
  }
  const TensorType type{ElementType::int64, {2}};
  const std::int64_t numbers[] = {1, 2};
  const ConstView view{numbers, &type};
  CHECK(view.as<std::int64_t>() == numbers);
  CHECK_THROWS_WITH(view.as<std::int32_t>(), "the kernel takes int64[2] for int32");
  CHECK_THROWS_AS(view.as<bool>(), RunError);
  CHECK_THROWS_WITH((View{nullptr, &type}.as<double>()), "the kernel takes int64[2] for float64");
}
