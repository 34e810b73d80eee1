#include "passes/residuals/reader.h"

#include "record/unroll_builder.h"

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

class ReaderAnew {
 public:
  ReaderAnew(Tape& tape, NodeId reader, const Residuals& residuals)
      : residuals_(residuals),
        unroll_(UnrollNode::of(tape.node(reader).attributes)),
        step_(*unroll_.body->tape),
        operands_(UnrollOperands::of(tape, reader)),
        source_(UnrollNode::of(tape.node(residuals.from).attributes)),
        source_step_(*source_.body->tape),
        source_operands_(UnrollOperands::of(tape, residuals.from)),
        builder_(tape),
        of_source_(source_step_.size(), -1),
        of_reader_(step_.size(), -1) {}

  NewReader run(const Choice& choice) {
    for (auto id : choice.kept) had(id);
    for (auto id : choice.recomputed) compute_again(id);
    take_operands();
    for (NodeId id = 0; id < step_.size(); ++id)
      if (of_reader_[id] < 0)
        of_reader_[id] = copy(step_, id, [&](NodeId input) { return of_reader_[input]; });
    for (const auto& carry : operands_.carries())
      builder_.hand_on(of_reader_[carry.inner], of_reader_[carry.next]);
    return {builder_.finish(unroll_), std::move(of_reader_)};
  }

 private:
  template <class Mapped>
  NodeId copy(const Tape& from, NodeId id, const Mapped& mapped) {
    NodeIds inputs;
    for (auto input : from.inputs(id)) inputs.push_back(mapped(input));
    return builder_.step().append_copy(from, id, inputs);
  }

  /// A value of the source in the new step: computed in it, or kept.
  NodeId had(NodeId id) {
    if (of_source_[id] < 0) of_source_[id] = builder_.value_of(residuals_.from, source_operands_, id);
    return of_source_[id];
  }

  void compute_again(NodeId id) {
    if (of_source_[id] < 0) of_source_[id] = copy(source_step_, id, [&](NodeId input) { return had(input); });
  }

  /// Those of the reader, in their order; instead of residuals what they are had from.
  void take_operands() {
    std::vector<bool> is_residual(operands_.sequences().size());
    for (const auto& [value, position] : residuals_.used) is_residual[position] = true;
    for (const auto& sequence : operands_.sequences())
      if (!is_residual[sequence.position]) take(sequence);
    for (const auto& [value, position] : residuals_.used)
      of_reader_[operands_.sequences()[position].inner] = had(value);
    for (const auto& operand : operands_)
      if (!operand.is_sequence()) take(operand);
  }

  void take(const UnrollOperand& operand) {
    of_reader_[operand.inner] = builder_.input(operand.kind, operand.outer, step_.label(operand.inner));
  }

  const Residuals& residuals_;
  const UnrollNode unroll_;
  const Tape& step_;
  const UnrollOperands operands_;
  const UnrollNode source_;
  const Tape& source_step_;
  const UnrollOperands source_operands_;
  UnrollBuilder builder_;
  NodeIds of_source_, of_reader_;  // what values of both bodies are in the new one
};

}  // namespace

NewReader record_reader(Tape& tape, NodeId reader, const Residuals& residuals, const Choice& choice) {
  ReaderAnew anew(tape, reader, residuals);
  tape.set_origin(tape.origin(reader));
  return anew.run(choice);
}

}  // namespace reel::passes
