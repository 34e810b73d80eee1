#pragma once
#include <cstring>
#include <type_traits>

#include <reel/vector_code.h>

/// Stands in for ../vector.h where functors are to tell their instructions: a Vector is the number of one.
/// The functions of exponentials.h and its like are read with it, so that no map is written twice.
namespace reel::cpu::recorded {

/// Where instructions are written to while a functor is called; each is there but once.
class Recorder {
 public:
  explicit Recorder(ElementType element, int vector_bytes) {
    code_.element = element;
    code_.vector_bytes = vector_bytes;
    current() = this;
  }
  ~Recorder() { current() = nullptr; }
  Recorder(const Recorder&) = delete;

  static Recorder*& current() {
    static thread_local Recorder* recorder = nullptr;
    return recorder;
  }

  int write(VectorOp op, int a = -1, int b = -1, int c = -1, std::uint64_t bits = 0) {
    // An operand that was never written, such as the infinity of a Vector.
    if (operand_count(op) > (a >= 0) + (b >= 0) + (c >= 0)) give_up();
    const VectorInstruction wanted{op, a, b, c, bits};
    auto& all = code_.instructions;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i] == wanted) return static_cast<int>(i);
    all.push_back(wanted);
    return static_cast<int>(all.size()) - 1;
  }
  bool is_wide() const { return code_.vector_bytes == 64; }
  /// What has no such form.
  void give_up() { is_complete_ = false; }
  /// What has been written, with `result` as its result.
  VectorCode code(int result) const {
    auto code = is_complete_ ? code_ : VectorCode{};
    code.result = result;
    return code;
  }

 private:
  VectorCode code_;
  bool is_complete_ = true;
};

inline int written(VectorOp op, int a = -1, int b = -1, int c = -1, std::uint64_t bits = 0) {
  return Recorder::current()->write(op, a, b, c, bits);
}

template <class T>
int written_number(T number) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof number);
  return written(VectorOp::number, -1, -1, -1, bits);
}

template <class T>
struct Vector {
  int lanes = -1;

  struct Written {
    int number;
  };
  Vector() = default;
  Vector(Written written) : lanes(written.number) {}
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Vector(Number number) : lanes(written_number(static_cast<T>(number))) {}
};

template <class T>
struct Magnitude : Vector<T> {
  Vector<T> of;
};

template <class T>
struct NeverPositive : Vector<T> {};

template <class T>
struct Mask {
  int lanes = -1;
};

/// Lanes as unsigned integers.
template <class T>
struct Bits {
  using value_type = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  int lanes = -1;

  struct Written {
    int number;
  };
  Bits(Written written) : lanes(written.number) {}
  explicit Bits(value_type number) : lanes(written_number(number)) {}

  friend Bits operator+(const Bits& a, const Bits& b) {
    return Written{written(VectorOp::add_bits, a.lanes, b.lanes)};
  }
  friend Bits operator-(const Bits& a, const Bits& b) {
    return Written{written(VectorOp::subtract_bits, a.lanes, b.lanes)};
  }
  friend Bits operator&(const Bits& a, const Bits& b) {
    return Written{written(VectorOp::bit_and, a.lanes, b.lanes)};
  }
  friend Bits operator|(const Bits& a, const Bits& b) {
    return Written{written(VectorOp::bit_or, a.lanes, b.lanes)};
  }
  friend Bits operator<<(const Bits& a, int by) {
    return Written{written(VectorOp::shift_left, a.lanes, -1, -1, static_cast<std::uint64_t>(by))};
  }
  friend Bits operator>>(const Bits& a, int by) {
    return Written{written(VectorOp::shift_right, a.lanes, -1, -1, static_cast<std::uint64_t>(by))};
  }
};

template <class T>
Bits<T> bits_of(const Vector<T>& x) {
  return typename Bits<T>::Written{x.lanes};
}
template <class T>
Vector<T> from_bits(const Bits<T>& bits) {
  return typename Vector<T>::Written{bits.lanes};
}

template <class T>
Vector<T> vector_of(VectorOp op, const Vector<T>& a, const Vector<T>& b) {
  return typename Vector<T>::Written{written(op, a.lanes, b.lanes)};
}
template <class T>
Mask<T> mask_of(VectorOp op, int a, int b = -1) {
  return {written(op, a, b)};
}

#define REEL_OPERATOR(T, op, name)                                       \
  inline Vector<T> operator op(const Vector<T>& a, const Vector<T>& b) { \
    return vector_of(VectorOp::name, a, b);                              \
  }
#define REEL_COMPARISON(T, op, name, a, b)                             \
  inline Mask<T> operator op(const Vector<T>& x, const Vector<T>& y) { \
    return mask_of<T>(VectorOp::name, a, b);                           \
  }
