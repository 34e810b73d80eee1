#include <numeric>

#include "run/cuda/fusion/lines_of_rows.h"

namespace reel::cuda {

void write_by_columns(FusionText& text) {
  constexpr int threads = 128;
  const auto& fusion = text.fusion();
  LinesOfRows lines(text);
  const auto members = text.members_of(plan::Member::Kind::columns);
  const auto total = [](std::size_t member) { return "t" + std::to_string(member); };
  const auto size = std::to_string(lines.size());
  const auto rows = text.word(lines.rows()), rows_each = text.word(rows_of_block(lines.rows()));
  const auto across = lines.columns() / lines.size(), count = block_count(lines.rows()) * across;
  const auto across_word = text.word(across);
  text.launch({CudaKernel::blocks_for(count, threads), threads, 0});
  text.open("for (Int64 at = thread_of_grid(); at < " + text.word(count) + "; at += threads_of_grid())");
  text.line("const Int64 j = at % " + across_word + " * " + size + ", block = at / " + across_word + ";");
  text.line("const Int64 first = block * " + rows_each + ";");
  text.line("const Int64 end = first + " + rows_each + " < " + rows + " ? first + " + rows_each + " : " +
            rows + ";");
  std::vector<int> wanted;
  for (auto m : members) {
    wanted.push_back(fusion.members[m].operands[0]);
    text.write_start(m, total(m), size);
  }
  std::vector<std::size_t> outputs(fusion.outputs.size());
  std::iota(outputs.begin(), outputs.end(), std::size_t{0});
  for (const auto& output : fusion.outputs) wanted.push_back(output.value);

  text.open("for (Int64 row = first; row < end; ++row)");
  lines.write_offsets();
  text.write_elements(
      lines.size(), wanted, outputs, [&](std::size_t operand) { return lines.along(operand); },
      [&] {
        for (auto m : members) text.write_join(m, total(m) + "[e]");
      });
  text.close();

  auto operand = text.output_at(fusion.outputs.size());
  for (auto m : members)
    text.line("for (int e = 0; e < " + size + "; ++e) words.template pointer<" + text.total_type(m) + ">(" +
              std::to_string(operand++) + ")[block * " + lines.columns_word() + " + j + e] = " + total(m) +
              "[e];");
  text.close();
}

}  // namespace reel::cuda
