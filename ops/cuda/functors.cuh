#pragma once
#include "device.cuh"
#include "maps.h"

// What maps compute that are not in maps.h.

namespace reel::device {

struct Select {
  template <class T>
  REEL_DEVICE T operator()(bool condition, T a, T b) const {
    return condition ? a : b;
  }
};

template <class To>
struct Cast {
  template <class From>
  REEL_DEVICE To operator()(From x) const {
    return static_cast<To>(x);
  }
};

/// A map of operands that are first made wider.
template <class Map, class To>
struct Widened {
  template <class A, class B>
  REEL_DEVICE To operator()(A a, B b) const {
    return Map{}(static_cast<To>(a), static_cast<To>(b));
  }
};

}  // namespace reel::device
