#pragma once
#include <reel/reel.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Programs of any size, by which one sees how recording and compiling grow with it.
namespace benchmarks {

using namespace reel;

/// Something that is called, made of what it needs.
using Call = std::function<void()>;

struct Growing {
  std::string what, size_of;
  std::int64_t size;  // of which the README tells
  std::function<Call(std::int64_t size)> make;
};

/// The first call of a function of a model and its arrays, which are kept.
template <class Made, class... Arrays>
Call call_of(std::shared_ptr<Made> made, Arrays... arrays) {
  return [=] { made->step(arrays...); };
}

/// A model with a training step on it; `record` is given the model when it is made.
template <class Loss, class... Options>
struct Trained {
  Model model{Seed{1}};
  TrainingStep<Loss> step;
  template <class Record, class Optimise>
  Trained(const Optimise& optimise, const Record& record) : step(model, optimise, record(model)) {}
};

template <class Record, class Optimise, class... Arrays>
Call training(const Optimise& optimise, const Record& record, Arrays... arrays) {
  using Loss = decltype(record(std::declval<Model&>()));
  return call_of(std::make_shared<Trained<Loss>>(optimise, record), arrays...);
}

/// An LSTM [time, 3, 2] -> 16 whose steps are recorded one by one in a loop of the user's.
inline Call by_hand(std::int64_t steps) {
  return training(
      Adam(),
      [](Model& model) {
        return [lstm = LSTM(model / "lstm", 2, 16)](Tensor x) {
          auto state = lstm.initial_state(3);
          for (std::int64_t t = 0; t < x.extent(0); ++t) state = lstm(index(x, 0, t), state).second;
          return mean(square(state.h));
        };
      },
      Array(Shape{steps, 3, 2}, ElementType::float32));
}

/// The same by an unroll that is Expanded.
inline Call expanded(std::int64_t steps) {
  return training(
      Adam(),
      [](Model& model) {
        return [lstm = LSTM(model / "lstm", 2, 16)](Tensor x) {
          return mean(square(unroll(lstm, x, lstm.initial_state(3), Expanded).outputs));
        };
      },
      Array(Shape{steps, 3, 2}, ElementType::float32));
}

/// A cell of so many operations, each on the result of the one before.
inline Call long_cell(std::int64_t operations) {
  return training(
      Adam(),
      [=](Model& model) {
        return [=, scale = (model / "cell").parameter("scale", {4}, constant_init(0.1))](Tensor x) {
          const auto cell = [&](const Tensor& x, const Tensor& h) {
            auto y = h + x;
            for (std::int64_t i = 0; i + 1 < operations; i += 2) y = tanh(y * scale);
            return y;
          };
          return mean(square(unroll(cell, x, zeros({3, 4})).outputs));
        };
      },
      Array(Shape{5, 3, 4}, ElementType::float32));
}

/// A sum of so many parameters.
inline Call many_parameters(std::int64_t count) {
  return training(
      SGD{0.1},
      [=](Model& model) {
        std::vector<Parameter> all;
        for (std::int64_t i = 0; i < count; ++i)
          all.push_back((model / "p").parameter("w" + std::to_string(i), {2}, constant_init(0.1)));
        return [=](Tensor x) {
          for (const auto& each : all) x = x + each;
          return mean(square(x));
        };
      },
      Array(Shape{2}, ElementType::float32));
}

/// A cell with so many states that know nothing of one another.
inline Call many_states(std::int64_t count) {
  return training(
      Adam(),
      [=](Model& model) {
        return [=, scale = (model / "cell").parameter("scale", {2}, constant_init(0.1))](Tensor x) {
          const auto cell = [&](const Tensor& x, const std::vector<Tensor>& before) {
            std::vector<Tensor> after;
            for (const auto& h : before) after.push_back(tanh(h * scale + x));
            return after;
          };
          auto total = zeros({1, 2});
          const std::vector<Tensor> initial(static_cast<std::size_t>(count), zeros({1, 2}));
          for (const auto& last : unroll(cell, x, initial).state) total = total + last;
          return mean(square(total));
        };
      },
      Array(Shape{3, 1, 2}, ElementType::float32));
}

/// A cell whose states hand on what they were given, one half to the next, the other to the one before: of
/// those at the ends the output is made.
inline Call delay_line(std::int64_t count) {
  return training(
      Adam(),
      [=](Model& model) {
        return [=, scale = (model / "cell").parameter("scale", {2}, constant_init(0.1))](Tensor x) {
          const auto cell = [&](const Tensor& x, const std::vector<Tensor>& before) {
            const auto middle = before.begin() + static_cast<std::ptrdiff_t>(before.size() / 2);
            std::vector<Tensor> after{tanh(x * scale)};
            after.insert(after.end(), before.begin(), middle - 1);
            after.insert(after.end(), middle + 1, before.end());
            after.push_back(sin(x * scale));
            return std::make_pair(*(middle - 1) + *middle, after);
          };
          const std::vector<Tensor> initial(static_cast<std::size_t>(count), zeros({1, 2}));
          return mean(square(unroll(cell, x, initial).outputs));
        };
      },
      Array(Shape{3, 1, 2}, ElementType::float32));
}

/// A cell with so many gates in one product, each applied to what the one before gave.
inline Call many_gates(std::int64_t count) {
  return training(
      Adam(),
      [=](Model& model) {
        return [=, W = (model / "cell").parameter("W", {2, 2 * count}, constant_init(0.1))](Tensor x) {
          const auto cell = [&](const Tensor& x, const Tensor& h) {
            auto y = h;
            for (const auto& gate : split(matmul(x + h, W), count)) y = tanh(y + gate);
            return y;
          };
          return mean(square(unroll(cell, x, zeros({8, 2})).outputs));
        };
      },
      Array(Shape{3, 8, 2}, ElementType::float32));
}

/// A concat of so many parts, each another number times what is given, taken apart again.
inline Call many_parts(std::int64_t count) {
  return training(
      Adam(),
      [=](Model& model) {
        return [=, scale = (model / "cell").parameter("scale", {2}, constant_init(0.1))](Tensor x) {
          std::vector<Tensor> parts;
          for (std::int64_t i = 0; i < count; ++i)
            parts.push_back(tanh(x * scale * (1 + static_cast<double>(i) / static_cast<double>(count))));
          auto total = zeros({2});
          for (const auto& part : split(concat(parts), count)) total = total + sin(part);
          return mean(square(total));
        };
      },
      Array(Shape{2}, ElementType::float32));
}

inline std::vector<Growing> all_growing() {
  return {{"LSTM, unrolled by hand", "steps", 200, by_hand},
          {"LSTM, Expanded", "steps", 200, expanded},
          {"a long cell", "operations", 4000, long_cell},
          {"many parameters, SGD", "parameters", 100000, many_parameters},
          {"many states", "states", 20000, many_states},
          {"a delay line", "states", 20000, delay_line},
          {"many gates", "gates", 4000, many_gates},
          {"many parts of a concat", "parts", 20000, many_parts}};
}

}  // namespace benchmarks
