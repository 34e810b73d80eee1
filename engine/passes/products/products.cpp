#include "passes/products/products.h"

#include <algorithm>
#include <map>
#include <optional>

#include "passes/products/padded_sums.h"
#include "passes/products/scalings.h"
#include "passes/products/sharing.h"
#include "passes/rewriting/draft.h"
#include "passes/rewriting/rebuild.h"
#include "record/lasting_parameters.h"
#include "search_limits.h"

// Rules on the axis roles of products. Each appends nodes and names what they stand in for; the step is then
// emitted anew. A rule looks at where its operands belong, inside or outside of a loop: merging and splitting
// undo each other, and would go on for ever otherwise.

namespace reel::passes {

namespace {

using NodeIds = std::vector<NodeId>;

/// Operands of a concat side by side, and where they stand in it.
struct Part {
  NodeIds operands;
  std::int64_t start, stop;
};

/// A product for each part of the concat on one side, along `axis`, in place of one of them all.
void split(Draft& draft, const Product& product, int side, int axis, const std::vector<Part>& parts) {
  const bool is_inner = product.roles[side][axis] == 'k';
  draft.set_origin_of(product.id);
  NodeIds results;
  for (const auto& part : parts) {
    NodeId operands[2];
    operands[side] = draft.concat(part.operands, axis);
    operands[1 - side] = product.operand[1 - side];
    if (is_inner)
      operands[1 - side] =
          draft.slice(operands[1 - side], {product.partner(side, axis), part.start, part.stop});
    results.push_back(draft.multiply(product, operands[0], operands[1]));
  }
  draft.replace(product.id,
                is_inner ? draft.add(results) : draft.concat(results, product.result_axis(side, axis)));
}

/// The products of a step and where they belong.
class StepRules {
 public:
  StepRules(const WantedStep& step, const StepGroups& groups)
      : groups_(groups),
        draft_(*step.body->tape),
        users_(*step.body->tape, [&](NodeId id) { return groups.is_live(id); }),
        is_result_(draft_.size()) {
    for (NodeId id = 0; id < draft_.size(); ++id) {
      if (!groups.is_live(id)) continue;
      if (draft_.is(id, matmul_operation())) products_.push_back(draft_.product(id));
    }
    for (auto id : step.results()) is_result_[id] = true;
  }

  const Draft& draft() const { return draft_; }

  void move_scaling_into_products() {
    move_scalings(draft_, users_, is_result_, [&](NodeId id) { return !groups_[id].varies; });
  }

  /// x A, x B -> x [A B]
  void merge_products_of_a_place() {
    merge_sharing(
        draft_, products_, [&](NodeId id) { return groups_[id].key(); },
        [&](const Sharing& group) {
          return std::all_of(group.products.begin(), group.products.end(), [&](const Product& product) {
            // What would be joined is made once, or in a loop, where a step's worth is moved.
            const auto& of = groups_[product.operand[group.other()]];
            return !of.varies || of.loop >= 0 || groups_[product.id].loop >= 0;
          });
        });
  }

  /// [a b] W -> a Wa + b Wb where a and b belong in different places.
  void split_concats() {
    for (const auto& product : products_)
      for (int side = 0; side < 2; ++side)
        if (draft_.is(product.operand[side], concat_operation()) && split_concat(product, side)) break;
  }

  /// a A + b B -> [a b] [A B] where all belong in one place, and pads that fill each other's gaps -> concat.
  void merge_sums() {
    for (NodeId id = 0; id < draft_.size(); ++id)
      if (groups_.is_live(id) && draft_.is(id, add_operation()) && !is_inner_term(id)) merge_sum(id);
  }

  /// A slice of a product -> a product of slices, where some slices belong elsewhere than others; likewise of
  /// a map.
  void push_slices() {
    for (NodeId id = 0; id < draft_.size(); ++id) {
      if (!groups_.is_live(id) || is_result_[id] || users_[id].empty()) continue;
      const bool is_product = draft_.is(id, matmul_operation());
      const auto& operation = *draft_.node(id).operation;
      if (!is_product && operation.kind != Kind::map) continue;
      const auto is_slice = [&](NodeId user) { return draft_.is(user, slice_operation()); };
      if (!std::all_of(users_[id].begin(), users_[id].end(), is_slice)) continue;
      const auto loop = groups_[users_[id][0]].loop;
      const auto is_apart = [&](NodeId user) { return groups_[user].loop != loop; };
      const bool apart = std::any_of(users_[id].begin(), users_[id].end(), is_apart);
      // A map of which each user takes another part does no more work for being cut up, and what follows can
      // be done in one pass with it.
      const bool worth_it = is_product ? apart : covers_once(id) || (apart && operation.is_cheap());
      if (!worth_it) continue;
      for (auto user : users_[id]) push_slice(id, user, is_product);
    }
  }

