#pragma once
#include <reel/cuda_kernel.h>

/// What Reel's operations say of themselves to CUDA devices. The texts stand in the .cuh files beside.
namespace reel::cuda {

/// Of a map in maps.h, by the name of its struct.
CudaKernels map_kernels(const char* type);
CudaKernels select_kernels();
CudaKernels cast_kernels();

CudaKernels fill_kernels();
CudaKernels iota_kernels();
CudaKernels gather_kernels();
CudaKernels scatter_add_kernels();
CudaKernels take_along_axis_kernels();
CudaKernels scatter_add_along_axis_kernels();
CudaKernels cumsum_kernels();
CudaKernels linear_scan_kernels();
CudaKernels arg_extreme_kernels(bool largest);
CudaKernels uniform_kernels();
CudaKernels product_kernels();

/// Of a reduction in reductions.h, by the name of its struct.
CudaKernels reduction_kernels(const char* type, std::function<std::size_t(ElementType)> total_bytes);

}  // namespace reel::cuda
