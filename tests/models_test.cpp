// Nine models as a user writes them, at a small size: each learns what it is to learn.

#include <reel/map.h>
#include <reel/reel.h>

#include <algorithm>

#include "catch.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

/// Numbers in [0, 1), the same on every platform.
struct Uniform {
  std::mt19937_64 random;
  explicit Uniform(std::uint64_t seed) : random(seed) {}
  double operator()() { return static_cast<double>(random() >> 11) * 0x1p-53; }
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>((*this)() * static_cast<double>(count));
  }
};

/// Hits in a detector: straight tracks, or tracks that bend; of 4 to 12 hits [x, noise].
struct Tracks {
  std::vector<Array> sequences;
  std::vector<float> labels;

  Tracks(std::size_t count, std::uint64_t seed) {
    Uniform uniform(seed);
    for (std::size_t i = 0; i < count; ++i) {
      const auto steps = 4 + uniform.below(9);
      const bool bends = i % 2;
      const double slope = uniform() - 0.5, bend = bends ? 0.12 : 0.02;
      Array hits(Shape{steps, 2}, ElementType::float32);
      const auto view = hits.view<float, 2>();
      for (std::int64_t t = 0; t < steps; ++t) {
        const auto z = static_cast<double>(t);
        view(t, 0) = static_cast<float>(slope * z + bend * z * z + 0.05 * uniform());
        view(t, 1) = static_cast<float>(uniform());
      }
      sequences.push_back(hits);
      labels.push_back(bends);
    }
  }
  Array labels_of(const std::vector<std::size_t>& which) const { return rows(Array(labels), which); }
};

}  // namespace

TEST_CASE("model: tracks of different lengths are classified by the last state", "[models]") {
  const Tracks data(120, 1), fresh(60, 2);
  Model model(Seed{1});
  const GRU cell(model / "cell", 2, 12);
  const Linear head(model / "head", 12, 1);
  const auto logits = [&](const Tensor& x, const Tensor& lengths) {
    const auto last = unroll(cell, x, cell.initial_state(x.extent(1)), Lengths(lengths)).state;
    return squeeze(head(last), -1);
  };
  TrainingStep step(model, Adam(1e-2), [&](const Tensor& x, const Tensor& lengths, const Tensor& labels) {
    return binary_cross_entropy(logits(x, lengths), labels);
  });
  Function right(model, [&](const Tensor& x, const Tensor& lengths, const Tensor& labels) {
    return accuracy(logits(x, lengths), labels > 0.5);
  });
  std::vector<std::int64_t> lengths;
  for (const auto& sequence : data.sequences) lengths.push_back(sequence.shape()[0]);
  BestWeights best(model);
  for (int epoch = 0; epoch < 25; ++epoch) {
    double loss = 0;
    for (const auto& batch : batches_by_length(lengths, 20, Seed{1}, epoch)) {
      const auto [x, n] = pad(data.sequences, batch);
      loss += step(x, n, data.labels_of(batch)).item();
    }
    best.offer(loss);
  }
  best.restore();
  const auto [x, n] = pad_with(NAN, fresh.sequences, batches_in_order(fresh.sequences.size(), 60)[0]);
  CHECK(right(x, n, Array(fresh.labels)).item() > 0.9);
}

