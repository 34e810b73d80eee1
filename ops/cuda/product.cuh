#pragma once
#include "elements.cuh"

namespace reel::device {

/// A product of matrices that lie in any way, where the library for them takes none that lie so: a thread for
/// each element of the result. Words: a, b, c, results, inner; then of each axis of the result its extent and
/// its strides in a, b and c; then of each axis that is summed over its extent and its strides in a and b.
template <class T, int axes, int inner_axes, class W>
REEL_DEVICE void product(const W& words) {
  for (Int64 i = thread_of_grid(); i < words[3]; i += threads_of_grid()) {
    const T *a = words.template pointer<const T>(0), *b = words.template pointer<const T>(1);
    T* c = words.template pointer<T>(2);
    Int64 rest = i;
#pragma unroll
    for (int axis = axes - 1; axis >= 0; --axis) {
      const int at = 5 + 4 * axis;
      const Int64 position = rest % words[at];
      rest /= words[at];
      a += position * words[at + 1];
      b += position * words[at + 2];
      c += position * words[at + 3];
    }
    Total<T> sum = 0;
    for (Int64 k = 0; k < words[4]; ++k) {
      Int64 in_a = 0, in_b = 0;
      rest = k;
#pragma unroll
      for (int axis = inner_axes - 1; axis >= 0; --axis) {
        const int at = 5 + 4 * axes + 3 * axis;
        const Int64 position = rest % words[at];
        rest /= words[at];
        in_a += position * words[at + 1];
        in_b += position * words[at + 2];
      }
      sum += Total<T>(a[in_a]) * b[in_b];
    }
    *c = static_cast<T>(sum);
  }
}

}  // namespace reel::device
