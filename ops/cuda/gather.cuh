#pragma once
#include "elements.cuh"

// Elements that indices choose, and the sums of what they choose. An index that is out of range is reported,
// and stands for none.

namespace reel::device {

template <class Index>
REEL_DEVICE bool is_within(Index index, Int64 extent) {
  return index >= 0 && index < extent;
}

/// The elements of x [outer, extent, inner] that indices choose: y [outer, count, inner]. `index_of(at)` is
/// the position of the index of element `at` of y. Words: x, indices, y, fault, launch, outer, extent, count,
/// inner.
template <class T, class Index, class W, class IndexOf>
REEL_DEVICE void take(const W& words, IndexOf index_of) {
  const T* x = words.template pointer<const T>(0);
  const Index* indices = words.template pointer<const Index>(1);
  T* y = words.template pointer<T>(2);
  const Int64 outer = words[5], extent = words[6], count = words[7], inner = words[8];
  for (Int64 at = thread_of_grid(); at < outer * count * inner; at += threads_of_grid()) {
    const Int64 i = index_of(at), chosen = indices[i], o = at / (count * inner);
    if (is_within(chosen, extent))
      y[at] = x[(o * extent + chosen) * inner + at % inner];
    else
      report(words.template pointer<Fault>(3), words[4], i, chosen);
  }
}

/// Indices [count] choose for all.
template <class T, class Index, class W>
REEL_DEVICE void gather(const W& words) {
  const Int64 count = words[7], inner = words[8];
  take<T, Index>(words, [count, inner](Int64 at) { return at / inner % count; });
}

/// There is an index for each element of y.
template <class T, class Index, class W>
REEL_DEVICE void take_along_axis(const W& words) {
  take<T, Index>(words, [](Int64 at) { return at; });
}

template <class Index, class W>
REEL_DEVICE void check_indices(const W& words, const Index* indices, Int64 count, Int64 extent) {
  for (Int64 i = thread_of_grid(); i < count; i += threads_of_grid())
    if (!is_within(indices[i], extent)) report(words.template pointer<Fault>(3), words[4], i, indices[i]);
}

/// values [outer, count, inner] added up at indices [count]: y [outer, extent, inner], always in the order of
/// the indices: a warp for each row of y and so many columns looks through them, a lane each. Words: indices,
/// values, y, fault, launch, outer, extent, count, inner.
template <class T, class Index, class W>
REEL_DEVICE void scatter_add(const W& words) {
  constexpr int each = 4, columns = 32 * each;
  const Index* indices = words.template pointer<const Index>(0);
  const T* values = words.template pointer<const T>(1);
  T* y = words.template pointer<T>(2);
  const Int64 outer = words[5], extent = words[6], count = words[7], inner = words[8];
  check_indices(words, indices, count, extent);
  const Int64 pieces = (inner + columns - 1) / columns;
  const int lane = threadIdx.x % 32;
  for (Int64 at = thread_of_grid() / 32; at < outer * extent * pieces; at += threads_of_grid() / 32) {
    const Int64 column = at % pieces * columns + lane, row = at / pieces, chosen = row % extent;
    Total<T> totals[each] = {};
    for (Int64 first = 0; first < count; first += 32) {
      unsigned hits = ballot(first + lane < count && indices[first + lane] == chosen);
      for (; hits; hits &= hits - 1) {
        const T* from = values + (row / extent * count + first + first_bit(hits)) * inner;
        for (int e = 0; e < each; ++e)
          if (column + 32 * e < inner) totals[e] += from[column + 32 * e];
      }
    }
    for (int e = 0; e < each; ++e)
      if (column + 32 * e < inner) y[row * inner + column + 32 * e] = static_cast<T>(totals[e]);
  }
}

/// values [outer, count, inner] added up along the middle axis where indices of the same shape say: y [outer,
/// extent, inner]; a thread for each element of y looks through them. Words: indices, values, y, fault,
/// launch, outer, extent, count, inner.
template <class T, class Index, class W>
REEL_DEVICE void scatter_add_along_axis(const W& words) {
  const Index* indices = words.template pointer<const Index>(0);
  const T* values = words.template pointer<const T>(1);
  T* y = words.template pointer<T>(2);
  const Int64 outer = words[5], extent = words[6], count = words[7], inner = words[8];
  check_indices(words, indices, outer * count * inner, extent);
  for (Int64 at = thread_of_grid(); at < outer * extent * inner; at += threads_of_grid()) {
    const Int64 chosen = at / inner % extent, first = at / (inner * extent) * count * inner + at % inner;
    Total<T> total = 0;
    for (Int64 i = 0; i < count; ++i)
      if (indices[first + i * inner] == chosen) total += values[first + i * inner];
    y[at] = static_cast<T>(total);
  }
}

}  // namespace reel::device
