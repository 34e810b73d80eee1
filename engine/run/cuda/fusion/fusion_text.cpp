#include "run/cuda/fusion/fusion_text.h"

#include <algorithm>
#include <cstdlib>

namespace reel::cuda {

namespace {

using plan::Member;

std::int64_t columns_of(const Shape& shape) { return shape.rank() > 0 ? shape[shape.rank() - 1] : 1; }

const CudaKernels& kernels_of(const Member& member) { return *member.operation->kernels.of<CudaKernels>(); }

std::string numbered(const char* name, std::size_t number) { return name + std::to_string(number); }

}  // namespace

FusionText::FusionText(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
                       std::size_t input_count, Numbers numbers)
    : fusion_(fusion), operands_(operands), input_count_(input_count), numbers_(numbers) {
  for (std::size_t i = 0; i < input_count; ++i) {
    const auto& type = operands[i]->layout.type;
    elements_.push_back(type.element);
    per_row_.push_back(columns_of(type.shape) < columns_of(fusion.space));
  }
  for (const auto& member : fusion.members) {
    elements_.push_back(member.result);
    per_row_.push_back(member.kind == Member::Kind::rows ||
                       (member.kind == Member::Kind::map && is_per_row(member.operands[0])));
  }
  is_of_rows_ = std::all_of(per_row_.begin(), per_row_.end(), [](bool each) { return each; });
  if (is_of_rows_) per_row_.assign(per_row_.size(), false);
  made_.texts.push_back({"fusion.cuh", ""});
}

bool FusionText::has_row_values() const {
  return std::any_of(per_row_.begin(), per_row_.end(), [](bool each) { return each; });
}

std::vector<std::size_t> FusionText::members_of(Member::Kind kind) const {
  std::vector<std::size_t> members;
  for (std::size_t m = 0; m < fusion_.members.size(); ++m)
    if (fusion_.members[m].kind == kind) members.push_back(m);
  return members;
}

// Lines.

void FusionText::line(const std::string& text) { made_.body += std::string(2 * depth_, ' ') + text + "\n"; }
void FusionText::open(const std::string& text) {
  line(text + " {");
  ++depth_;
}
void FusionText::close() {
  --depth_;
  line("}");
}
std::string FusionText::word(std::int64_t number) {
  if (numbers_ == Numbers::literals) return std::to_string(number) + "ll";
  made_.numbers.push_back(number);
  return numbered("words[", operands_.size() + made_.numbers.size() - 1) + "]";
}
std::string FusionText::pointer(std::size_t operand, bool is_read) const {
  return "words.template pointer<" + std::string(is_read ? "const " : "") +
         cuda_name(operands_[operand]->layout.type.element) + numbered(">(", operand) + ")";
}

// Places.

namespace {

/// Whether positions in all operands are numbers of 32 bits.
bool fits_32_bits(const JointAxes& axes) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  if (axes.empty()) return true;
  if (count_of(axes) >= most) return false;
  std::vector<std::int64_t> reach(axes[0].strides.size());
  for (const auto& axis : axes)
    for (std::size_t i = 0; i < reach.size(); ++i)
      reach[i] += std::max<std::int64_t>(axis.extent - 1, 0) * std::abs(axis.strides[i]);
  return std::all_of(reach.begin(), reach.end(), [](auto each) { return each < most; });
}

}  // namespace

JointAxes FusionText::axes(int last_axes_left_out) const {
  JointAxes axes;
  if (is_of_rows_ && fusion_.space.rank() > 0) ++last_axes_left_out;
  for (int axis = 0; axis < fusion_.space.rank() - last_axes_left_out; ++axis) {
    axes.push_back({fusion_.space[axis], {}});
    for (std::size_t i = 0; i < input_count_ + fusion_.outputs.size(); ++i) {
      const auto& layout = operands_[i]->layout;
      axes.back().strides.push_back(
          layout.type.shape[axis] == 1 ? 0 : layout.strides[static_cast<std::size_t>(axis)]);
    }
  }
  return axes;
}

void FusionText::write_index_type(const JointAxes& axes) {
  line("using Index = " + std::string(fits_32_bits(axes) ? "int" : "Int64") + ";");
}

void FusionText::write_indices(const JointAxes& axes, const std::string& position) {
  if (axes.size() == 1) return line("const Index i0 = Index(" + position + ");");
  if (axes.empty()) return;
  line("Index rest = Index(" + position + ");");
  for (auto axis = axes.size(); axis-- > 1;) {
    const auto extent = "Index(" + word(axes[axis].extent) + ")";
    line("const Index " + numbered("i", axis) + " = rest % " + extent + ";");
    line("rest /= " + extent + ";");
  }
  line("const Index i0 = rest;");
}

std::string FusionText::offset(const JointAxes& axes, std::size_t operand) {
  std::string sum;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const auto stride = axes[axis].strides[operand];
    if (stride == 0) continue;
    const auto index = numbered("i", axis);
    sum += (sum.empty() ? "" : " + ") + (stride == 1 ? index : index + " * Index(" + word(stride) + ")");
  }
  return sum.empty() ? "0" : sum;
}

void FusionText::write_row_offsets(const JointAxes& rows) {
  write_indices(rows, "row");
  for (std::size_t i = 0; i < input_count_ + fusion_.outputs.size(); ++i)
    line("const Index " + numbered("o", i) + " = " + offset(rows, i) + ";");
}

