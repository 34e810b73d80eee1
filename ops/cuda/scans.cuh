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

/// A linear recurrence; see LinearScan. Words from `from` on: outer, count, inner, reverse, after,
/// of_adjoints.
template <class T>
struct Recurrence {
  const T *a, *b, *first;  // of the first step's operands; null where there is none
  T* y;
  Int64 outer, count, inner;
  bool reverse, after, of_adjoints;

  template <class W>
  REEL_DEVICE Recurrence(const W& words, int from, const T* a, const T* b, const T* first, T* y)
      : a(a),
        b(b),
        first(first),
        y(y),
        outer(words[from]),
        count(words[from + 1]),
        inner(words[from + 2]),
        reverse(words[from + 3]),
        after(words[from + 4]),
        of_adjoints(words[from + 5]) {}

  REEL_DEVICE Int64 lines() const { return outer * inner; }
  REEL_DEVICE Int64 place(Int64 line, Int64 i) const {
    return (line / inner * count + (reverse ? count - 1 - i : i)) * inner + line % inner;
  }
  REEL_DEVICE Total<T> start(Int64 line) const {
    return first ? static_cast<Total<T>>(first[line]) : Total<T>(0);
  }
  /// Step i of a line: `value`, and what is handed on of what was handed to it.
  REEL_DEVICE Total<T> step(Int64 line, Int64 i, Total<T> handed, Total<T>& value) const {
    const Int64 at = place(line, i);
    value = static_cast<Total<T>>(b[at]);
    if (i > 0 || first) value = (after ? handed : scan_product<T>(handed, a[at], of_adjoints)) + value;
    return after ? scan_product<T>(value, a[at], of_adjoints) : value;
  }
  /// Steps `from` to `to`, whose values are stored where `stores`.
  REEL_DEVICE Total<T> run(Int64 line, Int64 from, Int64 to, Total<T> handed, bool stores) const {
    for (Int64 i = from; i < to; ++i) {
      Total<T> value;
      handed = step(line, i, handed, value);
      if (stores) y[place(line, i)] = static_cast<T>(value);
    }
    return handed;
  }
};

/// A thread for each line.
template <class T>
REEL_DEVICE void recur(const Recurrence<T>& scan) {
  for (Int64 line = thread_of_grid(); line < scan.lines(); line += threads_of_grid())
    scan.run(line, 0, scan.count, scan.start(line), true);
}

/// The product of the factors of steps `from` to `to`; infinite where it is more than a number can be, or
/// less, so that digits are lost.
template <class T>
REEL_DEVICE Total<T> part_factor(const Recurrence<T>& scan, Int64 line, Int64 from, Int64 to) {
  Total<T> factor = 1;
  bool has_zero = false;
  for (Int64 i = from; i < to; ++i) {
    const Total<T> a = static_cast<Total<T>>(scan.a[scan.place(line, i)]);
    has_zero = has_zero || a == 0;
    factor *= a;
  }
  if constexpr (Total<T>(1) / 2 != 0) {
    constexpr double smallest_normal = 2.2250738585072014e-308;
    if (!has_zero && factor < smallest_normal && -factor < smallest_normal) return 1 / (factor - factor);
  }
  return factor;
}

/// Of few lines the steps are cut into parts, a thread for each part of each line: what a part hands on is a
/// factor of what it is handed, and a term. `lanes` lines to a block.
template <class T>
REEL_DEVICE void recur_in_parts(const Recurrence<T>& scan, int lanes) {
  Total<T>* factors = reinterpret_cast<Total<T>*>(shared_memory());
  Total<T>* terms = factors + blockDim.x;
  const int part = threadIdx.x / lanes, parts = blockDim.x / lanes, lane = threadIdx.x % lanes;
  const Int64 line = Int64(blockIdx.x) * lanes + lane;
  const Int64 from = scan.count * part / parts, to = scan.count * (part + 1) / parts;
  if (line < scan.lines()) {
    factors[threadIdx.x] = part_factor(scan, line, from, to);
    terms[threadIdx.x] = scan.run(line, from, to, part == 0 ? scan.start(line) : Total<T>(0), false);
  }
  sync_block();
  if (line < scan.lines()) {
    Total<T> handed = scan.start(line);
    for (int before = 0; before < part; ++before) {
      const int at = before * lanes + lane;
      if (before == 0) {
        handed = terms[at];
      } else if (factors[at] - factors[at] == 0) {
        handed = handed * factors[at] + terms[at];
      } else {
        // Beyond what a number can be, which the steps by themselves may not be.
        handed =
            scan.run(line, scan.count * before / parts, scan.count * (before + 1) / parts, handed, false);
      }
    }
    scan.run(line, from, to, handed, true);
  }
}

/// Words: a, b, first where there is one, y, those of a Recurrence, and in parts the lines of a block.
template <class T, bool has_first, bool in_parts, class W>
REEL_DEVICE void linear_scan(const W& words) {
  constexpr int y = 2 + has_first, sizes = y + 1;
  const T* first = nullptr;
  if constexpr (has_first) first = words.template pointer<const T>(2);
  const Recurrence<T> scan(words, sizes, words.template pointer<const T>(0),
                           words.template pointer<const T>(1), first, words.template pointer<T>(y));
  if constexpr (in_parts)
    recur_in_parts(scan, static_cast<int>(words[sizes + 6]));
  else
    recur(scan);
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
