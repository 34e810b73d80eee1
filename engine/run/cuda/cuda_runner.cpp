#include "run/cuda/cuda_runner.h"

#include <chrono>
#include <cstring>
#include <optional>

#include "plan/out_of_memory.h"
#include "run/cuda/fault.h"
#include "run/cuda/kept_graphs.h"
#include "run/cuda/staging.h"
#include "run/measured.h"

namespace reel::cuda {

namespace {

using Clock = std::chrono::steady_clock;

using device::Fault;

/// Launches among which a fault is told by number.
constexpr std::size_t most_launched = std::size_t{1} << 20;

constexpr std::size_t alignment = 256;
std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

std::int64_t word_of(const void* address) { return reinterpret_cast<std::intptr_t>(address); }

class CudaRunner : public Runner {
 public:
  CudaRunner(CudaPlan plan, std::shared_ptr<Board> board)
      : made_(std::move(plan)),
        plan_(made_.plan),
        board_(std::move(board)),
        driver_(*board_->driver),
        staging_(make_staging()),
        bases_(plan_.bases.size(), nullptr),
        steps_(static_cast<std::size_t>(plan_.loop_depth)) {
    load();
    keeps_graphs_ = launches_of_run(0, plan_.work.size()) <= KeptGraphs::most_kept;
    take_memory();
    upload_constants();
  }

  const std::vector<plan::Argument>& arguments() const override { return plan_.arguments; }
  std::shared_ptr<StagedArguments> stage(const std::vector<const Array*>& arguments) override {
    auto staged = std::make_shared<Staged>();
    staged->place = staging_.stage(arguments);
    return staged;
  }
  void run_staged(StagedArguments& arguments, std::vector<Array>& outputs) override {
    const auto& place = *static_cast<Staged&>(arguments).place;
    run_on(
        outputs, [&](std::size_t i, std::size_t argument) { bases_[i] = staging_.address(place, argument); },
        place.arrived.get());
  }

  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    run_on(outputs, [&](std::size_t i, std::size_t argument) {
      driver_.upload(bases_[i], arguments[argument]->raw(), arguments[argument]->bytes());
    });
  }

  std::size_t arena_bytes() const override { return plan_.arena_bytes + kept_bytes(); }
  std::size_t kept_bytes() const override { return plan_.kept_bytes(); }
  std::vector<std::pair<const void*, std::size_t>> kept_blocks() const override { return kept_->blocks(); }
  std::size_t instruction_count() const override { return made_.instructions.size(); }
  std::string explain() const override { return cuda::explain(made_); }
  Profile profile(const std::vector<const Array*>& arguments, int runs) override {
    std::vector<Array> outputs;
    return measured(plan_, runs, times_, [&] { run(arguments, outputs); });
  }

 private:
  struct Staged : StagedArguments {
    std::shared_ptr<Staging::Place> place;
  };

  /// `bind` tells where the argument of a base stands. What is launched comes after `arrived`.
  template <class Bind>
  void run_on(std::vector<Array>& outputs, Bind bind, const Event* arrived = nullptr) {
    outputs.resize(plan_.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, plan_.outputs[i].type);
    const std::lock_guard<std::mutex> lock(board_->running);
    const Arenas::Lease arena(*arena_);
    place(arena.memory());
    if (arrived) driver_.wait_for(*arrived);
    upload(bind);
    KeptOfProgram::Run run(*kept_);
    std::vector<DeviceMemory> next;
    for (const auto& update : plan_.updates) next.push_back(board_->room_for(*update.variable));
    do_work(next);
    read_results(outputs);
    driver_.finish();
    run.succeeded();
    for (std::size_t i = 0; i < plan_.updates.size(); ++i)
      board_->written(plan_.updates[i].variable, std::move(next[i]));
  }

  /// What is needed while a run goes on: the values in between, and behind them the word for faults, results,
  /// arguments, and memory that kernels work in.
  void take_memory() {
    std::size_t bytes = aligned(plan_.arena_bytes);
    const auto take = [&](std::size_t more) {
      const auto place = bytes;
      bytes += aligned(more);
      return place;
    };
    fault_at_ = take(sizeof(Fault));
    for (const auto& output : plan_.outputs) results_at_.push_back(take(output.type.bytes()));
    for (const auto& base : plan_.bases) bases_at_.push_back(take(bytes_of_run(base)));
    work_at_ = take(made_.work_bytes);
    // While nobody runs, so that there is no need for a second arena.
    const std::lock_guard<std::mutex> lock(board_->running);
    try {
      arena_.emplace(board_->arenas, bytes);
      kept_.emplace(board_->kept, plan_);
    } catch (const std::bad_alloc&) {
      refuse_memory(bytes + plan_.kept_bytes(), what_holds_memory(plan_));
    }
  }

