#include "far_device.h"

#include <reel/memory.h>
#include <reel/structural.h>
#include <reel/variable.h>

#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "far_fusion.h"
#include "plan/make_plan.h"
#include "plan/out_of_memory.h"
#include "run/backend.h"
#include "run/runner.h"

namespace reel::test {

namespace {

/// A value in the memory of the device.
struct FarValue {
  std::vector<std::byte> bytes;
  std::uint64_t version = 0;  // of the variable whose value it is

  void upload(const Array& array) {
    const auto* first = static_cast<const std::byte*>(array.raw());
    bytes.assign(first, first + array.bytes());
  }
  void download(Array& array) const { std::memcpy(array.raw(), bytes.data(), bytes.size()); }
};

class FarTarget : public plan::Target {
 public:
  explicit FarTarget(const FarOptions& options) : options_(options) {}
  const char* name() const override { return "far"; }
  plan::Takes takes(const Operation& operation, const KernelRequest&) const override {
    return has(operation) ? plan::Takes::contiguous : plan::Takes::nothing;
  }
  std::size_t most_members() const override { return options_.most_members; }
  bool fuses_map(const Operation& map, const std::vector<ElementType>&, ElementType) const override {
    return fuses() && has(map);
  }
  bool fuses_rows(const Operation& reduction, const TensorType&) const override {
    return fuses() && has(reduction);
  }
  /// Those of which parts can be joined.
  bool fuses_columns(const Operation& reduction, const TensorType&) const override {
    static const std::set<std::string> joined{"sum", "prod", "max", "min"};
    return fuses() && has(reduction) && joined.count(reduction.name);
  }
  std::int64_t bytes_of_totals(const Operation&, const TensorType& operand) const override {
    return bytes_of_far_totals(operand);
  }
  std::optional<std::size_t> prepared_operand(const Operation& operation) const override {
    return &operation == &matmul_operation() ? std::optional<std::size_t>(1) : std::nullopt;
  }
  std::int64_t bytes_of_prepared(const Operation&, const KernelRequest& request) const override {
    return static_cast<std::int64_t>(request.operands[1].type.bytes());
  }

 private:
  bool fuses() const { return options_.most_members > 0; }
  bool has(const Operation& operation) const {
    return operation.kernels.reference && !options_.without.count(operation.name);
  }
  const FarOptions& options_;
};

/// The form in which it takes the right operand of a product: all bits inverted.
std::vector<std::byte> inverted(const std::byte* bytes, std::size_t count) {
  std::vector<std::byte> result(bytes, bytes + count);
  for (auto& byte : result) byte = ~byte;
  return result;
}

/// What variables are on the device; shared by its programs, which several threads may run.
class FarVariables {
 public:
  /// The newest value.
  std::shared_ptr<FarValue> upload(const std::shared_ptr<Variable>& variable) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto& known = values_[variable];
    if (!known || known->version != variable->version()) {
      known = std::make_shared<FarValue>();
      known->upload(variable->read());
      known->version = variable->version();
    }
    return known;
  }
  void write(const std::shared_ptr<Variable>& variable, std::shared_ptr<FarValue> value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    variable->written_elsewhere([value](Array& host) { value->download(host); });
    value->version = variable->version();
    values_[variable] = std::move(value);
  }

 private:
  std::mutex mutex_;
  std::map<std::shared_ptr<Variable>, std::shared_ptr<FarValue>> values_;
};

class FarRunner : public Runner {
 public:
  FarRunner(plan::Plan plan, std::shared_ptr<FarVariables> variables)
      : plan_(std::move(plan)),
        variables_(std::move(variables)),
        memory_(plan_.bases.size()),
        arena_(allocate(plan_.arena_bytes)),
        steps_(static_cast<std::size_t>(plan_.loop_depth)) {
    if (!arena_) plan::refuse_memory(types_of(plan_.arguments), plan_.arena_bytes, what_holds_memory(plan_));
  }

