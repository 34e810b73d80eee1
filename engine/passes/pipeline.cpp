#include "passes/pipeline.h"

#include <reel/error.h>
#include <reel/to_dot.h>

#include <algorithm>
#include <cstring>

#include "passes/improving.h"
#include "passes/products/products.h"
#include "passes/residuals/residuals.h"
#include "passes/split/split.h"

namespace reel::passes {

namespace {

void cut_what_derivatives_read(Improving& now, const CompileOptions& options) {
  if (!now.has_unrolls()) return;
  now.simplify([&](WantedStep& step) { cut_residuals(step, options.saving, now.limits()); });
  cut_residuals(now.own(), options.saving, now.limits());
}

/// Products are rewritten in steps that are simple, and leave them so: both passes are one walk.
void simplify_all(Improving& now, const CompileOptions& options) {
  if (!takes(options, "products")) now.simplify();
}

void improve_products(Improving& now, const CompileOptions&) {
  now.simplify([&](WantedStep& step) { rewrite_products(step, now.limits()); });
  merge_products(now.own(), now.limits());
}

void split_unrolls(Improving& now, const CompileOptions& options) {
  if (!now.has_unrolls()) return;
  now.become_split(split(now.tape(), now.outputs(),
                         {takes(options, "sink"), takes(options, "scan"), options.saving}, now.limits()));
  // What was taken out of loops meets what was there.
  if (takes(options, "simplify")) simplify_all(now, options);
  if (takes(options, "products")) improve_products(now, options);
}

/// A pass costs its files and a line here.
struct Pass {
  const char* name;
  const char* purpose;
  void (*run)(Improving&,
              const CompileOptions&);  // null where it is done in a pass before, or as a tape is planned
};

constexpr Pass table[] = {
    {"residuals",
     "of what derivatives read of forward steps, stores what is cheapest and computes the rest again",
     cut_what_derivatives_read},
    {"simplify",
     "every node in its simplest form, and but once (passes that rewrite nodes write them in that form too)",
     simplify_all},
    {"products",
     "products that share an operand become one, those of a concat are taken apart, sums join them",
     improve_products},
    {"split", "only what recurs stays in an unroll; the rest is computed for all steps at once",
     split_unrolls},
    {"scan", "a state that is multiplied and added to alone needs no loop: it is a scan over the steps",
     nullptr},
    {"sink", "maps before a loop and sums behind it are computed in it, where it then reads no more",
     nullptr},
    {"sums", "what is kept of all steps anyway is added up behind its loop, where a device does that faster",
     nullptr},
    {"fuse", "elementwise operations and reductions of one space are run in one pass over memory", nullptr},
};

/// The position in the table. Throws Error where there is no such pass.
std::size_t number_of(const std::string& name) {
  std::string names;
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (name == table[i].name) return i;
    names += (i > 0 ? ", " : "") + std::string(table[i].name);
  }
  throw Error("there is no pass '" + name + "'; there are " + names);
}

void run_passes(Improving& now, const CompileOptions& options, std::size_t last) {
  for (std::size_t i = 0; i <= last; ++i)
    if (options.takes(i) && table[i].run) table[i].run(now, options);
}

}  // namespace

bool takes(const CompileOptions& options, const char* pass) { return options.takes(number_of(pass)); }

std::vector<NodeId> nodes_of(const std::string& operation, const Tape& tape, const Tensors& outputs) {
  std::vector<NodeId> nodes;
  for (const auto& output : outputs) {
    check_usable(operation, output);
    if (!output.recorded() || &output.tape() != &tape)
      refuse(operation,
             "an output is on another tape than the one handed in: hand in the tape it was recorded on",
             {output});
    nodes.push_back(output.id());
  }
  return nodes;
}

Improved improve(const Tape& tape, const std::vector<NodeId>& outputs, const CompileOptions& options) {
  Improving now(tape, outputs);
  run_passes(now, options, std::size(table) - 1);
  if (!now.own().tape) now.own().tape = tape.clone();
  return std::move(now.own());
}

}  // namespace reel::passes

namespace reel {

std::vector<PassName> all_passes() {
  std::vector<PassName> names;
  for (const auto& pass : passes::table) names.push_back({pass.name, pass.purpose});
  return names;
}

Without::Without(const std::string& pass) : number_(passes::number_of(pass)) {}

std::string to_dot_after(const std::string& pass, const Tape& tape, const Tensors& outputs,
                         const CompileOptions& options) {
  passes::Improving now(tape, passes::nodes_of("to_dot_after", tape, outputs));
  const auto last = passes::number_of(pass);
  // What is done in the walk of a later pass is done now.
  auto so_far = options;
  for (auto i = last + 1; i < std::size(passes::table); ++i) so_far.leave_out(i);
  passes::run_passes(now, so_far, last);
  return to_dot(now.tape());
}

}  // namespace reel
