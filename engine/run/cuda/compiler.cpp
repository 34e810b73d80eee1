#include "run/cuda/compiler.h"

#include <reel/error.h>

#include "run/cuda/library.h"

#if !defined(REEL_HAS_CUDA)

namespace reel::cuda {

namespace {

[[noreturn]] void refuse() { throw Error("[Device] this Reel was built without CUDA"); }

}  // namespace

Compiled compile(const Source&, const std::string&) { refuse(); }
std::string architecture_for(int) { refuse(); }
std::string compiler_version() { refuse(); }

}  // namespace reel::cuda

#else
#include <nvrtc.h>

#include <algorithm>
#include <vector>

namespace reel::cuda {

namespace {

/// The functions of NVRTC that are called.
struct Nvrtc {
  Library library{"NVIDIA's run-time compiler", toolkit_library("nvrtc")};
#define REEL_FUNCTION(name) decltype(::name)* name = library.find<decltype(::name)>(#name);
  REEL_FUNCTION(nvrtcVersion)
  REEL_FUNCTION(nvrtcGetNumSupportedArchs)
  REEL_FUNCTION(nvrtcGetSupportedArchs)
  REEL_FUNCTION(nvrtcCreateProgram)
  REEL_FUNCTION(nvrtcDestroyProgram)
  REEL_FUNCTION(nvrtcCompileProgram)
  REEL_FUNCTION(nvrtcGetProgramLogSize)
  REEL_FUNCTION(nvrtcGetProgramLog)
  REEL_FUNCTION(nvrtcGetCUBINSize)
  REEL_FUNCTION(nvrtcGetCUBIN)
  REEL_FUNCTION(nvrtcGetPTXSize)
  REEL_FUNCTION(nvrtcGetPTX)
  REEL_FUNCTION(nvrtcGetErrorString)
#undef REEL_FUNCTION

  void check(nvrtcResult result, const char* what) const {
    if (result != NVRTC_SUCCESS)
      throw Error("[Device] " + std::string(what) + ": " + nvrtcGetErrorString(result));
  }
};

const Nvrtc& nvrtc() {
  static const Nvrtc functions;
  return functions;
}

/// A program while it is compiled.
class Compilation {
 public:
  explicit Compilation(const Source& source) {
    const auto text = source.text();
    std::vector<const char*> names, texts;
    for (const auto& [name, header] : source.headers) {
      names.push_back(name.c_str());
      texts.push_back(header.c_str());
    }
    nvrtc().check(nvrtc().nvrtcCreateProgram(&program_, text.c_str(), "kernels.cu",
                                             static_cast<int>(names.size()), texts.data(), names.data()),
                  "kernels cannot be handed to the compiler");
  }
  Compilation(const Compilation&) = delete;
  ~Compilation() { nvrtc().nvrtcDestroyProgram(&program_); }

  void run(const std::string& architecture) {
    const auto target = "--gpu-architecture=" + architecture;
    const char* options[] = {target.c_str(), "--std=c++17", "--device-as-default-execution-space",
                             "--fmad=true", "--ptxas-options=-v"};
    const auto result = nvrtc().nvrtcCompileProgram(program_, std::size(options), options);
    if (result != NVRTC_SUCCESS)
      throw Error("[Device] kernels do not compile for " + architecture + ": " +
                  nvrtc().nvrtcGetErrorString(result) + "\n" + messages());
  }
  std::string machine_code() const { return result(nvrtc().nvrtcGetCUBINSize, nvrtc().nvrtcGetCUBIN); }
  std::string ptx() const { return result(nvrtc().nvrtcGetPTXSize, nvrtc().nvrtcGetPTX); }

  std::string messages() const { return result(nvrtc().nvrtcGetProgramLogSize, nvrtc().nvrtcGetProgramLog); }

 private:
  template <class Size, class Get>
  std::string result(Size size_of, Get get) const {
    std::size_t size = 0;
    nvrtc().check(size_of(program_, &size), "the compiler gives nothing");
    std::string text(size, '\0');
    nvrtc().check(get(program_, text.data()), "the compiler gives nothing");
    return text;
  }

  nvrtcProgram program_ = nullptr;
};

}  // namespace

Compiled compile(const Source& source, const std::string& architecture) {
  Compilation compilation(source);
  compilation.run(architecture);
  const bool is_virtual = architecture.rfind("compute_", 0) == 0;
  return {is_virtual ? "" : compilation.machine_code(), compilation.ptx(), compilation.messages()};
}

std::string architecture_for(int capability) {
  int count = 0;
  nvrtc().check(nvrtc().nvrtcGetNumSupportedArchs(&count), "the compiler does not say what it compiles for");
  std::vector<int> known(static_cast<std::size_t>(count));
  nvrtc().check(nvrtc().nvrtcGetSupportedArchs(known.data()),
                "the compiler does not say what it compiles for");
  if (std::count(known.begin(), known.end(), capability) > 0) return "sm_" + std::to_string(capability);
  const auto oldest = std::min_element(known.begin(), known.end());
  if (count == 0 || capability < *oldest)
    throw Error("[Device] NVRTC " + compiler_version() + " compiles for compute capabilities from " +
                std::to_string(count == 0 ? 0 : *oldest) + " on, and the device has " +
                std::to_string(capability));
  int newest = *oldest;
  for (int each : known)
    if (each < capability) newest = std::max(newest, each);
  return "compute_" + std::to_string(newest);
}

std::string compiler_version() {
  int major = 0, minor = 0;
  nvrtc().check(nvrtc().nvrtcVersion(&major, &minor), "the compiler does not say its version");
  return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace reel::cuda

#endif