TEST_CASE("model: a tagger in both directions with dropout sees what comes later", "[models]") {
  // The tag of a symbol is whether its neighbours on both sides are equal.
  Uniform uniform(3);
  Model model(Seed{2});
  const Embedding embedding(model / "embedding", 3, 6);
  const Stack network(Bidirectional(LSTM(model / "there", 6, 12), LSTM(model / "back", 6, 12)),
                      Bidirectional(GRU(model / "second", 24, 8), GRU(model / "second back", 24, 8)),
                      Linear(model / "head", 16, 2));
  const auto logits = [&](const Tensor& symbols, const Tensor& lengths, const Tensor& rate) {
    const auto dropping = network.with_dropout(rate);
    return unroll(dropping, embedding(symbols), dropping.initial_state(symbols.extent(1)), Lengths(lengths))
        .outputs;
  };
  TrainingStep step(model, clip_by_global_norm(1, AdamW(1e-2)),
                    [&](const Tensor& s, const Tensor& tags, const Tensor& n, const Tensor& rate) {
                      return cross_entropy(logits(s, n, rate), tags, within_lengths(n, s.extent(0)));
                    });
  Function right(model, [&](const Tensor& s, const Tensor& tags, const Tensor& n) {
    return accuracy(logits(s, n, 0), tags, within_lengths(n, s.extent(0)));
  });
  const std::int64_t steps = 9, batch = 16;
  const auto draw = [&] {
    Array s(Shape{steps, batch}, ElementType::int32), tags(Shape{steps, batch}, ElementType::int32),
        n(Shape{batch}, ElementType::int64);
    const auto symbol = s.view<std::int32_t, 2>(), tag = tags.view<std::int32_t, 2>();
    for (std::int64_t b = 0; b < batch; ++b) {
      const auto length = n.view<std::int64_t, 1>()(b) = 5 + uniform.below(5);
      for (std::int64_t t = 0; t < length; ++t) symbol(t, b) = static_cast<std::int32_t>(uniform.below(3));
      for (std::int64_t t = 1; t + 1 < length; ++t) tag(t, b) = symbol(t - 1, b) == symbol(t + 1, b);
    }
    return std::tuple(s, tags, n);
  };
  for (int i = 0; i < 250; ++i) {
    const auto [s, tags, n] = draw();
    step(s, tags, n, 0.1);
  }
  const auto [s, tags, n] = draw();
  CHECK(right(s, tags, n).item() > 0.9);
}

namespace {

/// A decoder step that looks at all that the encoder gave: attention by capture.
struct Decoder {
  GRU cell;
  Linear query, head;
  Embedding digits;

  Decoder(Model& model, std::int64_t width)
      : cell(model / "decoder", 2 * width, width),
        query(model / "query", width, width),
        head(model / "head", 2 * width, 9),
        digits(model / "digits", 9, width) {}

  /// `memory` [batch, places, width], `seen` bool [batch, places]: which have been written already.
  auto over(const Tensor& memory) const {
    return [this, memory](const Tensor& before, const Tensor& h) {
      const auto scores = squeeze(matmul(memory, unsqueeze(query(h), -1)), -1);  // [batch, places]
      const auto context = squeeze(matmul(unsqueeze(softmax(scores), 1), memory), 1);
      const auto next = cell(concat({digits(before), context}), h);
      return std::pair(head(concat({next, context})), next);
    };
  }
};

}  // namespace

TEST_CASE(
    "model: an encoder and a decoder with attention sort digits, written on the host until all have ended",
    "[models]") {
  const std::int64_t width = 32, places = 8, batch = 32;  // of the digits 0 to 7; 8 begins and ends
  Uniform uniform(5);
  Model model(Seed{3});
  const Bidirectional encoder(GRU(model / "there", width, width / 2), GRU(model / "back", width, width / 2));
  const Decoder decoder(model, width);
  const auto memory_of = [&](const Tensor& digits) {
    const auto x = decoder.digits(digits);
    return permute(unroll(encoder, x, encoder.initial_state(digits.extent(1))).outputs, {1, 0, 2});
  };
  TrainingStep step(model, clip_by_global_norm(1, scheduled(cosine_decay(1e-2, 800, 1e-3), Adam())),
                    [&](const Tensor& digits, const Tensor& before, const Tensor& sorted) {
                      const auto memory = memory_of(digits);
                      const auto first = zeros({digits.extent(1), width});
                      return cross_entropy(unroll(decoder.over(memory), before, first).outputs, sorted);
                    });
  const auto draw = [&](std::int64_t count) {
    Array digits(Shape{places, count}, ElementType::int32),
        before(Shape{places + 1, count}, ElementType::int32),
        sorted(Shape{places + 1, count}, ElementType::int32);
    for (std::int64_t b = 0; b < count; ++b) {
      std::vector<std::int32_t> some;
      for (std::int64_t t = 0; t < places; ++t)
        some.push_back(digits.view<std::int32_t, 2>()(t, b) = static_cast<std::int32_t>(uniform.below(8)));
      std::sort(some.begin(), some.end());
      before.view<std::int32_t, 2>()(0, b) = sorted.view<std::int32_t, 2>()(places, b) = 8;
      for (std::int64_t t = 0; t < places; ++t)
        before.view<std::int32_t, 2>()(t + 1, b) = sorted.view<std::int32_t, 2>()(t, b) = some[t];
    }
    return std::tuple(digits, before, sorted);
  };
  for (int i = 0; i < 800; ++i) {
    const auto [digits, before, sorted] = draw(batch);
    step(digits, before, sorted);
  }
  // Each step gets what was chosen in the one before; the encoder's outputs are part of the state, which
  // holds.
  Function encode(model, memory_of);
  const auto [digits, before, sorted] = draw(20);
  struct Reading {
    Tensor memory, h;
    REEL_MEMBERS(memory, h)
  };
  Stream stream(
      model,
      [&](const Tensor& symbol, const Reading& s) {
        const auto [logits, h] = decoder.over(s.memory)(symbol, s.h);
        return std::pair(argmax(logits), Reading{s.memory, h});
      },
      Reading{zeros({20, places, width}), zeros({20, width})});
  stream.set_state({encode(digits), Array(Shape{20, width}, ElementType::float32)});
  Array symbol({ElementType::int64, {20}}, 8);
  std::vector<bool> has_ended(20);
  int right = 0, steps = 0;
  while (std::find(has_ended.begin(), has_ended.end(), false) != has_ended.end() && steps <= places) {
    symbol = stream.step(symbol);
    for (std::int64_t b = 0; b < 20; ++b) {
      const auto chosen = symbol.view<std::int64_t, 1>()(b);
      right += !has_ended[b] && chosen == sorted.view<std::int32_t, 2>()(steps, b);
      if (chosen == 8) has_ended[b] = true;
    }
    ++steps;
  }
  CHECK(std::find(has_ended.begin(), has_ended.end(), false) == has_ended.end());
  CHECK(right >= 162);  // of 180, by chance 20
}

