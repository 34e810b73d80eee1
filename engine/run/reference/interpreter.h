#pragma once
#include <map>

#include <reel/variable.h>

#include "passes/liveness.h"
#include "plan/arguments.h"
#include "record/unroll_operands.h"
#include "run/reference/value.h"

namespace reel::reference {

/// A tape that is run node by node: nothing is planned, moved or shared.
struct Program {
  std::unique_ptr<Tape> tape;
  std::vector<NodeId> outputs;
  passes::Live live;
  std::vector<plan::Argument> arguments;

  /// Throws RecordError where a live operation has no reference kernel.
  Program(const Tape& tape, const std::vector<NodeId>& outputs);
};

/// One run of a program. Recursive only over the nesting of unrolls.
class Interpreter {
 public:
  /// The numbers of the run, by the variables that count them: taken once, and again the same where they are
  /// there already.
  using RunNumbers = std::map<const Variable*, std::int64_t>;

  /// All must outlive it.
  Interpreter(const Program& program, const std::vector<const Array*>& arguments, RunNumbers& numbers)
      : program_(program), arguments_(arguments), numbers_(numbers) {}
  virtual ~Interpreter() = default;

  void run();

  struct Update {
    std::shared_ptr<Variable> variable;
    Value value;
  };
  const std::vector<Value>& outputs() const { return outputs_; }
  const std::vector<Update>& updates() const { return updates_; }
  /// Calls `f` with every value that the run leaves.
  template <class F>
  void for_each_result(const F& f) const {
    for (const auto& output : outputs_) f(output);
    for (const auto& update : updates_) f(update.value);
  }

 protected:
  /// An operation that is done now.
  struct Call {
    const Operation& operation;
    const Attributes& attributes;
    const Origin& origin;
    Span<const Value> inputs;
    Span<const std::int64_t> steps;  // of the unrolls around it
    const Tape* tape = nullptr;      // where the inputs may have names, and who reads them there
    NodeId id = -1;
  };

  /// Runs the kernel; `output` is null of what has no value. Throws RunError and MemoryError that name it.
  virtual void compute(const Call& call, Block* output);
  /// Memory for a value.
  virtual std::shared_ptr<Block> make(const TensorType& type);
  /// What was handed in: an argument, a variable or a constant of that name.
  virtual Value handed_in(const std::string& name, const TensorType& type, const void* elements);

  /// What is said of a call: operation, origin and operands.
  static std::string describe(const Call& call, const std::string& what);

 private:
  /// The values of a tape, and what of it is wanted.
  struct Frame {
    const Tape& tape;
    const passes::Live& live;
    std::vector<Value> values;
  };
  /// What an unroll gives while it runs.
  struct Results;

  void evaluate(Frame& frame);
  Value leaf(const Tape& tape, NodeId id);
  Value apply(const Call& call, const TensorType& type);
  Value cast(const Value& value, ElementType element, const Origin& origin);
  void unroll(Frame& outer, NodeId id);
  void step(Frame& inner, const UnrollOperands& operands, Results& results, std::int64_t position);
  std::string lacks_memory(const std::string& what) const;
  std::string no_memory_for(const Call& call, const TensorType& type) const;

  const Program& program_;
  const std::vector<const Array*>& arguments_;
  RunNumbers& numbers_;
  std::vector<std::int64_t> steps_;
  std::vector<Value> inputs_;     // of the node that is evaluated
  std::vector<ConstView> views_;  // of the operation that is computed
  std::vector<Value> outputs_;
  std::vector<Update> updates_;
};

}  // namespace reel::reference