std::int64_t FusionText::elements_at_once(const JointAxes& axes) const {
  if (axes.empty()) return 1;
  std::size_t widest = 1;
  const auto& strides = axes.back().strides;
  for (std::size_t i = 0; i < strides.size(); ++i)
    widest = std::max(widest, size_of(operands_[i]->layout.type.element));
  const auto size = static_cast<std::int64_t>(16 / widest);
  if (size > 4 || axes.back().extent % size != 0) return 1;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    // An output that does not move along is a row value.
    if (strides[i] == 0 && (i < input_count_ || is_per_row(fusion_.outputs[i - input_count_].value)))
      continue;
    if (strides[i] != 1 || !is_aligned(i, axes, size)) return 1;
  }
  return size;
}

bool FusionText::is_aligned(std::size_t operand, const JointAxes& axes, std::int64_t size) const {
  const auto& address = *operands_[operand];
  const auto bytes = size * address.element_size();
  bool aligned = address.offset % bytes == 0;
  for (const auto& step : address.steps) aligned = aligned && step.bytes % bytes == 0;
  for (std::size_t axis = 0; axis + 1 < axes.size(); ++axis)
    aligned = aligned && axes[axis].strides[operand] % size == 0;
  return aligned;
}

// Values.

std::string FusionText::element_type(int number) const {
  return cuda_name(elements_[static_cast<std::size_t>(number)]);
}
std::string FusionText::value(int number) const {
  const auto known = renamed_.find(number);
  return known == renamed_.end() ? "v" + std::to_string(number) : known->second;
}
std::string FusionText::functor(const CudaFunctor& functor) {
  const auto is_known = [&](const CudaText& text) { return text.name == functor.text.name; };
  if (std::none_of(made_.texts.begin(), made_.texts.end(), is_known)) made_.texts.push_back(functor.text);
  return functor.type;
}

void FusionText::write_map(std::size_t m) {
  const auto& member = fusion_.members[m];
  std::vector<ElementType> types;
  std::string list;
  for (auto operand : member.operands) {
    types.push_back(elements_[static_cast<std::size_t>(operand)]);
    list += (list.empty() ? "" : ", ") + value(operand);
  }
  const auto map = functor(kernels_of(member).map(types, member.result));
  line("const " + cuda_name(member.result) + " " + value(number_of(m)) + " = " + map + "{}(" + list + ");");
}

std::string FusionText::reduction(std::size_t m) {
  return functor(kernels_of(fusion_.members[m]).reduction) + "::";
}
std::string FusionText::total_type(std::size_t m) {
  return "typename " + reduction(m) + "template Total<" + element_type(fusion_.members[m].operands[0]) + ">";
}
void FusionText::write_start(std::size_t m, const std::string& total, const std::string& size) {
  const auto start = reduction(m) + "template start<" + total_type(m) + ">()";
  if (size.empty()) return line("auto " + total + " = " + start + ";");
  line(total_type(m) + " " + total + "[" + size + "];");
  line("for (int e = 0; e < " + size + "; ++e) " + total + "[e] = " + start + ";");
}
void FusionText::write_join(std::size_t m, const std::string& total) {
  line(total + " = " + reduction(m) + "join(" + total + ", static_cast<" + total_type(m) + ">(" +
       value(fusion_.members[m].operands[0]) + "));");
}

std::vector<bool> FusionText::needed_for(const std::vector<int>& wanted) const {
  std::vector<bool> needed(elements_.size(), false);
  for (auto number : wanted) needed[static_cast<std::size_t>(number)] = !is_per_row(number);
  for (auto m = fusion_.members.size(); m-- > 0;)
    if (needed[input_count_ + m] && fusion_.members[m].kind == Member::Kind::map)
      for (auto operand : fusion_.members[m].operands)
        needed[static_cast<std::size_t>(operand)] = !is_per_row(operand);
  return needed;
}

void FusionText::write_elements(std::int64_t size, const std::vector<int>& wanted,
                                const std::vector<std::size_t>& outputs,
                                const std::function<Along(std::size_t operand)>& along,
                                const std::function<void()>& each) {
  const auto needed = needed_for(wanted);
  const auto at_once = std::to_string(size);
  std::vector<std::size_t> packed;
  for (std::size_t i = 0; i < input_count_; ++i) {
    if (!needed[i]) continue;
    const auto from = along(i);
    if (from.is_constant) {
      line("const " + cuda_name(elements_[i]) + " " + numbered("v", i) + " = " + pointer(i, true) + "[" +
           from.place + "];");
    } else {
      packed.push_back(i);
      line("const auto " + numbered("p", i) + " = load_pack<" + at_once + ">(" + pointer(i, true) + " + " +
           from.place + ");");
    }
  }
  for (auto o : outputs)
    line("Pack<" + element_type(fusion_.outputs[o].value) + ", " + at_once + "> " + numbered("q", o) + ";");
  line("#pragma unroll");
  open("for (int e = 0; e < " + at_once + "; ++e)");
  for (auto i : packed)
    line("const " + cuda_name(elements_[i]) + " " + numbered("v", i) + " = " + numbered("p", i) + "[e];");
  for (std::size_t m = 0; m < fusion_.members.size(); ++m)
    if (needed[input_count_ + m] && fusion_.members[m].kind == Member::Kind::map) write_map(m);
  for (auto o : outputs) line(numbered("q", o) + "[e] = " + value(fusion_.outputs[o].value) + ";");
  if (each) each();
  close();
  for (auto o : outputs)
    line("store_pack(" + pointer(output_at(o), false) + " + " + along(output_at(o)).place + ", " +
         numbered("q", o) + ");");
}

}  // namespace reel::cuda
