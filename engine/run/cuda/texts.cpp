#include "run/cuda/texts.h"

#include <reel/error.h>

#include <regex>

#include "run/cuda/digest.h"

namespace reel::cuda {

namespace {

void add_header(Source& source, const CudaText& text) {
  const auto& own = own_texts();
  const auto known = own.find(text.name);
  if (text.text.empty() && known == own.end()) throw InternalError("there is no text '" + text.name + "'");
  const auto& content = text.text.empty() ? known->second : text.text;
  if (!source.headers.emplace(text.name, content).second) return;
  static const std::regex include(R"(#include [<"]([\w./]+)[>"])");
  for (std::sregex_iterator found(content.begin(), content.end(), include), end; found != end; ++found)
    if (own.count((*found)[1]) > 0) add_header(source, {(*found)[1], ""});
}

}  // namespace

std::string Source::text() const {
  std::string text;
  for (const auto& [name, kernel] : kernels) text += kernel;
  return text;
}

std::string add_kernel(Source& source, const std::vector<CudaText>& texts, std::size_t words,
                       const std::string& body) {
  std::string includes;
  for (const auto& text : texts) {
    add_header(source, text);
    includes += "#include \"" + text.name + "\"\n";
  }
  const auto name = "reel_" + digest(std::to_string(words) + includes + body);
  source.kernels.emplace(name, includes + "namespace reel::device {\nREEL_KERNEL(" + name + ", " +
                                   std::to_string(words) + ") {\n" + body +
                                   "}\n}  // namespace reel::device\n");
  return name;
}

}  // namespace reel::cuda

namespace reel {

std::int64_t CudaKernel::blocks_for(std::int64_t elements, int threads) {
  constexpr std::int64_t most = 1 << 20;  // which then take several elements each
  const auto blocks = (elements + threads - 1) / threads;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}

std::string cuda_name(ElementType element) {
  switch (element) {
    case ElementType::float32:
      return "float";
    case ElementType::float64:
      return "double";
    case ElementType::int32:
      return "int";
    case ElementType::int64:
      return "long long";
    case ElementType::boolean:
      return "bool";
  }
  throw InternalError("element type out of range");
}

std::string cuda_bits(ElementType element) {
  const auto size = size_of(element);
  return size == 1 ? "unsigned char" : size == 4 ? "unsigned int" : "unsigned long long";
}

}  // namespace reel
