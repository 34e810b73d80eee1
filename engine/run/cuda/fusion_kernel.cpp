#include "run/cuda/fusion_kernel.h"

#include <algorithm>

#include "run/cuda/joint_axes.h"

// How the text of a fusion is made. There are three forms: a thread for each element (or a few side by side),
// a warp or a block for each row, and a thread for each column of a block of rows.

namespace reel::cuda {

namespace {

using plan::Member;

std::string str(std::int64_t number) { return std::to_string(number); }

std::int64_t columns_of(const Shape& shape) { return shape.rank() > 0 ? shape[shape.rank() - 1] : 1; }

const CudaKernels& kernels_of(const Member& member) { return *member.operation->kernels.of<CudaKernels>(); }

class FusionText {
 public:
  FusionText(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
             std::size_t input_count)
      : fusion_(fusion), operands_(operands), input_count_(input_count) {
    for (std::size_t i = 0; i < input_count; ++i) {
      const auto& type = operands[i]->layout.type;
      add_value(type.element, columns_of(type.shape) < columns_of(fusion.space));
    }
    for (const auto& member : fusion.members) {
      has_totals_ = has_totals_ || member.kind == Member::Kind::columns;
      add_value(member.result, member.kind == Member::Kind::rows ||
                                   (member.kind == Member::Kind::map && per_row_[member.operands[0]]));
    }
    const auto all = [&](bool per_row) {
      return std::all_of(per_row_.begin(), per_row_.end(), [&](bool each) { return each == per_row; });
    };
    has_rows_ = !all(false) && !all(true);
    is_of_rows_ = all(true);
    made_.texts.push_back({"fusion.cuh", ""});
  }

  FusionKernel make() {
    if (has_rows_)
      write_rows();
    else if (has_totals_)
      write_columns();
    else
      write_elements();
    return std::move(made_);
  }

 private:
  void add_value(ElementType element, bool per_row) {
    elements_.push_back(element);
    per_row_.push_back(per_row);
  }

  // Words.

  std::size_t output_at(std::size_t o) const { return input_count_ + o; }
  /// A word of the kernel that holds a number.
  std::string word(std::int64_t number) {
    made_.numbers.push_back(number);
    return "words[" + str(static_cast<std::int64_t>(operands_.size() + made_.numbers.size()) - 1) + "]";
  }
  std::string pointer(std::size_t operand, bool is_read) const {
    return "words.template pointer<" + std::string(is_read ? "const " : "") +
           cuda_name(operands_[operand]->layout.type.element) + ">(" +
           str(static_cast<std::int64_t>(operand)) + ")";
  }
  void line(const std::string& text) { made_.body += std::string(2 * depth_, ' ') + text + "\n"; }
  void open(const std::string& text) {
    line(text + " {");
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }

  // Values.

  std::string value(int number) const {
    const auto known = renamed_.find(number);
    return known == renamed_.end() ? "v" + str(number) : known->second;
  }
  std::string functor(const CudaFunctor& functor) {
    const auto is_known = [&](const CudaText& text) { return text.name == functor.text.name; };
    if (std::none_of(made_.texts.begin(), made_.texts.end(), is_known)) made_.texts.push_back(functor.text);
    return functor.type;
  }
  std::string total_type(const Member& member) {
    return "typename " + functor(kernels_of(member).reduction) + "::template Total<" +
           cuda_name(elements_[member.operands[0]]) + ">";
  }
  std::string reduction(const Member& member) { return functor(kernels_of(member).reduction) + "::"; }
  int number_of(std::size_t member) const { return static_cast<int>(input_count_ + member); }

  /// A map of values that are there.
  void write_map(std::size_t m) {
    const auto& member = fusion_.members[m];
    std::vector<ElementType> types;
    std::string list;
    for (auto operand : member.operands) {
      types.push_back(elements_[operand]);
      list += (list.empty() ? "" : ", ") + value(operand);
    }
    const auto map = functor(kernels_of(member).map(types, member.result));
    line("const " + cuda_name(member.result) + " " + value(number_of(m)) + " = " + map + "{}(" + list + ");");
  }

  // A thread for each element.

