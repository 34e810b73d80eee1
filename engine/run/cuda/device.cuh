#pragma once
// The dialect in which kernels are written: CUDA C++ with a few words of its own, so that one text is
// compiled by NVRTC, by nvcc and, through grid.h of the tests, by any C++ compiler.
//
// A kernel takes so many words of 64 bits: pointers and numbers. All its shared memory is dynamic, since in a
// C++ program a static array would be every block's. Blocks and grids have one dimension.

#include "fault.h"

#if defined(__CUDACC__)

#define REEL_DEVICE __device__ __forceinline__
/// Begins a kernel that takes `count` words. How many blocks are on a multiprocessor at a time is left to the
/// compiler: told that, it spills registers that it need not.
#define REEL_KERNEL(name, count) extern "C" __global__ void name(const reel::device::Words<count> words)

namespace reel::device {

/// 16 bytes aligned.
REEL_DEVICE unsigned char* shared_memory() {
  extern __shared__ __align__(16) unsigned char memory[];
  return memory;
}
/// All threads of the block wait for one another; what they wrote is seen.
REEL_DEVICE void sync_block() { __syncthreads(); }
REEL_DEVICE void sync_warp() { __syncwarp(); }
/// The value that lane `own ^ mask` of the warp gives.
template <class T>
REEL_DEVICE T shuffle_xor(T x, int mask) {
  return __shfl_xor_sync(0xffffffffu, x, mask);
}
/// The lanes of the warp whose vote is true, one bit each.
REEL_DEVICE unsigned ballot(bool vote) { return __ballot_sync(0xffffffffu, vote); }
/// The lowest bit that is set, counted from 0.
REEL_DEVICE int first_bit(unsigned bits) { return __ffs(bits) - 1; }

/// A word that threads guard something with, for what happens seldom.
REEL_DEVICE void lock(int* word) {
  while (atomicCAS(word, 0, 1) != 0) {
  }
  __threadfence();
}
REEL_DEVICE void unlock(int* word) {
  __threadfence();
  atomicExch(word, 0);
}

/// The tests' grid looks whether an address is a multiple of the bytes that are moved at once.
REEL_DEVICE void check_alignment(const void*, int) {}

}  // namespace reel::device

#else
#include "grid.h"
#endif

namespace reel::device {

using Int64 = long long;

/// What a kernel takes.
template <int count_>
struct Words {
  static constexpr int count = count_;
  Int64 word[count];

  REEL_DEVICE Int64 operator[](int i) const { return word[i]; }
  template <class T>
  REEL_DEVICE T* pointer(int i) const {
    return reinterpret_cast<T*>(word[i]);
  }
};

/// The number of this thread in the whole grid, and how many there are: a kernel takes elements `thread`,
/// `thread + threads`, ...
REEL_DEVICE Int64 thread_of_grid() { return Int64(blockIdx.x) * blockDim.x + threadIdx.x; }
REEL_DEVICE Int64 threads_of_grid() { return Int64(gridDim.x) * blockDim.x; }

REEL_DEVICE unsigned long long key_of(Int64 launch, Int64 element) {
  const auto most = (1ll << bits_of_element) - 1;
  return static_cast<unsigned long long>(launch) << bits_of_element |
         static_cast<unsigned long long>(element < most ? element : most);
}

REEL_DEVICE void report(Fault* fault, Int64 launch, Int64 element, Int64 value) {
  const auto key = key_of(launch, element);
  if (key >= static_cast<volatile Fault*>(fault)->key) return;  // it only becomes smaller
  lock(&fault->lock);
  volatile Fault* seen = fault;
  if (key < seen->key) {
    seen->key = key;
    seen->value = value;
  }
  unlock(&fault->lock);
}

/// What `join` makes of the values of the threads of a warp; every thread gets it. `join` is commutative.
template <class T, class Join>
REEL_DEVICE T join_warp(T x, Join join) {
  for (int by = 16; by > 0; by /= 2) x = join(x, shuffle_xor(x, by));
  return x;
}

/// The same of a block whose size is a multiple of 32; `scratch` holds a value for each of its warps.
template <class T, class Join>
REEL_DEVICE T join_block(T x, T* scratch, Join join) {
  x = join_warp(x, join);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
  sync_block();
  if (lane == 0) scratch[warp] = x;
  sync_block();
  x = scratch[0];
  for (int i = 1; i < warps; ++i) x = join(x, scratch[i]);
  return x;
}

}  // namespace reel::device
