// ops/maps.h as the compiler of a device sees it: with the stand-in for <reel/map.h>, without Reel's headers,
// and, to be linked with Reel, in another namespace.

#include "maps.h"

#include <cstring>

#include "map_list.h"
#include "maps_for_devices.h"

namespace {

template <class F, class T>
bool call(T a, T b, T& result) {
  if constexpr (F::accepts == reel::Accepts::boolean) {
    return false;
  } else {
    if constexpr (std::is_invocable_v<F, T>)
      result = static_cast<T>(F{}(a));
    else
      result = static_cast<T>(F{}(a, b));
    return true;
  }
}

}  // namespace

template <class T>
bool map_for_devices(const char* name, T a, T b, T& result) {
#define CALL(function, F) \
  if (std::strcmp(name, reel::maps::F::name) == 0) return call<reel::maps::F>(a, b, result);
  REEL_MAPS(CALL, CALL)
#undef CALL
  return false;
}

template bool map_for_devices(const char*, float, float, float&);
template bool map_for_devices(const char*, double, double, double&);