  /// The axes of the space, and of the rows alone where all values are row values.
  JointAxes axes_of_all(int last_axes_left_out) {
    JointAxes axes;
    for (int axis = 0; axis < fusion_.space.rank() - last_axes_left_out; ++axis)
      axes.extents.push_back(fusion_.space[axis]);
    for (std::size_t i = 0; i < input_count_ + fusion_.outputs.size(); ++i) {
      const auto& layout = operands_[i]->layout;
      axes.strides.emplace_back();
      for (std::size_t axis = 0; axis < axes.extents.size(); ++axis)
        axes.strides.back().push_back(layout.type.shape[static_cast<int>(axis)] == 1 ? 0
                                                                                     : layout.strides[axis]);
    }
    return axes;
  }

  /// How many elements side by side a thread takes: as many as fill 16 bytes of the widest, where they lie
  /// side by side or are the same in all operands, and begin where so many can be moved at once.
  std::int64_t pack_of(const JointAxes& axes) const {
    if (axes.extents.empty()) return 1;
    std::size_t widest = 1;
    for (std::size_t i = 0; i < axes.strides.size(); ++i)
      widest = std::max(widest, size_of(operands_[i]->layout.type.element));
    const auto pack = static_cast<std::int64_t>(16 / widest);
    if (pack > 4 || axes.extents.back() % pack != 0) return 1;
    for (std::size_t i = 0; i < axes.strides.size(); ++i) {
      const auto last = axes.strides[i].back();
      if (last != 1 && (last != 0 || i >= input_count_)) return 1;
      if (last == 1 && !is_aligned(i, axes.strides[i], pack)) return 1;
    }
    return pack;
  }
  bool is_aligned(std::size_t operand, const std::vector<std::int64_t>& strides, std::int64_t pack) const {
    const auto& address = *operands_[operand];
    const auto bytes = pack * address.element_size();
    bool aligned = address.offset % bytes == 0;
    for (const auto& step : address.steps) aligned = aligned && step.bytes % bytes == 0;
    for (std::size_t axis = 0; axis + 1 < strides.size(); ++axis)
      aligned = aligned && strides[axis] % pack == 0;
    return aligned;
  }

  /// Defines `i0`, `i1`, ... for a position in axes of these extents.
  void write_indices(const std::vector<std::int64_t>& extents, const std::string& position) {
    if (extents.size() == 1) return line("const Index i0 = Index(" + position + ");");
    if (extents.empty()) return;
    line("Index rest = Index(" + position + ");");
    for (auto axis = extents.size(); axis-- > 1;) {
      const auto extent = "Index(" + word(extents[axis]) + ")";
      line("const Index i" + str(static_cast<std::int64_t>(axis)) + " = rest % " + extent + ";");
      line("rest /= " + extent + ";");
    }
    line("const Index i0 = rest;");
  }
  /// The sum of indices times strides.
  std::string offset(const std::vector<std::int64_t>& strides) {
    std::string sum;
    for (std::size_t axis = 0; axis < strides.size(); ++axis) {
      if (strides[axis] == 0) continue;
      const auto index = "i" + str(static_cast<std::int64_t>(axis));
      sum += (sum.empty() ? "" : " + ") +
             (strides[axis] == 1 ? index : index + " * Index(" + word(strides[axis]) + ")");
    }
    return sum.empty() ? "0" : sum;
  }
  void write_index_type(const JointAxes& axes) {
    line("using Index = " + std::string(axes.fits_32_bits() ? "int" : "Int64") + ";");
  }

  void write_elements() {
    auto axes = collapsed(axes_of_all(is_of_rows_ && fusion_.space.rank() > 0 ? 1 : 0));
    const auto pack = pack_of(axes);
    write_index_type(axes);
    std::vector<bool> is_packed;
    for (auto& strides : axes.strides) {
      is_packed.push_back(pack > 1 && strides.back() == 1);
      if (is_packed.back()) strides.back() = pack;
    }
    if (pack > 1) axes.extents.back() /= pack;
    const auto count = axes.count();
    made_.geometry = {CudaKernel::blocks_for(count), 256, 0};
    open("for (Int64 at = thread_of_grid(); at < " + word(count) + "; at += threads_of_grid())");
    write_indices(axes.extents, "at");
    const auto size = str(pack);
    for (std::size_t i = 0; i < input_count_; ++i) {
      const auto element = cuda_name(elements_[i]), at = offset(axes.strides[i]);
      const auto name = (is_packed[i] ? "p" : "v") + str(static_cast<std::int64_t>(i));
      line(is_packed[i]
               ? "const auto " + name + " = load_pack<" + size + ">(" + pointer(i, true) + " + " + at + ");"
               : "const " + element + " " + name + " = " + pointer(i, true) + "[" + at + "];");
    }
    if (pack > 1) {
      for (std::size_t o = 0; o < fusion_.outputs.size(); ++o)
        line("Pack<" + cuda_name(elements_[fusion_.outputs[o].value]) + ", " + size + "> q" +
             str(static_cast<std::int64_t>(o)) + ";");
      line("#pragma unroll");
      open("for (int e = 0; e < " + size + "; ++e)");
      for (std::size_t i = 0; i < input_count_; ++i)
        if (is_packed[i]) {
          const auto number = str(static_cast<std::int64_t>(i));
          line("const " + cuda_name(elements_[i]) + " v" + number + " = p" + number + "[e];");
        }
    }
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) write_map(m);
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o) {
      const auto result = value(fusion_.outputs[o].value);
      line(pack > 1 ? "q" + str(static_cast<std::int64_t>(o)) + "[e] = " + result + ";"
                    : pointer(output_at(o), false) + "[" + offset(axes.strides[output_at(o)]) +
                          "] = " + result + ";");
    }
    if (pack > 1) {
      close();
      for (std::size_t o = 0; o < fusion_.outputs.size(); ++o)
        line("store_pack(" + pointer(output_at(o), false) + " + " + offset(axes.strides[output_at(o)]) +
             ", q" + str(static_cast<std::int64_t>(o)) + ");");
    }
    close();
  }

