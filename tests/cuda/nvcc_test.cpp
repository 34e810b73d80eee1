// nvcc reads the texts of kernels too, for its warnings.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "catch.h"
#include "directory.h"
#include "every_kernel.h"

using namespace reel;
using namespace reel::test;

namespace fs = std::filesystem;

namespace {

/// Its path; empty where there is none.
std::string nvcc() {
  const char* toolkit = std::getenv("CUDA_PATH");
  const fs::path path = fs::path(toolkit ? toolkit : "/usr/local/cuda") / "bin/nvcc";
  return fs::exists(path) ? path.string() : "";
}

/// What a device calls it has to take for its own: NVRTC is told so, nvcc takes it of constexpr functions.
std::string with_constexpr_functions(const std::string& text) {
  static const std::regex function(
      R"((\n *)(inline |static )?(V|T|To|auto|bool|Total|float|double|Bits64|Philox\w+) (operator\(\)|\w+)\()");
  return std::regex_replace(text, function, "$1$2constexpr $3 $4(");
}

/// What nvcc says.
std::string messages_of(const cuda::Source& source) {
  const Directory directory;
  const auto write = [&](const std::string& name, const std::string& text) {
    fs::create_directories((directory.path / name).parent_path());
    std::ofstream(directory.path / name, std::ios::binary) << text;
  };
  for (const auto& [name, text] : source.headers) {
    const bool is_of_the_host_too = name.find(".cuh") == std::string::npos || name == "functors.cuh";
    write(name, is_of_the_host_too ? with_constexpr_functions(text) : text);
  }
  write("all.cu", source.text());
  const auto log = (directory.path / "log").string();
  const auto command = nvcc() + " -std=c++20 -arch=sm_90 --expt-relaxed-constexpr --ptx -I" +
                       directory.path.string() + " " + (directory.path / "all.cu").string() + " -o " +
                       (directory.path / "all.ptx").string() + " > " + log + " 2>&1";
  const int status = std::system(command.c_str());
  std::stringstream text;
  text << std::ifstream(log).rdbuf();
  return status == 0 ? text.str() : "it fails: " + text.str();
}

}  // namespace

TEST_CASE("nvcc has no warning for any kernel", "[cuda][ptx]") {
  if (nvcc().empty()) {
    WARN("skipped: there is no nvcc");
    return;
  }
  auto all = every_kernel();
  CHECK(messages_of(all) == "");
  cuda::Source worth_warning;
  cuda::add_kernel(worth_warning, {{"fusion.cuh", ""}}, 1, "  int unused = 3;\n");
  CHECK_THAT(messages_of(worth_warning), ContainsSubstring("warning") && ContainsSubstring("unused"));
}
