#pragma once
#include <reel/xtensor.h>

#include "values.h"

#if __has_include(<xtensor/io/xnpy.hpp>)
#include <xtensor/io/xnpy.hpp>
#else
#include <xtensor/xnpy.hpp>
#endif

/// Values that PyTorch gave: pytorch/make_references.py writes them.
namespace reel::test {

/// The .npy files of one case.
struct References {
  std::string name;

  Array operator()(const std::string& value) const { return read<double>(value); }
  Array integers(const std::string& value) const { return read<std::int64_t>(value); }

  template <class T>
  Array read(const std::string& value) const {
    return to_array(xt::load_npy<T>(REEL_SOURCE_DIR "/tests/pytorch/" + name + "/" + value + ".npy"));
  }
};

/// Relative to the largest element expected; infinite for another type or NaN.
inline double relative_error(const Array& found, const Array& expected) {
  return difference(found, expected) / largest(expected);
}

constexpr double tolerance = 1e-12;

}  // namespace reel::test