  // Rows.

  /// Defines for each operand `o0`, `o1`, ...: where its row begins.
  void write_row_offsets(const JointAxes& rows) {
    write_indices(rows.extents, "row");
    for (std::size_t i = 0; i < rows.strides.size(); ++i)
      line("const Index o" + str(static_cast<std::int64_t>(i)) + " = " + offset(rows.strides[i]) + ";");
  }
  std::int64_t last_stride(std::size_t operand) const {
    const auto& layout = operands_[operand]->layout;
    const auto last = static_cast<std::size_t>(layout.type.shape.rank() - 1);
    return layout.type.shape[static_cast<int>(last)] == 1 ? 0 : layout.strides[last];
  }
  /// An element of the row, in column `j`.
  std::string element(std::size_t operand, bool is_read) {
    const auto stride = last_stride(operand);
    const auto column = stride == 0   ? ""
                        : stride == 1 ? " + Index(j)"
                                      : " + Index(j) * Index(" + word(stride) + ")";
    return pointer(operand, is_read) + "[o" + str(static_cast<std::int64_t>(operand)) + column + "]";
  }

  /// For each value the reductions of rows that lie behind it.
  std::vector<int> find_stages() const {
    std::vector<int> stages(input_count_, 0);
    for (const auto& member : fusion_.members) {
      int stage = 0;
      for (auto operand : member.operands) stage = std::max(stage, stages[operand]);
      stages.push_back(stage + (member.kind == Member::Kind::rows ? 1 : 0));
    }
    return stages;
  }

  /// Reads and maps elements of the row as far as `wanted` asks for them.
  void write_row_elements(const std::vector<int>& wanted) {
    std::vector<bool> needed(elements_.size(), false);
    for (auto number : wanted) needed[number] = true;
    for (auto m = fusion_.members.size(); m-- > 0;)
      if (needed[number_of(m)] && fusion_.members[m].kind == Member::Kind::map && !per_row_[number_of(m)])
        for (auto operand : fusion_.members[m].operands) needed[operand] = true;
    for (std::size_t i = 0; i < input_count_; ++i)
      if (needed[i] && !per_row_[i])
        line("const " + cuda_name(elements_[i]) + " " + value(static_cast<int>(i)) + " = " +
             element(i, true) + ";");
    for (std::size_t m = 0; m < fusion_.members.size(); ++m)
      if (needed[number_of(m)] && fusion_.members[m].kind == Member::Kind::map && !per_row_[number_of(m)])
        write_map(m);
  }

