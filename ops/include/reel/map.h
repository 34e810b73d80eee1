#pragma once
#include <cmath>
#include <limits>

#include <reel/cpu_kernel.h>
#include <reel/cuda_kernel.h>
#include <reel/ops.h>
#include <reel/record.h>

/// @file
/// @ingroup own_operations
/// How an elementwise operation is made of one struct, Reel's own and a user's alike: its name, the element
/// types it accepts, the scalar function, and its derivative. It is then fused with others, checked by
/// check_operation(map_operation<Spike>()), and used as apply<Spike>(x).
///
///     struct Spike {
///       static constexpr auto name = "spike";
///       static constexpr auto accepts = Accepts::floating;
///       template <class T>
///       T operator()(T x) const {
///         return choose(x > T(0), T(1), T(0));
///       }
///       static Tensors derivative(const Recorded& y, const Tensor& dy) {
///         return {divided_adjoint(dy, square(1 + abs(y[0])))};
///       }
///     };
///
/// With two operands, `operator()(T a, T b)` and the adjoints of both. The function is called with float,
/// double, int32_t, int64_t or bool, as far as they are accepted, and returns a number of that type or a
/// bool. The compiler makes vector instructions of a function that is arithmetic, comparisons and choose();
/// of std::exp and its like it calls the scalar ones. A bare abs outside of Reel is that of integers: write
/// std::abs.
///
/// Optional members: `low`, `high`, the range tests draw operands from (and `second_low`, `second_high`);
/// `zero_derivative = true` in place of a derivative; `linear = LinearIn::...`; `left_unit`, `right_unit`;
/// `identity = true`, `involution = true`, `zero_times` (see Algebra); `cost`, of one that takes more than a
/// few instructions (see Operation::cost).
///
/// What stands below is C++ for the host; ops/device/reel/map.h has its place where maps are compiled for
/// another device.
namespace REEL_PUBLIC reel {

/// The element types that a map accepts.
enum class Accepts { floating, numbers, boolean, anything };

/// The operands in which a map is linear.
enum class LinearIn { no, first, each, together };

/// `condition ? a : b` that vectors have too, so that one text serves for both: both are evaluated.
template <class T>
T choose(bool condition, T a, T b) {
  return condition ? a : b;
}

/// The infinity of a floating type.
template <class T>
constexpr T infinity_of() {
  return std::numeric_limits<T>::infinity();
}

/// Functions of numbers that functors call.
namespace maps {
using std::abs;
using std::ceil;
using std::cos;
using std::erf;
using std::exp;
using std::expm1;
using std::floor;
using std::fmod;
using std::log;
using std::log1p;
using std::nearbyint;
using std::pow;
using std::sin;
using std::sqrt;
using std::tanh;
}  // namespace maps

/// How an Operation is made of the members of a struct.
namespace mapping {

inline constexpr const char* rule_of(Accepts accepts) {
  return accepts == Accepts::floating  ? "operands must be floating"
         : accepts == Accepts::boolean ? "operands must be bool"
         : accepts == Accepts::numbers ? "operands must be numbers, not bool"
                                       : "";
}

template <class T>
constexpr bool is_accepted(Accepts accepts) {
  if (accepts == Accepts::floating) return std::is_floating_point_v<T>;
  if (accepts == Accepts::boolean) return std::is_same_v<T, bool>;
  return accepts == Accepts::anything || !std::is_same_v<T, bool>;
}

/// Number of operands of the scalar function.
template <class F>
constexpr std::size_t arity_of() {
  return std::is_invocable_v<F, double> ? 1 : 2;
}

/// What the scalar function makes of operands of type T.
template <class F, class T>
auto map_result(T x) {
  if constexpr (arity_of<F>() == 1)
    return F{}(x);
  else
    return F{}(x, x);
}
template <class F, class T>
using MapResult = decltype(map_result<F>(T{}));

/// Calls `f` with a C++ zero of the element type where the map accepts it. Returns whether it does.
template <class F, class Function>
bool with_accepted(ElementType type, Function&& f) {
  return with_type(type, [&](auto zero) {
    if constexpr (is_accepted<decltype(zero)>(F::accepts)) {
      f(zero);
      return true;
    } else {
      return false;
    }
  });
}

/// @cond
// Each element is of its own operands only, which the compiler cannot see since an output may be an input's
// memory.
#if defined(__GNUC__) && !defined(__clang__)
#define REEL_INDEPENDENT _Pragma("GCC ivdep")
#else
#define REEL_INDEPENDENT
#endif

/// The loop over a functor, and the same for an instruction set that the caller need not be compiled for.
#define REEL_MAP_LOOP(loop, instructions)                                               \
  template <class F, class T>                                                           \
  instructions void loop(const void* const* inputs, void* output, std::int64_t count) { \
    const F f{};                                                                        \
    const T* a = static_cast<const T*>(inputs[0]);                                      \
    auto* y = static_cast<MapResult<F, T>*>(output);                                    \
    if constexpr (arity_of<F>() == 1) {                                                 \
      REEL_INDEPENDENT                                                                  \
      for (std::int64_t i = 0; i < count; ++i) y[i] = f(a[i]);                          \
    } else {                                                                            \
      const T* b = static_cast<const T*>(inputs[1]);                                    \
      REEL_INDEPENDENT                                                                  \
      for (std::int64_t i = 0; i < count; ++i) y[i] = f(a[i], b[i]);                    \
    }                                                                                   \
  }
REEL_MAP_LOOP(map_loop, )
// Not by clang, which makes minimum and maximum of comparisons: beside NaN they raise exceptions.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__AVX2__)
#define REEL_HAS_MAP_LOOP_AVX2
// Without fused multiplications, which would round otherwise than the plain loop.
REEL_MAP_LOOP(map_loop_avx2, __attribute__((target("avx2"))))
#endif
#undef REEL_MAP_LOOP
/// @endcond

template <class F, class T>
MapLoop best_map_loop() {
#if defined(REEL_HAS_MAP_LOOP_AVX2)
  if (__builtin_cpu_supports("avx2")) return map_loop_avx2<F, T>;
#endif
  return map_loop<F, T>;
}

template <class F>
MapLoop map_loop_for(ElementType operand) {
  MapLoop loop = nullptr;
  with_accepted<F>(operand, [&](auto zero) { loop = best_map_loop<F, decltype(zero)>(); });
  return loop;
}

template <class F>
void map_reference(const KernelCall& call) {
  const void* inputs[] = {call.inputs[0].data, call.inputs[arity_of<F>() - 1].data};
  with_accepted<F>(call.inputs[0].type->element, [&](auto zero) {
    map_loop<F, decltype(zero)>(inputs, call.output.data, call.output.shape().size());
  });
}

template <class F>
TensorType infer_map(const std::vector<TensorType>& operands, const Attributes&) {
  auto type = operands[0];
  for (const auto& operand : operands)
    if (operand != type) throw RecordError("operands must have the same type and shape");
  const bool accepted = with_accepted<F>(
      operands[0].element, [&](auto zero) { type.element = element_type_of<MapResult<F, decltype(zero)>>; });
  if (!accepted) throw RecordError(rule_of(F::accepts));
  return type;
}

template <class F, class = void>
struct MapRange {
  static constexpr double low = -2, high = 2;
};
template <class F>
struct MapRange<F, std::void_t<decltype(F::low)>> {
  static constexpr double low = F::low, high = F::high;
};
/// The range of a second operand, where it has another one.
template <class F, class = void>
struct SecondRange : MapRange<F> {};
template <class F>
struct SecondRange<F, std::void_t<decltype(F::second_low)>> {
  static constexpr double low = F::second_low, high = F::second_high;
};

template <class F, class = void>
inline constexpr bool has_derivative = false;
template <class F>
inline constexpr bool has_derivative<F, std::void_t<decltype(&F::derivative)>> = true;

template <class F, class = void>
struct LeftUnit {
  static constexpr std::optional<double> value = std::nullopt;
};
template <class F>
struct LeftUnit<F, std::void_t<decltype(F::left_unit)>> {
  static constexpr std::optional<double> value = F::left_unit;
};
template <class F, class = void>
struct RightUnit {
  static constexpr std::optional<double> value = std::nullopt;
};
template <class F>
struct RightUnit<F, std::void_t<decltype(F::right_unit)>> {
  static constexpr std::optional<double> value = F::right_unit;
};
template <class F, class = void>
inline constexpr bool is_identity = false;
template <class F>
inline constexpr bool is_identity<F, std::void_t<decltype(F::identity)>> = F::identity;
template <class F, class = void>
inline constexpr bool is_involution = false;
template <class F>
inline constexpr bool is_involution<F, std::void_t<decltype(F::involution)>> = F::involution;

template <class F, class = void>
inline constexpr ZeroTimes zero_times_of = ZeroTimes::as_numbers;
template <class F>
inline constexpr ZeroTimes zero_times_of<F, std::void_t<decltype(F::zero_times)>> = F::zero_times;

template <class F, class = void>
inline constexpr LinearIn linearity = LinearIn::no;
template <class F>
inline constexpr LinearIn linearity<F, std::void_t<decltype(F::linear)>> = F::linear;

inline std::vector<std::vector<std::size_t>> linear_operands(LinearIn linear) {
  switch (linear) {
    case LinearIn::first:
      return {{0}};
    case LinearIn::each:
      return {{0}, {1}};
    case LinearIn::together:
      return {{0, 1}};
    case LinearIn::no:
      break;
  }
  return {};
}

template <class F, class = void>
inline constexpr double cost_of = Operation::a_few_instructions;
template <class F>
inline constexpr double cost_of<F, std::void_t<decltype(F::cost)>> = F::cost;

template <class F>
std::vector<Sample> map_samples() {
  std::vector<Sample> samples;
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{2, 0, 3}, Shape{2, 1, 2, 1, 2}}) {
    const auto element = F::accepts == Accepts::boolean ? ElementType::boolean : ElementType::float64;
    std::vector<Sample::Operand> operands{{{element, shape}, MapRange<F>::low, MapRange<F>::high}};
    if (arity_of<F>() == 2) operands.push_back({{element, shape}, SecondRange<F>::low, SecondRange<F>::high});
    samples.push_back({operands, {}});
  }
  return samples;
}

