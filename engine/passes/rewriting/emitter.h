#pragma once
#include <optional>
#include <vector>

#include <reel/tape.h>

#include "record/index_maps.h"

namespace reel::passes {

/// Appends nodes to a tape in their simplest form, each but once: the same operation on the same operands
/// with the same attributes is one node.
class Emitter {
 public:
  /// `nodes` is about how many there will be.
  explicit Emitter(Tape& tape, NodeId nodes = 0);

  NodeId emit(const Operation& operation, const std::vector<NodeId>& inputs, const Attributes& attributes,
              const std::string& label = "");
  /// The same of node `id` of another tape that is in its simplest form already: it and all that it is made
  /// of come as they are. `inputs` are its operands here.
  NodeId adopt(const Tape& source, NodeId id, const std::vector<NodeId>& inputs);
  NodeId fill(double value, const TensorType& type);

  Tape& tape() { return tape_; }
  const Node& node(NodeId id) const { return tape_.node(id); }
  NodeId input(NodeId id, std::size_t i = 0) const { return tape_.inputs(id)[i]; }
  bool is(NodeId id, const Operation& operation) const { return node(id).operation == &operation; }
  /// What a concat joins. Many slices of one are looked at in turn: it is the last one's until another is
  /// asked for.
  const Concat& concat(NodeId id);
  /// The value of a node that is the same everywhere, where it is known.
  std::optional<double> uniform_value(NodeId id) const;

 private:
  Tape& tape_;
  /// A hash table of the nodes: open addressing, a power of two of slots, at most half of them taken.
  struct Slot {
    std::size_t hash = 0;
    NodeId id = -1;
  };
  /// Where such a node is, or has its place.
  Slot& slot(const Operation& operation, const std::vector<NodeId>& inputs, const Attributes& attributes);
  NodeId take(Slot& slot, NodeId id);
  void grow();
  std::vector<Slot> slots_;
  std::size_t taken_ = 0;
  std::pair<NodeId, Concat> last_concat_{-1, {}};
};

/// A simpler node of the same value, emitted, where one of the rules applies.
std::optional<NodeId> rewrite(Emitter& emitter, const Operation& operation, const std::vector<NodeId>& inputs,
                              const Attributes& attributes);

}  // namespace reel::passes