  void write_rows() {
    const auto columns = columns_of(fusion_.space), rows = fusion_.space.size() / columns;
    const bool by_warps = columns <= 1024 && !has_totals_;
    auto axes = axes_of_all(1);
    JointAxes row_axes = collapsed(axes);
    write_index_type(axes_of_all(0));
    columns_word_ = word(columns);
    line(by_warps ? "const int lane = threadIdx.x % 32, lanes = 32;"
                  : "const int lane = threadIdx.x, lanes = blockDim.x;");
    if (has_totals_) {
      const auto size = rows_of_block(rows);
      const auto rows_word = word(rows), size_word = word(size);
      made_.geometry = {block_count(rows), 256, 0};
      open("for (Int64 block = blockIdx.x; block * " + size_word + " < " + rows_word +
           "; block += gridDim.x)");
      line("const Int64 first = block * " + size_word + ", end = first + " + size_word + " < " + rows_word +
           " ? first + " + size_word + " : " + rows_word + ";");
      open("for (Int64 row = first; row < end; ++row)");
    } else if (by_warps) {
      made_.geometry = {CudaKernel::blocks_for(rows * 32), 256, 0};
      open("for (Int64 row = thread_of_grid() / 32; row < " + word(rows) +
           "; row += threads_of_grid() / 32)");
    } else {
      made_.geometry = {CudaKernel::blocks_for(rows, 1), 256, 0};
      open("for (Int64 row = blockIdx.x; row < " + word(rows) + "; row += gridDim.x)");
    }
    write_row_offsets(row_axes);
    for (std::size_t i = 0; i < input_count_; ++i)
      if (per_row_[i])
        line("const " + cuda_name(elements_[i]) + " " + value(static_cast<int>(i)) + " = " +
             pointer(i, true) + "[o" + str(static_cast<std::int64_t>(i)) + "];");
    if (!by_warps) made_.geometry.shared_bytes = 8 * 256 / 32;
    write_stages(by_warps);
    close();
    if (has_totals_) close();
  }

  void write_stages(bool by_warps) {
    const auto stages = find_stages();
    const auto last = *std::max_element(stages.begin(), stages.end());
    for (int stage = 0; stage <= last; ++stage) {
      write_row_values(stages, stage);
      if (stage < last) write_reductions(stages, stage, by_warps);
    }
    write_results();
    write_row_results(by_warps);
  }

