// Sizes that cannot be: whatever integers an operation gets, it is recorded with a type whose bytes can be
// counted, or refused by name.

#include <reel/reel.h>

#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto f64 = ElementType::float64, i64 = ElementType::int64;
constexpr std::int64_t most = INT64_MAX, least = INT64_MIN;
constexpr std::int64_t power(int exponent) { return std::int64_t{1} << exponent; }

/// What `f` throws, given tensors of these types on a tape; "nothing" where that is all.
std::string refusal(const std::vector<TensorType>& types, const std::function<void(const Tensors&)>& f) {
  Tape tape(f64);
  Recording recording(tape);
  const ScopeGuard guard("net/part");
  Tensors arguments;
  for (const auto& type : types) arguments.push_back(tape.argument(type));
  try {
    f(arguments);
  } catch (const RecordError& error) {
    return error.what();
  }
  return "nothing";
}

std::string text_of(std::int64_t number) { return std::to_string(number); }

}  // namespace

TEST_CASE("a value with more bytes than can be addressed is refused by the operation that makes it") {
  const auto big = power(61);
  const auto refused = [](const std::vector<TensorType>& types, const std::vector<std::string>& parts,
                          const std::function<void(const Tensors&)>& f) {
    auto all = parts;
    all.push_back("in scope net/part");
    require_parts(refusal(types, f), all);
  };
  const std::string shape = "[" + text_of(big) + "]";
  refused({}, {"[uniform]", "float64" + shape}, [&](const Tensors&) { uniform({big}); });
  refused({}, {"[uniform]", "float32" + shape},
          [&](const Tensors&) { uniform({big}, 0, 1, ElementType::float32); });
  refused({}, {"[uniform]", shape}, [&](const Tensors&) { normal({big}); });
  refused({}, {"[uniform]", shape}, [&](const Tensors&) { bernoulli({big}, 0.5); });
  refused({}, {"[iota]", "int64" + shape}, [&](const Tensors&) { iota(big) + 1; });
  refused({}, {"[iota]", "-1"}, [&](const Tensors&) { iota(-1); });
  refused({}, {"[fill]", "float64" + shape}, [&](const Tensors&) { sum(zeros({big})); });
  refused({{f64, {}}}, {"[broadcast]", "float64" + shape}, [&](const Tensors& in) { in[0] + zeros({big}); });
  refused({{f64, {1}}}, {"[broadcast]", "float64[1]", shape},
          [&](const Tensors& in) { broadcast_to(in[0], {big}); });
  // What is refused is the sum or the product of extents, each of which is possible.
  const TensorType half{f64, {power(52)}}, flags{ElementType::boolean, {power(56)}};
  refused({half}, {"[concat]", "float64[4503599627370496]", "float64[13510798882111488]"},
          [](const Tensors& in) {
            concat({in[0], in[0]});
            concat({in[0], in[0], in[0]});
          });
  refused({half}, {"[concat]", "float64[3, 4503599627370496]"}, [](const Tensors& in) {
    stack({in[0], in[0], in[0]});
  });
  refused({flags}, {"[cast]", "bool[72057594037927936]", "float64"},
          [](const Tensors& in) { cast(in[0], f64); });
  refused({{f64, {power(40), 1}}, {f64, {1, power(40)}}},
          {"[matmul]", "[1099511627776, 1]", "1, 1099511627776"},
          [](const Tensors& in) { matmul(in[0], in[1]); });
  refused({{f64, {power(30)}}, {f64, {power(30)}}}, {"[matmul]", "[1073741824, 1073741824]"},
          [](const Tensors& in) {
            einsum("i,j->ij", {in[0], in[1]});
          });
  refused({{f64, {power(40), 1}}, {f64, {power(40)}}}, {"[add]", "[1099511627776, 1]"},
          [](const Tensors& in) { in[0] + in[1]; });
  refused({{f64, {power(30), 1}}, {f64, {power(30)}}}, {"[broadcast]", "[1073741824, 1073741824]"},
          [](const Tensors& in) { in[0] * in[1]; });
  refused({{f64, {power(40), 1}}, {ElementType::int64, {power(40)}}}, {"[gather]", "[1099511627776]"},
          [](const Tensors& in) { gather(in[0], in[1], 1); });
  refused({{i64, {2}}, {f64, {2, 3}}}, {"[scatter_add]", "float64[2, 3]", text_of(big)},
          [&](const Tensors& in) { scatter_add(in[0], in[1], big); });
  refused({{i64, {2}}, {f64, {2}}}, {"[scatter_add_along_axis]", "float64[2]", shape},
          [&](const Tensors& in) { scatter_add_along_axis(in[0], in[1], big); });
  refused({{i64, {power(20)}}}, {"[one_hot]", "int64[1048576]", "[1048576, " + text_of(power(40)) + "]"},
          [](const Tensors& in) { one_hot(in[0], power(40)); });
  refused({{f64, {2, 3}}}, {"[tile]", "float64[2, 3]", text_of(most)}, [](const Tensors& in) {
    tile(in[0], {most, 1});
  });
  refused({{f64, {2, 3}}}, {"[broadcast]", text_of(big / 8)},
          [&](const Tensors& in) { tile(in[0], {big / 8}); });
  refused({}, {"[iota]", text_of(big)}, [&](const Tensors&) { lower_triangle(big, 2); });
  refused({{f64, {}}}, {"[unroll]", "float64[]", text_of(big), "steps"},
          [&](const Tensors& in) { unroll([](const Tensor& s) { return 2 * s; }, big, in[0]); });
  refused({{f64, {power(20)}}}, {"[unroll]", "float64[1048576]", text_of(power(40)), "steps"},
          [](const Tensors& in) { unroll([](const Tensor& s) { return 2 * s; }, power(40), in[0]); });
  // Nothing is stacked but what the derivative reads.
  refused({{f64, {power(20)}}}, {"[unroll]", "float64[1048576]", text_of(power(40)), "steps"},
          [](const Tensors& in) {
            const auto cell = [](const Tensor& s) -> std::pair<Tensor, Tensor> { return {sum(s), tanh(s)}; };
            const auto y = sum(unroll(cell, power(40), in[0]).state);
            gradients(y, {in[0]});
          });
}

