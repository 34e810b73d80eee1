#include "tmva_layers.h"

namespace reel {

namespace {

using namespace tmva;

const char* name_of(TMVALoss loss) {
  return loss == TMVALoss::cross_entropy ? "cross-entropy"
         : loss == TMVALoss::squares     ? "squares"
                                         : "softmax cross-entropy";
}

const char* name_of(TMVAOutput output) {
  return output == TMVAOutput::identity ? "identity" : output == TMVAOutput::sigmoid ? "sigmoid" : "softmax";
}

const char* name_of(TMVAActivation activation) {
  static const char* const names[] = {"identity",       "relu",     "sigmoid", "tanh",
                                      "symmetric relu", "softsign", "gauss"};
  return names[static_cast<int>(activation)];
}

std::string details_of(const TMVALayer& layer) {
  if (const auto* dense = std::get_if<TMVADense>(&layer))
    return std::string(", ") + name_of(dense->activation);
  const auto* recurrent = std::get_if<TMVARecurrent>(&layer);
  if (!recurrent) return "";
  const bool is_gru = recurrent->kind == TMVARecurrent::Kind::gru;
  return std::string(recurrent->returns_sequence ? ", whole sequence" : ", last step") +
         (!is_gru                                    ? ""
          : recurrent->reset == Reset::after_product ? ", reset after the product"
                                                     : ", reset before the product");
}

std::string text_of(const Extents& extents) {
  return std::to_string(extents.steps) + " x " + std::to_string(extents.units);
}

}  // namespace

std::string to_string(const TMVADescription& description) {
  const auto fault = fault_of(description);
  if (!fault.empty()) throw Error("[to_string] of a TMVADescription: " + fault);
  std::string text = "DL::" + description.name + ", " + text_of(analyses, description.analysis) + ", batch " +
                     std::to_string(description.batch) + ", loss " + name_of(description.loss) + ", output " +
                     name_of(description.output) + "\n";
  Extents at{description.steps, description.inputs};
  for (std::size_t i = 0; i < description.layers.size(); ++i) {
    const auto& layer = description.layers[i];
    const auto next = after(layer, at);
    text += "  " + tmva::name_of(layer, i) + ": " + text_of(at) + " -> " + text_of(next) + details_of(layer) +
            "\n";
    at = next;
  }
  return text;
}

std::vector<TMVAVariable> default_tmva_variables(std::int64_t steps, std::int64_t inputs) {
  std::vector<TMVAVariable> variables;
  for (std::int64_t step = 0; step < steps; ++step)
    for (std::int64_t i = 0; i < inputs; ++i)
      variables.push_back({"vars_time" + std::to_string(step) + "[" + std::to_string(i) + "]"});
  return variables;
}

}  // namespace reel