  [[noreturn]] void refuse_memory(std::size_t bytes, const std::string& what) const {
    const auto room = driver_.room();
    plan::refuse_memory(types_of(plan_.arguments), bytes,
                        what + "; of the device's " + std::to_string(room.total) + " bytes " +
                            std::to_string(room.free) + " are free");
  }

  Staging make_staging() const {
    std::vector<std::size_t> offsets;
    std::size_t bytes = 0;
    for (const auto& argument : plan_.arguments) {
      offsets.push_back(bytes);
      bytes += aligned(argument.type.bytes());
    }
    return Staging(board_->driver, std::move(offsets), bytes);
  }

  void load() {
    for (const auto& product : made_.products) products_.push_back(driver_.prepare(product.how));
    if (made_.source.kernels.empty()) return;
    module_ = driver_.load(made_.source);
    for (auto* launches : {&made_.launches, &made_.outputs, &made_.updates})
      for (auto& launch : *launches)
        if (!launch.kernel.empty()) launch.function = module_->function(launch.kernel);
    made_.source.headers.clear();
  }

  /// What a base takes of the memory of a run.
  std::size_t bytes_of_run(const plan::Base& base) const {
    if (base.kind == plan::Base::Kind::argument) return plan_.arguments[base.position].type.bytes();
    return base.kind == plan::Base::Kind::run_number ? sizeof(std::int64_t) : 0;
  }

  void upload_constants() {
    std::size_t bytes = 0;
    for (const auto& base : plan_.bases)
      if (base.kind == plan::Base::Kind::constant) bytes += aligned(base.constant->bytes());
    constants_ = DeviceMemory(board_->driver, std::max<std::size_t>(bytes, 1));
    if (!constants_.get()) refuse_memory(bytes, "constants");
    auto* next = constants_.get();
    const std::lock_guard<std::mutex> lock(board_->running);
    for (std::size_t i = 0; i < plan_.bases.size(); ++i) {
      const auto& base = plan_.bases[i];
      if (base.kind == plan::Base::Kind::kept) bases_[i] = kept_->memory(base.position);
      if (base.kind != plan::Base::Kind::constant) continue;
      bases_[i] = next;
      next += aligned(base.constant->bytes());
      driver_.upload(bases_[i], base.constant->raw(), base.constant->bytes());
    }
  }

  /// Where everything stands in a run whose memory begins there.
  void place(std::byte* memory) {
    using Kind = plan::Base::Kind;
    fault_ = memory + fault_at_;
    work_memory_ = memory + work_at_;
    results_.clear();
    for (auto at : results_at_) results_.push_back(memory + at);
    for (std::size_t i = 0; i < plan_.bases.size(); ++i) {
      const auto& base = plan_.bases[i];
      if (base.kind == Kind::arena) bases_[i] = memory;
      if (base.kind == Kind::result) bases_[i] = results_[base.position];
      if (base.kind == Kind::argument || base.kind == Kind::run_number) bases_[i] = memory + bases_at_[i];
    }
  }

  template <class Bind>
  void upload(const Bind& bind) {
    using Kind = plan::Base::Kind;
    const Fault none{device::none_yet, 0, 0};
    driver_.upload(fault_, &none, sizeof none);
    for (std::size_t i = 0; i < plan_.bases.size(); ++i) {
      const auto& base = plan_.bases[i];
      if (base.kind == Kind::variable) bases_[i] = board_->newest(base.variable);
      if (base.kind == Kind::argument) bind(i, base.position);
      if (base.kind == Kind::run_number) {
        const auto number = base.variable->next_run();
        driver_.upload(bases_[i], &number, sizeof number);
      }
    }
  }

  /// How many launches a run is; none may be noted where the host does some of the work.
  std::int64_t launches_of_run(std::size_t begin, std::size_t end) const {
    std::int64_t count = 0;
    for (auto i = begin; i < end; ++i) {
      const auto& work = plan_.work[i];
      if (made_.instructions[i].kind == Instruction::Kind::host) return KeptGraphs::most_kept + 1;
      if (work.kind == plan::Work::Kind::loop) {
        const auto inside = launches_of_run(i + 1, static_cast<std::size_t>(work.end));
        if (inside > 0 && work.steps > KeptGraphs::most_kept / inside) return KeptGraphs::most_kept + 1;
        count += inside * work.steps;
        i = static_cast<std::size_t>(work.end) - 1;
      } else {
        count += made_.instructions[i].count;
      }
      if (count > KeptGraphs::most_kept) return count;
    }
    return count;
  }

