#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace benchmarks {

/// What is computed, and the sizes of its arrays: x [time, batch, input], y [time, batch, hidden].
struct Workload {
  enum class Kind {
    layer,      // a recurrent layer: forward, and forward with all gradients
    training,   // the training step of a whole model
    streaming,  // one step at a time, the state carried by the caller
    compiling,  // recording, differentiating and compiling alone: an LSTM, or a chain of operations
  };
  Kind kind;
  std::string family;
  std::int64_t batch, input, hidden, time;

  /// "LSTM 32,64,128,50": family, batch, input, hidden, time.
  std::string name() const;
  /// Who computes it, in the order of the table. The reference runner is left the smaller ones: it takes
  /// long.
  std::vector<std::string> implementations() const;
  /// Operations in the matrix products of one step, forward and backward: `gates` products of x and of h,
  /// each with the two of its derivative; a multiply-add counts as two.
  double training_flops(int gates) const {
    return 3.0 * 2.0 * time * batch * (input + hidden) * gates * hidden;
  }
};

const std::vector<Workload>& workloads();
/// Throws std::invalid_argument where there is none of that name.
const Workload& workload(const std::string& name);

/// Who runs within this program; the others are in peers.py.
bool is_own(const std::string& implementation);

}  // namespace benchmarks
