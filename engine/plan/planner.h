#pragma once
#include "passes/pipeline.h"
#include "plan/crowd.h"
#include "plan/make_plan.h"
#include "plan/overwritable.h"
#include "plan/planning.h"

namespace reel::plan {

/// From a tape to a plan, item by item. Values are written where they are wanted: into their [T, ...] buffer,
/// their part of a concat, the caller's array.
class Planner {
 public:
  Planner(const Tape& tape, const std::vector<NodeId>& outputs, const Target& target,
          const CompileOptions& options)
      : tape_(tape),
        outputs_(outputs),
        target_(target),
        options_(options),
        fuses_(passes::takes(options, "fuse")),
        sums_after_loops_(passes::takes(options, "sums")) {}

  Plan run();

 private:
  // planner.cpp
  void prepare_context(Context& context, const std::vector<NodeId>& wanted);
  void give_results_homes(Context& context);
  void give_parts_homes(Context& context);
  void plan_items(Context& context);
  void plan_concat(Context& context, NodeId id);
  void plan_pad(Context& context, NodeId id);
  void plan_shift(Context& context, NodeId id);
  void plan_scan(Context& context, NodeId id);
  void plan_updates(Context& context);

  // plan_kernel.cpp
  /// An operation that is about to be called.
  struct Calling {
    Call call;
    std::vector<Use> uses;  // its operands
    bool any_layout;
  };
  void plan_kernel(Context& context, NodeId id);
  Takes takes_of(const Operation& operation, const KernelRequest& request) const;
  Calling begin_call(const Operation& operation, const Attributes& attributes,
                     const std::vector<const Place*>& operands, const TensorType& result);
  void end_call(Calling calling, const Place* home, int level, bool cached, Note note);
  Place prepared(const KernelRequest& request, const Operation& operation, const Place& operand);
  void add_call(Work::Kind kind, Call call, std::vector<Use> uses, int level, Note note);

  // plan_fusion.cpp
  void plan_fusion(Context& context, const Item& item);
  Overwritable inputs_read_last(const Context& context, const std::vector<Place>& inputs);
  const Place& put_output(Context& context, NodeId id, Overwritable& inputs_read_last);
  std::uint32_t number_of(Fusion fusion);
  void finish_columns(Context& context, NodeId id, const Place& totals);
  void add_fusion(Fusion fusion, const std::vector<Place>& inputs, const std::vector<Place>& outputs,
                  const std::vector<Place>& totals, int level, Note note);

  // plan_loop.cpp
  void plan_unroll(Context& outer, NodeId id);
  void place_carries(Context& outer, Context& inner, Loop& loop);
  const History& new_history(Context& context, NodeId initial, std::int64_t steps, bool reverse);
  Loop::Carry place_in_history(Context& outer, Context& inner, Loop& loop, const UnrollOperand& carry);
  Loop::Carry place_by_itself(Context& outer, Context& inner, const UnrollOperand& carry, bool overwritten);
  void place_projections(Context& outer, Context& inner, Loop& loop);
  void write_every_step(Context& inner, Loop& loop, NodeId value, const Place& step);
  void place_sums(Context& outer, Context& inner, Loop& loop);
  void place_sum(Context& outer, Loop& loop, NodeId value, const Place& sum);
  void copy_given(Context& inner, Loop& loop);
  void end_step(Context& inner, Loop& loop);
  bool is_last_use(const Context& outer, const Place& place);
  bool nobody_reads_later(const Context& outer, const Place& place, const Place* part) const;
  bool may_overwrite_carry(const Context& inner, NodeId carry, NodeId next) const;

  // plan_sums.cpp
  void add_to_sums(Context& inner, const Loop& loop);
  void add_in_one_pass(Context& inner, const Loop& loop, const std::vector<NodeId>& values);
  void add_by_kernels(Context& inner, const Loop& loop, NodeId value);
  void round_totals(Context& outer, const Loop& loop);
  static std::optional<NodeId> only_sum_of(const Context& outer, const Loop& loop, NodeId value);
  void add_up_kept(Context& outer, const Loop& loop);
  void add_cast(const Place& from, const Place& to, int level, Note note);

  // plan_memory.cpp
  const Place& place(Context& context, NodeId id);
  Place leaf_place(Context& context, NodeId id);
  /// Puts a value where it is to be written, or into a buffer of its own.
  const Place& put_home_or_buffer(Context& context, NodeId id);
  Place external(Base base, const TensorType& type);
  Place filled(double value, const TensorType& type);
  Place new_buffer(const TensorType& type, int level, bool cached = false);
  Place contiguous(const Place& place);
  void add_version(Block::Version version);
  void add_copy(const Place& from, const Place& to, int level, const std::string& what);
  void add_line(Line line, int level);

  const Tape& tape_;
  const std::vector<NodeId>& outputs_;
  const Target& target_;
  const CompileOptions& options_;
  const bool fuses_, sums_after_loops_;
  Plan plan_;
  Crowd crowd_{plan_.limits};
  std::vector<Block*> blocks_;  // being written, outermost first
  std::vector<NodeId> updates_;
  std::unordered_map<std::int32_t, History> histories_;  // by buffer
  /// For buffers in which very many values stand, whether all are read for the last time by an item.
  std::unordered_map<std::int32_t, std::pair<std::int32_t, bool>> last_uses_;
  /// Read when all work is done, and where the plan keeps their addresses.
  std::vector<std::pair<Place, Address*>> read_at_end_;
  std::map<std::pair<std::uint64_t, int>, int> uniform_bases_;
  std::unordered_multimap<std::size_t, std::uint32_t> fusions_;  // of the plan, by hash
};

Note note_of(const Tape& tape, NodeId id);

}  // namespace reel::plan
