#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "run/cpu/compiled/pass_code.h"

namespace reel::cpu {

/// A pass as machine code: what is made of an element is in registers from where it is read to where it is
/// written, and on the stack where these do not suffice.
class CompiledPass {
 public:
  /// Memory of an operand or a result: its first element, and the bytes from row to row. Elements of a row
  /// stand side by side.
  struct Place {
    std::byte* first;
    std::int64_t pitch;
  };
  /// Where one call finds its places, the operands' first, then the results'; they are changed.
  struct Call {
    std::int64_t rows, columns;
    std::int64_t whole_bytes, rest;  // of a row: in whole vectors, and elements behind them
    std::uint64_t rest_mask;         // a bit for each of the latter
    const void* rest_lanes;          // 32-byte vectors: lanes of ones, then of zeros
    Place places[1];                 // as many as there are
  };
  static constexpr std::size_t call_bytes(std::size_t places) {
    return sizeof(Call) + places * sizeof(Place);
  }

  virtual ~CompiledPass() = default;

  /// On so many rows of so many columns, of which there is one at least, with the places filled in.
  void run(Call& call, std::int64_t rows, std::int64_t columns) const;

 protected:
  CompiledPass(std::int64_t element_bytes, std::int64_t vector_bytes)
      : element_bytes_(element_bytes), lanes_(vector_bytes / element_bytes) {}
  using Code = void (*)(Call*);
  Code code_ = nullptr;

 private:
  std::int64_t element_bytes_, lanes_;  // of a vector: a power of two
};

/// Compiles a pass for this processor: with `orders` two vectors at once, in an order in which few
/// instructions wait for one another; otherwise one, as its instructions stand. Null where that cannot be:
/// Reel was built without an assembler, or the system gives no memory for code.
std::shared_ptr<const CompiledPass> compile_pass(const PassCode& code, bool orders = true);

}  // namespace reel::cpu