TEST_CASE("padding, slices and scatters near the largest integer") {
  const TensorType row{f64, {3}};
  for (const auto before : {most, most - 3, power(62)}) {
    require_parts(refusal({row}, [&](const Tensors& in) { pad(in[0], 0, before, most); }),
                  {"[pad]", "float64[3]", "too large", "net/part"});
    require_parts(refusal({row}, [&](const Tensors& in) { pad(in[0], 0, before, 0); }),
                  {"[pad]", "float64[3]"});
    require_parts(refusal({row}, [&](const Tensors& in) { pad(in[0], 0, 0, 0, before); }),
                  {"[pad]", "float64[3]", "too large", text_of(before)});
  }
  for (const auto extent : {std::int64_t{-1}, least, std::int64_t{-7}})
    for (const bool along : {false, true})
      require_parts(refusal({{i64, {3}}, row},
                            [&](const Tensors& in) {
                              along ? scatter_add_along_axis(in[0], in[1], extent)
                                    : scatter_add(in[0], in[1], extent);
                            }),
                    {"[scatter_add", "negative", text_of(extent), "float64[3]"});
  for (const auto axis : {power(32), -power(32) - 1, most, least})
    require_parts(refusal({{i64, {3}}, row}, [&](const Tensors& in) { scatter_add(in[0], in[1], 4, axis); }),
                  {"[scatter_add]", "axis " + text_of(axis < 0 ? axis + 1 : axis), "float64[3]"});
  for (const auto step : {std::int64_t{0}, std::int64_t{-1}, least})
    require_parts(refusal({row}, [&](const Tensors& in) { slice(in[0], 0, 0, 3, step); }),
                  {"[slice]", "float64[3]", text_of(step)});
  require_parts(refusal({row}, [](const Tensors& in) { slice(in[0], 0, least, most); }),
                {"[slice]", text_of(least), text_of(most), "float64[3]"});
  require_parts(refusal({row}, [](const Tensors& in) { split(in[0], least); }),
                {"[split]", text_of(least), "float64[3]"});
  require_parts(refusal({{f64, {0}}}, [](const Tensors& in) { split(in[0], most); }),
                {"[split]", text_of(most), "float64[0]"});
  require_parts(refusal({row},
                        [](const Tensors& in) {
                          reshape(in[0], {power(32), power(32), -1});
                        }),
                {"[reshape]", "too large", "float64[3]"});
  require_parts(refusal({row},
                        [](const Tensors& in) {
                          unroll([](const Tensor& s) { return s; }, power(61), in[0], Expanded);
                        }),
                {"[unroll]", text_of(power(61)), "nodes"});
}

