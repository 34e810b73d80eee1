#pragma once
#include <reel/model.h>

/// Small models for tests.
namespace reel::test {

inline Array floats(const std::vector<float>& elements) { return Array(elements); }

/// A parameter test/<name> that begins with these elements.
inline Parameter make_parameter(Model& model, const std::string& name, const std::vector<float>& elements) {
  const Array value(elements);
  return (model / "test").parameter(name, value.shape(), [&](const TensorType&, Random&) { return value; });
}

/// Every value that a run, a step or a file could change.
inline std::vector<Array> values(const Model& model) {
  std::vector<Array> values;
  for (const auto& parameter : model.parameters()) values.push_back(parameter.value());
  for (const auto& state : model.states()) values.push_back(state.value());
  return values;
}

}  // namespace reel::test
