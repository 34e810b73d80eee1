#include "libraries.h"

#ifdef HAS_xsmm
#include <libxsmm.h>

/// Column-major, hence of the transposed matrices.
std::function<void()> libxsmm_product(const ProductOfFloats& product) {
  if (product.left_transposed) return nullptr;
  const auto m = static_cast<libxsmm_blasint>(product.m), n = static_cast<libxsmm_blasint>(product.n),
             k = static_cast<libxsmm_blasint>(product.k);
  const float one = 1, zero = 0;
  const auto kernel = libxsmm_smmdispatch(n, m, k, &n, &k, &n, &one, &zero, nullptr, nullptr);
  if (!kernel) return nullptr;
  return [kernel, product] { kernel(product.b, product.a, product.c); };
}
#else
std::function<void()> libxsmm_product(const ProductOfFloats&) { return nullptr; }
#endif