  /// Maps of row values, and their repeats, which are other names of them.
  void write_row_values(const std::vector<int>& stages, int stage) {
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      const auto number = number_of(m);
      if (stages[number] != stage) continue;
      if (member.kind == Member::Kind::repeat) renamed_[number] = value(member.operands[0]);
      if (member.kind == Member::Kind::map && per_row_[number]) write_map(m);
    }
  }

  void write_reductions(const std::vector<int>& stages, int stage, bool by_warps) {
    std::vector<int> wanted;
    std::vector<std::size_t> reduced;
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != Member::Kind::rows || stages[number_of(m)] != stage + 1) continue;
      reduced.push_back(m);
      wanted.push_back(member.operands[0]);
      line("auto t" + str(static_cast<std::int64_t>(m)) + " = " + reduction(member) + "template start<" +
           total_type(member) + ">();");
    }
    open("for (Int64 j = lane; j < " + columns_word_ + "; j += lanes)");
    write_row_elements(wanted);
    for (auto m : reduced) {
      const auto& member = fusion_.members[m];
      const auto total = "t" + str(static_cast<std::int64_t>(m));
      line(total + " = " + reduction(member) + "join(" + total + ", static_cast<" + total_type(member) +
           ">(" + value(member.operands[0]) + "));");
    }
    close();
    for (auto m : reduced) {
      const auto& member = fusion_.members[m];
      const auto total = "t" + str(static_cast<std::int64_t>(m)), type = total_type(member);
      const auto join = "[](" + type + " a, " + type + " b) { return " + reduction(member) + "join(a, b); }";
      line(by_warps ? total + " = join_warp(" + total + ", " + join + ");"
                    : total + " = join_block(" + total + ", reinterpret_cast<" + type +
                          "*>(shared_memory()), " + join + ");");
      line("const " + cuda_name(member.result) + " " + value(number_of(m)) + " = " + reduction(member) +
           "template finish<" + cuda_name(elements_[member.operands[0]]) + ">(" + total + ");");
    }
  }

  /// What is stored for each element, and totals of columns.
  void write_results() {
    std::vector<int> wanted;
    for (const auto& output : fusion_.outputs)
      if (!per_row_[output.value]) wanted.push_back(output.value);
    for (const auto& member : fusion_.members)
      if (member.kind == Member::Kind::columns) wanted.push_back(member.operands[0]);
    if (wanted.empty()) return;
    open("for (Int64 j = lane; j < " + columns_word_ + "; j += lanes)");
    write_row_elements(wanted);
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o)
      if (!per_row_[fusion_.outputs[o].value])
        line(element(output_at(o), false) + " = " + value(fusion_.outputs[o].value) + ";");
    auto operand = output_at(fusion_.outputs.size());
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != Member::Kind::columns) continue;
      const auto type = total_type(member), name = "t" + str(static_cast<std::int64_t>(m));
      line("auto& " + name + " = " + totals_of(type, operand++) + "[block * " + columns_word_ + " + j];");
      line(name + " = " + reduction(member) + "join(row == first ? " + reduction(member) + "template start<" +
           type + ">() : " + name + ", static_cast<" + type + ">(" + value(member.operands[0]) + "));");
    }
    close();
  }
  static std::string totals_of(const std::string& type, std::size_t operand) {
    return "words.template pointer<" + type + ">(" + str(static_cast<std::int64_t>(operand)) + ")";
  }

  /// They may stand where a row value was read: all lanes have read it by then.
  void write_row_results(bool by_warps) {
    bool is_first = true;
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o) {
      const auto number = fusion_.outputs[o].value;
      if (!per_row_[number]) continue;
      if (is_first) line(by_warps ? "sync_warp();" : "sync_block();");
      is_first = false;
      line("if (lane == 0) " + pointer(output_at(o), false) + "[o" +
           str(static_cast<std::int64_t>(output_at(o))) + "] = " + value(number) + ";");
    }
  }

  // A thread for each column of a block of rows.

  void write_columns() {
    const auto columns = columns_of(fusion_.space), rows = fusion_.space.size() / columns;
    write_index_type(axes_of_all(0));
    const auto row_axes = collapsed(axes_of_all(1));
    columns_word_ = word(columns);
    const auto rows_word = word(rows), size_word = word(rows_of_block(rows));
    const auto count = block_count(rows) * columns;
    made_.geometry = {CudaKernel::blocks_for(count, 128), 128, 0};
    open("for (Int64 at = thread_of_grid(); at < " + word(count) + "; at += threads_of_grid())");
    line("const Int64 j = at % " + columns_word_ + ", first = at / " + columns_word_ + " * " + size_word +
         ";");
    line("const Int64 end = first + " + size_word + " < " + rows_word + " ? first + " + size_word + " : " +
         rows_word + ";");
    std::vector<int> wanted;
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != Member::Kind::columns) continue;
      wanted.push_back(member.operands[0]);
      line("auto t" + str(static_cast<std::int64_t>(m)) + " = " + reduction(member) + "template start<" +
           total_type(member) + ">();");
    }
    open("for (Int64 row = first; row < end; ++row)");
    write_row_offsets(row_axes);
    for (const auto& output : fusion_.outputs) wanted.push_back(output.value);
    write_row_elements(wanted);
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o)
      line(element(output_at(o), false) + " = " + value(fusion_.outputs[o].value) + ";");
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      const auto& member = fusion_.members[m];
      if (member.kind != Member::Kind::columns) continue;
      const auto total = "t" + str(static_cast<std::int64_t>(m));
      line(total + " = " + reduction(member) + "join(" + total + ", static_cast<" + total_type(member) +
           ">(" + value(member.operands[0]) + "));");
    }
    close();
    auto operand = output_at(fusion_.outputs.size());
    for (std::size_t m = 0; m < fusion_.members.size(); ++m)
      if (fusion_.members[m].kind == Member::Kind::columns)
        line(totals_of(total_type(fusion_.members[m]), operand++) + "[at] = t" +
             str(static_cast<std::int64_t>(m)) + ";");
    close();
  }

  const plan::Fusion& fusion_;
  const std::vector<const plan::Address*>& operands_;
  const std::size_t input_count_;
  std::vector<ElementType> elements_;  // of the values
  std::vector<bool> per_row_;
  bool has_totals_ = false, has_rows_ = false, is_of_rows_ = false;
  std::map<int, std::string> renamed_;
  std::string columns_word_;
  std::size_t depth_ = 1;
  FusionKernel made_;
};

}  // namespace

std::int64_t rows_of_block(std::int64_t rows) {
  constexpr std::int64_t least = 16, most_blocks = 256;
  return std::max(least, (rows + most_blocks - 1) / most_blocks);
}
std::int64_t block_count(std::int64_t rows) { return (rows + rows_of_block(rows) - 1) / rows_of_block(rows); }

FusionKernel make_fusion_kernel(const plan::Fusion& fusion, const std::vector<const plan::Address*>& operands,
                                std::size_t input_count) {
  return FusionText(fusion, operands, input_count).make();
}

FusionKernel make_copy_kernel(const plan::Address& from, const plan::Address& to) {
  const plan::Fusion nothing{from.layout.type.shape, {}, {{0}}};
  return make_fusion_kernel(nothing, {&from, &to}, 1);
}

}  // namespace reel::cuda
