#include "plan/out_of_memory.h"
#include "plan/plan.h"

namespace reel::plan {

namespace {

std::string name_of(const Plan& plan, const Base& base) {
  switch (base.kind) {
    case Base::Kind::arena:
      return "arena";
    case Base::Kind::kept:
      return "kept " + std::to_string(base.position);
    case Base::Kind::argument:
      return plan.arguments[base.position].name;
    case Base::Kind::result:
      return "result " + std::to_string(base.position);
    case Base::Kind::constant:
      return "constant";
    default:
      return base.variable->name();
  }
}

std::string to_string(const Note& note) {
  auto text = note.what;
  if (!note.operands.empty()) text += " of " + note.operands;
  if (!note.origin.scope.empty()) text += " in " + note.origin.scope;
  if (note.origin.order > 0) text += ", " + note.origin.derivative();
  return text;
}

/// " | x+0, arena+2560 -> arena+8448"
std::string operands_of(const Work& work, const std::function<std::string(std::size_t)>& where) {
  std::string text;
  const char* separator = " | ";
  for (std::uint32_t k = 0; k < work.operand_count(); ++k) {
    if (k == work.input_count) separator = k == 0 ? " | -> " : " -> ";
    text += separator + where(work.first_operand + k);
    separator = ", ";
  }
  return text;
}

/// A buffer is named by the largest operand that stands in it, and by the first work that writes to it, which
/// is no copy where there is another.
Holder holder_of(const Plan& plan, std::size_t buffer) {
  Holder holder{plan.buffers[buffer].bytes, {}, "", ""};
  bool is_computed = false;
  for (std::size_t i = 0; i < plan.work.size(); ++i)
    for (std::uint32_t k = 0; k < plan.work[i].operand_count(); ++k) {
      const auto& address = plan.operand(plan.work[i], k);
      if (address.buffer != static_cast<std::int32_t>(buffer)) continue;
      const auto& type = address.layout.type;
      // What is broadcast takes less than its type.
      if (type.bytes() > holder.type.bytes() && type.bytes() <= holder.bytes) holder.type = type;
      if (k < plan.work[i].input_count || is_computed) continue;
      is_computed = plan.work[i].kind != Work::Kind::copy;
      if (!is_computed && !holder.operation.empty()) continue;
      holder.operation = plan.notes[i].what;
      holder.scope = plan.notes[i].origin.scope;
    }
  return holder;
}

}  // namespace

std::string address_text(const Plan& plan, int base, std::int64_t offset, Span<const Stride> steps) {
  auto text = name_of(plan, plan.bases[static_cast<std::size_t>(base)]) + "+" + std::to_string(offset);
  for (const auto& step : steps) text += "+" + std::to_string(step.bytes) + "t" + std::to_string(step.level);
  return text;
}

std::string explain(const Plan& plan, const std::function<std::string(std::size_t)>& more,
                    const std::string& last, const std::function<std::string(std::size_t)>& where) {
  const auto in_plan = [&](std::size_t operand) {
    const auto& address = plan.operands[operand];
    return address_text(plan, address.base, address.offset, {address.steps.data(), address.steps.size()});
  };
  std::string text;
  std::vector<std::int32_t> ends;  // of the loops around
  for (std::size_t i = 0; i < plan.work.size(); ++i) {
    const auto& work = plan.work[i];
    while (!ends.empty() && ends.back() <= static_cast<std::int32_t>(i)) ends.pop_back();
    text += std::to_string(i) + std::string(2 + 2 * ends.size(), ' ') + to_string(plan.notes[i]);
    if (work.kind == Work::Kind::loop) ends.push_back(work.end);
    text += operands_of(work, where ? where : in_plan);
    if (work.cached) text += " | kept while parameters stay";
    if (more) text += more(i);
    text += "\n";
  }
  return text + "arena: " + std::to_string(plan.arena_bytes) + " bytes, and " +
         std::to_string(plan.kept_bytes()) + " kept while parameters stay" + last + "\n";
}

std::string what_holds_memory(const Plan& plan) {
  std::vector<Holder> largest;
  for (auto buffer : largest_buffers(plan.buffers)) largest.push_back(holder_of(plan, buffer));
  return to_string(largest);
}

std::string message_of(const Plan& plan, std::size_t work, const std::string& what,
                       Span<const std::int64_t> steps) {
  const auto& note = plan.notes[work];
  return message(note.what, what, note.origin, note.operands, steps);
}

}  // namespace reel::plan