TEST_CASE("model: trained on pieces of a stream with the state carried on, then fed value by value",
          "[models]") {
  // The value of three steps ago.
  const std::int64_t piece = 12, batch = 8;
  Uniform uniform(7);
  Model model(Seed{4});
  const LSTM cell(model / "cell", 1, 16);
  const Linear head(model / "head", 16, 1);
  const auto network = [&](const Tensor& x, const LSTMState& s) {
    const auto [h, next] = cell(x, s);
    return std::pair(head(h), next);
  };
  const CarriedState carried(model / "carried", cell.initial_state(batch));
  TrainingStep step(model, Adam(2e-2), [&](const Tensor& x, const Tensor& y) {
    const auto [outputs, state] = unroll(network, x, carried(), Truncate(6));
    carried.keep(state);
    return mean_squared_error(outputs, y);
  });
  std::vector<std::vector<float>> past(batch, std::vector<float>(3));
  double loss = 1;
  for (int i = 0; i < 400; ++i) {
    Array x(Shape{piece, batch, 1}, ElementType::float32), y(Shape{piece, batch, 1}, ElementType::float32);
    for (std::int64_t t = 0; t < piece; ++t)
      for (std::int64_t b = 0; b < batch; ++b) {
        auto& values = past[b];
        x.view<float, 3>()(t, b, 0) = static_cast<float>(uniform() - 0.5);
        y.view<float, 3>()(t, b, 0) = values[values.size() - 3];
        values.push_back(x.view<float, 3>()(t, b, 0));
      }
    loss = 0.9 * loss + 0.1 * step(x, y).item();
  }
  CHECK(loss < 0.01);  // 0.083 for an output of 0
  Stream stream(model, network, cell.initial_state(1));
  double error = 0;
  std::vector<float> values(3);
  for (int t = 0; t < 50; ++t) {
    const auto value = static_cast<float>(uniform() - 0.5);
    const double found = stream.step(Array(Shape{1, 1}, std::vector<float>{value})).item();
    if (t >= 3) error += std::pow(found - values[values.size() - 3], 2) / 47;
    values.push_back(value);
  }
  CHECK(error < 0.015);
}