TEST_CASE("steps, shifts and gaps that are large and do no harm") {
  // Steps beyond the end find the first position alone; the derivative is right too.
  for (const auto step : {most, most - 1, power(62), std::int64_t{5}}) {
    CHECK(value({1, 2, 3, 4}, [&](Tensor x) { return slice(x, 0, 0, 4, step); }) == List{1});
    CHECK(value({1, 2, 3, 4}, [&](Tensor x) { return slice(x, 0, 1, 4, step); }) == List{2});
    CHECK(slope({1, 2, 3, 4}, [&](Tensor x) { return slice(x, 0, 1, 4, step); }) == List{0, 1, 0, 0});
    CHECK(value({1, 2, 3, 4}, [&](Tensor x) { return slice(x, 0, 2, 2, step); }).empty());
  }
  // There is nothing between the elements of one.
  for (const auto between : {most, most - 1, power(61)}) {
    CHECK(value({5}, [&](Tensor x) { return pad(x, 0, 1, 1, between); }) == List{0, 5, 0});
    CHECK(slope({5}, [&](Tensor x) { return square(pad(x, 0, 1, 1, between)); }) == List{10});
    CHECK(value({}, [&](Tensor x) { return pad(x, 0, 1, 1, between); }) == List{0, 0});
  }
  // Around the end, however often: 2^63 = 2 mod 3.
  CHECK(value({1, 2, 3}, [](Tensor x) { return roll(x, least); }) == List{3, 1, 2});
  CHECK(value({1, 2, 3}, [](Tensor x) { return roll(x, most); }) == List{3, 1, 2});
  CHECK(value({1, 2, 3}, [](Tensor x) { return roll(x, -most); }) == List{2, 3, 1});
  CHECK(value({1, 2, 3}, [](Tensor x) { return roll(x, power(61)); }) == List{2, 3, 1});
}

TEST_CASE("an extent of 0 does not make others countable") {
  for (const auto& extents : std::vector<std::vector<std::int64_t>>{
           {0, power(62), 4}, {power(62), 0, 4}, {power(32), power(32), 0}, {0, most, most}})
    CHECK_THROWS_WITH(Shape(extents), ContainsSubstring("more elements than can be counted"));
  CHECK(Shape({0, most}).size() == 0);
  require_parts(refusal({},
                        [](const Tensors&) {
                          uniform({0, power(61)});
                        }),
                {"[uniform]", "float64[0, 2305843009213693952]"});
  CHECK_THROWS_WITH(Array({0, power(62)}, f64), ContainsSubstring("[Array] float64[0, 4611686018427387904]"));
  CHECK(Array({0, power(50)}, f64).size() == 0);
}

