#pragma once
#include <memory>
#include <string>
#include <vector>

namespace reel::cuda {

/// A library that is opened while the program runs, so that it starts where there is none.
class Library {
 public:
  /// The first of these names that the system finds. Throws Error that says for what it is wanted.
  Library(const std::string& purpose, const std::vector<std::string>& names);

  /// A function by its name and its declaration: library.find<decltype(cuInit)>("cuInit"). Throws Error where
  /// this version has none.
  template <class F>
  F* find(const char* name) const {
    return reinterpret_cast<F*>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;

  std::string name_;
  std::shared_ptr<void> handle_;
};

/// The names of a library of the toolkit, "cublasLt", in the versions that this machine's driver can work
/// with, the newest first; in $CUDA_PATH and /usr/local/cuda too.
std::vector<std::string> toolkit_library(const std::string& stem);

}  // namespace reel::cuda
