#pragma once
#include <optional>

#include "run/cpu/cluster/uses.h"

namespace reel::cpu {

/// How the groups of a cluster that are compiled become pieces: what each reads and writes in the memory of
/// inputs and outputs itself, and what in tiles.
class Cluster::Pieces {
 public:
  /// A piece as it is put together.
  struct Draft {
    PassCode code;
    Piece piece;
    std::vector<int> values;                    // of the code, by those of the cluster
    std::vector<std::pair<int, int>> operands;  // inputs read in place, and their operands
    std::vector<int> tiles;                     // values that are made in memory
  };

  Pieces(const Cluster& cluster, const std::vector<Input>& inputs, const std::vector<Member>& steps,
         const std::vector<Output>& outputs, const Uses& uses);

  /// In the order of their groups. None where there is no memory for code.
  std::optional<std::vector<Draft>> compile(CompiledPasses& passes);

  /// Whether an input is brought into tiles, and not read in place by all that take it.
  bool is_loaded(int input) const { return uses_.is_taken_by_loop(input) || !is_read_in_place(input); }
  /// Whether a piece writes an output itself; asked once they are compiled.
  bool is_written(std::size_t output) const { return is_written_[output]; }

 private:
  void choose_rows_or_tiles();
  bool is_in_place(const Access& access) const;
  bool is_read_in_place(int value) const;
  bool is_input(int value) const { return static_cast<std::size_t>(value) < inputs_.size(); }
  Draft draft_of(int g);
  int code_value(Draft& draft, int value) const;
  void add_results(Draft& draft, int g, int value);

  const Cluster& of_;
  const std::vector<Input>& inputs_;
  const std::vector<Member>& steps_;
  const std::vector<Output>& outputs_;
  const Uses& uses_;
  bool is_side_by_side_ = false;  // rows in pieces
  std::vector<bool> is_written_;  // outputs
};

}  // namespace reel::cpu
