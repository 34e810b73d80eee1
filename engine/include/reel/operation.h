#pragma once
/// @file
/// @ingroup own_operations
/// All that is known of an operation.
#include <functional>
#include <optional>
#include <string>
#include <typeindex>
#include <vector>

#include "attributes.h"
#include "layout.h"
#include "span.h"
#include "tensor.h"

namespace REEL_PUBLIC reel {

/// How an operation moves data: all that the engine knows of operations outside its own vocabulary.
enum class Kind {
  leaf,         ///< no operands: argument, parameter, constant, fill, iota
  map,          ///< elementwise over operands of one shape
  index_map,    ///< moves elements, computes nothing
  reduction,    ///< fewer axes than its operand
  scan,         ///< along an axis, each element from those before it
  contraction,  ///< sums of products
  gather,       ///< elements chosen by an integer operand, and the reverse of that
  random,       ///< values from a counter; the operands are run and positions
  unroll,       ///< a loop over its body; has no value of its own
  projection,   ///< a value of an unroll
  update,       ///< writes a variable after the run; has no value
  effect        ///< seen from outside while running; root of liveness, never cloned; has no value
};

/// Throws RunError, naming both, where the elements of `held` are not of type `wanted`.
inline void check_element(const TensorType& held, ElementType wanted) {
  if (held.element != wanted)
    throw RunError("the kernel takes " + to_string(held) + " for " + name_of(wanted));
}

/// One operand of a kernel: contiguous, row-major.
struct ConstView {
  const void* data;        ///< Its first element.
  const TensorType* type;  ///< Its element type and shape.
  /// Pointer to the first element, to be asked for once and not at every element. Throws RunError where T is
  /// not the element type.
  template <class T>
  const T* as() const {
    check_element(*type, element_type_of<T>);
    return static_cast<const T*>(data);
  }
  /// Its extents.
  const Shape& shape() const { return type->shape; }
};

/// The result of a kernel, to be written: contiguous, row-major.
struct View {
  void* data;              ///< Its first element.
  const TensorType* type;  ///< Its element type and shape.
  /// Pointer to the first element, to be asked for once and not at every element. Throws RunError where T is
  /// not the element type.
  template <class T>
  T* as() const {
    check_element(*type, element_type_of<T>);
    return static_cast<T*>(data);
  }
  /// Its extents.
  const Shape& shape() const { return type->shape; }
};

/// What a kernel gets. It throws RunError for values it cannot accept; the runner adds operation, scope and
/// step.
struct KernelCall {
  Span<const ConstView> inputs;  ///< The operands.
  View output;                   ///< Where the result goes.
  const Attributes& attributes;  ///< The constants of the operation.
  /// Positions in the unrolls around it, outermost first.
  Span<const std::int64_t> steps;
};
/// Computes the result of an operation.
using Kernel = std::function<void(const KernelCall&)>;

/// The kernels of an operation, those for each device beside one another: the plain one, and what it states
/// to a device in a type of that device's own (CpuKernels in cpu_kernel.h).
class Kernels {
 public:
  Kernels() = default;
  /// A plain kernel, and what is stated to devices.
  template <class... OfDevices>
  Kernels(Kernel plain, OfDevices... of_devices) : reference(std::move(plain)) {
    (set(std::move(of_devices)), ...);
  }

  /// The plain kernel, which the reference runner calls.
  Kernel reference;

  /// What is stated to a device; null where nothing is.
  template <class OfDevice>
  const OfDevice* of() const {
    for (const auto& [type, stated] : of_devices_)
      if (type == typeid(OfDevice)) return static_cast<const OfDevice*>(stated.get());
    return nullptr;
  }
  /// States it to the device that asks for this type, in place of what was stated before.
  template <class OfDevice>
  void set(OfDevice kernels) {
    auto stated = std::make_shared<const OfDevice>(std::move(kernels));
    for (auto& [type, known] : of_devices_)
      if (type == typeid(OfDevice)) return void(known = std::move(stated));
    of_devices_.emplace_back(typeid(OfDevice), std::move(stated));
  }

 private:
  std::vector<std::pair<std::type_index, std::shared_ptr<const void>>> of_devices_;
};

/// A node already recorded, as a derivative rule sees it. Converts to its result.
class Recorded {
 public:
  /// Node `id` of `tape`.
  Recorded(Tape& tape, NodeId id) : tape_(&tape), id_(id) {}
  /// Its result.
  operator Tensor() const { return Tensor(*tape_, id_); }
  /// Operand `i`.
  Tensor operator[](std::size_t i) const;
  /// How many operands it has.
  std::size_t operands() const;
  /// Its constants.
  const Attributes& attributes() const;
  /// The extents of its result.
  const Shape& shape() const;

 private:
  Tape* tape_;
  NodeId id_;
};

/// The derivative of an operation, as recorded operations.
struct Derivative {
  /// From the node and the adjoint of its result, the adjoint of each operand; an absent Tensor for one that
  /// gets none.
  std::function<Tensors(const Recorded& y, const Tensor& dy)> rule;
  /// Zero everywhere (comparisons, stop_gradient): adjoints end here.
  bool zero = false;

