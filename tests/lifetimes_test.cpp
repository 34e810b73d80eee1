// What is kept longer than the recording it belongs to: tensors, and state in a cell.

#include <reel/reel.h>

#include <thread>

#include "catch.h"
#include "models.h"
#include "refusals.h"
#include "run.h"

using namespace reel;
using namespace reel::test;

namespace {

/// A layer that makes a constant at its first use and keeps it.
struct Positions {
  mutable Tensor kept;
  Tensor operator()(const Tensor& x) const {
    const ScopeGuard guard("net/positions");
    if (!kept.defined()) kept = sin(cast(iota(3), ElementType::float32));
    return x * 10 + kept;
  }
};

Array ones_of(const Shape& shape) {
  return Array(shape, std::vector<float>(static_cast<std::size_t>(shape.size()), 1));
}

/// As modules of PyTorch do, it keeps in itself what the next step needs.
struct Counter {
  mutable Tensor h = zeros({1});
  Tensor operator()(const Tensor& x, const Tensor& s) const {
    h = h + x;
    return s * 0 + h;
  }
};

}  // namespace

TEST_CASE("a tensor kept by a layer is refused in the next recording, with origin and remedy", "[lifetime]") {
  Model model(Seed{1});
  const Positions positions;
  Function f(model, [&](Tensor x) { return positions(x); });
  CHECK(f(ones_of({1, 3})).at(0) == 10);
  const auto text = message_of([&] { f(ones_of({2, 3})); });
  CHECK(has(text, {"[add]", "float32[3] made by [sin]", "in scope net/positions", "Return it"}));
}

TEST_CASE("a tensor is refused wherever it is used after its recording", "[lifetime]") {
  Model model(Seed{1});
  Tensor scores;
  Function train(model, [&](Tensor x) {
    scores = softmax(x);
    return sum(scores * x);
  });
  train(floats({1, 2}));
  Function look(model, [&](Tensor x) {
    // The tape of `scores` stood where this one stands now.
    auto y = x;
    for (int i = 0; i < 20; ++i) y = y + 1;
    return scores + 0 * y;
  });
  CHECK(has(message_of([&] { look(floats({1, 2})); }), {"[add]", "made by [div]"}));
  CHECK(has(message_of([&] { scores.shape(); }), {"[shape]", "made by [div]"}));
  CHECK(has(message_of([&] { scores.extent(0); }), {"[extent]"}));
  CHECK(has(message_of([&] { scores.element(); }), {"[element]"}));
  CHECK(has(message_of([&] { describe(scores); }), {"made by [div]"}));
  using Use = std::function<Tensor(const Tensor&)>;
  const std::vector<std::pair<std::string, Use>> uses = {
      {"[tanh]", [](const Tensor& t) { return tanh(t); }},
      {"[matmul]",
       [](const Tensor& t) {
         return matmul(t, ones({2, 2}));
       }},
      {"[matmul]",
       [](const Tensor& t) {
         return matmul(ones({2, 2}), t);
       }},
      {"[sum]", [](const Tensor& t) { return sum(t, {0}); }},
      {"[slice]", [](const Tensor& t) { return slice(t, 0, 0, 1); }},
      {"[concat]",
       [](const Tensor& t) {
         return concat({t, t});
       }},
      {"[reshape]",
       [](const Tensor& t) {
         return reshape(t, {2, 1});
       }},
      {"[broadcast]",
       [](const Tensor& t) {
         return broadcast_to(t, {3, 2});
       }},
      {"[cast]", [](const Tensor& t) { return cast(t, ElementType::float64); }},
      {"[select]", [](const Tensor& t) { return select(full({2}, 1) > 0, t, 0); }},
      {"[gradients]", [](const Tensor& t) { return gradients(t, {t})[0]; }},
      {"[softmax]", [](const Tensor& t) { return softmax(t); }},
      {"[sum]", [](const Tensor& t) { return sum(t); }},
      {"[mean]", [](const Tensor& t) { return mean(t); }},
      {"[norm]", [](const Tensor& t) { return norm(t, {0}); }},
      {"[prod]", [](const Tensor& t) { return prod(t); }},
      {"[layer_norm]", [](const Tensor& t) { return layer_norm(t); }},
      {"[tile]", [](const Tensor& t) { return tile(t, {2}); }},
      {"[einsum]", [](const Tensor& t) { return einsum("i->", {t}); }},
      {"[attention]", [](const Tensor& t) { return attention(t, t, t); }},
      {"[stack]",
       [](const Tensor& t) {
         return stack({t, t});
       }},
      {"[cross_entropy]", [](const Tensor& t) { return cross_entropy(t, full({}, 0, ElementType::int32)); }},
      {"[mean_squared_error]", [](const Tensor& t) { return mean_squared_error(t, t); }},
      {"[dropout]", [](const Tensor& t) { return dropout(t, 0.5); }},
      {"[unroll]",
       [](const Tensor& t) {
         return unroll([](const Tensor& x, const Tensor& s) { return s + x; }, t, zeros({})).state;
       }},
      {"[unroll]", [](const Tensor& t) { return unroll([](const Tensor& s) { return s * 2; }, 3, t).state; }},
      {"[Function]", [](const Tensor& t) { return t; }}};
  for (const auto& [name, use] : uses) {
    Function f(model, [&, &use = use](Tensor) { return use(scores); });
    CHECK(has(message_of([&] { f(floats({1, 2})); }), {name, "made by [div]"}));
  }
}

