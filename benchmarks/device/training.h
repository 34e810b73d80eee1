#pragma once
#include <reel/device.h>

#include "../row.h"
#include "../workload.h"

namespace benchmarks {

/// Of a training step whose arrays stay on the device: `train_ms`; `memory_mb`, which the device lacks when
/// it has run, libraries' memory to work in and kernels included (of the processor: values, parameters, input
/// and gradients); `products`, of a step one after the other, forward and backward; `error`, the largest
/// difference from what the processor gives in float32, relative to the largest value of each gradient.
/// `name` is the device's, `precision` fp32, tf32 or bf16. Throws std::runtime_error where gradients are
/// wrong.
Row measure_training(const reel::Device& device, const std::string& name, const Workload& workload,
                     const std::string& implementation, const std::string& precision, bool quick);

}  // namespace benchmarks
