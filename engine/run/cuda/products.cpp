#include "run/cuda/products.h"

#if defined(REEL_HAS_CUDA)
#include <cublasLt.h>

#include <reel/error.h>

#include "run/cuda/library.h"

namespace reel::cuda {

namespace {

/// The functions of cuBLASLt that are called.
struct BlasFunctions {
  Library library{"cuBLASLt", toolkit_library("cublasLt")};
#define REEL_FUNCTION(name) decltype(::name)* name = library.find<decltype(::name)>(#name);
  REEL_FUNCTION(cublasLtCreate)
  REEL_FUNCTION(cublasLtDestroy)
  REEL_FUNCTION(cublasLtGetStatusString)
  REEL_FUNCTION(cublasLtMatmulDescCreate)
  REEL_FUNCTION(cublasLtMatmulDescDestroy)
  REEL_FUNCTION(cublasLtMatmulDescSetAttribute)
  REEL_FUNCTION(cublasLtMatrixLayoutCreate)
  REEL_FUNCTION(cublasLtMatrixLayoutDestroy)
  REEL_FUNCTION(cublasLtMatrixLayoutSetAttribute)
  REEL_FUNCTION(cublasLtMatmulPreferenceCreate)
  REEL_FUNCTION(cublasLtMatmulPreferenceDestroy)
  REEL_FUNCTION(cublasLtMatmulPreferenceSetAttribute)
  REEL_FUNCTION(cublasLtMatmulAlgoGetHeuristic)
  REEL_FUNCTION(cublasLtMatmul)
#undef REEL_FUNCTION

  void check(cublasStatus_t status, const char* what) const {
    if (status != CUBLAS_STATUS_SUCCESS)
      throw Error("[matmul] cuBLASLt: " + std::string(what) + ": " + cublasLtGetStatusString(status));
  }
};

const BlasFunctions& lt() {
  static const BlasFunctions functions;
  return functions;
}

struct Destroy {
  void operator()(cublasLtMatmulDescOpaque_t* product) const { lt().cublasLtMatmulDescDestroy(product); }
  void operator()(cublasLtMatmulPreferenceOpaque_t* preference) const {
    lt().cublasLtMatmulPreferenceDestroy(preference);
  }
};

/// A matrix as the library sees it, column after column.
class MatrixLayout {
 public:
  MatrixLayout(cudaDataType_t type, std::int64_t rows, std::int64_t columns, std::int64_t pitch,
               std::int64_t batches, std::int64_t batch) {
    lt().check(lt().cublasLtMatrixLayoutCreate(&layout_, type, static_cast<std::uint64_t>(rows),
                                               static_cast<std::uint64_t>(columns), pitch),
               "a matrix");
    const auto count = static_cast<std::int32_t>(batches);
    lt().check(lt().cublasLtMatrixLayoutSetAttribute(layout_, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                                                     sizeof count),
               "a batch");
    lt().check(lt().cublasLtMatrixLayoutSetAttribute(layout_, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                                     &batch, sizeof batch),
               "a batch");
  }
  MatrixLayout(const MatrixLayout&) = delete;
  ~MatrixLayout() { lt().cublasLtMatrixLayoutDestroy(layout_); }
  cublasLtMatrixLayout_t get() const { return layout_; }

 private:
  cublasLtMatrixLayout_t layout_ = nullptr;
};

/// The library's matrices stand column after column: it computes the transposed product, b before a.
class LtProduct : public Multiplication {
 public:
  LtProduct(cublasLtHandle_t handle, const CudaProduct& p)
      : is_double_(p.element == ElementType::float64),
        b_(type(), by_rows(p.b) ? p.columns : p.inner, by_rows(p.b) ? p.inner : p.columns, pitch(p.b),
           p.batches, p.b.batch),
        a_(type(), by_rows(p.a) ? p.inner : p.rows, by_rows(p.a) ? p.rows : p.inner, pitch(p.a), p.batches,
           p.a.batch),
        c_(type(), p.columns, p.rows, p.c.row, p.batches, p.c.batch),
        addend_(type(), p.columns, p.rows, p.addend.value_or(p.c).row, p.batches,
                p.addend.value_or(p.c).batch),
        adds_(p.addend.has_value()) {
    cublasLtMatmulDesc_t product = nullptr;
    lt().check(lt().cublasLtMatmulDescCreate(&product, compute_type(p.precision), type()), "a product");
    product_.reset(product);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, !by_rows(p.b));
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, !by_rows(p.a));
    choose(handle, p);
  }

