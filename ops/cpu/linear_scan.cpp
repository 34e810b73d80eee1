#include "linear_scan.h"

#include <reel/joint_axes.h>
#include <reel/structural.h>

#include "loops.h"

namespace reel::cpu {

namespace {

/// The columns of a linear recurrence, all axes but that of its steps, and where they lie.
class ScanPlan {
 public:
  explicit ScanPlan(const KernelRequest& request) {
    const auto scan = LinearScan::of(request.attributes);
    const auto& type = request.result.type;
    loop_ = loops().scan(type.element, scan.after, scan.of_adjoints);
    element_ = static_cast<std::int64_t>(size_of(type.element));
    has_first_ = request.operands.size() == 3;
    steps_ = type.shape[static_cast<int>(scan.axis)];
    reverse_ = scan.reverse;
    const auto strides = [&](int axis) -> ScanStrides {
      const auto before = axis < scan.axis ? axis : axis - 1;
      const bool has_axis = has_first_ && axis != scan.axis;
      return {request.operands[0].strides[axis], request.operands[1].strides[axis],
              has_axis ? request.operands[2].strides[before] : 0, request.result.strides[axis]};
    };
    step_ = strides(static_cast<int>(scan.axis));
    for (int axis = 0; axis < type.shape.rank(); ++axis)
      if (axis != scan.axis) {
        const auto [a, b, first, y] = strides(axis);
        append_collapsed(axes_, {type.shape[axis], {a, b, first, y}});
      }
    if (axes_.empty()) axes_.push_back({1, {1, 1, 1, 1}});
  }

  std::int64_t columns() const { return count_of(axes_); }
  std::int64_t steps() const { return steps_; }

  /// Columns `first` to `last` of all, as many at a time as fit the nearest cache.
  void run(const CpuCall& call, std::int64_t first, std::int64_t last) const {
    if (steps_ == 0) return;
    const auto& row = axes_.back();
    ScanColumns rows[Scan::most_rows];
    while (first < last) {
      std::size_t count = 0;
      for (auto room = Scan::most_columns; room > 0 && first < last && count < Scan::most_rows;) {
        const auto column = first % row.extent;
        const auto taken = std::min({row.extent - column, last - first, room});
        rows[count++] = columns_at(call, first / row.extent, column, taken);
        first += taken;
        room -= taken;
      }
      const auto& by_column = row.strides;
      const auto way = reverse_ ? -1 : 1;
      loop_({steps_,
             {way * step_.a, way * step_.b, 0, way * step_.y},
             {by_column[0], by_column[1], by_column[2], by_column[3]},
             {rows, count}});
    }
  }

 private:
  ScanColumns columns_at(const CpuCall& call, std::int64_t row, std::int64_t column,
                         std::int64_t count) const {
    const auto start = reverse_ ? steps_ - 1 : 0;
    std::int64_t at[4] = {start * step_.a, start * step_.b, 0, start * step_.y};
    for (int k = 0; k < 4; ++k) at[k] += column * axes_.back().strides[k];
    for (auto axis = axes_.rbegin() + 1; axis != axes_.rend(); ++axis) {
      for (int k = 0; k < 4; ++k) at[k] += row % axis->extent * axis->strides[k];
      row /= axis->extent;
    }
    const auto address = [&](const void* base, int k) {
      return static_cast<const char*>(base) + at[k] * element_;
    };
    return {address(call.inputs[0], 0), address(call.inputs[1], 1),
            has_first_ ? address(call.inputs[2], 2) : nullptr,
            static_cast<char*>(call.output) + at[3] * element_, count};
  }

  ScanLoop loop_;
  std::int64_t element_, steps_;
  bool has_first_, reverse_;
  ScanStrides step_;
  JointAxes axes_;  // strides of a, b, first and y
};

}  // namespace

CpuKernels linear_scan_kernels() {
  CpuKernels kernels;
  kernels.any_layout = true;
  kernels.kernel = [](const KernelRequest& request) {
    const ScanPlan plan(request);
    // Few columns make little of a vector, and neighbours in a line of cache are one thread's.
    constexpr std::int64_t unit = 64;
    const auto columns = plan.columns(), units = (columns + unit - 1) / unit;
    CpuKernel kernel;
    kernel.run = [plan, columns, units](const CpuCall& call) {
      plan.run(call, std::min(columns, units * call.part / call.parts * unit),
               std::min(columns, units * (call.part + 1) / call.parts * unit));
    };
    kernel.most_parts = units;
    constexpr double nanoseconds_of_step = 0.8;  // of a column, measured where memory is what it waits for
    kernel.nanoseconds = nanoseconds_of_step * static_cast<double>(plan.steps() * columns);
    return kernel;
  };
  return kernels;
}

}  // namespace reel::cpu
