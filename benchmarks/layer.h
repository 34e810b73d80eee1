#pragma once
#include <reel/reel.h>

#include <functional>

#include "workload.h"

namespace benchmarks {

/// y [time, batch, hidden] of x [time, batch, input], a cell unrolled from zeros.
using Layer = std::function<reel::Tensor(const reel::Tensor& x)>;

/// What an implementation runs on.
reel::Device device_of(const std::string& implementation, int threads);
/// The layer of an implementation, its parameters made in `model`.
Layer make_layer(reel::Model& model, const std::string& implementation, const Workload& workload);
/// How many products of the size of one gate its step has, of x and of h.
int gate_count(const std::string& implementation, const Workload& workload);

/// What a layer is run on: its input, and the adjoint of its output.
struct Inputs {
  reel::Array x, dy;
};
Inputs draw_inputs(const Workload& workload);

/// Gradients of sum(y * dy), a loss that costs nothing itself, by x and every parameter of `model`.
reel::Tensors training_gradients(const reel::Model& model, const Layer& layer, const reel::Tensor& x,
                                 const reel::Tensor& dy);

/// y of x.
reel::Program compile_forward(reel::Model& model, const Layer& layer, const Workload& workload);
/// The training_gradients() of x and dy.
reel::Program compile_training(reel::Model& model, const Layer& layer, const Workload& workload);
/// tanh of tanh of ..., as many of them as the workload has steps, and its gradient: nothing repeats.
reel::Program compile_chain(const reel::Model& model, const Workload& workload);

/// What compile_training's program gives on the reference runner in float64, with the parameters of `model`.
std::vector<reel::Array> reference_gradients(const reel::Model& model, const std::string& implementation,
                                             const Workload& workload, const Inputs& inputs);
/// The largest difference of any element, relative to the largest element of its array.
double largest_difference(const std::vector<reel::Array>& values, const std::vector<reel::Array>& references);

}  // namespace benchmarks
