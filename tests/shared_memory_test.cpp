// What programs of one device share: the memory in which they work, and what they keep of weights.

#include <reel/reel.h>

#include <cstring>
#include <thread>

#include "catch.h"
#include "live_bytes.h"
#include "models.h"
#include "run/arenas.h"
#include "run/kept_values.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto f32 = ElementType::float32;

/// Counts what it gives.
struct Counted {
  std::shared_ptr<std::atomic<std::int64_t>> held = std::make_shared<std::atomic<std::int64_t>>(0);
  std::shared_ptr<std::atomic<std::int64_t>> most = std::make_shared<std::atomic<std::int64_t>>(INT64_MAX);

  Block operator()(std::size_t bytes) const {
    const auto size = static_cast<std::int64_t>(bytes);
    if (held->fetch_add(size) + size > *most) {
      *held -= size;
      return nullptr;
    }
    return Block(new std::byte[bytes], [size, held = held](std::byte* memory) {
      delete[] memory;
      *held -= size;
    });
  }
};

bool same_bits(const Array& a, const Array& b) {
  return a.type() == b.type() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace

TEST_CASE("programs that run one after the other work in one arena, as large as the largest needs") {
  const Counted counted;
  const auto arenas = std::make_shared<Arenas>(counted);
  {
    const Arenas::Claim small(arenas, 100);
    CHECK(*counted.held == 100);
    {
      const Arenas::Claim large(arenas, 1000), medium(arenas, 500);
      CHECK(*counted.held == 1000);
      for (const auto* claim : {&small, &medium, &large, &small}) {
        const Arenas::Lease lease(*claim);
        lease.memory()[99] = std::byte{1};
        CHECK(*counted.held == 1000);
      }
    }
    // What only a program that is gone needed is given back.
    CHECK(*counted.held == 0);
    const Arenas::Lease lease(small);
    CHECK(*counted.held == 100);
  }
  CHECK(*counted.held == 0);
}

TEST_CASE("runs at the same time get arenas of their own, and later ones use them again") {
  const Counted counted;
  const auto arenas = std::make_shared<Arenas>(counted);
  const Arenas::Claim a(arenas, 100), b(arenas, 50);
  for (int round = 0; round < 3; ++round) {
    const Arenas::Lease first(a), second(b);
    CHECK(first.memory() != second.memory());
    CHECK(*counted.held <= 200);
  }
  const Arenas::Lease again(a);
  CHECK(*counted.held <= 200);
}

TEST_CASE("an arena that is not to be had leaves all as it was") {
  const Counted counted;
  const auto arenas = std::make_shared<Arenas>(counted);
  const Arenas::Claim small(arenas, 100);
  *counted.most = 500;
  CHECK_THROWS_AS(Arenas::Claim(arenas, 1000), std::bad_alloc);
  const Arenas::Lease lease(small);
  CHECK_THROWS_AS(Arenas::Claim(arenas, 450), std::bad_alloc);
  CHECK(*counted.held == 100);
}

TEST_CASE("threads that run programs of all sizes get memory that nobody else has", "[threads]") {
  const Counted counted;
  const auto arenas = std::make_shared<Arenas>(counted);
  std::atomic<int> disturbed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 300; ++round) {
        const auto bytes = static_cast<std::size_t>(64 + (round * 37 + t * 11) % 500);
        const Arenas::Claim claim(arenas, bytes);
        const Arenas::Lease lease(claim);
        const auto mark = static_cast<std::byte>(t + 1);
        std::fill_n(lease.memory(), bytes, mark);
        std::this_thread::yield();
        disturbed += !std::all_of(lease.memory(), lease.memory() + bytes,
                                  [&](std::byte each) { return each == mark; });
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(disturbed == 0);
  CHECK(*counted.held == 0);
}

TEST_CASE("an LSTM of 100 lengths holds little more than one of the longest", "[slow]") {
  constexpr std::int64_t longest = 100, batch = 32;
  const auto held_by = [&](std::int64_t shortest) {
    const auto before = live_bytes();
    Model model(Seed{1}, Device::cpu(2));
    const LSTM lstm(model / "lstm", 64, 128);
    TrainingStep step(model, Adam(), [&](Tensor x) {
      return mean(square(unroll(lstm, x, lstm.initial_state(batch)).outputs));
    });
    Function predict(model, [&](Tensor x) { return unroll(lstm, x, lstm.initial_state(batch)).state.h; });
    for (auto steps = shortest; steps <= longest; ++steps) {
      const Array x(Shape{steps, batch, 64}, f32);
      step(x);
      predict(x);
    }
    return static_cast<double>(live_bytes() - before);
  };
  const auto one = held_by(longest), all = held_by(1);
  INFO("one program of each takes " << one << " bytes, 100 take " << all);
  // Twice 100 programs.
  CHECK(all <= 1.5 * one + 2 * longest * 100e3);
  CHECK((all - one) / (2 * longest) < 100e3);
}

TEST_CASE("what is made of weights alone is made once for all programs that need it") {
  Model model(Seed{1}, Device::cpu(1));
  const LSTM lstm(model / "lstm", 24, 48);
  Function predict(model, [&](Tensor x) { return unroll(lstm, x, lstm.initial_state(2)).outputs; });
  const auto input = [](std::int64_t steps) {
    Array x(Shape{steps, 2, 24}, f32);
    for (std::int64_t i = 0; i < x.size(); ++i) x.data<float>()[i] = static_cast<float>(i % 7) - 3;
    return x;
  };
  const auto expected_of = [&](const Array& x) {
    // On a device of its own, with a model of the same weights.
    Model other(Seed{1}, Device::cpu(1));
    const LSTM cell(other / "lstm", 24, 48);
    for (const auto& parameter : model.parameters())
      other.parameter(parameter.name()).assign(parameter.value());
    Function fresh(other, [&](Tensor x) { return unroll(cell, x, cell.initial_state(2)).outputs; });
    return fresh(x);
  };
  for (int round = 0; round < 3; ++round) {
    for (const std::int64_t steps : {3, 5, 3, 9}) {
      const auto x = input(steps);
      CHECK(same_bits(predict(x), expected_of(x)));
    }
    // A new value of one weight is seen by all of them.
    const auto weight = model.parameter("lstm/forget/U");
    auto value = weight.value();
    value.data<float>()[round] += 1;
    weight.assign(value);
  }
  const auto one = predict.program(input(3)).kept_blocks();
  CHECK(!one.empty());
  CHECK(predict.program(input(5)).kept_blocks() == one);
}

TEST_CASE("what is made of very many weights at once is kept by each program for itself") {
  constexpr int count = 200;
  /// Of a device, with a function that needs each scaled weight as a whole, for a product.
  struct Scaled {
    Parameter scale;
    std::vector<Parameter> weights;

    explicit Scaled(Model& model) : scale(make_parameter(model, "scale", {1, 1})) {
      for (int i = 0; i < count; ++i)
        weights.push_back(make_parameter(model, "w" + std::to_string(i), {1, static_cast<float>(i)}));
    }
    Tensor operator()(Tensor x) const {
      for (const auto& w : weights) x = x + matmul(x, reshape(scale * w, {2, 1}));
      return x;
    }
    void assign(float factor) const {
      scale.assign(floats({factor * 1e-3f, 1e-4f}));
      weights[7].assign(floats({factor, 1}));
    }
  };
  Model model(Seed{1}, Device::cpu(1)), plain(Seed{1}, Device::reference());
  const Scaled own(model), reference(plain);
  Function f(model, [&](Tensor x) { return own(x); });
  Function expected(plain, [&](Tensor x) { return reference(x); });
  const Array one(Shape{1, 2}, std::vector<float>{1, 2}), two(Shape{2, 2}, std::vector<float>{1, 2, -3, 4});
  for (const float factor : {2.0f, 5.0f, 3.0f}) {
    own.assign(factor);
    reference.assign(factor);
    for (const auto* x : {&one, &two, &one})
      for (std::int64_t i = 0; i < x->size(); ++i)
        CHECK(f(*x).at(i) == Approx(expected(*x).at(i)).epsilon(1e-4));
  }
}

TEST_CASE(
    "a function keeps as many programs and bytes as it is told to, and forgets them when it is told to") {
  Model model(Seed{1}, Device::cpu(1));
  const LSTM lstm(model / "lstm", 4, 8);
  Function f(model, [&](Tensor x) { return unroll(lstm, x, lstm.initial_state(2)).outputs; });
  const auto call = [&](std::int64_t steps) { f(Array(Shape{steps, 2, 4}, f32)); };
  for (std::int64_t steps = 1; steps <= 10; ++steps) call(steps);
  CHECK(f.program_count() == 10);
  f.keep_programs({4});
  CHECK(f.program_count() == 4);
  call(20);
  CHECK(f.program_count() == 4);
  // The longest is the largest; without it there are more bytes than one program needs in any case.
  const auto all = f.program_bytes();
  f.keep_programs({100, all});
  CHECK(f.program_count() == 4);
  call(40);
  CHECK(f.program_count() == 1);
  call(2);
  CHECK(f.program_count() == 1);
  CHECK(f.program_bytes() <= all);
  f.forget_programs();
  CHECK(f.program_count() == 0);
  CHECK(f.program_bytes() == 0);
  f.keep_programs({});
  call(2);
  call(3);
  CHECK(f.program_count() == 2);
}

TEST_CASE("memory is given back when programs are forgotten", "[slow]") {
  Model model(Seed{1}, Device::cpu(1));
  const GRU gru(model / "gru", 16, 32);
  TrainingStep step(model, Adam(),
                    [&](Tensor x) { return mean(square(unroll(gru, x, gru.initial_state(8)).outputs)); });
  Function predict(model, [&](Tensor x) { return unroll(gru, x, gru.initial_state(8)).outputs; });
  step(Array(Shape{2, 8, 16}, f32));
  predict(Array(Shape{2, 8, 16}, f32));
  step.forget_programs();
  predict.forget_programs();
  const auto before = live_bytes();
  for (std::int64_t steps = 100; steps <= 110; ++steps) {
    step(Array(Shape{steps, 8, 16}, f32));
    predict(Array(Shape{steps, 8, 16}, f32));
  }
  CHECK(live_bytes() - before > 500000);
  step.forget_programs();
  predict.forget_programs();
  // What is left are a few entries of tables.
  CHECK(live_bytes() < before + 50000);
}
