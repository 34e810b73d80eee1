#include "every_kernel.h"

#include <reel/gradients.h>
#include <reel/reel.h>

#include "all_operations.h"
#include "plans.h"
#include "run/cuda/cuda_plan.h"
#include "run/cuda/cuda_target.h"

namespace reel::test {

cuda::Source every_kernel() {
  cuda::Source all;
  const auto add = [&](const Tape& tape, const Tensors& outputs) {
    const auto plan = cuda::make_cuda_plan(plan_of(tape, outputs, {}, cuda::CudaTarget()));
    all.kernels.insert(plan.source.kernels.begin(), plan.source.kernels.end());
    all.headers.insert(plan.source.headers.begin(), plan.source.headers.end());
  };
  for (const auto& each : all_operations()) add(*each.tape, each.outputs);
  Model model(Seed{1});
  const LSTM lstm(model / "lstm", 512, 512);
  Tape tape;
  const Recording recording(tape);
  const auto x = tape.argument({ElementType::float32, {100, 64, 512}});
  const auto loss = mean(square(layer_norm(unroll(lstm, x, lstm.initial_state(64)).outputs)));
  add(tape, gradients(loss, {x, lstm.input.W, lstm.input.U, lstm.input.b}));
  return all;
}

}  // namespace reel::test