TEST_CASE("what is projected from an unroll after its recording is refused", "[lifetime]") {
  Model model(Seed{1});
  Unroll node;
  Tensor inside;
  Function f(model, [&](Tensor x) {
    const auto result =
        unroll([&](const Tensor& xt, const Tensor& s) { return inside = s + xt; }, x, zeros({}));
    node = result.node;
    return result.state;
  });
  f(floats({1, 2, 3}));
  CHECK(has(message_of([&] { node.final_carry(0); }), {"[unroll]", "Return it"}));
  CHECK(has(message_of([&] { node.stacked(inside); }), {"made by [add]"}));
}

TEST_CASE("a tensor of a tape that is gone is refused, one of a living tape is not", "[lifetime]") {
  auto tape = std::make_unique<Tape>();
  const auto x = tape->argument({ElementType::float32, {2}}, "samples");
  const auto copy = x;
  CHECK((x + copy).shape() == Shape{2});
  tape.reset();
  CHECK(has(message_of([&] { x + 1; }), {"[add]", "float32[2] (samples)"}));
  CHECK(has(message_of([&] { copy.tape(); }), {"(samples)"}));
  CHECK(x.defined());
}

TEST_CASE("a value of a step that is used outside of it is refused with the remedy", "[lifetime]") {
  Model model(Seed{1});
  Function f(model, [](Tensor x) {
    Tensor last;
    unroll([&](const Tensor& xt, const Tensor& s) { return last = s + xt; }, x, zeros({}));
    return last * 2;
  });
  CHECK(has(message_of([&] { f(floats({1, 2})); }), {"[mul]", "made by [add]", "output or state"}));
}

TEST_CASE("state kept in a cell is refused, where Expanded gives what it says", "[lifetime]") {
  Model model(Seed{1});
  const auto x = ones_of({4, 1});
  Function expanded(model, [](Tensor x) { return unroll(Counter(), x, zeros({1}), Expanded).outputs; });
  CHECK(values(expanded(x)) == List{1, 2, 3, 4});
  Function f(model, [](Tensor x) { return unroll(Counter(), x, zeros({1})).outputs; });
  const auto text = message_of([&] { f(x); });
  CHECK(has(text, {"[unroll]", "handed on in its state"}));
  CHECK(has(text, {"Counter"}));
}

TEST_CASE("a cell that does something else each time it is called is refused", "[lifetime]") {
  Model model(Seed{1});
  const auto x = ones_of({4, 1});
  const auto refused = [&](const std::function<Tensor(const Tensor&, const Tensor&)>& cell) {
    Function f(model, [&](Tensor x) { return unroll(cell, x, zeros({1})).outputs; });
    return message_of([&] { f(x); });
  };
  int calls = 0;
  CHECK(has(refused([&](const Tensor& x, const Tensor& s) { return s + x * ++calls; }),
            {"handed on in its state"}));
  CHECK(has(refused([&](const Tensor& x, const Tensor& s) { return ++calls % 2 ? s + x : s - x; }),
            {"handed on in its state"}));
  CHECK(has(
      refused([&](const Tensor& x, const Tensor& s) { return s + x + constant(floats({float(++calls)})); }),
      {"handed on in its state"}));
  Tensor kept;
  CHECK(has(refused([&](const Tensor& x, const Tensor& s) {
              if (!kept.defined()) kept = tanh(x);
              return s + kept;
            }),
            {"handed on in its state"}));
  // Only which values it hands on changes; and what is inside of an inner unroll.
  CHECK(has(refused([&](const Tensor& x, const Tensor& s) {
              const auto a = s + x, b = s - x;
              return ++calls % 2 ? a : b;
            }),
            {"handed on in its state"}));
  CHECK(has(refused([&](const Tensor& x, const Tensor& s) {
              const double factor = ++calls;
              return unroll([&](const Tensor& inner) { return inner * factor + x; }, 2, s).state;
            }),
            {"handed on in its state"}));
}

