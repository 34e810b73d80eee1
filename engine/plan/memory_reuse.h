#pragma once
#include <functional>
#include <list>
#include <unordered_map>

#include "plan/crowd.h"
#include "plan/planning.h"
#include "record/index_maps.h"

namespace reel::plan {

/// Which values of a loop's steps stand in the memory of which sequences. Asked for one value after the
/// other, when the inputs of the step have their places; those that have been given homes stand there.
class MemoryReuse {
 public:
  using PlaceOf = std::function<Place(NodeId)>;
  using IsReadLast = std::function<bool(const Place&)>;

  /// The loop is the one at `level`. `place_of`: of a value of the step that is an input, or another layout
  /// of one; `is_read_last`: whether nobody reads after the loop what stands, of all steps, in a place.
  MemoryReuse(const Context& inner, const Loop& loop, int level, const std::vector<Buffer>& buffers,
              PlaceOf place_of, IsReadLast is_read_last, Crowd& crowd);

  /// The memory of all steps of `value`, that of a sequence which the fusions that compute it read; none
  /// where there is no such memory.
  std::optional<Place> memory_for(NodeId value);

 private:
  struct Read {
    std::int32_t item;
    NodeId input;
  };

  void find_reads();
  bool may_write(const Place& part, std::int32_t writer);
  std::optional<Place> memory_behind(const Place& sequence, const TensorType& type, const Concat& joined);

  const Context& inner_;
  const Loop& loop_;
  const int level_;
  const std::vector<Buffer>& buffers_;
  const PlaceOf place_of_;
  const IsReadLast is_read_last_;
  Crowd& crowd_;
  bool has_looked_ = false;
  std::set<std::int32_t> invariant_buffers_;                        // read at every step
  std::unordered_map<std::int32_t, std::vector<Read>> reads_;       // by buffer
  std::unordered_map<std::int32_t, std::list<NodeId>> candidates_;  // what an item reads of sequences
  std::unordered_map<std::int32_t, std::vector<Place>> taken_;      // by buffer
};

}  // namespace reel::plan