TEST_CASE("model: a state of states with a counter that resets itself", "[models]") {
  // Integrates its input and writes the total at every third step, counted in the state.
  struct Inner {
    Tensor total, weight;
    REEL_MEMBERS(total, weight)
  };
  struct Outer {
    Inner inner;
    Tensor count;
    REEL_MEMBERS(inner, count)
  };
  Model model(Seed{5}, Device::cpu(), ElementType::float64);
  const Parameter gain = (model / "gain").parameter("g", {2}, constant_init(0.1));
  const auto cell = [&](const Tensor& x, const Outer& s) {
    const auto due = s.count == 2;
    const auto total = s.inner.total + gain * x;
    const auto out = select(unsqueeze(due, -1), total, 0);
    const auto kept = select(unsqueeze(due, -1), 0, total);
    return std::pair(out, Outer{{kept, s.inner.weight * 0.9}, select(due, 0, s.count + 1)});
  };
  const auto start = [](std::int64_t batch) {
    return Outer{{zeros({batch, 2}), ones({batch, 1})}, full({batch}, 0, ElementType::int32)};
  };
  TrainingStep step(model, SGD{0.05}, [&](const Tensor& x, const Tensor& y, const Tensor& n) {
    return mean(square(unroll(cell, x, start(x.extent(1)), Lengths(n)).outputs - y));
  });
  std::mt19937_64 random(1);
  const auto x = random_array({ElementType::float64, {7, 3, 2}}, random);
  Array y(x.type());
  const Array n(std::vector<std::int64_t>{7, 6, 3});
  for (std::int64_t b = 0; b < 3; ++b)
    for (std::int64_t f = 0; f < 2; ++f) {
      double total = 0;
      for (std::int64_t t = 0; t < n.view<std::int64_t, 1>()(b); ++t) {
        total += (f == 0 ? 2.0 : -1.0) * x.view<double, 3>()(t, b, f);
        if (t % 3 == 2) {
          y.view<double, 3>()(t, b, f) = total;
          total = 0;
        }
      }
    }
  for (int i = 0; i < 2000; ++i) step(x, y, n);
  CHECK(gain.value().at(0) == Approx(2).epsilon(1e-4));
  CHECK(gain.value().at(1) == Approx(-1).epsilon(1e-4));
}

TEST_CASE("model: a penalty on the gradient makes an output smoother", "[models]") {
  const auto trained = [](double penalty) {
    Model model(Seed{6}, Device::cpu(), ElementType::float64);
    const RNN cell(model / "cell", 1, 8);
    const Linear head(model / "head", 8, 1);
    const auto output = [&](const Tensor& x) {
      return head(unroll(cell, x, cell.initial_state(x.extent(1))).state);
    };
    TrainingStep step(model, Adam(1e-2), [&](const Tensor& x, const Tensor& y) {
      const auto out = output(x);
      const auto slope = gradients(out, {x})[0];
      return mean_squared_error(out, y) + penalty * mean(square(slope));
    });
    Function slope(model, [&](const Tensor& x) { return mean(square(gradients(output(x), {x})[0])); });
    std::mt19937_64 random(1);
    const auto x = random_array({ElementType::float64, {5, 16, 1}}, random),
               y = random_array({ElementType::float64, {16, 1}}, random);
    double first = 0, last = 0;
    for (int i = 0; i < 300; ++i) (i == 0 ? first : last) = step(x, y).item();
    return std::tuple(slope(x).item(), first, last);
  };
  const auto [free, free_first, free_last] = trained(0);
  const auto flat = trained(1);
  CHECK(std::get<0>(flat) < 0.1 * free);
  const auto [smooth, first, last] = trained(0.1);
  CHECK(free_last < 0.3 * free_first);
  CHECK(smooth < 0.3 * free);
  // It fits nevertheless, if less well: it is no constant.
  CHECK(smooth > 1e-3);
  CHECK(last < 0.9 * first);
  CHECK(last > free_last);
}

namespace models {

/// A user's operation: x where it is above a threshold, with a derivative as if it were everywhere.
struct Threshold {
  static constexpr auto name = "threshold";
  static constexpr auto accepts = Accepts::floating;
  static constexpr double low = 0.6, high = 2;
  template <class T>
  T operator()(T x) const {
    return choose(x > T(0.5), x, T(0));
  }
  static Tensors derivative(const Recorded&, const Tensor& dy) { return {dy}; }
};

}  // namespace models

TEST_CASE("model: a user's operation in a user's cell", "[models]") {
  Model model(Seed{7});
  const Linear input(model / "input", 3, 8), recurrent(model / "recurrent", 8, 8), head(model / "head", 8, 1);
  const auto cell = [&](const Tensor& x, const Tensor& h) {
    return apply<models::Threshold>(softplus(input(x) + recurrent(h)) - 0.5);
  };
  TrainingStep step(model, Adam(1e-2), [&](const Tensor& x, const Tensor& y) {
    return mean_squared_error(head(unroll(cell, x, zeros({x.extent(1), 8})).state), y);
  });
  std::mt19937_64 random(1);
  const auto f = ElementType::float32;
  const auto x = random_array({f, {6, 16, 3}}, random), y = random_array({f, {16, 1}}, random);
  const auto first = step(x, y).item();
  for (int i = 0; i < 200; ++i) step(x, y);
  CHECK(step(x, y).item() < 0.2 * first);
}

