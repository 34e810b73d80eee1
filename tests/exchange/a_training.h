#pragma once
#include <reel/reel.h>
#include <reel/training_checkpoint.h>

namespace reel::test {

/// A training with everything in it that a checkpoint has to keep: an optimiser with a schedule, a state
/// carried from batch to batch, dropout, an order of the data, random numbers of its own, the best so far.
struct ATraining {
  static constexpr std::int64_t examples = 24, batch = 4, features = 3, units = 5, time = 4;

  Model model;
  LSTM cell{model / "cell", features, units};
  Linear head{model / "head", units, 1};
  CarriedState<LSTMState> carried{model / "carried", cell.initial_state(batch)};
  struct Loss {
    const ATraining* training;
    Tensor operator()(Tensor x, Tensor y) const {
      const auto& [model, cell, head, carried] =
          std::tie(training->model, training->cell, training->head, training->carried);
      auto [outputs, state] = unroll(cell, x, carried());
      carried.keep(state);
      return mean_squared_error(head(dropout(outputs, 0.2)), y);
    }
  };
  TrainingStep<Loss> step{model, scheduled(cosine_decay(1e-2, 200), skip_not_finite(Adam())), Loss{this}};
  BestWeights best{model};
  EarlyStopping patience{3};
  Random noise{7};
  std::int64_t steps = 0;
  std::vector<double> losses;
  LSTMStateOf<Array> memory{Array({2, units}, ElementType::float32), Array({2, units}, ElementType::float32)};

  explicit ATraining(Device device = Device::cpu(), Seed seed = Seed{5}) : model(seed, device) {}

  void keep_in(TrainingCheckpoint& checkpoint) {
    checkpoint.keep("best", best);
    checkpoint.keep("patience", patience);
    checkpoint.keep("noise", noise);
    checkpoint.keep("steps", steps);
    checkpoint.keep("losses", losses);
    checkpoint.keep("memory", memory);
  }

  /// The next step, and its loss.
  float go_on() {
    const auto per_epoch = examples / batch;
    const auto order = shuffled_batches(examples, batch, Seed{3}, steps / per_epoch);
    const auto& which = order[static_cast<std::size_t>(steps % per_epoch)];
    Array x({time, batch, features}, ElementType::float32), y({time, batch, 1}, ElementType::float32);
    std::normal_distribution<float> normal;
    for (std::int64_t i = 0; i < x.size(); ++i)
      x.data<float>()[i] =
          normal(noise) + static_cast<float>(which[static_cast<std::size_t>(i / features % batch)]);
    for (std::int64_t i = 0; i < y.size(); ++i) y.data<float>()[i] = std::sin(x.data<float>()[i * features]);
    const auto loss = step(x, y);
    memory.h.data<float>()[steps % memory.h.size()] += static_cast<float>(loss.item());
    best.offer(loss.item());
    patience.after(loss.item());
    losses.push_back(loss.item());
    ++steps;
    return *loss.data<float>();
  }
};

}  // namespace reel::test
