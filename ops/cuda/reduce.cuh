#pragma once
#include "elements.cuh"
#include "reductions.h"

// Reductions along any axes, of the structs in reductions.h.

namespace reel::device {

/// The place of element `i` of axes whose extents and strides are words from `first` on, outermost first.
template <int axes, class W>
REEL_DEVICE Int64 place_in(const W& words, int first, Int64 i) {
  Int64 place = 0;
#pragma unroll
  for (int axis = axes - 1; axis >= 0; --axis) {
    place += i % words[first + 2 * axis] * words[first + 2 * axis + 1];
    i /= words[first + 2 * axis];
  }
  return place;
}

/// What has been joined of x at places `from`, `from + by`, ... below `joined`, in the order of the reduced
/// axes.
template <class R, class T, int reduced, class W>
REEL_DEVICE auto joined_from(const W& words, const T* x, int axes, Int64 joined, Int64 from, Int64 by) {
  using Total = typename R::template Total<T>;
  auto total = R::template start<Total>();
  for (Int64 j = from; j < joined; j += by)
    total = R::join(total, static_cast<Total>(x[place_in<reduced>(words, axes, j)]));
  return total;
}

/// A thread for each element of the result. Words: x, y, results, joined, then extents and strides of the
/// kept axes and of the reduced ones.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_by_threads(const W& words) {
  T* y = words.template pointer<T>(1);
  for (Int64 i = thread_of_grid(); i < words[2]; i += threads_of_grid()) {
    const T* x = words.template pointer<const T>(0) + place_in<kept>(words, 4, i);
    y[i] = R::template finish<T>(joined_from<R, T, reduced>(words, x, 4 + 2 * kept, words[3], 0, 1));
  }
}

/// A block for each element of the result; the same words.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_by_blocks(const W& words) {
  using Total = typename R::template Total<T>;
  T* y = words.template pointer<T>(1);
  const auto join = [](Total a, Total b) { return R::join(a, b); };
  for (Int64 i = blockIdx.x; i < words[2]; i += gridDim.x) {
    const T* x = words.template pointer<const T>(0) + place_in<kept>(words, 4, i);
    auto total = joined_from<R, T, reduced>(words, x, 4 + 2 * kept, words[3], threadIdx.x, blockDim.x);
    total = join_block(total, reinterpret_cast<Total*>(shared_memory()), join);
    if (threadIdx.x == 0) y[i] = R::template finish<T>(total);
  }
}

/// So many blocks for each element of the result, each of which leaves the total of a part. Words: x, y,
/// totals [results, parts], results, joined, parts, then extents and strides as above.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_parts(const W& words) {
  using Total = typename R::template Total<T>;
  Total* totals = words.template pointer<Total>(2);
  const Int64 joined = words[4], parts = words[5];
  const auto join = [](Total a, Total b) { return R::join(a, b); };
  for (Int64 at = blockIdx.x; at < words[3] * parts; at += gridDim.x) {
    const T* x = words.template pointer<const T>(0) + place_in<kept>(words, 6, at / parts);
    const Int64 part = at % parts, from = joined * part / parts, end = joined * (part + 1) / parts;
    auto total = joined_from<R, T, reduced>(words, x, 6 + 2 * kept, end, from + threadIdx.x, blockDim.x);
    total = join_block(total, reinterpret_cast<Total*>(shared_memory()), join);
    if (threadIdx.x == 0) totals[at] = total;
  }
}

/// The results of their totals, in order. Words: x, y, totals [results, parts], results, parts.
template <class R, class T, class W>
REEL_DEVICE void join_parts(const W& words) {
  using Total = typename R::template Total<T>;
  T* y = words.template pointer<T>(1);
  const Int64 parts = words[4];
  for (Int64 i = thread_of_grid(); i < words[3]; i += threads_of_grid()) {
    const Total* totals = words.template pointer<const Total>(2) + i * parts;
    auto total = R::template start<Total>();
    for (Int64 part = 0; part < parts; ++part) total = R::join(total, totals[part]);
    y[i] = R::template finish<T>(total);
  }
}

}  // namespace reel::device