namespace {

/// An operation of numbers, to be tried with the most extreme ones.
struct Tried {
  const char* name;
  std::function<Tensor(const Tensor& x, std::int64_t a, std::int64_t b)> record;
};

const std::vector<Tried>& tried() {
  const auto positions = [](const Tensor& x) {
    return iota(x.rank() == 0 ? 1 : x.extent(0), ElementType::int64);
  };
  static const std::vector<Tried> all{
      {"full",
       [](const Tensor& x, auto a, auto b) {
         return x + full({a, b}, 1);
       }},
      {"iota", [](const Tensor& x, auto a, auto) { return x + iota(a, f64); }},
      {"reshape",
       [](const Tensor& x, auto a, auto b) {
         return reshape(x, {a, b});
       }},
      {"permute",
       [](const Tensor& x, auto a, auto b) {
         return permute(x, {a, b});
       }},
      {"transpose", [](const Tensor& x, auto a, auto b) { return transpose(x, a, b); }},
      {"slice", [](const Tensor& x, auto a, auto b) { return slice(x, 0, a, b); }},
      {"slice at an axis", [](const Tensor& x, auto a, auto b) { return slice(x, a, 0, 1, b); }},
      {"slice by steps", [](const Tensor& x, auto a, auto b) { return slice(x, 0, 0, a, b); }},
      {"index", [](const Tensor& x, auto a, auto b) { return index(x, a, b); }},
      {"pad", [](const Tensor& x, auto a, auto b) { return pad(x, 0, a, b); }},
      {"pad at an axis", [](const Tensor& x, auto a, auto b) { return pad(x, a, 1, 1, b); }},
      {"pad between", [](const Tensor& x, auto a, auto b) { return pad(x, -1, a, 0, b); }},
      {"flip",
       [](const Tensor& x, auto a, auto b) {
         return flip(x, {a, b});
       }},
      {"concat",
       [](const Tensor& x, auto a, auto) {
         return concat({x, x, x}, a);
       }},
      {"stack",
       [](const Tensor& x, auto a, auto) {
         return stack({x, x}, a);
       }},
      {"shift", [](const Tensor& x, auto a, auto b) { return shift(x, full({a}, 0) + x, b); }},
      {"broadcast_to",
       [](const Tensor& x, auto a, auto b) {
         return broadcast_to(x, {a, b});
       }},
      {"sum",
       [](const Tensor& x, auto a, auto b) {
         return sum(x, {a, b}, true);
       }},
      {"max", [](const Tensor& x, auto a, auto) { return max(x, {a}); }},
      {"argmax", [](const Tensor& x, auto a, auto) { return cast(argmax(x, a), f64); }},
      {"variance", [](const Tensor& x, auto a, auto b) { return variance(x, {a}, false, double(b)); }},
      {"prod", [](const Tensor& x, auto a, auto) { return prod(x, {a}); }},
      {"logsumexp", [](const Tensor& x, auto a, auto) { return logsumexp(x, {a}); }},
      {"softmax", [](const Tensor& x, auto a, auto) { return softmax(x, a); }},
      {"layer_norm", [](const Tensor& x, auto a, auto) { return layer_norm(x, a); }},
      {"cumsum", [](const Tensor& x, auto a, auto) { return cumsum(x, a); }},
      {"cumprod", [](const Tensor& x, auto a, auto) { return cumprod(x, a); }},
      {"linear_scan", [](const Tensor& x, auto a, auto) { return linear_scan(x, 2 * x, a); }},
      {"split", [](const Tensor& x, auto a, auto b) { return a > 8 ? x : split(x, a, b)[0]; }},
      {"roll", [](const Tensor& x, auto a, auto b) { return roll(x, a, b); }},
      {"tile",
       [](const Tensor& x, auto a, auto b) {
         return tile(x, {a, b});
       }},
      {"squeeze", [](const Tensor& x, auto a, auto) { return squeeze(x, a); }},
      {"unsqueeze", [](const Tensor& x, auto a, auto) { return unsqueeze(x, a); }},
      {"gather", [=](const Tensor& x, auto a, auto) { return gather(x, positions(x), a); }},
      {"scatter_add", [=](const Tensor& x, auto a, auto b) { return scatter_add(positions(x), x, a, b); }},
      {"take_along_axis",
       [](const Tensor& x, auto a, auto) { return take_along_axis(x, cast(0 * x, i64), a); }},
      {"scatter_add_along_axis",
       [](const Tensor& x, auto a, auto b) { return scatter_add_along_axis(cast(0 * x, i64), x, a, b); }},
      {"one_hot", [](const Tensor& x, auto a, auto) { return x + sum(one_hot(cast(x, i64), a, f64)); }},
      {"lower_triangle",
       [](const Tensor& x, auto a, auto b) { return x + cast(lower_triangle(a, b, a), f64); }},
      {"uniform",
       [](const Tensor& x, auto a, auto b) {
         return x + uniform({a, b});
       }},
      {"normal",
       [](const Tensor& x, auto a, auto b) {
         return x + normal({a, b});
       }},
      {"bernoulli",
       [](const Tensor& x, auto a, auto b) {
         return x + cast(bernoulli({a, b}, 0.5), f64);
       }},
      {"matmul",
       [](const Tensor& x, auto a, auto b) {
         return matmul(x + full({a, 2}, 1), full({2, b}, 1));
       }},
      {"einsum",
       [](const Tensor& x, auto a, auto b) {
         return einsum("i,j->ji", {full({a}, 1) * x, full({b}, 1) * x});
       }},
      {"unroll", [](const Tensor& x, auto a,
                    auto) { return unroll([](const Tensor& s) { return tanh(s); }, a, x).outputs; }},
      {"unroll over padding",
       [](const Tensor& x, auto a, auto b) {
         const auto cell = [](const Tensor& in, const Tensor& s) { return s + sum(in); };
         return unroll(cell, pad(x, 0, a, b), x).outputs;
       }},
  };
  return all;
}

/// Whether every value on a tape has extents and bytes that can be counted.
bool is_sound(const Tape& tape) {
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto& type = tape.node(id).type;
    for (auto extent : type.shape)
      if (extent < 0) return false;
    if (!is_addressable(type)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("whatever integers an operation gets, it is recorded soundly or refused by name") {
  const std::vector<std::int64_t> extremes{0,         1,          -1,        2,         power(31),
                                           power(32), power(53),  power(56), power(61), most,
                                           most - 1,  -power(31), least,     least + 1};
  const std::vector<TensorType> types{
      {f64, {}}, {f64, {3}}, {f64, {2, 3}}, {f64, {0, power(50)}}, {f64, {power(40)}}};
  for (const auto& operation : tried())
    for (const auto& type : types)
      for (const auto a : extremes)
        for (const auto b : extremes) {
          INFO(operation.name << " of " << to_string(type) << " with " << a << " and " << b);
          Tape tape(f64);
          Recording recording(tape);
          const auto x = tape.argument(type);
          try {
            const auto y = operation.record(x, a, b);
            gradients(sum(y), {x});
          } catch (const RecordError&) {
          }
          REQUIRE(is_sound(tape));
        }
}

TEST_CASE("extents that are no shape name the parameter they are for, or [Shape]") {
  Model model(Seed{1});
  const auto l = model / "l";
  CHECK_THROWS_WITH(Linear(l, power(61), power(61)),
                    "[Model] parameter l/weight: shape [2305843009213693952, 2305843009213693952] has more "
                    "elements than can be counted");
  CHECK_THROWS_WITH(Embedding(l, most, most), ContainsSubstring("[Model] parameter l/table: shape ["));
  CHECK_THROWS_WITH(LSTM(l, 3, power(61)), ContainsSubstring("[Model] parameter l/"));
  CHECK_THROWS_WITH(Linear(l, -2, 3), ContainsSubstring("[Model] parameter l/weight: an extent cannot be"));
  CHECK_THROWS_WITH(l.state("h", {power(62), 8}, 0), ContainsSubstring("[Model] parameter l/h: shape ["));
  CHECK(model.parameters().empty());
  const std::vector<std::int64_t> too_many(17, 1);
  const auto says = [](const std::string& rule, const std::function<void()>& f) {
    const auto text = message_of(f);
    INFO(text);
    CHECK(text.rfind("[Shape] ", 0) == 0);
    CHECK(text.find(rule) != std::string::npos);
  };
  const std::string uncounted = "more elements than can be counted";
  says(uncounted, [] { Array({power(61), 4}, f64); });
  says(uncounted, [] { uniform({power(62), 8}); });
  says(uncounted, [] { zeros({power(32), power(32)}); });
  says("at most 16 axes, not 17", [&] { zeros(Shape(too_many)); });
  says("negative: -1 in shape [2, -1]", [] { ones({2, -1}); });
}

TEST_CASE("an operation whose result is no shape says so in its own name alone") {
  const TensorType row{f64, {power(40)}};
  for (const auto& text :
       {refusal({row},
                [](const Tensors& in) {
                  reshape(in[0], {1, power(40)}) + reshape(in[0], {power(40), 1});
                }),
        refusal({row},
                [](const Tensors& in) {
                  matmul(reshape(in[0], {power(40), 1}), reshape(in[0], {1, power(40)}));
                }),
        refusal({{f64, {power(31), 2}}}, [](const Tensors& in) { pad(in[0], 1, power(40), 0); })}) {
    INFO(text);
    CHECK(text.find("more elements than can be counted; operands") != std::string::npos);
    CHECK(text.substr(0, 1) == "[");
    CHECK(text.find("[Shape]") == std::string::npos);
  }
}
