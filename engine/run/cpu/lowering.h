#pragma once
#include <map>
#include <set>
#include <unordered_map>

#include <reel/body.h>

#include "passes/pipeline.h"
#include "run/cpu/cpu_plan.h"
#include "run/cpu/schedule.h"
#include "run/out_of_memory.h"

namespace reel::cpu {

/// From a tape to a plan for the CPU runner.
class Lowering {
 public:
  Lowering(const Tape& tape, std::vector<NodeId> outputs, int threads, const CompileOptions& options)
      : tape_(tape),
        outputs_(std::move(outputs)),
        threads_(threads),
        options_(options),
        fuses_(takes(options, "fuse")) {}

  std::unique_ptr<CpuPlan> run();

 private:
  struct Use {
    Place place;
    bool writes;
  };
  struct Block;
  /// An instruction whose memory has no address yet.
  struct Line {
    Instruction instruction;
    std::vector<Use> uses;
    std::shared_ptr<Block> body;  // of a loop
  };
  struct Block {
    std::vector<Line> lines;
    /// Copies and prepared forms of values, made once.
    struct Form {
      Place of;
      const Operation* operation;  // whose prepared form it is; null for a contiguous copy
      Attributes attributes;
      std::vector<std::int64_t> result;  // strides of what the operation computes
      Place place;
    };
    std::vector<Form> forms;
  };

  /// A tape that is being lowered: the outermost, or the body of an unroll.
  struct Context {
    Context(const Tape& tape, const Live& live, int level) : tape(tape), live(live), level(level) {}
    const Tape& tape;
    const Live& live;
    const int level;  // loops around it
    Schedule schedule;
    std::vector<Place> places;
    /// Where values that are not computed yet are to be written.
    std::unordered_map<NodeId, Place> homes;
    /// Read outside of the item that computes it.
    std::vector<bool> escapes;
    /// The last item that reads a value, other layouts of it included; -1 where none does.
    std::vector<std::int32_t> last_reader;
    /// Users see it as it is: no slice, no other layout.
    std::vector<bool> read_as_is;
    std::vector<bool> wanted;  // from outside
    std::int32_t item = 0;     // being lowered
    /// Memory of sequences that values of the steps take over.
    std::vector<Place> taken;
    std::set<std::int32_t> invariant_buffers;  // read at every step
    /// For buffers of the tape around: whether nobody reads them after this unroll.
    std::map<std::int32_t, bool> is_read_last;

    bool computed(NodeId id) const { return schedule.item_of[id] >= 0; }
    const Operation& operation(NodeId id) const { return *tape.node(id).operation; }
    NodeId source(NodeId id) const;
  };
  struct Loop {
    UnrollNode unroll;
    const Live::Loop* live = nullptr;
    std::vector<NodeId> inputs = {};  // operands, on the outer tape
    std::size_t first_carry = 0;

    struct Carry {
      Place place, final;
      bool copied = false;  // from next at the end of a step
    };
    std::vector<Carry> carries = {};
    std::map<NodeId, Place> stacked = {}, summed = {};  // body value, memory of the projection
    std::map<NodeId, Place> totals = {};                // of what is summed, while the loop runs
    std::vector<std::pair<NodeId, Place>> first_copies = {}, last_copies = {};  // value, where it is wanted
    std::vector<std::pair<NodeId, Place>> after = {};  // projection, where it is wanted
    std::map<NodeId, Place> saved = {};  // values given at the start of a step, kept for its end

    const Body& body() const { return *unroll.body; }
    bool live_carry(std::size_t k) const { return live->body.carries[k]; }
  };

  // lowering.cpp
  void prepare_context(Context& context, const std::vector<NodeId>& wanted);
  void give_results_homes(Context& context);
  void give_parts_homes(Context& context);
  void lower_items(Context& context);
  void lower_kernel(Context& context, NodeId id);
  void lower_joined(Context& context, NodeId id);
  void lower_shift(Context& context, NodeId id);
  void lower_updates(Context& context);

