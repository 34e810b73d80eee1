#pragma once
/// @file
/// @ingroup programs
/// How a program is compiled.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "visibility.h"

namespace REEL_PUBLIC reel {

/// How products of float32 matrices are computed by devices that can choose; the others do it in float32.
/// Matrices and results are float32, and sums are added up in float32, whichever it is.
enum class ProductPrecision : std::uint8_t {
  float32,  ///< factors as they are
  tf32,  ///< factors rounded to 10 bits behind the point (NVIDIA's TensorFloat-32): relative errors of 5e-4
  bfloat16  ///< factors rounded to 7 bits behind the point: relative errors of 4e-3
};

/// What is saved where a derivative reads values of forward steps. Each may be kept of all steps, or be
/// computed again from others that are: never a product, only what is done element by element.
enum class Saving : std::uint8_t {
  time_and_memory,  ///< time, and memory: above 256 KB a value, it counts twice
  time,             ///< what takes less time by measured costs
  memory            ///< kept is as little as can be
};

/// How a program is compiled; set by options such as CheckFinite and Without("split").
struct CompileOptions {
  /// Whether results that are infinite or NaN are errors; see the option CheckFinite.
  bool check_finite = false;

  /// Operations that the host runs where the device has no kernel for them.
  std::set<std::string> on_host;

  /// How factors of products are rounded.
  ProductPrecision products = ProductPrecision::float32;

  /// What is saved for derivatives.
  Saving saving = Saving::time_and_memory;

  /// Which passes it takes and leaves out, by their numbers in all_passes().
  /// @{
  bool takes(std::size_t pass) const { return (left_out_ >> pass & 1) == 0; }
  void leave_out(std::size_t pass) { left_out_ |= std::uint64_t{1} << pass; }
  void leave_out_all() { left_out_ = ~std::uint64_t{0}; }
  /// @}

 private:
  std::uint64_t left_out_ = 0;
};

/// An option: compiles what was recorded, node by node, without any pass.
inline constexpr auto AsRecorded = [](CompileOptions& options) { options.leave_out_all(); };

/// An option: products of a program are computed faster and less precisely, on devices that can; see
/// ProductPrecision. As in TrainingStep step(model, Adam(1e-3), loss, TF32Products).
inline constexpr auto TF32Products = [](CompileOptions& options) {
  options.products = ProductPrecision::tf32;
};
/// The same with ProductPrecision::bfloat16.
inline constexpr auto BFloat16Products = [](CompileOptions& options) {
  options.products = ProductPrecision::bfloat16;
};

/// An option: a program that holds derivatives runs in as little time as can be had by what it keeps for
/// them; see Saving. As in TrainingStep step(model, Adam(1e-3), loss, LeastTime).
inline constexpr auto LeastTime = [](CompileOptions& options) { options.saving = Saving::time; };
/// The same for as little memory.
inline constexpr auto LeastMemory = [](CompileOptions& options) { options.saving = Saving::memory; };

/// An option: a RunError where a result is not finite, or a value that is about to be written into a
/// variable; variables, those of optimisers too, stay as they were. It names the first operation on the way
/// to such elements whose result is not finite though its operands are, with its scope and step and the
/// derivative it is part of; or the argument or parameter that held the value. What becomes finite again is
/// no fault: the -inf of a mask before a softmax, an infinite slope that nothing arrives at. Where an
/// infinity that was handed in or written as a literal becomes a NaN, as where a mask leaves a row nothing,
/// the operation that makes the NaN is named. To find it, the program is run once more, without its effects.
/// For debugging: it runs every operation by itself.
inline constexpr auto CheckFinite = [](CompileOptions& options) {
  options.check_finite = true;
  AsRecorded(options);  // so that errors name it
};

/// An option, as OnHost({"sort"}): where the device has no kernel for one of these operations, the reference
/// kernel runs, on copies of its operands in the host's memory. Without it, that is refused when a program is
/// compiled.
class OnHost {
 public:
  /// Of the operations of these names.
  explicit OnHost(std::set<std::string> operations) : operations_(std::move(operations)) {}
  /// Adds them to CompileOptions::on_host.
  void operator()(CompileOptions& options) const {
    options.on_host.insert(operations_.begin(), operations_.end());
  }

 private:
  std::set<std::string> operations_;
};

}  // namespace reel
