#include "maps.h"

#include "cpu/loops.h"
#include "cpu/recorded/maps.h"
#include "cuda/kernels.h"
#include "map_list.h"
#include "table.h"

namespace reel {

namespace {

/// The name of a struct.
template <class F>
constexpr const char* type_name = nullptr;
#define REEL_NAME(function, F) \
  template <>                  \
  constexpr const char* type_name<maps::F> = #F;
REEL_MAPS(REEL_NAME, REEL_NAME)
#undef REEL_NAME

/// A map of Reel's own: its loops are compiled once for each instruction set.
template <class F>
const Operation& own_map() {
  static const Operation operation = mapping::make_map<F>(
      CpuKernels{[](const std::vector<ElementType>& operands, ElementType) {
                   // A sum in double of floats, which no tape holds and the runner makes of what
                   // loops add up.
                   if (std::is_same_v<F, maps::Add> && operands[0] != operands[1])
                     return cpu::loops().add_floats();
                   return cpu::loops().map(F::name, operands[0]);
                 },
                 [](const std::vector<ElementType>& operands) {
                   const bool is_of_one_type = operands.front() == operands.back();
                   return is_of_one_type ? cpu::recorded::map(F::name, operands[0]) : VectorCode{};
                 }},
      cuda::map_kernels(type_name<F>));
  return operation;
}

template <class F, class... Operands>
Tensor record_own(const Operands&... operands) {
  return record(own_map<F>(), together(F::name, {operands...}));
}

}  // namespace

#define REEL_UNARY(function, F) \
  Tensor function(const Tensor& x) { return record_own<maps::F>(x); }
#define REEL_BINARY(function, F) \
  Tensor function(const Tensor& a, const Tensor& b) { return record_own<maps::F>(a, b); }
#define REEL_ENTRY(function, F) &own_map<maps::F>(),

REEL_MAPS(REEL_UNARY, REEL_BINARY)

std::vector<const Operation*> map_table() { return {REEL_MAPS(REEL_ENTRY, REEL_ENTRY)}; }

const Operation& add_operation() { return own_map<maps::Add>(); }

}  // namespace reel