 private:
  bool split_concat(const Product& product, int side) {
    const auto concat = Concat::of(draft_.tape(), product.operand[side]);
    if (product.roles[side][concat.axis] == 'b') return false;
    std::vector<Part> parts;
    for (const auto& [operand, start, stop] : concat.parts) {
      const bool belongs_with_last = !parts.empty() && groups_[parts.back().operands[0]] == groups_[operand];
      if (!belongs_with_last) parts.push_back({{}, start, stop});
      parts.back().operands.push_back(operand);
      parts.back().stop = stop;
    }
    if (parts.size() == 1) return false;
    split(draft_, product, side, concat.axis, parts);
    return true;
  }

  /// Whether the users of a value, all slices, together take no more than is there.
  bool covers_once(NodeId id) const {
    const auto axis_of = [&](NodeId slice) { return Slice::of(draft_.node(slice)).axis; };
    const auto axis = axis_of(users_[id][0]);
    std::int64_t taken = 0;
    for (auto user : users_[id]) {
      if (axis_of(user) != axis) return false;
      taken += draft_.shape(user)[axis];
    }
    return taken <= draft_.shape(id)[axis];
  }

  /// A term used by a sum alone, of its class, is part of it.
  bool is_inner_term(NodeId id) const {
    return !is_result_[id] && users_[id].size() == 1 && draft_.is(users_[id][0], add_operation()) &&
           groups_[users_[id][0]] == groups_[id];
  }

  void merge_sum(NodeId total) {
    auto terms = terms_of(draft_, total, [&](NodeId id) { return is_inner_term(id); });
    const auto count = terms.size();
    draft_.set_origin_of(total);
    merge_product_terms(terms);
    join_pads(draft_, terms);
    if (terms.size() != count) draft_.replace(total, draft_.add(terms));
  }

  void merge_product_terms(NodeIds& terms) {
    std::map<std::tuple<StepGroup::Key, std::string, std::string>, std::vector<Product>> sharings;
    for (auto id : terms) {
      if (!draft_.is(id, matmul_operation()) || users_[id].size() != 1 || is_result_[id]) continue;
      const auto product = draft_.product(id);
      // Before any loop two products for all steps are as good, and nothing must be moved.
      if (product.only_axis(0, 'k') < 0 || groups_[id].stage == 0) continue;
      sharings[{groups_[id].key(), product.roles[0], product.roles[1]}].push_back(product);
    }
    for (auto& [key, products] : sharings) {
      if (products.size() < 2) continue;
      std::sort(products.begin(), products.end(),
                [](const Product& a, const Product& b) { return a.id < b.id; });
      NodeId joined[2];
      for (int side = 0; side < 2; ++side) {
        NodeIds parts;
        for (const auto& product : products) parts.push_back(product.operand[side]);
        joined[side] = draft_.concat(parts, products[0].only_axis(side, 'k'));
      }
      NodeIds merged;
      for (const auto& product : products) merged.push_back(product.id);
      remove_terms(merged, terms);
      terms.push_back(draft_.multiply(products[0], joined[0], joined[1]));
    }
  }

  /// The product or map of slices in place of `user`, a slice of product or map `id`.
  void push_slice(NodeId id, NodeId user, bool is_product) {
    const auto slice = Slice::of(draft_.node(user));
    auto inputs = NodeIds(draft_.inputs(id).begin(), draft_.inputs(id).end());
    draft_.set_origin_of(id);
    const auto sliced = [&](NodeId operand, int axis) { return draft_.slice(operand, slice.along(axis)); };
    if (is_product) {
      const auto product = draft_.product(id);
      const auto [side, from] = product.source_axis(slice.axis);
      inputs[side] = sliced(inputs[side], from);
      if (product.roles[side][from] == 'b')
        inputs[1 - side] = sliced(inputs[1 - side], product.partner(side, from));
    } else {
      for (auto& input : inputs) input = sliced(input, slice.axis);
    }
    draft_.replace(user, draft_.append(*draft_.node(id).operation, inputs, draft_.node(id).attributes));
  }

