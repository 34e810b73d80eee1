#include "passes/split/join.h"

#include <map>

#include "passes/worth.h"

namespace reel::passes {

void join_loops(const Body& body, std::int64_t steps, const StepGroups& groups,
                std::vector<std::int32_t>& loop_of) {
  struct Joined {
    std::int32_t loop = -1;
    std::int64_t bytes = 0;
  };
  // As many loops are behind one another before each loop of a stage, so none of them reads another.
  std::map<std::int32_t, Joined> last;  // of each stage
  for (std::size_t c = 0; c < groups.components.size(); ++c) {
    const auto& of = groups.of_component[c];
    if (of.loop < 0) continue;
    std::int64_t bytes = 0;
    bool only_maps = true;
    for (auto id : groups.components[c]) {
      const auto& node = body.tape->node(id);
      only_maps = only_maps && (node.operation->kind == Kind::map || body.tape->inputs(id).empty());
      bytes = std::min(bytes + bytes_of_steps(node.type, steps), most_bytes);
    }
    if (!only_maps) continue;
    auto& joined = last[of.stage];
    const bool fits = joined.loop >= 0 && joined.bytes + bytes <= little_bytes;
    if (!fits) joined = {of.loop, 0};
    joined.bytes += bytes;
    for (auto id : groups.components[c]) loop_of[id] = joined.loop;
  }
}

}  // namespace reel::passes
