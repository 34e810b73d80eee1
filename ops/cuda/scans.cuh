#pragma once
#include "elements.cuh"

// Along an axis, each element from those before it: a thread for each line.

namespace reel::device {

/// `next(position, before, is_first)` gives the total at a position of [outer, count, inner], `at` being its
/// place. Words from `first` on: outer, count, inner, reverse.
template <class T, class W, class Next>
REEL_DEVICE void scan(const W& words, int first, T* y, Next next) {
  const Int64 outer = words[first], count = words[first + 1], inner = words[first + 2];
  const bool reverse = words[first + 3];
  for (Int64 line = thread_of_grid(); line < outer * inner; line += threads_of_grid()) {
    Total<T> value = 0;
    for (Int64 i = 0; i < count; ++i) {
      const Int64 at = (line / inner * count + (reverse ? count - 1 - i : i)) * inner + line % inner;
      value = next(at, value, i == 0);
      y[at] = static_cast<T>(value);
    }
  }
}

/// Words: x, y, outer, count, inner, reverse.
template <class T, class W>
REEL_DEVICE void cumsum(const W& words) {
  const T* x = words.template pointer<const T>(0);
  scan(words, 2, words.template pointer<T>(1),
       [x](Int64 at, Total<T> before, bool is_first) { return is_first ? x[at] : before + x[at]; });
}

/// y_i = a_i y_i-1 + b_i. Words: a, b, y, outer, count, inner, reverse, of_adjoints: whether a_i y_i-1 is 0
/// where y_i-1 is, whatever a_i.
template <class T, class W>
REEL_DEVICE void linear_scan(const W& words) {
  const T *a = words.template pointer<const T>(0), *b = words.template pointer<const T>(1);
  const bool of_adjoints = words[7];
  scan(words, 3, words.template pointer<T>(2),
       [a, b, of_adjoints](Int64 at, Total<T> before, bool is_first) -> Total<T> {
         const bool adds = !is_first && !(of_adjoints && before == 0);
         return adds ? a[at] * before + b[at] : b[at];
       });
}

/// The position along the middle axis of x [outer, count, inner] of the first element that is larger, or
/// smaller, than all before it; NaN is more than any. Words: x, y, outer, count, inner.
template <class T, bool largest, class W>
REEL_DEVICE void arg_extreme(const W& words) {
  const T* x = words.template pointer<const T>(0);
  Int64* y = words.template pointer<Int64>(1);
  const Int64 outer = words[2], count = words[3], inner = words[4];
  for (Int64 line = thread_of_grid(); line < outer * inner; line += threads_of_grid()) {
    const T* first = x + line / inner * count * inner + line % inner;
    Int64 best = 0;
    T leader = first[0];
    for (Int64 i = 1; i < count; ++i) {
      const T value = first[i * inner];
      if (leader == leader && (value != value || (largest ? value > leader : value < leader))) {
        best = i;
        leader = value;
      }
    }
    y[line] = best;
  }
}

}  // namespace reel::device
