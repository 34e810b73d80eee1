#include "kernels.h"

#include <cstring>
#include <iostream>

namespace reel::reference {

void print(const KernelCall& call) {
  Array value(*call.inputs[0].type);
  std::memcpy(value.raw(), call.inputs[0].data, value.bytes());
  std::string text = call.attributes.text("name");
  for (auto step : call.steps) text += " [step " + std::to_string(step) + "]";
  std::cerr << text + " = " + to_string(value) + "\n";
}

}  // namespace reel::reference