  // lowering_cluster.cpp
  void lower_cluster(Context& context, const Item& item);

  // lowering_unroll.cpp
  void lower_unroll(Context& outer, NodeId id);
  void place_carries(Context& outer, Context& inner, Loop& loop);
  void place_projections(Context& outer, Context& inner, Loop& loop);
  void copy_given(Context& inner, Loop& loop);
  void add_to_sums(Context& inner, const Loop& loop);
  void end_step(Context& inner, Loop& loop);
  void round_totals(Context& outer, const Loop& loop);
  bool may_overwrite_carry(const Context& inner, NodeId carry, NodeId next) const;

  // memory_reuse.cpp
  std::optional<Place> memory_to_take_over(Context& outer, Context& inner, const Loop& loop, NodeId value);
  bool is_last_use(const Context& outer, const Place& place) const;
  bool may_take_over(Context& inner, const Place& part, std::int32_t writer);

  // lowering_memory.cpp
  const Place& place(Context& context, NodeId id);
  Place leaf_place(Context& context, NodeId id);
  Place home_or_buffer(Context& context, NodeId id);
  Place external(Plan::Base base, const TensorType& type);
  Place filled(double value, const TensorType& type);
  const void* uniform_element(const Place& place) const;
  Place new_buffer(const TensorType& type, int level, bool kept = false);
  Place contiguous(const Place& place);
  Place prepared(const Operation& operation, const CpuRequest& request, const Place& operand);
  void add_copy(const Place& from, const Place& to, int level, const std::string& what);
  void add_kernel(CpuKernel kernel, std::vector<Use> uses, int level, Note note);
  void add_cluster(const Shape& shape, const std::vector<Place>& inputs,
                   const std::vector<Cluster::Step>& steps, const std::vector<std::pair<int, Place>>& outputs,
                   int level, Note note, const std::vector<Place>& totals = {});
  void add_line(Line line, int level);

  // lowering_finish.cpp
  void flatten(const Block& block, std::int32_t level);
  void find_lifetimes();
  Holder holder(std::size_t buffer) const;
  Operand operand(const Place& place);
  void divide_work();
  void finish_plan();

  const Tape& tape_;
  const std::vector<NodeId> outputs_;
  const int threads_;
  const CompileOptions& options_;
  const bool fuses_;
  std::unique_ptr<CpuPlan> plan_ = std::make_unique<CpuPlan>();
  std::vector<Block*> blocks_;  // being written, outermost first
  std::vector<Buffer> buffers_;
  std::vector<bool> buffer_kept_;
  std::vector<NodeId> updates_;
  /// Buffers of a carry at every step, with a slot more for its initial value.
  struct History {
    const Tape* tape;  // of the unroll
    NodeId initial;
    bool reverse;
    Place place;
    std::int64_t slots() const { return place.layout.type.shape[0]; }
    /// Slot t holds the state before step t where the unroll runs forwards, after it where it runs backwards.
    std::int64_t first_before() const { return reverse ? 1 : 0; }
    std::int64_t first_after() const { return reverse ? 0 : 1; }
    /// [T, ...]: the state before and after every step.
    Place before() const { return slice_of(place, 0, first_before(), first_before() + slots() - 1); }
    Place after() const { return slice_of(place, 0, first_after(), first_after() + slots() - 1); }
    Place slot(std::int64_t position) const;
    /// Before the first step, and after the last.
    Place start() const { return slot(reverse ? slots() - 1 : 0); }
    Place end() const { return slot(reverse ? 0 : slots() - 1); }
  };
  std::vector<History> histories_;
  /// Read when all instructions are done, and where the plan wants to know their memory.
  std::vector<std::pair<Place, Operand*>> read_at_end_;
  std::vector<Line> flat_;
  std::map<std::pair<std::uint64_t, int>, int> uniform_bases_;
};

Note note_of(const Tape& tape, NodeId id);

}  // namespace reel::cpu
