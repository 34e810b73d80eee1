#pragma once
#include "elements.cuh"
#include "reductions.h"

// Reductions along any axes, of the structs in reductions.h.

namespace reel::device {

/// The place of element `i` of axes that words from `first` on describe, outermost first: the extent of each,
/// then strides, of which the one at `which` counts.
template <int axes, int words_each, class W>
REEL_DEVICE Int64 place_in(const W& words, int first, int which, Int64 i) {
  Int64 place = 0;
#pragma unroll
  for (int axis = axes - 1; axis >= 0; --axis) {
    const int at = first + words_each * axis;
    // A division costs more than a read; the outermost axis needs none.
    place += (axis == 0 ? i : i % words[at]) * words[at + which];
    if (axis > 0) i /= words[at];
  }
  return place;
}

/// The axes of a reduction of x to y, in words from `first` on: extent, stride in x and stride in y of the
/// kept ones, then extent and stride of the reduced ones.
template <class R, class T, int kept, int reduced, class W>
struct Reduction {
  using Total = typename R::template Total<T>;
  const W& words;
  const int first;

  REEL_DEVICE const T* x_of(Int64 result) const {
    return words.template pointer<const T>(0) + place_in<kept, 3>(words, first, 1, result);
  }
  REEL_DEVICE void store(Int64 result, Total total) const {
    words.template pointer<T>(1)[place_in<kept, 3>(words, first, 2, result)] = R::template finish<T>(total);
  }
  REEL_DEVICE T element(const T* x, Int64 i) const {
    return x[place_in<reduced, 2>(words, first + 3 * kept, 1, i)];
  }
  /// What has been joined of the elements `from`, `from + by`, ... below `end`, in the order of the axes.
  REEL_DEVICE Total joined(const T* x, Int64 from, Int64 end, Int64 by) const {
    constexpr int ahead = 8;  // read before the first of them is joined: a read takes longer than all joins
    auto total = R::template start<Total>();
    Int64 i = from;
    for (; i + (ahead - 1) * by < end; i += ahead * by) {
      T read[ahead];
#pragma unroll
      for (int k = 0; k < ahead; ++k) read[k] = element(x, i + k * by);
#pragma unroll
      for (int k = 0; k < ahead; ++k) total = R::join(total, static_cast<Total>(read[k]));
    }
    for (; i < end; i += by) total = R::join(total, static_cast<Total>(element(x, i)));
    return total;
  }
  /// The same of all threads of a block, which take turns.
  REEL_DEVICE Total joined_by_block(const T* x, Int64 from, Int64 end) const {
    const auto join = [](Total a, Total b) { return R::join(a, b); };
    return join_block(joined(x, from + threadIdx.x, end, blockDim.x),
                      reinterpret_cast<Total*>(shared_memory()), join);
  }
};

/// A thread for each element of the result. Words: x, y, results, joined, then the axes.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_by_threads(const W& words) {
  const Reduction<R, T, kept, reduced, W> reduction{words, 4};
  for (Int64 i = thread_of_grid(); i < words[2]; i += threads_of_grid())
    reduction.store(i, reduction.joined(reduction.x_of(i), 0, words[3], 1));
}

/// A block for each element of the result; the same words.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_by_blocks(const W& words) {
  const Reduction<R, T, kept, reduced, W> reduction{words, 4};
  for (Int64 i = blockIdx.x; i < words[2]; i += gridDim.x) {
    const auto total = reduction.joined_by_block(reduction.x_of(i), 0, words[3]);
    if (threadIdx.x == 0) reduction.store(i, total);
  }
}

/// So many blocks for each element of the result, each of which leaves the total of a part. Words: x, y,
/// totals [results, parts], results, joined, parts, then the axes.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void reduce_parts(const W& words) {
  const Reduction<R, T, kept, reduced, W> reduction{words, 6};
  const Int64 joined = words[4], parts = words[5];
  for (Int64 at = blockIdx.x; at < words[3] * parts; at += gridDim.x) {
    const Int64 part = at % parts;
    const auto total = reduction.joined_by_block(reduction.x_of(at / parts), joined * part / parts,
                                                 joined * (part + 1) / parts);
    if (threadIdx.x == 0) words.template pointer<typename R::template Total<T>>(2)[at] = total;
  }
}

/// The results of their totals, in order; the same words.
template <class R, class T, int kept, int reduced, class W>
REEL_DEVICE void join_parts(const W& words) {
  const Reduction<R, T, kept, reduced, W> reduction{words, 6};
  const Int64 parts = words[5];
  for (Int64 i = thread_of_grid(); i < words[3]; i += threads_of_grid()) {
    using Total = typename R::template Total<T>;
    const Total* totals = words.template pointer<const Total>(2) + i * parts;
    auto total = R::template start<Total>();
    for (Int64 part = 0; part < parts; ++part) total = R::join(total, totals[part]);
    reduction.store(i, total);
  }
}

}  // namespace reel::device
