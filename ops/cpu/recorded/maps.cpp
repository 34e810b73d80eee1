#define REEL_VARIANT recorded
#define REEL_VARIANT_recorded 1
#include "maps.h"

#include <map_list.h>
#include <maps.h>

#include <cstring>
#include <functional>

#include <cpu/vector_math.h>

namespace reel::cpu::recorded {

namespace {

using mapping::arity_of;

template <class T>
Vector<T> operand(std::uint64_t number) {
  return typename Vector<T>::Written{written(VectorOp::operand, -1, -1, -1, number)};
}
template <class T>
Mask<T> mask_operand(std::uint64_t number) {
  return {written(VectorOp::mask_operand, -1, -1, -1, number)};
}

int vector_bytes_of(Variant variant) {
  return variant == Variant::avx512 ? 64 : variant == Variant::avx2 ? 32 : 0;
}

/// What `write` writes with a zero of the element type; it returns the result.
template <class Write>
VectorCode code_of(ElementType element, Variant variant, const Write& write) {
  const bool is_vector = element == ElementType::float32 || element == ElementType::float64;
  if (!is_vector || variant == Variant::baseline) return {};
  Recorder recorder(element, vector_bytes_of(variant));
  return recorder.code(element == ElementType::float32 ? write(0.0f).lanes : write(0.0).lanes);
}

/// What a functor makes of vectors, or of masks where it takes bool alone.
template <class F, class T>
auto applied() {
  const auto of = [](auto&& operand) {
    if constexpr (arity_of<F>() == 1)
      return F{}(operand(0));
    else
      return F{}(operand(0), operand(1));
  };
  if constexpr (F::accepts == Accepts::boolean)
    return of([](std::uint64_t number) { return mask_operand<T>(number); });
  else
    return of([](std::uint64_t number) { return operand<T>(number); });
}

template <class F>
VectorCode code_of_map(ElementType element, Variant variant) {
  if (element == ElementType::boolean && F::accepts == Accepts::boolean) {
    // Masks alone are the same of any lanes.
    auto code =
        code_of(ElementType::float32, variant, [](auto zero) { return applied<F, decltype(zero)>(); });
    code.element = ElementType::boolean;
    return code;
  }
  return code_of(element, variant, [](auto zero) { return applied<F, decltype(zero)>(); });
}

}  // namespace

VectorCode map(const char* name, ElementType element, Variant variant) {
#define REEL_CODE(function, F) \
  if (std::strcmp(name, maps::F::name) == 0) return code_of_map<maps::F>(element, variant);
  REEL_MAPS(REEL_CODE, REEL_CODE)
  return {};
}

VectorCode select(ElementType element, Variant variant) {
  return code_of(element, variant, [](auto zero) {
    using T = decltype(zero);
    return choose(mask_operand<T>(0), operand<T>(1), operand<T>(2));
  });
}

}  // namespace reel::cpu::recorded
