#pragma once
#include <array>

#include "growing.h"

/// The training steps of which a first call must not be felt.
namespace benchmarks {

/// An LSTM [10, 4, 8] -> 16 with Adam.
inline Call lstm_step() {
  return training(
      Adam(),
      [](Model& model) {
        return [lstm = LSTM(model / "lstm", 8, 16)](Tensor x) {
          return mean(square(unroll(lstm, x, lstm.initial_state(4)).outputs));
        };
      },
      Array(Shape{10, 4, 8}, ElementType::float32));
}

/// Two layers of LSTMs in both directions over embedded symbols [12, 4], and a label for each, with Adam.
inline Call tagger_step() {
  const Array symbols(Shape{12, 4}, ElementType::int64);
  return training(
      Adam(),
      [](Model& model) {
        const std::array<LSTM, 4> lstms{LSTM(model / "first", 16, 16), LSTM(model / "first back", 16, 16),
                                        LSTM(model / "second", 32, 16), LSTM(model / "second back", 32, 16)};
        return [=, embedding = Embedding(model / "embedding", 50, 16),
                labels = Linear(model / "labels", 32, 10)](Tensor x, Tensor wanted) {
          const auto in_both_directions = [](const LSTM& there, const LSTM& back, const Tensor& x) {
            return concat({unroll(there, x, there.initial_state(4)).outputs,
                           unroll(back, x, back.initial_state(4), Reverse).outputs});
          };
          const auto first = in_both_directions(lstms[0], lstms[1], embedding(x));
          return cross_entropy(labels(in_both_directions(lstms[2], lstms[3], first)), wanted);
        };
      },
      symbols, symbols);
}

}  // namespace benchmarks