#define REEL_OPERATORS(T)                                                                        \
  REEL_OPERATOR(T, +, add)                                                                       \
  REEL_OPERATOR(T, -, subtract)                                                                  \
  REEL_OPERATOR(T, *, multiply)                                                                  \
  REEL_OPERATOR(T, /, divide)                                                                    \
  REEL_COMPARISON(T, <, less, x.lanes, y.lanes)                                                  \
  REEL_COMPARISON(T, <=, less_equal, x.lanes, y.lanes)                                           \
  REEL_COMPARISON(T, >, less, y.lanes, x.lanes)                                                  \
  REEL_COMPARISON(T, >=, less_equal, y.lanes, x.lanes)                                           \
  REEL_COMPARISON(T, ==, equal, x.lanes, y.lanes)                                                \
  inline Mask<T> operator!(const Mask<T>& a) { return mask_of<T>(VectorOp::mask_not, a.lanes); } \
  inline Mask<T> operator!=(const Vector<T>& a, const Vector<T>& b) { return !(a == b); }        \
  inline Vector<T> operator-(const Vector<T>& a) {                                               \
    return vector_of(VectorOp::bit_xor, a, Vector<T>(T(-0.0)));                                  \
  }                                                                                              \
  inline Mask<T> operator&&(const Mask<T>& a, const Mask<T>& b) {                                \
    return mask_of<T>(VectorOp::mask_and, a.lanes, b.lanes);                                     \
  }                                                                                              \
  inline Mask<T> operator||(const Mask<T>& a, const Mask<T>& b) {                                \
    return mask_of<T>(VectorOp::mask_or, a.lanes, b.lanes);                                      \
  }                                                                                              \
  inline Mask<T> operator!=(const Mask<T>& a, const Mask<T>& b) {                                \
    return mask_of<T>(VectorOp::mask_xor, a.lanes, b.lanes);                                     \
  }                                                                                              \
  inline Mask<T> operator==(const Mask<T>& a, const Mask<T>& b) { return !(a != b); }            \
  inline Vector<T> choose(const Mask<T>& condition, const Vector<T>& a, const Vector<T>& b) {    \
    return Vector<T>::Written{written(VectorOp::choose, a.lanes, b.lanes, condition.lanes)};     \
  }                                                                                              \
  inline Magnitude<T> abs(const Vector<T>& x) {                                                  \
    constexpr auto all = static_cast<Bits<T>::value_type>(-1);                                   \
    return {from_bits<T>(bits_of(x) & Bits<T>(all >> 1)), x};                                    \
  }                                                                                              \
  inline NeverPositive<T> operator-(const Magnitude<T>& x) {                                     \
    return {from_bits<T>(bits_of(x.of) | bits_of(Vector<T>(T(-0.0))))};                          \
  }                                                                                              \
  inline Vector<T> sqrt(const Vector<T>& x) {                                                    \
    return Vector<T>::Written{written(VectorOp::square_root, x.lanes)};                          \
  }
REEL_OPERATORS(float)
REEL_OPERATORS(double)
#undef REEL_OPERATORS
#undef REEL_COMPARISON
#undef REEL_OPERATOR

template <class T>
Vector<T> at_most(T limit, const Vector<T>& x) {
  if (Recorder::current()->is_wide()) return vector_of(VectorOp::minimum, Vector<T>(limit), x);
  return choose(x > Vector<T>(limit), Vector<T>(limit), x);
}
template <class T>
Vector<T> at_least(T limit, const Vector<T>& x) {
  if (Recorder::current()->is_wide()) return vector_of(VectorOp::maximum, Vector<T>(limit), x);
  return choose(x < Vector<T>(limit), Vector<T>(limit), x);
}

template <class T>
Vector<T> with_sign(const Vector<T>& x, const Vector<T>& sign) {
  return from_bits<T>(bits_of(x) | (bits_of(sign) & bits_of(Vector<T>(T(-0.0)))));
}
template <class T>
Vector<T> copy_sign(const Vector<T>& x, const Vector<T>& sign) {
  return with_sign<T>(abs(x), sign);
}

template <class T>
Vector<T> fused(const Vector<T>& a, const Vector<T>& b, const Vector<T>& c) {
  return typename Vector<T>::Written{written(VectorOp::multiply_add, a.lanes, b.lanes, c.lanes)};
}

template <class T, int count>
Vector<T> polynomial(const Vector<T>& x, const T (&c)[count]) {
  Vector<T> sum = c[count - 1];
  for (int i = count - 2; i >= 0; --i) sum = fused<T>(sum, x, c[i]);
  return sum;
}

inline bool has_scale() { return Recorder::current()->is_wide(); }
template <class T>
Vector<T> scaled(const Vector<T>& x, const Vector<T>& exponent) {
  return vector_of(VectorOp::scale, x, exponent);
}

// Lanes one at a time are no instructions of vectors.
template <class F, class T>
Vector<T> by_lane(F&&, const Vector<T>& x) {
  Recorder::current()->give_up();
  return x;
}
template <class F, class T>
Vector<T> by_lane(F&& f, const Vector<T>& a, const Vector<T>&) {
  return by_lane(f, a);
}
template <class T>
Vector<T> sin(const Vector<T>& x) {
  Recorder::current()->give_up();
  return x;
}
template <class T>
Vector<T> cos(const Vector<T>& x) {
  return sin(x);
}

}  // namespace reel::cpu::recorded
