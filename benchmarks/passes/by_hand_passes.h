// The passes of by_hand.h, written once for the vectors of by_hand_avx2.cpp and by_hand_avx512.cpp: Vector,
// with `lanes` floats, and the functions on it that these have.

namespace benchmarks {

namespace {

/// e^(factor x) = scale (1 + rest).
struct Exponential {
  Vector scale, rest;
};

/// For factor x = n ln 2 + factor r, up to 87 on both sides. The factor is in the constants, where it takes
/// no time, and e^y - 1 = y + y^2 q(y) is computed in pairs: a pass waits for what a value is made of more
/// than for the units that compute. Of q the series; what is left out is below 2e-8 of the value.
template <int factor>
ALWAYS_INLINE Exponential exponential(Vector x) {
  constexpr float f = factor, f2 = f * f, f3 = f2 * f, f4 = f2 * f2;
  // Added, this leaves the nearest integer, and in the last bits what an exponent is made of.
  constexpr float shift = 12582912 + 127;
  const Vector shifted = fused(x, all(f * 1.44269504f), all(shift)), n = shifted - all(shift);
  const Vector r = fused(n, all(-1.42860682e-6f / f), fused(n, all(-0.693145752f / f), x)), square = r * r;
  const Vector highest = fused(r, all(f4 * f3 / 5040), all(f4 * f2 / 720));
  const Vector high = fused(r, all(f4 * f / 120), all(f4 / 24)), low = fused(r, all(f3 / 6), all(f2 / 2));
  const Vector q = fused(fused(highest, square, high), square, low);
  return {power_of_two(shifted), fused(square, q, all(f) * r)};
}

ALWAYS_INLINE Vector sigmoid(Vector x) {
  const auto e = exponential<-1>(least(all(87), greatest(all(-87), x)));
  return all(1) / (all(1) + fused(e.scale, e.rest, e.scale));
}

/// (e^2x - 1) / (e^2x + 1), the numerator without cancellation where x is small.
ALWAYS_INLINE Vector tanh(Vector x) {
  const auto e = exponential<2>(least(all(10), greatest(all(-10), x)));
  const auto less_one = fused(e.scale, e.rest, e.scale - all(1));
  return less_one / (less_one + all(2));
}

ALWAYS_INLINE float inverse_deviation(float squares, std::int64_t count) {
  return 1 / __builtin_sqrtf(squares / static_cast<float>(count) + 1e-5f);
}

/// What is left to do for some columns: after the gates of the next ones, of which it needs nothing, so that
/// there is something to compute while it waits.
struct Awaited {
  Vector o, c;
  float *h, *tanh_c;

  ALWAYS_INLINE void finish() const {
    if (!h) return;
    const auto bounded = tanh(c);
    store(h, o * bounded);
    if (tanh_c) store(tanh_c, bounded);
  }
};

void lstm(const LSTMPass& p) {
  const auto H = p.hidden;
  Awaited awaited{all(0), all(0), nullptr, nullptr};
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const float *x = p.x + row * 4 * H, *u = p.u + row * 4 * H;
    float* gates = p.gates ? p.gates + row * 4 * H : nullptr;
    for (std::int64_t j = 0; j < H; j += lanes) {
      const auto at = row * H + j;
      const auto gate = [&](int k) __attribute__((always_inline)) {
        return load(x + k * H + j) + load(p.bias + k * H + j) + load(u + k * H + j);
      };
      const Vector i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = tanh(gate(2)), o = sigmoid(gate(3));
      const Vector c = fused(f, load(p.c_before + at), i * g);
      store(p.c + at, c);
      awaited.finish();
      awaited = {o, c, p.h + at, p.tanh_c ? p.tanh_c + at : nullptr};
      if (!gates) continue;
      store(gates + j, i);
      store(gates + H + j, f);
      store(gates + 2 * H + j, g);
      store(gates + 3 * H + j, o);
    }
  }
  awaited.finish();
}

void lstm_reverse(const LSTMPass& p) {
  const auto H = p.hidden;
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const float* gates = p.gates + row * 4 * H;
    float* dx = p.dx + row * 4 * H;
    for (std::int64_t j = 0; j < H; j += lanes) {
      const auto at = row * H + j;
      const Vector i = load(gates + j), f = load(gates + H + j), g = load(gates + 2 * H + j),
                   o = load(gates + 3 * H + j), bounded = load(p.tanh_c + at);
      const Vector dh = load(p.dy + at) + load(p.dh + at);
      const Vector dc = fused(dh * o, all(1) - bounded * bounded, load(p.dc + at));
      const Vector di = dc * g * i * (all(1) - i), df = dc * load(p.c_before + at) * f * (all(1) - f),
                   dg = dc * i * (all(1) - g * g), d_o = dh * bounded * o * (all(1) - o);
      store(dx + j, di);
      store(dx + H + j, df);
      store(dx + 2 * H + j, dg);
      store(dx + 3 * H + j, d_o);
      store(p.dc + at, dc * f);
    }
  }
}