/// The operation of a struct, with its kernels for devices.
template <class F, class... OfDevices>
Operation make_map(OfDevices... kernels) {
  Operation map{
      F::name,       Kind::map, infer_map<F>, Derivative::none(), {map_reference<F>, std::move(kernels)...},
      map_samples<F>};
  map.algebra = {is_identity<F>,
                 is_involution<F>,
                 LeftUnit<F>::value,
                 RightUnit<F>::value,
                 linear_operands(linearity<F>),
                 zero_times_of<F>};
  map.cost = cost_of<F>;
  if constexpr (has_derivative<F>)
    map.derivative = {F::derivative};
  else
    static_assert(F::zero_derivative, "a map needs a derivative, or says that it is zero");
  return map;
}

}  // namespace mapping

/// The name of a map's struct, and its text.
struct MapText {
  const char* name = nullptr;  ///< What it is called in its text.
  const char* text = nullptr;  ///< "struct Spike {...};"; null where none was kept.
};

/// Defines the struct of a map, and keeps its text, of which kernels for CUDA devices are made. Their
/// compiler sees the text alone and what ops/device/reel/map.h has: of std the functions named in it, in the
/// derivative elementwise operations, operators and select, and nothing of the user's own from around it.
///
///     REEL_MAP(Spike, {
///       static constexpr auto name = "spike";
///       ...
///     });
#define REEL_MAP(Name, ...) \
  struct Name __VA_ARGS__;  \
  inline reel::MapText reel_map_text(const Name*) { return {#Name, "struct " #Name " " #__VA_ARGS__ ";"}; }

namespace mapping {

template <class F, class = void>
struct MapTextOf {
  static MapText get() { return {}; }
};
template <class F>
struct MapTextOf<F, std::void_t<decltype(reel_map_text(static_cast<const F*>(nullptr)))>> {
  static MapText get() { return reel_map_text(static_cast<const F*>(nullptr)); }
};

/// What a map says of itself to CUDA devices; nothing where it has no text.
CudaKernels cuda_kernels(const MapText& text);

}  // namespace mapping

/// The operation of a struct; the same object at every call.
template <class F>
const Operation& map_operation() {
  static const Operation operation =
      mapping::make_map<F>(CpuKernels{[](const std::vector<ElementType>& operands, ElementType) {
                             return mapping::map_loop_for<F>(operands[0]);
                           }},
                           mapping::cuda_kernels(mapping::MapTextOf<F>::get()));
  return operation;
}

/// The operation on tensors, which broadcast as in NumPy.
template <class F, class... Operands>
Tensor apply(const Operands&... operands) {
  return record(map_operation<F>(), together(F::name, {operands...}));
}

}  // namespace reel
