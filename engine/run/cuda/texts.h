#pragma once
#include <map>
#include <string>
#include <vector>

#include <reel/cuda_kernel.h>

namespace reel::cuda {

/// The texts of Reel's own kernels by the names under which they are included; made when Reel is built.
const std::map<std::string, std::string>& own_texts();

/// What is compiled in one go for a tape: one text a kernel, and all that they include.
struct Source {
  std::map<std::string, std::string> headers;  // by the name of their include
  std::map<std::string, std::string> kernels;  // their texts, by the kernels' names

  /// All kernels in one text.
  std::string text() const;
};

/// Adds a kernel of so many words whose body is `body`, and what the texts include. Returns its name, which
/// follows from the text: the same kernel has the same one in every program.
std::string add_kernel(Source& source, const std::vector<CudaText>& texts, std::size_t words,
                       const std::string& body);

}  // namespace reel::cuda