/// The mean of a row that `value` gives, written to `to`, and then its normalised elements in its place.
/// Returns 1 / standard deviation.
template <class Value>
ALWAYS_INLINE float normalise(std::int64_t count, float* to, const Value& value) {
  Vector sum = all(0);
  for (std::int64_t j = 0; j < count; j += lanes) {
    const Vector x = value(j);
    store(to + j, x);
    sum = sum + x;
  }
  const float mean = total(sum) / static_cast<float>(count);
  Vector squares = all(0);
  for (std::int64_t j = 0; j < count; j += lanes) {
    const Vector x = load(to + j) - all(mean);
    squares = fused(x, x, squares);
  }
  const float inverse = inverse_deviation(total(squares), count);
  for (std::int64_t j = 0; j < count; j += lanes) store(to + j, (load(to + j) - all(mean)) * all(inverse));
  return inverse;
}

void layer_norm(const LayerNormPass& p) {
  const auto H = p.hidden, G = 4 * H;
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const float *a = p.a + row * G, *u = p.u + row * G;
    float *normal_a = p.normal_a + row * G, *normal_u = p.normal_u + row * G;
    float *normal_c = p.normal_c + row * H, *deviations = p.deviations + row * 3;
    deviations[0] = normalise(G, normal_a, [&](std::int64_t j) { return load(a + j); });
    deviations[1] = normalise(G, normal_u, [&](std::int64_t j) { return load(u + j); });
    float *gates = p.gates + row * G, *c = p.c + row * H;
    for (std::int64_t j = 0; j < H; j += lanes) {
      const auto gate = [&](int k) __attribute__((always_inline)) {
        const auto at = k * H + j;
        return fused(load(normal_a + at), load(p.scale_a + at),
                     fused(load(normal_u + at), load(p.scale_u + at), load(p.bias + at)));
      };
      const Vector i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = tanh(gate(2)), o = sigmoid(gate(3));
      store(c + j, fused(f, load(p.c_before + row * H + j), i * g));
      store(gates + j, i);
      store(gates + H + j, f);
      store(gates + 2 * H + j, g);
      store(gates + 3 * H + j, o);
    }
    deviations[2] = normalise(H, normal_c, [&](std::int64_t j) { return load(c + j); });
    for (std::int64_t j = 0; j < H; j += lanes) {
      const auto at = row * H + j;
      const Vector bounded = tanh(fused(load(normal_c + j), load(p.scale_c + j), load(p.bias_c + j)));
      store(p.tanh_c + at, bounded);
      store(p.h + at, load(gates + 3 * H + j) * bounded);
    }
  }
}

/// The adjoint of normalised elements, times a scale, becomes that of the elements; `give` gets them.
template <class Adjoint, class Give>
ALWAYS_INLINE void normalise_reverse(std::int64_t count, const float* normal, float inverse,
                                     const Adjoint& adjoint, const Give& give) {
  Vector sum = all(0), product = all(0);
  for (std::int64_t j = 0; j < count; j += lanes) {
    const Vector d = adjoint(j);
    sum = sum + d;
    product = fused(d, load(normal + j), product);
  }
  const Vector mean = all(total(sum) / static_cast<float>(count)),
               slope = all(total(product) / static_cast<float>(count)), factor = all(inverse);
  for (std::int64_t j = 0; j < count; j += lanes)
    give(j, (adjoint(j) - mean - load(normal + j) * slope) * factor);
}

void layer_norm_reverse(const LayerNormPass& p) {
  const auto H = p.hidden, G = 4 * H;
  for (std::int64_t row = 0; row < p.rows; ++row) {
    const float *gates = p.gates + row * G, *tanh_c = p.tanh_c + row * H, *dy = p.dy + row * H;
    const float *deviations = p.deviations + row * 3, *c_before = p.c_before + row * H;
    float *dz = p.dz, *dc = p.dc + row * H, *da = p.da + row * G, *du = p.du + row * G;
    const auto dh = [&](std::int64_t j) { return load(dy + j) + load(p.dh + row * H + j); };
    normalise_reverse(
        H, p.normal_c + row * H, deviations[2],
        [&](std::int64_t j) {
          const Vector bounded = load(tanh_c + j);
          return dh(j) * load(gates + 3 * H + j) * (all(1) - bounded * bounded) * load(p.scale_c + j);
        },
        [&](std::int64_t j, Vector d) { store(dc + j, load(dc + j) + d); });
    for (std::int64_t j = 0; j < H; j += lanes) {
      const Vector i = load(gates + j), f = load(gates + H + j), g = load(gates + 2 * H + j),
                   o = load(gates + 3 * H + j), d = load(dc + j);
      store(dz + j, d * g * i * (all(1) - i));
      store(dz + H + j, d * load(c_before + j) * f * (all(1) - f));
      store(dz + 2 * H + j, d * i * (all(1) - g * g));
      store(dz + 3 * H + j, dh(j) * load(tanh_c + j) * o * (all(1) - o));
      store(dc + j, d * f);
    }
    const auto scaled = [&](const float* scale) {
      return [=](std::int64_t j) { return load(dz + j) * load(scale + j); };
    };
    normalise_reverse(G, p.normal_a + row * G, deviations[0], scaled(p.scale_a),
                      [&](std::int64_t j, Vector d) { store(da + j, d); });
    normalise_reverse(G, p.normal_u + row * G, deviations[1], scaled(p.scale_u),
                      [&](std::int64_t j, Vector d) { store(du + j, d); });
  }
}

}  // namespace

}  // namespace benchmarks
