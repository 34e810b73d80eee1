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

/// x factor, or with `of_adjoints` 0 where x is 0.
template <class T>
REEL_DEVICE Total<T> scan_product(Total<T> x, T factor, bool of_adjoints) {
  return of_adjoints && x == 0 ? Total<T>(0) : x * static_cast<Total<T>>(factor);
}

/// A linear recurrence, of which `first` is where the first step's operand stands, or null. Words from
/// `words` on: outer, count, inner, reverse, after, of_adjoints; see LinearScan.
template <class T, class W>
REEL_DEVICE void recur(const W& words, int from, const T* a, const T* b, const T* first, T* y) {
  const Int64 outer = words[from], count = words[from + 1], inner = words[from + 2];
  const bool reverse = words[from + 3], after = words[from + 4], of_adjoints = words[from + 5];
  for (Int64 line = thread_of_grid(); line < outer * inner; line += threads_of_grid()) {
    Total<T> handed = first ? static_cast<Total<T>>(first[line]) : Total<T>(0);
    for (Int64 i = 0; i < count; ++i) {
      const Int64 at = (line / inner * count + (reverse ? count - 1 - i : i)) * inner + line % inner;
      Total<T> value = static_cast<Total<T>>(b[at]);
      if (i > 0 || first) value = (after ? handed : scan_product<T>(handed, a[at], of_adjoints)) + value;
      y[at] = static_cast<T>(value);
      handed = after ? scan_product<T>(value, a[at], of_adjoints) : value;
    }
  }
}

/// Words: a, b, y, and those of recur.
template <class T, class W>
REEL_DEVICE void linear_scan(const W& words) {
  recur<T>(words, 3, words.template pointer<const T>(0), words.template pointer<const T>(1), nullptr,
           words.template pointer<T>(2));
}

/// Words: a, b, first, y, and those of recur.
template <class T, class W>
REEL_DEVICE void linear_scan_from(const W& words) {
  recur<T>(words, 4, words.template pointer<const T>(0), words.template pointer<const T>(1),
           words.template pointer<const T>(2), words.template pointer<T>(3));
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