TEST_CASE("state kept in a cell is refused where the types of literals have to be found", "[lifetime]") {
  Model model(Seed{1});
  const auto x = ones_of({4, 2});
  const Array lengths(std::vector<std::int64_t>{3, 1});
  using State = std::tuple<Tensor, Tensor>;
  const auto refused = [&](const State& state, const auto& cell, bool late) {
    Function f(model, [&](Tensor x, Tensor lengths) {
      const auto step = [&, first = true, calls = 0](Tensor xt, const State& s) mutable {
        // Before or after what is refused while the literal is a float.
        if (!late) xt = std::exchange(first, false) ? xt * 100 : xt;
        auto [h, n] = cell(xt, s, lengths, ++calls);
        if (late) h = std::exchange(first, false) ? h * 100 : h;
        return State(h, n);
      };
      const std::function<State(const Tensor&, const State&)> shared = step;
      return std::get<0>(unroll(shared, x, state).state);
    });
    return message_of([&] { f(x, lengths); });
  };
  const auto masked = [](const Tensor& x, const State& s, const Tensor& lengths, int) {
    const auto& [h, n] = s;
    return State(select(n < lengths, h + x, h), n + 1);
  };
  const auto flagged = [](const Tensor& x, const State& s, const Tensor&, int) {
    const auto& [h, on] = s;
    return State(select(on, h + x, h), !on);
  };
  const auto chosen = [](const Tensor& x, const State& s, const Tensor&, int calls) {
    const auto& [h, n] = s;
    return State(h + x * gather(iota(4, ElementType::float32), n) + calls, n + 1);
  };
  for (const auto& state :
       {State(zeros({2}, ElementType::float32), 0), State(zeros({2}), 0), State(zeros({2}), zeros({}))}) {
    for (bool late : {false, true}) CHECK(has(refused(state, masked, late), {"handed on in its state"}));
    for (bool late : {false, true}) CHECK(has(refused(state, flagged, late), {"handed on in its state"}));
    for (bool late : {false, true}) CHECK(has(refused(state, chosen, late), {"handed on in its state"}));
  }
}

TEST_CASE(
    "unrolls within one another whose literal types have to be found are recorded a bounded number of times",
    "[lifetime]") {
  Model model(Seed{1});
  using State = std::tuple<Tensor, Tensor>;
  std::vector<int> calls(3);
  for (int depth = 1; depth <= 3; ++depth) {
    std::function<Tensor(Tensor, int)> nested = [&](const Tensor& x, int level) {
      const auto cell = [&](const State& s) {
        ++calls[depth - 1];
        const auto& [h, n] = s;
        const auto inner = level > 1 ? nested(x, level - 1) : x;
        return State(select(n < constant(Array(std::int64_t{2})), h + inner, h), n + 1);
      };
      return std::get<0>(unroll(cell, 2, State(zeros({3}), 0)).state);
    };
    Function f(model, [&](Tensor x) { return nested(x, depth); });
    f(floats({1, 2, 3}));
  }
  CAPTURE(calls[0], calls[1], calls[2]);
  CHECK(calls[0] < 20);
  CHECK(calls[1] < 10 * calls[0]);
  CHECK(calls[2] < 10 * calls[1]);
}

TEST_CASE("an error of a later step of an expanded unroll is said as it is", "[lifetime]") {
  Model model(Seed{1});
  int calls = 0;
  Function f(model, [&](Tensor x) {
    const auto cell = [&](const Tensor& xt, const Tensor& h) {
      return ++calls % 3 == 0 ? h + matmul(xt, x) : h + xt * double(calls);
    };
    return unroll(cell, x, zeros({2}), Expanded).state;
  });
  CHECK(has(message_of([&] { f(ones_of({4, 2})); }), {"[matmul]", "at step 2"}));
}

TEST_CASE("what a nested cell keeps is said once", "[lifetime]") {
  Model model(Seed{1});
  int calls = 0;
  Function f(model, [&](Tensor x) {
    const auto outer = [&](const Tensor& xt, const Tensor& s) {
      return unroll([&](const Tensor& inner) { return inner * double(++calls) + xt; }, 2, s).state;
    };
    return unroll(outer, x, zeros({1})).state;
  });
  const auto text = message_of([&] { f(ones_of({4, 1})); });
  const std::string once = "handed on in its state";
  REQUIRE(has(text, {once}));
  CHECK(text.find(once) == text.rfind(once));
}

