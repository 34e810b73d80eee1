#include <algorithm>

#include "run/cuda/fusion/lines_of_rows.h"

namespace reel::cuda {

namespace {

using plan::Member;

constexpr int threads = 256;

/// Each reduction of the row needs what those before it made, and all of the row: a stage ends there.
class RowText {
 public:
  explicit RowText(FusionText& text) : text_(text), fusion_(text.fusion()), lines_(text) {
    totals_ = text.members_of(Member::Kind::columns);
    by_warps_ = lines_.columns() <= 1024 && totals_.empty();
    find_stages();
  }

  void write() {
    text_.line(by_warps_ ? "const int lane = threadIdx.x % 32, lanes = 32;"
                         : "const int lane = threadIdx.x, lanes = blockDim.x;");
    open_rows();
    lines_.write_offsets();
    for (std::size_t i = 0; i < text_.input_count(); ++i)
      if (text_.is_per_row(static_cast<int>(i)))
        text_.line("const " + text_.element_type(static_cast<int>(i)) + " " +
                   text_.value(static_cast<int>(i)) + " = " + text_.pointer(i, true) + "[o" +
                   std::to_string(i) + "];");
    const auto last = *std::max_element(stages_.begin(), stages_.end());
    for (int stage = 0; stage <= last; ++stage) {
      write_row_values(stage);
      if (stage < last) write_reductions(stage);
    }
    write_results();
    write_row_results();
    text_.close();
    if (!totals_.empty()) text_.close();
  }

 private:
  void open_rows() {
    const auto rows = text_.word(lines_.rows());
    const auto shared = by_warps_ ? 0 : sizeof(double) * threads / 32;
    if (!totals_.empty()) {
      const auto size = text_.word(rows_of_block(lines_.rows()));
      text_.launch({block_count(lines_.rows()), threads, shared});
      text_.open("for (Int64 block = blockIdx.x; block * " + size + " < " + rows + "; block += gridDim.x)");
      text_.line("const Int64 first = block * " + size + ", end = first + " + size + " < " + rows +
                 " ? first + " + size + " : " + rows + ";");
      text_.open("for (Int64 row = first; row < end; ++row)");
    } else if (by_warps_) {
      text_.launch({CudaKernel::blocks_for(lines_.rows() * 32, threads), threads, shared});
      text_.open("for (Int64 row = thread_of_grid() / 32; row < " + rows +
                 "; row += threads_of_grid() / 32)");
    } else {
      text_.launch({CudaKernel::blocks_for(lines_.rows(), 1), threads, shared});
      text_.open("for (Int64 row = blockIdx.x; row < " + rows + "; row += gridDim.x)");
    }
  }

  /// For each value the reductions of rows that lie behind it.
  void find_stages() {
    stages_.assign(text_.input_count(), 0);
    for (const auto& member : fusion_.members) {
      int stage = 0;
      for (auto operand : member.operands)
        stage = std::max(stage, stages_[static_cast<std::size_t>(operand)]);
      stages_.push_back(stage + (member.kind == Member::Kind::rows ? 1 : 0));
    }
  }
  int stage_of(std::size_t member) const {
    return stages_[static_cast<std::size_t>(text_.number_of(member))];
  }

  /// Maps of row values, and their repeats, which are other names of them.
  void write_row_values(int stage) {
    for (std::size_t m = 0; m < fusion_.members.size(); ++m) {
      if (stage_of(m) != stage) continue;
      const auto& member = fusion_.members[m];
      if (member.kind == Member::Kind::repeat) text_.rename(text_.number_of(m), member.operands[0]);
      if (member.kind == Member::Kind::map && text_.is_per_row(text_.number_of(m))) text_.write_map(m);
    }
  }

  /// For the elements of the row, shared out among the lanes.
  void write_elements(const std::vector<int>& wanted, const std::vector<std::size_t>& outputs,
                      const std::function<void()>& each) {
    const auto size = std::to_string(lines_.size());
    text_.open("for (Int64 j = lane * " + size + "; j < " + lines_.columns_word() + "; j += lanes * " + size +
               ")");
    text_.write_elements(
        lines_.size(), wanted, outputs, [&](std::size_t operand) { return lines_.along(operand); }, each);
    text_.close();
  }

  void write_reductions(int stage) {
    std::vector<int> wanted;
    std::vector<std::size_t> reduced;
    for (auto m : text_.members_of(Member::Kind::rows)) {
      if (stage_of(m) != stage + 1) continue;
      reduced.push_back(m);
      wanted.push_back(fusion_.members[m].operands[0]);
      text_.write_start(m, total(m));
    }
    write_elements(wanted, {}, [&] {
      for (auto m : reduced) text_.write_join(m, total(m));
    });
    for (auto m : reduced) {
      const auto type = text_.total_type(m);
      const auto join = "[](" + type + " a, " + type + " b) { return " + text_.reduction(m) + "join(a, b); }";
      text_.line(total(m) + " = " +
                 (by_warps_
                      ? "join_warp(" + total(m)
                      : "join_block(" + total(m) + ", reinterpret_cast<" + type + "*>(shared_memory())") +
                 ", " + join + ");");
      text_.line("const " + text_.element_type(text_.number_of(m)) + " " + text_.value(text_.number_of(m)) +
                 " = " + text_.reduction(m) + "template finish<" +
                 text_.element_type(fusion_.members[m].operands[0]) + ">(" + total(m) + ");");
    }
  }

  /// What is stored for each element, and totals of columns.
  void write_results() {
    std::vector<int> wanted;
    std::vector<std::size_t> outputs;
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o) {
      if (text_.is_per_row(fusion_.outputs[o].value)) continue;
      outputs.push_back(o);
      wanted.push_back(fusion_.outputs[o].value);
    }
    for (auto m : totals_) wanted.push_back(fusion_.members[m].operands[0]);
    if (wanted.empty()) return;
    write_elements(wanted, outputs, [&] {
      auto operand = text_.output_at(fusion_.outputs.size());
      for (auto m : totals_) {
        text_.line("auto& " + total(m) + " = words.template pointer<" + text_.total_type(m) + ">(" +
                   std::to_string(operand++) + ")[block * " + lines_.columns_word() + " + j + e];");
        text_.line("if (row == first) " + total(m) + " = " + text_.reduction(m) + "template start<" +
                   text_.total_type(m) + ">();");
        text_.write_join(m, total(m));
      }
    });
  }

  /// They may stand where a row value was read: all lanes have read it by then.
  void write_row_results() {
    bool is_first = true;
    for (std::size_t o = 0; o < fusion_.outputs.size(); ++o) {
      const auto number = fusion_.outputs[o].value;
      if (!text_.is_per_row(number)) continue;
      if (is_first) text_.line(by_warps_ ? "sync_warp();" : "sync_block();");
      is_first = false;
      const auto operand = text_.output_at(o);
      text_.line("if (lane == 0) " + text_.pointer(operand, false) + "[o" + std::to_string(operand) +
                 "] = " + text_.value(number) + ";");
    }
  }

  static std::string total(std::size_t member) { return "t" + std::to_string(member); }

  FusionText& text_;
  const plan::Fusion& fusion_;
  LinesOfRows lines_;
  std::vector<std::size_t> totals_;  // the members that make totals of columns
  bool by_warps_ = false;
  std::vector<int> stages_;
};

}  // namespace

void write_by_rows(FusionText& text) { RowText(text).write(); }

}  // namespace reel::cuda
