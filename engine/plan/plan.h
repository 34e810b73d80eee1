#pragma once
#include <functional>
#include <numeric>

#include <reel/kernel_request.h>
#include <reel/origin.h>

#include "met_limits.h"
#include "plan/arena.h"
#include "plan/arguments.h"
#include "plan/base.h"
#include "plan/place.h"

/// What a program does, in order, on memory whose addresses are known: the same for every device. A runner
/// makes of it what its device executes.
namespace reel::plan {

/// One operation of a fusion. Its attributes say no more than its kind and types do.
struct Member {
  enum class Kind : std::uint8_t {
    map,      ///< element by element, or row value by row value
    rows,     ///< a reduction that makes a row value of each row
    columns,  ///< a reduction along all other axes: totals of parts of the rows
    repeat    ///< a row value repeated along its row
  };
  const Operation* operation;  // null for a repeat
  Kind kind;
  std::vector<int> operands;  // values of the fusion
  ElementType result;

  bool operator==(const Member& o) const {
    return operation == o.operation && kind == o.kind && operands == o.operands && result == o.result;
  }
};

/// Maps and reductions over one shape, the space, worked on together so that what only they need is never
/// stored. Values are numbered: the operands that are read first, then the results of the members. Each has
/// an element for every element of the space or, a row value, one for every row along its last axis; the
/// layout of a row value has extent 1 there. What is written: the outputs, then the totals of each member of
/// columns.
///
/// An output may stand in the memory of an input (`overwrites`). So whoever runs a fusion promises: an
/// element is read before one is written in its place; and in a fusion with row values, the whole row. Other
/// elements, or rows, may be done before or at the same time. Kernels and copies never write where they read.
struct Fusion {
  struct Output {
    int value;
    std::vector<int> overwrites = {};  // inputs of the same address and layout

    bool operator==(const Output& o) const { return value == o.value && overwrites == o.overwrites; }
  };
  Shape space;
  std::vector<Member> members;
  std::vector<Output> outputs;

  bool operator==(const Fusion& o) const {
    return space == o.space && members == o.members && outputs == o.outputs;
  }
};

/// What a kernel is called for.
struct Call {
  const Operation* operation;
  KernelRequest request;
  /// The device has no kernel: the reference kernel runs on copies.
  bool on_host = false;
};

struct Work {
  enum class Kind : std::uint8_t {
    kernel,   ///< an operation by itself
    prepare,  ///< an operand of a kernel in the form in which it takes it
    fusion,
    finish,  ///< the result of a reduction of columns, from the totals of a fusion
    copy,    ///< from one layout to another
    loop     ///< what follows, once a step
  };
  Kind kind;
  bool reverse = false;  // of a loop: from the last step to the first
  /// From parameters alone: left out where none has changed since the last run.
  bool cached = false;
  std::int32_t end = 0;     // of a loop: the body ends before this work
  std::int64_t steps = 0;   // of a loop
  std::uint32_t index = 0;  // among the plan's fusions or calls
  /// Inputs, then outputs.
  std::uint32_t first_operand = 0;
  std::uint32_t input_count = 0, output_count = 0;

  std::uint32_t operand_count() const { return input_count + output_count; }
};

/// What work does, for people: explain(), profile() and errors.
struct Note {
  std::string what;  // "matmul", "12 in one pass: add sigmoid ..."
  Origin origin;
  std::string operands;  // "float32[32, 128], float32[128, 512] (cell/U)"
};

struct Plan {
  std::vector<Work> work;
  std::vector<Note> notes;  // of each
  std::vector<Address> operands;
  std::vector<Fusion> fusions;  // each but once
  std::vector<Call> calls;
  std::vector<Base> bases;
  std::vector<Argument> arguments;
  /// All that are read. Where one has been written, what is cached of it is computed again.
  std::vector<std::shared_ptr<Variable>> parameters;
  /// The bytes of each block that holds what is cached.
  std::vector<std::size_t> kept;

  struct Output {
    TensorType type;
    bool is_written = false;  // in its place by the work; else
    Address from;             // it is copied from here at the end
  };
  std::vector<Output> outputs;
  /// After all work, and after all outputs.
  struct Update {
    std::shared_ptr<Variable> variable;
    Address value;
  };
  std::vector<Update> updates;

  std::vector<Buffer> buffers;
  std::size_t arena_bytes = 0;
  int loop_depth = 0;
  limits::Met limits;
  bool fuses = true;  // what the device can

  std::size_t kept_bytes() const { return std::accumulate(kept.begin(), kept.end(), std::size_t{0}); }

  const Address& operand(const Work& work, std::size_t number) const {
    return operands[work.first_operand + number];
  }
};

/// A line for each piece of work: what it does, for which code, where its operands stand. `more` is put
/// behind each. In the last line the bytes of the arena and of what is kept, and `last`.
/// A device that has addresses of its own in place of the plan's says where an operand stands: `where`.
std::string explain(const Plan& plan, const std::function<std::string(std::size_t work)>& more = nullptr,
                    const std::string& last = "",
                    const std::function<std::string(std::size_t operand)>& where = nullptr);
/// "arena+10368+96t0"
std::string address_text(const Plan& plan, int base, std::int64_t offset, Span<const Stride> steps);

/// What holds the memory of a plan, the largest first: "float32[2, 3] of tanh (24 bytes), ...".
std::string what_holds_memory(const Plan& plan);

/// What an error says that comes about in a piece of work at these steps of the loops around it.
std::string message_of(const Plan& plan, std::size_t work, const std::string& what,
                       Span<const std::int64_t> steps);

}  // namespace reel::plan
