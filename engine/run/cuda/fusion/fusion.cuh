#pragma once
#include "device.cuh"

// What the generated texts of fusions are written in.

namespace reel::device {

/// `size` numbers side by side, moved at once.
template <class T, int size>
struct alignas(sizeof(T) * size) Pack {
  T values[size];
  REEL_DEVICE T& operator[](int i) { return values[i]; }
  REEL_DEVICE const T& operator[](int i) const { return values[i]; }
};
template <int size, class T>
REEL_DEVICE Pack<T, size> load_pack(const T* from) {
  check_alignment(from, sizeof(T) * size);
  return *reinterpret_cast<const Pack<T, size>*>(from);
}
template <class T, int size>
REEL_DEVICE void store_pack(T* to, const Pack<T, size>& pack) {
  check_alignment(to, sizeof(T) * size);
  *reinterpret_cast<Pack<T, size>*>(to) = pack;
}

/// The result of a reduction of columns, from the totals of all blocks of rows. Words: totals [blocks,
/// columns], y, blocks, columns.
template <class R, class T, class W>
REEL_DEVICE void finish(const W& words) {
  using Total = typename R::template Total<T>;
  T* y = words.template pointer<T>(1);
  const Int64 blocks = words[2], columns = words[3];
  for (Int64 column = thread_of_grid(); column < columns; column += threads_of_grid()) {
    const Total* totals = words.template pointer<const Total>(0) + column;
    auto total = R::template start<Total>();
#pragma unroll 8
    for (Int64 block = 0; block < blocks; ++block) total = R::join(total, totals[block * columns]);
    y[column] = R::template finish<T>(total);
  }
}

}  // namespace reel::device
