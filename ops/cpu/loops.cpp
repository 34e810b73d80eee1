#include "loops.h"

#include "variants/each.h"

namespace reel::cpu {

#define REEL_DECLARE(variant)                               \
  namespace variant {                                       \
  MapLoop map(const char* name, ElementType);               \
  MapLoop select(ElementType);                              \
  MapLoop cast(ElementType from, ElementType to);           \
  MapLoop add_floats();                                     \
  RepeatLoop repeat(ElementType);                           \
  ReductionLoop reduction(const char* name, ElementType);   \
  RowLoop rows(const char* name, ElementType);              \
  ColumnLoops columns(const char* name, ElementType);       \
  ScanLoop scan(ElementType, bool after, bool of_adjoints); \
  }
REEL_EACH_VARIANT(REEL_DECLARE)

const Loops& loops(Variant variant) {
#define REEL_LOOPS(name)                                                              \
  if (variant == Variant::name) {                                                     \
    static constexpr Loops loops{                                                     \
        name::map,       name::select, name::cast,    name::add_floats, name::repeat, \
        name::reduction, name::rows,   name::columns, name::scan};                    \
    return loops;                                                                     \
  }
  REEL_EACH_VARIANT(REEL_LOOPS)
  throw InternalError("no loops for " + to_string(variant));
}

}  // namespace reel::cpu
