#pragma once
#include "device.cuh"
#include "philox.h"

namespace reel::device {

/// Uniform numbers: `each` of a stream, for every combination of positions in the unrolls around. A thread
/// for every block of words that the generator makes. Words: the run, the positions, y, streams, each, the
/// key of the node, the extents of the axes over which positions vary, and for each of the positions its
/// strides along them.
template <class T, int positions, int axes, class W>
REEL_DEVICE void uniform(const W& words) {
  constexpr int y_at = 1 + positions, extents_at = y_at + 4, strides_at = extents_at + axes;
  T* y = words.template pointer<T>(y_at);
  const Int64 streams = words[y_at + 1], each = words[y_at + 2];
  const auto key = stream_key(static_cast<Bits64>(words[y_at + 3]),
                              static_cast<Bits64>(*words.template pointer<const Int64>(0)));
  constexpr int size = Uniform<T>::per_block;
  const Int64 blocks = (each + size - 1) / size;
  for (Int64 at = thread_of_grid(); at < streams * blocks; at += threads_of_grid()) {
    const Int64 stream = at / blocks, block = at % blocks;
    Bits64 step = 0;
#pragma unroll
    for (int p = 0; p < positions; ++p) {
      Int64 place = 0, rest = stream;
#pragma unroll
      for (int axis = axes - 1; axis >= 0; --axis) {
        place += rest % words[extents_at + axis] * words[strides_at + p * axes + axis];
        rest /= words[extents_at + axis];
      }
      const auto position = static_cast<Bits64>(words.template pointer<const Int64>(1 + p)[place]);
      step = p == 0 ? position : combined(step, position);
    }
    const auto made = stream_block(static_cast<Bits64>(block), step, key);
    for (int i = 0; i < size && block * size + i < each; ++i)
      y[stream * each + block * size + i] = Uniform<T>::value(made, i);
  }
}

}  // namespace reel::device
