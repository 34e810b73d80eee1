// Every input that can be wrong gets an exception that names operation, shapes, scope or parameter.

#include <reel/reel.h>

#include "refusals.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto d = ElementType::float64;

/// The message of the exception of type E that `f` throws, given tensors of these types on a tape.
template <class E = RecordError>
std::string message(const std::vector<TensorType>& types, const std::function<void(const Tensors&)>& f) {
  Tape tape(d);
  Recording recording(tape);
  Tensors arguments;
  for (const auto& type : types) arguments.push_back(tape.argument(type));
  try {
    f(arguments);
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("shapes that do not fit") {
  const TensorType a{d, {2, 3}}, b{d, {4, 5}};
  CHECK(has(message({a, b}, [](const Tensors& in) { in[0] + in[1]; }),
            {"[add]", "[2, 3]", "[4, 5]", "broadcast"}));
  CHECK(has(message({a, b}, [](const Tensors& in) { matmul(in[0], in[1]); }),
            {"[matmul]", "[2, 3]", "[4, 5]", "3", "4"}));
  CHECK(has(message({a, b},
                    [](const Tensors& in) {
                      concat({in[0], in[1]});
                    }),
            {"[concat]", "[2, 3]", "[4, 5]"}));
  CHECK(has(message({a},
                    [](const Tensors& in) {
                      reshape(in[0], {4, 2});
                    }),
            {"[reshape]", "[2, 3]", "[4, 2]"}));
  CHECK(has(message({a}, [](const Tensors& in) { reshape(in[0], {4, -1}); }), {"[reshape]", "-1", "[2, 3]"}));
  CHECK(has(message({a},
                    [](const Tensors& in) {
                      broadcast_to(in[0], {2, 4});
                    }),
            {"[broadcast]", "[2, 3]", "[2, 4]"}));
  CHECK(has(message({a, b},
                    [](const Tensors& in) {
                      stack({in[0], in[1]});
                    }),
            {"[stack]", "[2, 3]", "[4, 5]"}));
  CHECK(has(
      message({{ElementType::boolean, {2}}, a, b}, [](const Tensors& in) { select(in[0], in[1], in[2]); }),
      {"[select]", "[2]", "[2, 3]", "[4, 5]"}));
  CHECK(has(message({a, {ElementType::int64, {3}}}, [](const Tensors& in) { cross_entropy(in[0], in[1]); }),
            {"[cross_entropy]", "[2, 3]", "[3]"}));
  CHECK(
      has(message({{d, {0, 3}}}, [](const Tensors& in) { max(in[0], {0}); }), {"[max]", "[0, 3]", "empty"}));
  CHECK(has(message({}, [](const Tensors&) { Shape(std::vector<std::int64_t>(17, 1)); }), {"16", "17"}));
}

TEST_CASE("types that do not fit") {
  const TensorType f32{ElementType::float32, {2}}, f64{d, {2}}, i32{ElementType::int32, {2}},
      flag{ElementType::boolean, {2}};
  CHECK(has(message({f32, f64}, [](const Tensors& in) { in[0] * in[1]; }),
            {"[mul]", "float32[2]", "float64[2]", "cast"}));
  CHECK(has(message({i32}, [](const Tensors& in) { in[0] + 0.5; }), {"[add]", "int32", "fractional"}));
  CHECK(has(message({i32}, [](const Tensors& in) { tanh(in[0]); }), {"[tanh]", "int32[2]", "floating"}));
  CHECK(has(message({flag}, [](const Tensors& in) { in[0] + in[0]; }), {"[add]", "bool[2]"}));
  CHECK(has(message({f64, f64}, [](const Tensors& in) { gather(in[0], in[1]); }),
            {"[gather]", "int32 or int64"}));
  CHECK(
      has(message({f64, f64}, [](const Tensors& in) { select(in[0], in[0], in[1]); }), {"[select]", "bool"}));
  CHECK(
      has(message({i32}, [](const Tensors& in) { gradients(in[0], {in[0]}); }), {"[gradients]", "int32[2]"}));
  CHECK(has(message({f64, i32}, [](const Tensors& in) { gradients(in[0], {in[1]}); }),
            {"[gradients]", "int32[2]"}));
}

TEST_CASE("axes and positions out of range") {
  const TensorType a{d, {2, 3}};
  CHECK(has(message({a}, [](const Tensors& in) { sum(in[0], {2}); }), {"[sum]", "axis 2", "[2, 3]"}));
  CHECK(has(message({a}, [](const Tensors& in) { max(in[0], {-3}); }), {"[max]", "axis -3", "[2, 3]"}));
  CHECK(has(message({a}, [](const Tensors& in) { sum(in[0], {1, -1}); }), {"[sum]", "twice"}));
  CHECK(
      has(message({a}, [](const Tensors& in) { slice(in[0], 1, 1, 4); }), {"[slice]", "1 to 4", "extent 3"}));
  CHECK(has(message({a}, [](const Tensors& in) { slice(in[0], 5, 0, 1); }), {"[slice]", "axis 5"}));
  CHECK(has(message({a}, [](const Tensors& in) { slice(in[0], -3, 0, 1); }), {"[slice]", "axis -3"}));
  CHECK(has(message({a}, [](const Tensors& in) { index(in[0], 0, 2); }),
            {"[index]", "position 2", "extent 2"}));
  CHECK(has(message({a}, [](const Tensors& in) { permute(in[0], {0, 0}); }), {"[permute]", "twice"}));
  CHECK(has(message({a}, [](const Tensors& in) { permute(in[0], {0}); }), {"[permute]", "every axis"}));
  CHECK(has(message({a}, [](const Tensors& in) { transpose(in[0], 0, 2); }), {"[transpose]", "axis 2"}));
  CHECK(has(message({a}, [](const Tensors& in) { in[0].extent(2); }), {"axis 2"}));
}

TEST_CASE("tensors of different tapes, of no tape, and absent ones") {
  Tape one(d), two(d);
  const auto a = one.argument({d, {2}}), b = two.argument({d, {2}});
  CHECK_THROWS_WITH(a + b, ContainsSubstring("[add]") && ContainsSubstring("another tape"));
  CHECK_THROWS_WITH(Tensor(1) + Tensor(2),
                    ContainsSubstring("[add]") && ContainsSubstring("no operand is on a tape"));
  CHECK_THROWS_AS(tanh(Tensor()), RecordError);
  CHECK_THROWS_WITH(compile(two, {a}),
                    ContainsSubstring("[compile]") && ContainsSubstring("the tape it was recorded on"));
  // A value of the step is of no use once the unroll is recorded.
  Tensor escaped;
  unroll([&](const Tensor& s) { return escaped = s + 1; }, 2, a);
  CHECK_THROWS_WITH(escaped + a, ContainsSubstring("another tape"));
}

TEST_CASE("a Function called while another is recorded does not see its tensors") {
  Model model(Seed{1});
  Function outer(model, [&](Tensor x) {
    Function inner(model, [&](Tensor y) { return x + y; });
    inner(Array(1.0f));
    return x;
  });
  CHECK_THROWS_WITH(outer(Array(1.0f)), ContainsSubstring("[add]") && ContainsSubstring("another tape"));
}

TEST_CASE("what an unroll refuses") {
  const TensorType x{d, {4, 2}}, y{d, {5, 2}}, h{d, {2}};
  const auto same = [](const auto&, const Tensor& s) { return s; };
  CHECK(has(message({x, y, h}, [&](const Tensors& in) { unroll(same, std::tuple(in[0], in[1]), in[2]); }),
            {"[unroll]", "[4, 2]", "[5, 2]", "lengths"}));
  CHECK(has(message({x, h},
                    [&](const Tensors& in) {
                      unroll([](const Tensor& xt, const Tensor& s) { return concat({s, xt}); }, in[0], in[1]);
                    }),
            {"[unroll]", "the state", "float64[2]", "float64[4]"}));
  CHECK(has(message({x, h},
                    [&](const Tensors& in) {
                      unroll([](const Tensor&, const Tensor& s) { return cast(s, ElementType::float32); },
                             in[0], in[1]);
                    }),
            {"[unroll]", "the state", "float64[2]", "float32[2]"}));
  CHECK(has(message({{d, {}}, h}, [&](const Tensors& in) { unroll(same, in[0], in[1]); }),
            {"[unroll]", "time axis"}));
  CHECK(has(message({h}, [&](const Tensors& in) { unroll([](const Tensor& s) { return s; }, -1, in[0]); }),
            {"[unroll]", "-1"}));
  const auto two = [](const Tensor&, const std::vector<Tensor>& s) { return std::vector<Tensor>{s[0]}; };
  CHECK(has(message({x, h},
                    [&](const Tensors& in) {
                      unroll(two, in[0], std::vector<Tensor>{in[1], in[1]});
                    }),
            {"[unroll]", "2 tensors", "1"}));
  CHECK(has(message({x, h}, [&](const Tensors& in) { unroll(same, in[0], in[1]).node.stacked(in[0]); }),
            {"[unroll]", "body"}));
}

TEST_CASE("errors name the scope and the parameter") {
  Model model(Seed{1});
  const Linear layer(model / "net" / "head", 3, 2);
  Function f(model, [&](Tensor x) { return layer(x); });
  try {
    f(Array(Shape{1, 4}, ElementType::float32));
    FAIL("nothing was thrown");
  } catch (const RecordError& error) {
    CHECK(has(error.what(),
              {"[matmul]", "float32[1, 4]", "float32[3, 2]", "net/head/weight", "in scope net/head"}));
  }
  // Also from inside an unroll, where the parameter is captured.
  const RNN cell(model / "cell", 3, 2);
  Function g(model, [&](Tensor x) { return unroll(cell, x, cell.initial_state(1)).outputs; });
  try {
    g(Array(Shape{5, 1, 4}, ElementType::float32));
    FAIL("nothing was thrown");
  } catch (const RecordError& error) {
    CHECK(has(error.what(), {"[RNN]", "float32[1, 4]", "[batch, 3]", "in scope cell"}));
  }
}

TEST_CASE("indices out of range are found when the program runs, with the step") {
  Model model(Seed{1});
  const Embedding embedding(model / "letters", 5, 2);
  Function f(model, [&](Tensor symbols) {
    return unroll([&](const Tensor& k, const Tensor& s) { return s + embedding(k); }, symbols,
                  zeros({1, 2}, ElementType::float32))
        .state;
  });
  const auto run = [&](std::vector<std::int32_t> symbols) { return f(Array(Shape{3, 1}, symbols)); };
  CHECK_NOTHROW(run({0, 4, 2}));
  for (const auto bad : {5, -1, 1000000}) {
    try {
      run({0, bad, 2});
      FAIL("nothing was thrown");
    } catch (const RunError& error) {
      // It does not depend on the state, so it is computed for all steps at once: the step is the first axis.
      CHECK(has(error.what(), {"[gather]", "index " + std::to_string(bad) + " at [1, 0]", "[0, 5)",
                               "(parameter letters/table)", "in scope letters"}));
    }
  }
  // The program is usable again.
  CHECK_NOTHROW(run({0, 4, 2}));
  // A target out of range is an error too, and not a loss of zero; a masked one is not looked at.
  Function loss(model, [](Tensor logits, Tensor targets) { return cross_entropy(logits, targets); });
  Function masked(
      model, [](Tensor logits, Tensor targets, Tensor mask) { return cross_entropy(logits, targets, mask); });
  const Array logits(Shape{2, 3}, ElementType::float32), targets(std::vector<std::int64_t>{1, 3});
  CHECK_THROWS_WITH(loss(logits, targets), ContainsSubstring("target 3 at [1"));
  Array mask(Shape{2}, ElementType::boolean);
  mask.data<bool>()[0] = true;
  CHECK(masked(logits, targets, mask).item() == Approx(std::log(3)));
}

TEST_CASE("arguments of a program that do not fit") {
  Tape tape(d);
  const auto x = tape.argument({d, {2}});
  auto program = compile(tape, {tanh(x)});
  CHECK_THROWS_WITH(program.run(std::vector<Array>{}), ContainsSubstring("0 arguments"));
  CHECK_THROWS_WITH(program.run({Array(Shape{3}, d)}), ContainsSubstring("argument 0 is float64[3]"));
  CHECK_THROWS_WITH(program.run({Array(Shape{2}, ElementType::float32)}), ContainsSubstring("float32[2]"));
}

TEST_CASE("an operation without a kernel or a derivative says so") {
  const Operation bare{
      "bare", Kind::map, [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
      {},     {},        {}};
  Tape tape(d);
  const auto y = record(bare, {tape.argument({d, {2}})});
  CHECK_THROWS_WITH(compile(tape, {y}),
                    ContainsSubstring("[bare]") && ContainsSubstring("no kernel for cpu"));
  CHECK_THROWS_WITH(gradients(y, {Tensor(tape, 0)}),
                    ContainsSubstring("[bare]") && ContainsSubstring("no derivative"));
}

TEST_CASE("a derivative of the wrong shape is found when it is recorded") {
  const Operation wrong{"wrong",
                        Kind::map,
                        [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
                        {[](const Recorded&, const Tensor& dy) -> Tensors { return {sum(dy)}; }},
                        {},
                        {}};
  Tape tape(d);
  const auto x = tape.argument({d, {2}});
  CHECK_THROWS_WITH(gradients(record(wrong, {x}), {x}),
                    ContainsSubstring("[wrong]") && ContainsSubstring("float64[2]"));
}

TEST_CASE("check_gradients finds a wrong derivative and names the element") {
  const Operation wrong{"wrong",
                        Kind::map,
                        [](const std::vector<TensorType>& x, const Attributes&) { return x[0]; },
                        // The derivative of 3x is not x, except at 3.
                        {[](const Recorded& y, const Tensor& dy) -> Tensors { return {dy * y[0]}; }},
                        {[](const KernelCall& call) {
                          for (std::int64_t i = 0; i < call.output.shape().size(); ++i)
                            call.output.as<double>()[i] = 3 * call.inputs[0].as<double>()[i];
                        }},
                        {}};
  const auto check = check_gradients([&](const Tensors& in) { return record(wrong, {in[1]}) + in[0]; },
                                     {doubles({2, 2}, {1, 2, 3, 4}), doubles({2, 2}, {3, 3, 8, 3})});
  CHECK(!check.passes());
  CHECK(check.worst_input == "input 1");
  CHECK(check.worst_element == std::vector<std::int64_t>{1, 0});
  CHECK_THROWS_WITH(check_gradients([](const Tensors& in) { return in[0]; }, {Array(1.0f)}),
                    ContainsSubstring("float32"));
}

TEST_CASE("literals that a type cannot hold") {
  const TensorType i32{ElementType::int32, {2}}, flag{ElementType::boolean, {2}};
  CHECK(has(message({i32}, [](const Tensors& in) { in[0] + 3000000000LL; }), {"[add]", "3e+09", "int32"}));
  CHECK(has(message({flag}, [](const Tensors& in) { equal(in[0], 2); }), {"[equal]", "2", "bool"}));
  CHECK(
      has(message({}, [](const Tensors&) { Tensor(9007199254740993LL); }), {"9007199254740993", "constant"}));
  // Also where nothing else is around to compare it with: a state handed on.
  CHECK(
      has(message({i32},
                  [](const Tensors& in) { unroll([](const Tensor&) { return full({2}, 0.7); }, 3, in[0]); }),
          {"[unroll]", "0.7", "int32"}));
}

TEST_CASE("a derivative by a literal or a constant, which has no node of its own") {
  CHECK(has(message({{d, {2}}}, [](const Tensors& in) { gradients(in[0] * 2, {Tensor(2)}); }),
            {"[gradients]", "literal"}));
  CHECK(has(message({{d, {2}}},
                    [](const Tensors& in) {
                      const auto c = constant(Array(3.0));
                      gradients(in[0] * c, {c});
                    }),
            {"[gradients]", "float64[]", "constant"}));
}

TEST_CASE("an expanded unroll has no node to project from") {
  CHECK(has(message({{d, {3, 2}}},
                    [](const Tensors& in) {
                      Tensor value;
                      const auto cell = [&](const Tensor& x, const Tensor& s) { return value = s + x; };
                      unroll(cell, in[0], zeros({2}), Expanded).node.summed(value);
                    }),
            {"[unroll]", "expanded"}));
}

TEST_CASE("shapes too large to count, and operands that are no bool") {
  const std::int64_t huge = std::int64_t{1} << 40;
  CHECK(has(message({},
                    [&](const Tensors&) {
                      full({huge, huge}, 1);
                    }),
            {"more elements than can be counted"}));
  CHECK(has(message({{ElementType::int64, {2}}}, [](const Tensors& in) { any(in[0]); }),
            {"[any]", "bool", "int64[2]"}));
}

TEST_CASE("more places where errors name operation and operands") {
  const TensorType a{d, {2, 3}}, whole{ElementType::int64, {2}};
  CHECK(has(message({a}, [](const Tensors& in) { reshape(in[0], {-2}); }), {"[reshape]", "-2", "[2, 3]"}));
  CHECK(has(message({a}, [](const Tensors& in) { index(in[0], 0, -3); }),
            {"[index]", "position -3", "[2, 3]"}));
  CHECK(has(message({a}, [](const Tensors& in) { in[0].extent(2); }), {"[extent]", "axis 2", "[2, 3]"}));
  CHECK(has(message({whole}, [](const Tensors& in) { norm(in[0]); }), {"[norm]", "int64[2]"}));
  CHECK(has(message({a, a}, [](const Tensors& in) { einsum("ij,jk->ik", in); }),
            {"[einsum]", "ij,jk->ik", "letter j", "3 and 2"}));
  Model model(Seed{1}, Device::cpu(), d);
  const auto w = (model / "s").parameter("w", {2}, constant_init(0));
  CHECK(has(message({{d, {3}}}, [&](const Tensors& in) { update(w, in[0]); }),
            {"[update]", "s/w", "float64[2]", "float64[3]"}));
}

TEST_CASE("shapes that cannot get another axis, and steps of an expanded unroll") {
  const TensorType full_rank{d, Shape(std::vector<std::int64_t>(16, 1))}, row{d, {4}}, x{d, {3, 5}};
  CHECK(has(message({full_rank}, [](const Tensors& in) { stack({in[0]}); }),
            {"[stack]", "16 axes", "[1, 1, 1"}));
  CHECK(
      has(message({full_rank}, [](const Tensors& in) { unsqueeze(in[0], 0); }), {"[unsqueeze]", "16 axes"}));
  CHECK(has(
      message({full_rank}, [](const Tensors& in) { unroll([](const Tensor& s) { return s; }, 2, in[0]); }),
      {"[unroll]", "16 axes"}));
  CHECK(has(message({x, row},
                    [](const Tensors& in) {
                      unroll([&](const Tensor& xt, const Tensor& s) { return s + xt; }, in[0], in[1],
                             Expanded, Reverse);
                    }),
            {"[add]", "[4]", "[5]", "at step 2"}));
}

TEST_CASE("check_gradients leaves the model as it was, and checks something") {
  Model model(Seed{1}, Device::cpu(), d);
  const auto w = (model / "s").parameter("w", {2}, constant_init(1));
  int calls = 0;
  const auto fails = [&](const Tensors& in) { return gather(w, in[0]); };
  CHECK_THROWS_AS(check_gradients(model, fails, {Array(std::int64_t{2})}), RunError);
  CHECK(w.value() == doubles({2}, {1, 1}));
  CHECK_THROWS_WITH(check_gradients(model,
                                    [&](const Tensors&) {
                                      update(w, w + 1);
                                      ++calls;
                                      return w * 2;
                                    },
                                    {}),
                    ContainsSubstring("updates"));
  CHECK_THROWS_WITH(
      check_gradients([](const Tensors& in) { return cast(in[0], d); }, {Array(std::int64_t{2})}),
      ContainsSubstring("no float64 input"));
}