  /// The derivative is zero everywhere.
  static Derivative none() { return {nullptr, true}; }
};

/// What becomes of a 0 among the operands in which an operation is linear, beside a factor that is infinite
/// or NaN.
enum class ZeroTimes {
  as_numbers,     ///< NaN, as a product has it
  first_absorbs,  ///< 0 where an operand of the first set is 0: a product of an adjoint
  each_absorbs    ///< 0 where any operand is 0
};

/// What passes may use of an operation, of which they do not know the name.
struct Algebra {
  /// The result is the operand.
  bool identity = false;
  /// f(f(x)) = x
  bool involution = false;
  /// Operands that leave the other as it is, up to the sign of zero; none where there is none.
  std::optional<double> left_unit = std::nullopt,  ///< f(left_unit, x) = x
      right_unit = std::nullopt;                   ///< f(x, right_unit) = x
  /// Sets of operands in which it is linear, taken together, while the others stay: {{0, 1}} for a + b, {{0},
  /// {1}} for a b. An index map is linear in all its operands and need not say so.
  std::vector<std::vector<std::size_t>> linear = {};
  /// What its zeros make of what is infinite or NaN.
  ZeroTimes zero_times = ZeroTimes::as_numbers;

  /// No more than that it is linear in these sets of operands.
  static Algebra linear_in(std::vector<std::vector<std::size_t>> operands) {
    Algebra algebra;
    algebra.linear = std::move(operands);
    return algebra;
  }
};

/// Elements of an operand's memory as a result sees them: the position of the first one, and the distance
/// from one to the next along each axis, counted in elements.
struct MemoryView {
  std::int64_t first = 0;             ///< The position of the first element.
  std::vector<std::int64_t> strides;  ///< From an element to the next, along each axis.
};

/// Operands for the tests that loop over all operations.
struct Sample {
  /// The type of an operand, and the range of its values.
  struct Operand {
    TensorType type;  ///< Element type and shape.
    /// Values are drawn between these; integers include `low` and exclude `high`.
    double low = -2,  ///< The lowest value.
        high = 2;     ///< The highest.
  };
  std::vector<Operand> operands;  ///< One for each operand.
  Attributes attributes;          ///< The constants of the operation.
};

struct Operation;

/// An operation of one step that is to be done for all steps at once: `lifted` operands have a leading time
/// axis of `steps`, the others do not vary.
struct Lift {
  const Operation& operation;    ///< What is to be done.
  Tensors operands;              ///< On the tape around the loop.
  std::vector<bool> lifted;      ///< Which operands have the time axis.
  const Attributes& attributes;  ///< The constants of the operation in the step.
  std::int64_t steps;            ///< How many steps there are.
};

/// All that Reel knows of an operation. Immutable; it must outlive every tape and program that uses it (the
/// built-in ones are one constant table).
struct Operation {
  /// The type of the result, from the types of the operands and the attributes.
  using Infer = std::function<TensorType(const std::vector<TensorType>& operands, const Attributes&)>;
  /// What the tests try the operation on.
  using Samples = std::function<std::vector<Sample>()>;
  /// Records the operation for all steps at once.
  using Lifting = std::function<Tensor(const Lift&)>;
  /// Where a result finds its elements in its operand's memory.
  using Relayout = std::function<std::optional<MemoryView>(const Layout& operand, const TensorType& result,
                                                           const Attributes&)>;

  /// An operation is its parts: see the members of these names.
  Operation(std::string name, Kind kind, Infer infer, Derivative derivative, Kernels kernels, Samples samples,
            Lifting time = nullptr, Algebra algebra = {}, Lifting sum_over_time = nullptr,
            double cost = a_few_instructions, Relayout layout = nullptr)
      : name(std::move(name)),
        kind(kind),
        infer(std::move(infer)),
        derivative(std::move(derivative)),
        kernels(std::move(kernels)),
        samples(std::move(samples)),
        time(std::move(time)),
        algebra(std::move(algebra)),
        sum_over_time(std::move(sum_over_time)),
        cost(cost),
        layout(std::move(layout)) {}

  std::string name;  ///< In messages and pictures: "softmax".
  Kind kind;         ///< How it moves data.
  /// Type of the result. Throws RecordError with the rule that is broken; the tape adds name, operands,
  /// scope.
  Infer infer;
  Derivative derivative;  ///< As recorded operations.
  Kernels kernels;        ///< For each device.
  Samples samples;        ///< Operands to test it on.
  /// The result of all steps [T, ...], recorded, where it does not follow from the kind; an absent Tensor
  /// where there is no better way than step by step. For maps, index maps, reductions and scans it follows if
  /// attributes that name axes are called `axis` or `axes`, and the result's shape `shape`.
  Lifting time;
  /// What passes may do with it.
  Algebra algebra;
  /// The sum over all steps, recorded, where several operands vary and there is a better way than to add up
  /// the result of `time`; an absent Tensor where there is none. Where the operands that vary are some in
  /// which it is linear, it follows from that.
  Lifting sum_over_time;
  /// Of a map: what an element of the result takes to compute, of operands that are in the nearest cache,
  /// over what it takes to write one to memory and read it there: measured by benchmarks/costs.
  double cost;
  /// The cost of a map that is additions, products and comparisons.
  static constexpr double a_few_instructions = 0.1;
  /// Less than to read another operand from memory.
  bool is_cheap() const { return cost < 0.5; }
  /// The view that an index map gives whose result is another layout of its only operand's memory, so that
  /// nothing is moved for it; none where the operand lies so that there is no such view. Null for any other
  /// operation.
  Relayout layout;

  /// Whether the result is nothing but the operand in another layout, or, of a reshape, mostly so.
  bool is_layout() const { return layout != nullptr || algebra.identity; }
  /// False for an unroll, an update or an effect.
  bool has_value() const { return kind != Kind::unroll && kind != Kind::update && kind != Kind::effect; }
};

}  // namespace reel