  void run(cublasLtHandle_t handle, const void* a, const void* b, const void* addend, void* c,
           void* workspace, cudaStream_t stream) const {
    static constexpr float one = 1, zero = 0;
    static constexpr double one_64 = 1, zero_64 = 0;
    const void* alpha = is_double_ ? static_cast<const void*>(&one_64) : &one;
    const void* none = is_double_ ? static_cast<const void*>(&zero_64) : &zero;
    lt().check(lt().cublasLtMatmul(handle, product_.get(), alpha, b, b_.get(), a, a_.get(),
                                   adds_ ? alpha : none, adds_ ? addend : c, addend_.get(), c, c_.get(),
                                   &algorithm_, workspace, Products::workspace_bytes, stream),
               "a product fails");
  }

 private:
  static bool by_rows(const CudaProduct::Matrix& m) { return m.column == 1; }
  static std::int64_t pitch(const CudaProduct::Matrix& m) { return by_rows(m) ? m.row : m.column; }
  cudaDataType_t type() const { return is_double_ ? CUDA_R_64F : CUDA_R_32F; }

  cublasComputeType_t compute_type(ProductPrecision precision) const {
    if (is_double_) return CUBLAS_COMPUTE_64F;
    return precision == ProductPrecision::tf32       ? CUBLAS_COMPUTE_32F_FAST_TF32
           : precision == ProductPrecision::bfloat16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                                     : CUBLAS_COMPUTE_32F;
  }

  void set_transposed(cublasLtMatmulDescAttributes_t which, bool transposed) {
    const std::int32_t value = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    lt().check(lt().cublasLtMatmulDescSetAttribute(product_.get(), which, &value, sizeof value),
               "a transposition");
  }

  /// What the library thinks is fastest for operands that begin at such addresses.
  void choose(cublasLtHandle_t handle, const CudaProduct& p) {
    cublasLtMatmulPreference_t made = nullptr;
    lt().check(lt().cublasLtMatmulPreferenceCreate(&made), "a preference");
    const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, Destroy> preference(made);
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t which, auto value) {
      lt().check(lt().cublasLtMatmulPreferenceSetAttribute(preference.get(), which, &value, sizeof value),
                 "a preference");
    };
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::size_t{Products::workspace_bytes});
    // Its left operand is b.
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(p.b.alignment));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(p.a.alignment));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
        static_cast<std::uint32_t>(p.addend.value_or(p.c).alignment));
    set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(p.c.alignment));
    cublasLtMatmulHeuristicResult_t best{};
    int found = 0;
    lt().check(lt().cublasLtMatmulAlgoGetHeuristic(handle, product_.get(), b_.get(), a_.get(), addend_.get(),
                                                   c_.get(), preference.get(), 1, &best, &found),
               "it has no way to do a product");
    if (found == 0) throw Error("[matmul] cuBLASLt has no way to do a product");
    algorithm_ = best.algo;
  }

  const bool is_double_;
  const MatrixLayout b_, a_, c_, addend_;
  const bool adds_;
  std::unique_ptr<cublasLtMatmulDescOpaque_t, Destroy> product_;
  cublasLtMatmulAlgo_t algorithm_{};
};

}  // namespace

struct Products::Handle {
  Handle() { lt().check(lt().cublasLtCreate(&handle), "it does not start"); }
  ~Handle() { lt().cublasLtDestroy(handle); }
  cublasLtHandle_t handle = nullptr;
};

Products::Products() : handle_(std::make_unique<Handle>()) {}
Products::~Products() = default;

std::shared_ptr<Multiplication> Products::prepare(const CudaProduct& product) {
  return std::make_shared<LtProduct>(handle_->handle, product);
}

void Products::multiply(const Multiplication& product, const void* a, const void* b, const void* addend,
                        void* c, void* workspace, void* stream) {
  static_cast<const LtProduct&>(product).run(handle_->handle, a, b, addend, c, workspace,
                                             static_cast<cudaStream_t>(stream));
}

}  // namespace reel::cuda

#endif