TEST_CASE("model: a forecast of several steps, each fed back, beats the last value", "[models]") {
  // A noisy oscillation; the decoder has no input but its own output.
  const std::int64_t past = 20, ahead = 8, batch = 16;
  Uniform uniform(9);
  Model model(Seed{8});
  const LSTM cell(model / "cell", 1, 20);
  const Linear head(model / "head", 20, 1);
  const auto forecast = [&](const Tensor& x) {
    const auto seen = unroll(cell, x, cell.initial_state(x.extent(1)));
    const auto decoder = [&](const std::pair<Tensor, LSTMState>& s) {
      const auto [h, next] = cell(s.first, s.second);
      const auto y = s.first + head(h);
      return std::pair(y, std::pair(y, next));
    };
    return unroll(decoder, ahead, std::pair(index(x, 0, -1), seen.state)).outputs;
  };
  TrainingStep step(model, clip_by_global_norm(1, Adam(1e-2)),
                    [&](const Tensor& x, const Tensor& y) { return huber_loss(forecast(x), y); });
  Function predict(model, [&](const Tensor& x, const Tensor& y) {
    return std::pair(mean_squared_error(forecast(x), y),
                     mean_squared_error(broadcast_to(slice(x, 0, past - 1, past), y.shape()), y));
  });
  const auto draw = [&] {
    Array x(Shape{past, batch, 1}, ElementType::float32), y(Shape{ahead, batch, 1}, ElementType::float32);
    for (std::int64_t b = 0; b < batch; ++b) {
      const double phase = 6.28 * uniform(), rate = 0.3 + 0.2 * uniform();
      for (std::int64_t t = 0; t < past + ahead; ++t) {
        const auto value =
            static_cast<float>(std::sin(phase + rate * static_cast<double>(t)) + 0.05 * uniform());
        (t < past ? x.view<float, 3>()(t, b, 0) : y.view<float, 3>()(t - past, b, 0)) = value;
      }
    }
    return std::pair(x, y);
  };
  for (int i = 0; i < 250; ++i) {
    const auto [x, y] = draw();
    step(x, y);
  }
  const auto [x, y] = draw();
  const auto [model_error, last_error] = predict(x, y);
  CHECK(model_error.item() < 0.15 * last_error.item());
}

TEST_CASE("model: masked values in the midst of sequences are filled from both sides", "[models]") {
  const std::int64_t steps = 12, batch = 16;
  Uniform uniform(11);
  Model model(Seed{9});
  const Stack network(Bidirectional(GRU(model / "there", 2, 16), GRU(model / "back", 2, 16)),
                      Linear(model / "head", 32, 1));
  TrainingStep step(model, Adam(1e-2), [&](const Tensor& x, const Tensor& missing, const Tensor& y) {
    const auto known = masked_fill(x, missing, 0);
    const auto marked = concat({known, cast(missing, x.element())});
    const auto filled = unroll(network, marked, network.initial_state(x.extent(1))).outputs;
    return mean_squared_error(filled, y, missing);
  });
  double loss = 1;
  for (int i = 0; i < 300; ++i) {
    Array x(Shape{steps, batch, 1}, ElementType::float32),
        missing(Shape{steps, batch, 1}, ElementType::boolean);
    for (std::int64_t b = 0; b < batch; ++b) {
      const double phase = 6.28 * uniform();
      for (std::int64_t t = 0; t < steps; ++t)
        x.view<float, 3>()(t, b, 0) = static_cast<float>(std::sin(phase + 0.5 * static_cast<double>(t)));
    }
    auto seen = x;
    for (std::int64_t t = 0; t < steps; ++t)
      for (std::int64_t b = 0; b < batch; ++b)
        if (uniform() < 0.3) {
          missing.view<bool, 3>()(t, b, 0) = true;
          seen.view<float, 3>()(t, b, 0) = std::nanf("");
        }
    loss = 0.9 * loss + 0.1 * step(seen, missing, x).item();
  }
  CHECK(loss < 0.03);  // 0.5 for zeros
}