  /// As graphs from the second time on that everything stands where it does. `next` is where new values of
  /// variables go: they are theirs when all has gone well.
  void do_work(const std::vector<DeviceMemory>& next) {
    launched_.clear();
    told_ = &launched_;
    if (times_ || !keeps_graphs_) return launch_all(next);
    auto places = bases_;
    for (const auto& memory : next) places.push_back(memory.get());
    auto& set = graphs_.of(places, kept_->to_make());
    if (!std::exchange(set.ran, true)) return launch_all(next);
    if (set.graphs.empty() && !capture(set, next)) return launch_all(next);
    told_ = &set.launched;
    for (const auto& graph : set.graphs) driver_.replay(*graph);
  }

  void launch_all(const std::vector<DeviceMemory>& next) {
    walk(0, made_.instructions.size(), 0);
    for (std::size_t i = 0; i < plan_.outputs.size(); ++i)
      if (!plan_.outputs[i].is_written)
        launch(made_.outputs[i], {address(plan_.outputs[i].from), results_[i]});
    for (std::size_t i = 0; i < plan_.updates.size(); ++i)
      launch(made_.updates[i], {address(plan_.updates[i].value), next[i].get()});
  }

  /// Notes all work as graphs. Returns false where the driver makes none, and asks it no more.
  bool capture(KeptGraphs::Set& set, const std::vector<DeviceMemory>& next) {
    captured_ = 0;
    capturing_ = &set.graphs;
    try {
      driver_.begin_capture();
      launch_all(next);
      set.graphs.push_back(driver_.end_capture());
    } catch (const std::exception&) {
      driver_.abandon_capture();
      set.graphs.clear();
      launched_.clear();
      keeps_graphs_ = false;
    }
    capturing_ = nullptr;
    set.launched = std::exchange(launched_, {});
    return keeps_graphs_;
  }

  /// Ends a graph that is long enough.
  void count_captured() {
    if (!capturing_ || captured_ < KeptGraphs::most_launches) return;
    capturing_->push_back(driver_.end_capture());
    driver_.begin_capture();
    captured_ = 0;
  }

  std::byte* address(const plan::Address& address) const {
    auto* at = bases_[static_cast<std::size_t>(address.base)] + address.offset;
    for (const auto& step : address.steps) at += steps_[static_cast<std::size_t>(step.level)] * step.bytes;
    return at;
  }

  void walk(std::size_t begin, std::size_t end, int level) {
    for (auto i = begin; i < end; ++i) {
      const auto& work = plan_.work[i];
      if (work.kind == plan::Work::Kind::loop) {
        for (std::int64_t step = 0; step < work.steps; ++step) {
          steps_[static_cast<std::size_t>(level)] = work.reverse ? work.steps - 1 - step : step;
          walk(i + 1, static_cast<std::size_t>(work.end), level + 1);
        }
        i = static_cast<std::size_t>(work.end) - 1;
      } else if (!(work.cached && kept_->is_made(i))) {
        times_ ? measure(i, level) : execute(i, level);
        count_captured();
      }
    }
  }

  void measure(std::size_t i, int level) {
    const auto start = Clock::now();
    execute(i, level);
    driver_.finish();
    (*times_)[i].seconds += std::chrono::duration<double>(Clock::now() - start).count();
    ++(*times_)[i].calls;
  }

  void execute(std::size_t i, int level) {
    const auto& work = plan_.work[i];
    const auto& instruction = made_.instructions[i];
    if (instruction.kind == Instruction::Kind::host) return call_on_host(i, level);
    if (instruction.kind == Instruction::Kind::nothing) return;
    if (instruction.kind == Instruction::Kind::product) return multiply(instruction.index);
    for (std::uint32_t k = 0; k < instruction.count; ++k) {
      auto& launch = made_.launches[instruction.index + k];
      for (std::uint32_t o = 0; o < work.operand_count(); ++o)
        launch.words[o] = word_of(address(plan_.operand(work, o)));
      if (launch.work_at >= 0) launch.words[static_cast<std::size_t>(launch.work_at)] = word_of(work_memory_);
      if (launch.fault_at >= 0) number_for_faults(launch, i, level);
      this->launch(launch);
    }
  }

  void multiply(std::size_t i) {
    const auto& [how, a, b, c, addend] = made_.products[i];
    ++captured_;
    driver_.multiply(*products_[i], address(a), address(b), how.addend ? address(addend) : nullptr,
                     address(c));
  }

  /// Gives a launch a number, by which a fault is told.
  void number_for_faults(Launch& launch, std::size_t i, int level) {
    if (launched_.size() == most_launched) {
      check_fault();
      launched_.clear();
    }
    const auto at = static_cast<std::size_t>(launch.fault_at);
    launch.words[at] = word_of(fault_);
    launch.words[at + 1] = static_cast<std::int64_t>(launched_.size());
    launched_.push_back({i, {steps_.begin(), steps_.begin() + level}});
  }

