#include "far_fusion.h"

#include <reel/operation.h>
#include <reel/structural.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

namespace reel::test {

namespace {

using Bytes = std::vector<std::byte>;

std::int64_t columns_of(const Shape& shape) { return shape.rank() > 0 ? shape[shape.rank() - 1] : 1; }
std::int64_t block_count(std::int64_t rows) { return (rows + far_block - 1) / far_block; }

/// 0, 1, ... count - 1 in an order drawn by lot.
std::vector<std::int64_t> shuffled(std::int64_t count) {
  thread_local std::mt19937 random(1);
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

/// A reduction of [rows, columns] along the rows, or of [columns].
void reduce(const Operation& operation, const TensorType& type, const std::byte* x, ElementType element,
            std::byte* y) {
  const Attributes attributes{{"axes", Axes{0}}};
  const TensorType result{element, type.shape.without_axis(0)};
  const ConstView view{x, &type};
  operation.kernels.reference({{&view, 1}, {y, &result}, attributes, {}});
}

/// Numbers as doubles: what a sum over steps adds to a wider total.
Bytes widened(const Bytes& floats) {
  Bytes doubles(2 * floats.size());
  for (std::size_t i = 0; i < floats.size() / sizeof(float); ++i) {
    float number;
    std::memcpy(&number, floats.data() + i * sizeof number, sizeof number);
    const double wide = number;
    std::memcpy(doubles.data() + i * sizeof wide, &wide, sizeof wide);
  }
  return doubles;
}

/// A fusion on rows of its space: of one element each where no value is of a row, nor of a column.
class FusionRun {
 public:
  FusionRun(const plan::Plan& plan, const plan::Work& work, const std::function<std::byte*(std::size_t)>& at)
      : plan_(plan), work_(work), fusion_(plan.fusions[work.index]), at_(at) {
    const auto& space = fusion_.space;
    for (std::uint32_t i = 0; i < work.input_count; ++i) {
      const auto& type = plan.operand(work, i).layout.type;
      add_value(type.element, columns_of(type.shape) < columns_of(space));
    }
    bool is_of_columns = false;
    for (const auto& member : fusion_.members) {
      is_of_columns = is_of_columns || member.kind == plan::Member::Kind::columns;
      add_value(member.result, member.kind == plan::Member::Kind::rows ||
                                   (member.kind == plan::Member::Kind::map && per_row_[member.operands[0]]));
    }
    const bool has_rows =
        is_of_columns || std::find(per_row_.begin(), per_row_.end(), true) != per_row_.end();
    columns_ = has_rows ? columns_of(space) : 1;
    rows_ = space.size() / columns_;
    outer_ = has_rows ? space.rank() - 1 : space.rank();
  }

  void run() {
    for (auto block : shuffled(block_count(rows_))) {
      const auto first = block * far_block, count = std::min(far_block, rows_ - first);
      collected_.assign(fusion_.members.size(), {});
      for (auto row : shuffled(count)) run_row(first + row, row, count);
      write_totals(block, count);
    }
  }

 private:
  void add_value(ElementType element, bool per_row) {
    elements_.push_back(element);
    per_row_.push_back(per_row);
  }

  std::int64_t count_of(std::size_t value) const { return per_row_[value] ? 1 : columns_; }

  /// Where a row of an operand begins.
  std::byte* row_of(std::size_t k, std::int64_t row) const {
    const auto& address = plan_.operand(work_, k);
    auto* place = at_(k);
    for (int axis = outer_ - 1; axis >= 0; --axis) {
      place += row % fusion_.space[axis] * address.layout.strides[axis] * address.element_size();
      row /= fusion_.space[axis];
    }
    return place;
  }

  std::int64_t stride_of(std::size_t k) const {
    const auto& address = plan_.operand(work_, k);
    return columns_ > 1 ? address.layout.strides.back() * address.element_size() : 0;
  }

  void run_row(std::int64_t row, std::int64_t place, std::int64_t rows) {
    std::vector<Bytes> values;
    for (std::uint32_t i = 0; i < work_.input_count; ++i) values.push_back(read(i, row));
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != plan::Member::Kind::columns) {
        values.push_back(value_of(member, values));
        continue;
      }
      const auto& x = values[member.operands[0]];
      collected_[m].resize(x.size() * static_cast<std::size_t>(rows));
      std::copy(x.begin(), x.end(), collected_[m].begin() + place * static_cast<std::ptrdiff_t>(x.size()));
      values.emplace_back();
    }
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o)
      write(work_.input_count + o, row, values[fusion_.outputs[o].value]);
  }

