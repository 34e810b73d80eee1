#include "run/cpu/cluster/pieces.h"

#include <cstring>

namespace reel::cpu {

Cluster::Pieces::Pieces(const Cluster& cluster, const std::vector<Input>& inputs,
                        const std::vector<Member>& steps, const std::vector<Output>& outputs,
                        const Uses& uses)
    : of_(cluster),
      inputs_(inputs),
      steps_(steps),
      outputs_(outputs),
      uses_(uses),
      is_written_(outputs.size()) {
  choose_rows_or_tiles();
}

/// Rows that leave much of their last vectors empty are copied side by side first, unless something is the
/// same all along a row.
void Cluster::Pieces::choose_rows_or_tiles() {
  constexpr double least_use = 0.75;  // measured at 10 columns of 16 lanes, where a step takes a fifth less
  for (const auto& group : uses_.groups()) {
    if (!group.is_compiled) continue;
    const auto& code = steps_[group.steps[0]].code;
    const auto size = code.vector_bytes / static_cast<std::int64_t>(size_of(code.element));
    const auto vectors = (of_.columns_ + size - 1) / size;
    if (static_cast<double>(of_.columns_) < least_use * static_cast<double>(vectors * size))
      is_side_by_side_ = true;
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (of_.per_row_[i] || (of_.accesses_[i].column == 0 && !inputs_[i].uniform)) is_side_by_side_ = false;
  if (of_.has_row_values_) is_side_by_side_ = false;
}

std::optional<std::vector<Cluster::Pieces::Draft>> Cluster::Pieces::compile(CompiledPasses& passes) {
  std::vector<Draft> drafts;
  for (int g = 0; g < uses_.last(); ++g) {
    if (!uses_.groups()[g].is_compiled) continue;
    drafts.push_back(draft_of(g));
    auto& draft = drafts.back();
    draft.piece.pass = passes.of(draft.code);
    if (!draft.piece.pass) return std::nullopt;
  }
  return drafts;
}

/// Whether a piece works on the memory of an input or output itself.
bool Cluster::Pieces::is_in_place(const Access& access) const {
  return of_.outer_.size() <= 1 && access.column == access.element && (access.packed || !is_side_by_side_);
}

bool Cluster::Pieces::is_read_in_place(int value) const {
  if (!is_input(value) || of_.per_row_[value]) return false;
  const auto& access = of_.accesses_[value];
  return is_in_place(access) || (of_.outer_.size() <= 1 && access.column == 0);
}

Cluster::Pieces::Draft Cluster::Pieces::draft_of(int g) {
  Draft draft;
  draft.values.assign(of_.value_count_, -1);
  const auto& own = uses_.groups()[g].steps;
  for (auto s : own) {
    const auto& code = steps_[s].code;
    if (code.element != ElementType::boolean) draft.code.element = code.element;
    draft.code.vector_bytes = code.vector_bytes;
  }
  const auto value_of = [&](int step) { return static_cast<int>(inputs_.size()) + step; };
  for (auto s : own) {
    std::vector<int> operands;
    for (auto operand : steps_[s].operands)
      operands.push_back(code_value(draft, uses_.source_of(operand, g)));
    draft.values[value_of(s)] = draft.code.add_map(steps_[s].code, operands);
  }
  draft.piece.operand_count = draft.piece.places.size();
  for (auto s : own) add_results(draft, g, value_of(s));
  return draft;
}

/// The number of a value in the code of a draft, which may get an operand for it.
int Cluster::Pieces::code_value(Draft& draft, int value) const {
  auto& known = draft.values[value];
  if (known >= 0) return known;
  if (is_input(value) && inputs_[value].uniform) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, inputs_[value].uniform, size_of(inputs_[value].layout.type.element));
    return known = draft.code.add_number(bits);
  }
  if (is_read_in_place(value)) {
    const auto& access = of_.accesses_[value];
    draft.operands.emplace_back(value, static_cast<int>(draft.piece.places.size()));
    draft.piece.places.push_back(Piece::Place::of(Piece::Place::Kind::input, value, access));
    return known = draft.code.add_operand(access.column == 0);
  }
  const bool per_row = of_.per_row_[value];
  const auto element = static_cast<std::int64_t>(size_of(draft.code.element));
  draft.piece.places.push_back({Piece::Place::Kind::tile, per_row, value, element});
  return known = draft.code.add_operand(per_row);
}

/// In the memory of outputs, and in a tile where the value is needed otherwise.
void Cluster::Pieces::add_results(Draft& draft, int g, int value) {
  bool needs_tile = uses_.last_reader(value) > g;
  for (auto o : uses_.outputs_of(value)) {
    const auto& access = of_.accesses_[inputs_.size() + o];
    if (!is_in_place(access) || !uses_.is_safe(outputs_[o])) {
      needs_tile = true;
      continue;
    }
    std::vector<int> overwritten;
    for (auto input : outputs_[o].overwrites)
      for (const auto& [read, operand] : draft.operands)
        if (read == input) overwritten.push_back(operand);
    is_written_[o] = true;
    draft.piece.places.push_back(Piece::Place::of(Piece::Place::Kind::output, static_cast<int>(o), access));
    draft.code.add_result(draft.values[value], overwritten);
  }
  if (!needs_tile) return;
  draft.tiles.push_back(value);
  const auto element = static_cast<std::int64_t>(size_of(draft.code.element));
  draft.piece.places.push_back({Piece::Place::Kind::tile, false, value, element});
  draft.code.add_result(draft.values[value], {});
}

}  // namespace reel::cpu