  const StepGroups& groups_;
  Draft draft_;
  const Users users_;
  std::vector<bool> is_result_;
  std::vector<Product> products_;
};

/// Calls what returns whether it has changed something, until it does not.
template <class Once>
void in_turn(limits::Met& met, const Once& once) {
  for (int round = 0; round < limits::most_rewrites_in_turn; ++round)
    if (!once()) return;
  met.push_back("products are rewritten " + std::to_string(limits::most_rewrites_in_turn) +
                " times at most by each rule: some may be left that could be merged or taken apart");
}

bool has_products(const Tape& tape) {
  for (NodeId id = 0; id < tape.size(); ++id)
    if (Product::is(tape, id)) return true;
  return false;
}

}  // namespace

void rewrite_products(WantedStep& step, limits::Met& met) {
  // Effects keep their order, which a node moved forward might change.
  if (!has_products(*step.body->tape) || !step.body->tape->roots().empty()) return;
  std::optional<StepGroups> groups;
  std::optional<StepRules> rules;
  using Rule = void (StepRules::*)();
  for (const Rule rule :
       {&StepRules::move_scaling_into_products, &StepRules::merge_products_of_a_place,
        &StepRules::split_concats, &StepRules::merge_sums, &StepRules::push_slices, &StepRules::split_concats,
        &StepRules::merge_sums, &StepRules::merge_products_of_a_place}) {
    in_turn(met, [&] {
      if (!rules) {
        groups = group_steps(*step.body, step.results());
        rules.emplace(step, *groups);
      }
      ((*rules).*rule)();
      if (!rules->draft().is_changed()) return false;
      emit_anew(step, rules->draft().replacement());
      rules.reset();
      return true;
    });
  }
}

namespace {

/// Products outside of loops.
class OuterProducts {
 public:
  explicit OuterProducts(Draft& draft) : draft_(draft) {
    const LastingParameters lasts(draft.tape());
    for (NodeId id = 0; id < draft.size(); ++id) {
      const auto inputs = draft.inputs(id);
      const bool moves = draft.node(id).operation->is_layout() || draft.is(id, concat_operation());
      stays_.push_back(moves ? std::all_of(inputs.begin(), inputs.end(), [&](NodeId x) { return stays(x); })
                             : lasts(id));
      if (draft.is(id, matmul_operation())) products_.push_back(draft.product(id));
    }
  }

  void split_or_merge() {
    for (const auto& product : products_)
      if (!split_concat(product, 0)) split_concat(product, 1);
    if (draft_.is_changed()) return;
    merge_sharing(
        draft_, products_, [](NodeId) { return StepGroup().key(); },
        [&](const Sharing& group) { return moves_little(group); });
  }

 private:
  /// [a b]^T c -> [a^T c; b^T c] where that moves less: a gradient, of sequences side by side.
  bool split_concat(const Product& product, int side) {
    const auto operand = product.operand[side];
    if (!draft_.is(operand, concat_operation()) || stays(operand)) return false;
    const auto concat = Concat::of(draft_.tape(), operand);
    const bool is_own = product.roles[side][concat.axis] == Product::own_role(side);
    if (!is_own || draft_.shape(product.id).size() >= draft_.shape(operand).size()) return false;
    std::vector<Part> parts;
    for (const auto& [id, start, stop] : concat.parts) parts.push_back({{id}, start, stop});
    split(draft_, product, side, concat.axis, parts);
    return true;
  }

  /// Whether what must be moved in a run so that operands stand side by side takes little memory beside the
  /// results.
  bool moves_little(const Sharing& group) const {
    std::int64_t moved = 0, results = 0;
    for (const auto& product : group.products) {
      const auto operand = product.operand[group.other()];
      if (!stays(operand)) moved += draft_.shape(operand).size();
      results += draft_.shape(product.id).size();
    }
    return 4 * moved <= results;
  }

  /// Whether a value is made once for many runs, of parameters side by side.
  bool stays(NodeId id) const { return stays_[static_cast<std::size_t>(id)]; }

  Draft& draft_;
  std::vector<bool> stays_;  // of each node
  std::vector<Product> products_;
};

/// Scalings outside of loops; they end at operands, which are smaller each time.
void scale_operands(Draft& draft, const Wanted& wanted) {
  const Users users(*wanted.tape);
  std::vector<bool> is_result(draft.size());
  for (auto id : wanted.outputs) is_result[id] = true;
  move_scalings(draft, users, is_result, [](NodeId) { return false; });
}

void join_pads_of_sums(Draft& draft, const Wanted& wanted) { join_pads(draft, wanted.outputs); }

void split_or_merge(Draft& draft, const Wanted&) { OuterProducts(draft).split_or_merge(); }

}  // namespace

void merge_products(Wanted& wanted, limits::Met& met) {
  const auto& roots = wanted.tape->roots();
  const auto is_effect = [&](NodeId id) { return wanted.tape->node(id).operation->kind != Kind::update; };
  if (std::any_of(roots.begin(), roots.end(), is_effect)) return;
  for (const auto rule : {scale_operands, split_or_merge, join_pads_of_sums}) {
    in_turn(met, [&] {
      Draft draft(*wanted.tape);
      rule(draft, wanted);
      if (draft.is_changed()) emit_anew(wanted, draft.replacement());
      return draft.is_changed();
    });
  }
}

}  // namespace reel::passes