  Bytes read(std::uint32_t k, std::int64_t row) const {
    const auto size = size_of(elements_[k]);
    Bytes value(size * static_cast<std::size_t>(count_of(k)));
    const auto* from = row_of(k, row);
    for (std::int64_t i = 0; i < count_of(k); ++i)
      std::memcpy(value.data() + static_cast<std::size_t>(i) * size, from + i * stride_of(k), size);
    return value;
  }

  void write(std::size_t k, std::int64_t row, const Bytes& value) const {
    const auto size = static_cast<std::size_t>(plan_.operand(work_, k).element_size());
    auto* to = row_of(k, row);
    for (std::size_t i = 0; i < value.size() / size; ++i)
      std::memcpy(to + static_cast<std::int64_t>(i) * stride_of(k), value.data() + i * size, size);
  }

  Bytes value_of(const plan::Member& member, const std::vector<Bytes>& values) const {
    const auto first = static_cast<std::size_t>(member.operands[0]);
    const auto size = size_of(member.result);
    if (member.kind == plan::Member::Kind::repeat) {
      Bytes value;
      for (std::int64_t i = 0; i < columns_; ++i)
        value.insert(value.end(), values[first].begin(), values[first].end());
      return value;
    }
    if (member.kind == plan::Member::Kind::rows) {
      Bytes value(size);
      reduce(*member.operation, {elements_[first], {columns_}}, values[first].data(), member.result,
             value.data());
      return value;
    }
    return mapped(member, values, count_of(first));
  }

  Bytes mapped(const plan::Member& member, const std::vector<Bytes>& values, std::int64_t count) const {
    std::vector<Bytes> operands;
    std::vector<TensorType> types;
    for (auto operand : member.operands) {
      const bool is_widened = member.operation == &add_operation() && elements_[operand] != member.result;
      operands.push_back(is_widened ? widened(values[operand]) : values[operand]);
      types.push_back({is_widened ? member.result : elements_[operand], {count}});
    }
    std::vector<ConstView> views;
    for (std::size_t i = 0; i < operands.size(); ++i) views.push_back({operands[i].data(), &types[i]});
    const TensorType type{member.result, {count}};
    Bytes value(type.bytes());
    member.operation->kernels.reference({views, {value.data(), &type}, {}, {}});
    return value;
  }

  void write_totals(std::int64_t block, std::int64_t rows) {
    std::size_t next = work_.input_count + fusion_.outputs.size();
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != plan::Member::Kind::columns) continue;
      const TensorType type{member.result, {rows, columns_}};
      const auto bytes = columns_ * static_cast<std::int64_t>(size_of(member.result));
      reduce(*member.operation, type, collected_[m].data(), member.result, at_(next++) + block * bytes);
    }
  }

  const plan::Plan& plan_;
  const plan::Work& work_;
  const plan::Fusion& fusion_;
  const std::function<std::byte*(std::size_t)>& at_;
  std::vector<ElementType> elements_;  // of the values
  std::vector<bool> per_row_;
  std::int64_t columns_ = 1, rows_ = 1;
  int outer_ = 0;                 // axes that tell rows
  std::vector<Bytes> collected_;  // of a block, for each member of columns
};

}  // namespace

std::int64_t bytes_of_far_totals(const TensorType& operand) {
  const auto columns = columns_of(operand.shape);
  return block_count(operand.shape.size() / columns) * columns *
         static_cast<std::int64_t>(size_of(operand.element));
}

void run_fusion(const plan::Plan& plan, const plan::Work& work,
                const std::function<std::byte*(std::size_t k)>& at) {
  FusionRun(plan, work, at).run();
}

void run_finish(const plan::Call& call, const std::byte* totals, std::byte* result) {
  const auto& operand = call.request.operands[0].type;
  const auto columns = columns_of(operand.shape);
  reduce(*call.operation, {operand.element, {block_count(operand.shape.size() / columns), columns}}, totals,
         operand.element, result);
}

}  // namespace reel::test