  void launch(const Launch& launch) {
    ++captured_;
    driver_.launch(launch.function, launch.geometry, launch.words.data(), launch.words.size());
  }
  void launch(Launch& launch, const std::vector<const void*>& operands) {
    for (std::size_t k = 0; k < operands.size(); ++k) launch.words[k] = word_of(operands[k]);
    this->launch(launch);
  }

  /// With the reference kernel, on copies of contiguous operands. What has gone wrong before is told first.
  void call_on_host(std::size_t i, int level) {
    check_fault();
    const auto& work = plan_.work[i];
    const auto& call = plan_.calls[work.index];
    std::vector<Array> copies;
    for (std::uint32_t k = 0; k < work.input_count; ++k) {
      copies.emplace_back(call.request.operands[k].type.shape, call.request.operands[k].type.element);
      driver_.download(copies.back().raw(), address(plan_.operand(work, k)), copies.back().bytes());
    }
    std::vector<ConstView> views;
    for (const auto& copy : copies) views.push_back({copy.raw(), &copy.type()});
    const Span<const std::int64_t> steps{steps_.data(), static_cast<std::size_t>(level)};
    Array result;
    View output{nullptr, nullptr};
    if (work.output_count > 0) {
      const auto& type = call.request.result.type;
      result = Array(type.shape, type.element);
      output = {result.raw(), &result.type()};
    }
    try {
      call.operation->kernels.reference({views, output, call.request.attributes, steps});
    } catch (const RunError& error) {
      throw RunError(plan::message_of(plan_, i, error.what(), steps));
    }
    if (work.output_count > 0)
      driver_.upload(address(plan_.operand(work, work.input_count)), result.raw(), result.bytes());
  }

  /// Throws RunError where a kernel has refused an element.
  void check_fault() {
    if (told_->empty()) return;
    Fault fault{};
    driver_.download(&fault, fault_, sizeof fault);
    throw_if_any(fault);
  }
  void throw_if_any(const Fault& fault) const {
    if (fault.key == device::none_yet) return;
    const auto& at = (*told_)[fault.key >> device::bits_of_element];
    const auto element = static_cast<std::int64_t>(fault.key & ((1ull << device::bits_of_element) - 1));
    const auto& launch = made_.launches[made_.instructions[at.work].index];
    throw RunError(plan::message_of(plan_, at.work, launch.fault(element, fault.value),
                                    {at.steps.data(), at.steps.size()}));
  }

  /// The results, which stand behind the word for faults: all in one go where they are small. Throws
  /// RunError.
  void read_results(std::vector<Array>& outputs) {
    constexpr std::size_t small = std::size_t{1} << 16;
    const auto* end = fault_ + aligned(sizeof(Fault));
    for (std::size_t i = 0; i < results_.size(); ++i)
      end = results_[i] + aligned(plan_.outputs[i].type.bytes());
    const auto bytes = static_cast<std::size_t>(end - fault_);
    if (bytes > small || results_.empty()) {
      check_fault();
      for (std::size_t i = 0; i < outputs.size(); ++i)
        driver_.download(outputs[i].raw(), results_[i], outputs[i].bytes());
      return;
    }
    read_.resize(bytes);
    driver_.download(read_.data(), fault_, bytes);
    Fault fault{};
    std::memcpy(&fault, read_.data(), sizeof fault);
    throw_if_any(fault);
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].bytes() > 0)
        std::memcpy(outputs[i].raw(), read_.data() + (results_[i] - fault_), outputs[i].bytes());
  }

  CudaPlan made_;
  const plan::Plan& plan_;
  const std::shared_ptr<Board> board_;
  Driver& driver_;
  std::shared_ptr<Module> module_;
  std::vector<std::shared_ptr<Multiplication>> products_;
  Staging staging_;
  std::optional<Arenas::Claim> arena_;
  std::optional<KeptOfProgram> kept_;
  DeviceMemory constants_;
  // In the memory of a run: how far behind its beginning something stands, and where in this one.
  std::size_t fault_at_ = 0, work_at_ = 0;
  std::vector<std::size_t> results_at_, bases_at_;
  std::byte *fault_ = nullptr, *work_memory_ = nullptr;
  std::vector<std::byte*> bases_, results_;
  std::vector<std::int64_t> steps_;
  std::vector<std::byte> read_;  // of small results
  std::vector<Launched> launched_;
  const std::vector<Launched>* told_ = &launched_;  // by these faults are told
  KeptGraphs graphs_;
  std::vector<std::shared_ptr<Graph>>* capturing_ = nullptr;
  std::size_t captured_ = 0;  // launches, since a graph was begun
  bool keeps_graphs_ = false;
  std::vector<WorkTime>* times_ = nullptr;
};

}  // namespace

std::unique_ptr<Runner> make_runner(CudaPlan plan, std::shared_ptr<Board> board) {
  return std::make_unique<CudaRunner>(std::move(plan), std::move(board));
}

}  // namespace reel::cuda