  const std::vector<plan::Argument>& arguments() const override { return plan_.arguments; }
  void run(const std::vector<const Array*>& arguments, std::vector<Array>& outputs) override {
    outputs.resize(plan_.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) make_room(outputs, i, plan_.outputs[i].type);
    upload(arguments);
    fault_.reset();
    walk(0, plan_.work.size(), 0);
    // The word is read when all is done.
    if (fault_) throw RunError(plan::message_of(plan_, fault_->work, fault_->what, fault_->steps));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (!plan_.outputs[i].is_written) store(plan_.outputs[i].from, outputs[i].raw());
    for (std::size_t i = 0; i < plan_.bases.size(); ++i)
      if (plan_.bases[i].kind == plan::Base::Kind::result)
        memory_[i]->download(outputs[plan_.bases[i].position]);
    for (const auto& update : plan_.updates) {
      auto written = std::make_shared<FarValue>();
      written->bytes.resize(update.variable->type().bytes());
      store(update.value, written->bytes.data());
      variables_->write(update.variable, written);
    }
  }

  std::size_t arena_bytes() const override { return plan_.arena_bytes + plan_.kept_bytes(); }
  std::size_t kept_bytes() const override { return plan_.kept_bytes(); }
  std::size_t instruction_count() const override { return plan_.work.size(); }
  std::string explain() const override { return plan::explain(plan_); }
  Profile profile(const std::vector<const Array*>&, int) override {
    throw Error("[profile] this device measures nothing");
  }

 private:
  /// The first thing that went wrong.
  struct Fault {
    std::size_t work;
    std::string what;
    std::vector<std::int64_t> steps;
  };

  void upload(const std::vector<const Array*>& arguments) {
    using Kind = plan::Base::Kind;
    for (std::size_t i = 0; i < plan_.bases.size(); ++i) {
      const auto& base = plan_.bases[i];
      if (base.kind == Kind::arena) continue;
      if (base.kind == Kind::variable) {
        memory_[i] = variables_->upload(base.variable);
        continue;
      }
      memory_[i] = std::make_shared<FarValue>();
      if (base.kind == Kind::argument) memory_[i]->upload(*arguments[base.position]);
      if (base.kind == Kind::constant) memory_[i]->upload(*base.constant);
      if (base.kind == Kind::run_number) memory_[i]->upload(Array(base.variable->next_run()));
      if (base.kind == Kind::kept) memory_[i]->bytes.resize(plan_.kept[base.position]);
      if (base.kind == Kind::result) memory_[i]->bytes.resize(plan_.outputs[base.position].type.bytes());
    }
  }

  std::byte* at(const plan::Address& address) {
    auto* base = address.base == plan::arena_base ? arena_.get() : memory_[address.base]->bytes.data();
    for (const auto& step : address.steps) base += steps_[step.level] * step.bytes;
    return base + address.offset;
  }

  void walk(std::size_t begin, std::size_t end, int level) {
    for (auto i = begin; i < end; ++i) {
      const auto& work = plan_.work[i];
      switch (work.kind) {
        case plan::Work::Kind::loop:
          for (std::int64_t step = 0; step < work.steps; ++step) {
            steps_[level] = work.reverse ? work.steps - 1 - step : step;
            walk(i + 1, static_cast<std::size_t>(work.end), level + 1);
          }
          i = static_cast<std::size_t>(work.end) - 1;
          break;
        case plan::Work::Kind::copy:
          copy(plan_.operand(work, 0), at(plan_.operand(work, 0)), plan_.operand(work, 1).layout,
               at(plan_.operand(work, 1)));
          break;
        case plan::Work::Kind::kernel:
          call(i, level);
          break;
        case plan::Work::Kind::fusion:
          try {
            run_fusion(plan_, work, [&](std::size_t k) { return at(plan_.operand(work, k)); });
          } catch (const RunError& error) {
            note(i, error, {steps_.data(), static_cast<std::size_t>(level)});
          }
          break;
        case plan::Work::Kind::finish:
          run_finish(plan_.calls[work.index], at(plan_.operand(work, 0)), at(plan_.operand(work, 1)));
          break;
        case plan::Work::Kind::prepare: {
          const auto form = inverted(at(plan_.operand(work, 0)), plan_.operand(work, 0).layout.type.bytes());
          std::memcpy(at(plan_.operand(work, 1)), form.data(), form.size());
          break;
        }
      }
    }
  }

