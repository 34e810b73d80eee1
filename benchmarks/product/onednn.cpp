#include "libraries.h"

#ifdef HAS_dnnl
#include <dnnl.hpp>

std::function<void()> onednn_product(const ProductOfFloats& product) {
  using Memory = dnnl::memory;
  using Tag = Memory::format_tag;
  const auto [m, n, k, transposed, a, b, c] = product;
  const auto type = Memory::data_type::f32;
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const Memory::desc left({m, k}, type, transposed ? Tag::ba : Tag::ab), right({k, n}, type, Tag::any),
      result({m, n}, type, Tag::ab);
  const dnnl::matmul::primitive_desc chosen({left, right, result}, engine);
  Memory given({{k, n}, type, Tag::ab}, engine, const_cast<float*>(b));
  Memory prepared(chosen.weights_desc(), engine);
  dnnl::reorder(given, prepared).execute(stream, given, prepared);
  stream.wait();
  const Memory from(left, engine, const_cast<float*>(a)), to(result, engine, c);
  return [matmul = dnnl::matmul(chosen), stream, from, prepared, to]() mutable {
    matmul.execute(stream, {{DNNL_ARG_SRC, from}, {DNNL_ARG_WEIGHTS, prepared}, {DNNL_ARG_DST, to}});
    stream.wait();
  };
}
#else
std::function<void()> onednn_product(const ProductOfFloats&) { return nullptr; }
#endif