TEST_CASE("a cell that keeps what is no state is not refused, nor one recorded but once", "[lifetime]") {
  Model model(Seed{1});
  const auto x = ones_of({4, 1});
  struct Scaled {
    mutable Tensor factor;
    Tensor operator()(const Tensor& x, const Tensor& s) const {
      if (!factor.defined()) factor = constant(floats({2}));  // on no tape until it is used
      return s + factor * x + constant(floats({1}));
    }
  };
  Function f(model, [](Tensor x) { return unroll(Scaled(), x, zeros({1})).outputs; });
  CHECK(values(f(x)) == List{3, 6, 9, 12});
  int calls = 0;
  const auto counted = [&](const Tensor& x, const Tensor& s) { return s + x * ++calls; };
  Function once(model, [&](Tensor x) { return unroll(counted, x, zeros({1}), WithoutRehearsal).outputs; });
  CHECK(values(once(x)) == List{1, 2, 3, 4});
  CHECK(calls == 1);
}

TEST_CASE("random values, positions and effects of a cell are those of one recording", "[lifetime]") {
  Model model(Seed{1});
  int calls = 0;
  const auto cell = [&](const Tensor& s) {
    ++calls;
    const auto inner = unroll([&](const Tensor& u) { return u + uniform({2}); }, 2, s);
    return inner.state + normal({2});
  };
  Tape tape;
  Recording recording(tape);
  const auto outputs = unroll(cell, 3, zeros({2})).outputs;
  CHECK(calls == 2);
  int positions = 0, unrolls = 0;
  for (NodeId id = 0; id < tape.size(); ++id) {
    positions += tape.node(id).operation->name == "iota";
    unrolls += tape.node(id).operation->kind == Kind::unroll;
  }
  CHECK(positions == 1);
  CHECK(unrolls == 1);
  Function node(model, [&] { return unroll(cell, 3, zeros({2})).outputs; });
  Model other(Seed{1});
  Function expanded(other, [&] { return unroll(cell, 3, zeros({2}), Expanded).outputs; });
  CHECK(difference(node(), expanded()) < 1e-6);
}

TEST_CASE("a layer made inside of a recorded function is refused at the first call", "[lifetime]") {
  Model model(Seed{1});
  Function f(model, [&](Tensor x) { return Linear(model / "head", 2, 1)(x); });
  CHECK(has(message_of([&] { f(ones_of({1, 2})); }), {"head/weight", "outside"}));
  Function g(model, [&](Tensor x) {
    return unroll([&](const Tensor& xt, const Tensor& s) { return s + Linear(model / "inner", 2, 1)(xt); }, x,
                  zeros({1, 1}))
        .state;
  });
  CHECK(has(message_of([&] { g(ones_of({3, 1, 2})); }), {"inner/weight"}));
  CHECK(model.parameters().empty());
}

TEST_CASE("a program handed out stays whole when its function drops it", "[lifetime]") {
  Model model(Seed{1});
  auto f = std::make_unique<Function<std::function<Tensor(Tensor)>>>(
      model, std::function<Tensor(Tensor)>([](Tensor x) { return x + 1; }));
  const auto x = floats({1, 2, 3});
  auto program = f->program(x);
  for (int n = 4; n < 4 + static_cast<int>(ProgramCache::capacity); ++n) (*f)(ones_of({n}));
  CHECK(f->program_count() == ProgramCache::capacity);
  CHECK(program.run(std::vector<Array>{x})[0] == floats({2, 3, 4}));
  f.reset();
  CHECK(program.run(std::vector<Array>{x})[0] == floats({2, 3, 4}));
  // Moving a handle copies it: none is left without a program.
  auto moved = std::move(program);
  CHECK(moved.run(std::vector<Array>{x})[0] == floats({2, 3, 4}));
  CHECK(program.run(std::vector<Array>{x})[0] == floats({2, 3, 4}));
}

TEST_CASE("a second thread in one Function is refused, also while it is recorded", "[lifetime][threads]") {
  Model model(Seed{1});
  std::string second;
  Function<std::function<Tensor(Tensor)>>* self = nullptr;
  Function<std::function<Tensor(Tensor)>> f(
      model, std::function<Tensor(Tensor)>([&](Tensor x) {
        std::thread other([&] { second = message_of([&] { (*self)(floats({1, 2})); }); });
        other.join();
        return x + 1;
      }));
  self = &f;
  CHECK(f(floats({1})) == floats({2}));
  CHECK(has(second, {"[Function] is already running"}));
  CHECK(f(floats({5})) == floats({6}));
}