  void call(std::size_t i, int level) {
    const auto& work = plan_.work[i];
    const auto& call = plan_.calls[work.index];
    std::vector<ConstView> views;
    std::vector<std::vector<std::byte>> copies;
    for (std::uint32_t k = 0; k < work.input_count; ++k) {
      const auto& operand = plan_.operand(work, k);
      if (!operand.layout.is_contiguous()) throw InternalError("this device takes contiguous operands alone");
      const auto* data = at(operand);
      const auto& type = call.request.operands[k].type;  // of a prepared one too
      if (call.request.prepared && k == 1) data = copies.emplace_back(inverted(data, type.bytes())).data();
      if (call.on_host) data = copies.emplace_back(data, data + type.bytes()).data();
      views.push_back({data, &type});
    }
    View output{nullptr, nullptr};
    if (work.output_count > 0) {
      const auto& operand = plan_.operand(work, work.input_count);
      if (!operand.layout.is_contiguous()) throw InternalError("this device gives contiguous results alone");
      output = {at(operand), &operand.layout.type};
    }
    const Span<const std::int64_t> steps{steps_.data(), static_cast<std::size_t>(level)};
    try {
      call.operation->kernels.reference({views, output, call.request.attributes, steps});
    } catch (const RunError& error) {
      if (output.data) std::memset(output.data, 0, output.type->bytes());  // and it goes on
      note(i, error, steps);
    }
  }

  void note(std::size_t work, const RunError& error, Span<const std::int64_t> steps) {
    if (!fault_) fault_ = {work, error.what(), {steps.begin(), steps.end()}};
  }

  static void copy(const plan::Address& from, const std::byte* source, const Layout& to, std::byte* target) {
    const auto& shape = from.layout.type.shape;
    const auto size = from.element_size();
    for (std::int64_t i = 0; i < shape.size(); ++i) {
      std::int64_t read = 0, written = 0, rest = i;
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        const auto position = rest % shape[axis];
        rest /= shape[axis];
        read += position * from.layout.strides[axis];
        written += position * to.strides[axis];
      }
      std::memcpy(target + written * size, source + read * size, static_cast<std::size_t>(size));
    }
  }

  void store(const plan::Address& from, void* to) {
    copy(from, at(from), Layout::contiguous(from.layout.type), static_cast<std::byte*>(to));
  }

  const plan::Plan plan_;
  const std::shared_ptr<FarVariables> variables_;
  std::vector<std::shared_ptr<FarValue>> memory_;  // by base
  const Memory arena_;
  std::vector<std::int64_t> steps_;
  std::optional<Fault> fault_;
};

class FarBackend : public Backend {
 public:
  explicit FarBackend(const FarOptions& options) : options_(options) {}
  std::string name() const override { return "far"; }
  std::unique_ptr<Runner> make_runner(const Tape& tape, const std::vector<NodeId>& outputs,
                                      const CompileOptions& options) override {
    return std::make_unique<FarRunner>(plan::make_plan(tape, outputs, FarTarget(options_), options),
                                       variables_);
  }

 private:
  const FarOptions options_;
  const std::shared_ptr<FarVariables> variables_ = std::make_shared<FarVariables>();
};

}  // namespace

Device far_device(const FarOptions& options) { return Device(std::make_shared<FarBackend>(options)); }

}  // namespace reel::test
