#pragma once
#include <reel/device.h>

#include "../row.h"
#include "../workload.h"

namespace benchmarks {

/// Of a training step whose arrays stay on the device: `train_ms`; `memory_mb`, of values, parameters, input
/// and gradients, which is what PyTorch's allocator counts too; `products`, of a step one after the other,
/// forward and backward; `error`, the largest difference from what the processor gives in float32, relative
/// to the largest value of each gradient. `precision` is fp32, tf32 or bf16. Throws std::runtime_error where
/// gradients are wrong.
Row measure_training(const reel::Device& device, const Workload& workload, const std::string& implementation,
                     const std::string& precision, bool quick);

/// Where the time of the same step goes, by operations, as reel::to_string(Profile) has it.
std::string profile_of_training(const reel::Device& device, const Workload& workload,
                                const std::string& implementation, const std::string& precision);

}  // namespace benchmarks
