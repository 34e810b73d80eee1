#include "workload.h"

#include <algorithm>
#include <stdexcept>

namespace benchmarks {

std::string Workload::name() const {
  std::string name = family;
  char separator = ' ';
  for (auto size : {batch, input, hidden, time}) {
    name += separator + std::to_string(size);
    separator = ',';
  }
  return name;
}

std::vector<std::string> Workload::implementations() const {
  if (kind == Kind::compiling) return {"reel"};
  if (kind == Kind::training || kind == Kind::streaming) return {"reel", "pytorch"};
  std::vector<std::string> all{"reel", "reel-custom"};
  if (family == "LSTM") {
    all.insert(all.begin(), "hand-written");
    all.insert(all.end(), {"reel-mgu", "reel-peephole", "reel-layernorm"});
  }
  if (hidden <= 256) all.push_back("reel-reference");
  all.insert(all.end(), {"pytorch", "pytorch-loop", "jax-scan"});
  return all;
}

const std::vector<Workload>& workloads() {
  using Kind = Workload::Kind;
  static const std::vector<Workload> all{
      {Kind::layer, "LSTM", 1, 64, 64, 500},
      {Kind::layer, "LSTM", 32, 30, 10, 10},
      {Kind::layer, "LSTM", 16, 64, 64, 100},
      {Kind::layer, "LSTM", 32, 64, 128, 50},
      {Kind::layer, "LSTM", 32, 128, 128, 50},
      {Kind::layer, "LSTM", 64, 128, 256, 50},
      {Kind::layer, "LSTM", 64, 256, 256, 50},
      {Kind::layer, "LSTM", 64, 256, 512, 50},
      {Kind::layer, "LSTM", 64, 512, 512, 100},
      {Kind::layer, "GRU", 32, 128, 128, 50},
      {Kind::layer, "GRU", 64, 256, 256, 50},
      {Kind::layer, "RNN", 32, 128, 128, 50},
      {Kind::layer, "RNN", 64, 256, 256, 50},
      {Kind::training, "char_lm", 8, 64, 192, 64},  // input is the embedding
      {Kind::streaming, "streaming", 1, 1, 8, 1},
      {Kind::streaming, "streaming", 1, 1, 16, 1},
      {Kind::streaming, "streaming", 1, 1, 32, 1},
      {Kind::streaming, "streaming", 1, 1, 64, 1},
      {Kind::streaming, "streaming", 1, 1, 128, 1},
      {Kind::compiling, "compiling", 1, 64, 64, 10},
      {Kind::compiling, "compiling", 1, 64, 64, 10000},
      {Kind::compiling, "chain", 1, 1, 1, 10000},
  };
  return all;
}

const Workload& workload(const std::string& name) {
  const auto& all = workloads();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& w) { return w.name() == name; });
  if (found == all.end()) throw std::invalid_argument("no workload '" + name + "'");
  return *found;
}

bool is_own(const std::string& implementation) {
  return implementation == "hand-written" || implementation.rfind("reel", 0) == 0;
}

}  // namespace benchmarks
