#include "run/kept_values.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <set>

#include "search_limits.h"

namespace reel {

namespace {

/// Says exactly what a value is made of and how: two that say the same are the same, bit by bit. Operations,
/// variables and large constants are told apart by their addresses; whoever keeps the value keeps them.
class Recipe {
 public:
  template <class T>
  void add(const T& number) {
    static_assert(std::is_trivially_copyable_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    text_.append(bytes, sizeof(T));
  }
  void add(const std::string& text) {
    add(text.size());
    text_ += text;
  }
  void add(const std::vector<std::int64_t>& numbers) {
    add(numbers.size());
    for (auto number : numbers) add(number);
  }
  template <class T>
  void add(const std::shared_ptr<T>& object) {
    add(static_cast<const void*>(object.get()));
  }
  void add(const Layout& layout) {
    add(layout.type.element);
    add(layout.type.shape.extents());
    add(layout.strides);
  }
  void add(const Attributes& attributes) {
    add(attributes.entries().size());
    for (const auto& [name, value] : attributes.entries()) {
      add(std::string(name.text()));
      add(value.index());
      std::visit([&](const auto& each) { add_value(each); }, value);
    }
  }
  const std::string& text() const { return text_; }

 private:
  template <class T>
  void add_value(const T& value) {
    add(value);
  }
  void add_value(const NoAttribute&) {}

  std::string text_;
};

/// What a plan keeps: how each is made, and of what.
class Recipes {
 public:
  explicit Recipes(const plan::Plan& plan) : plan_(plan), made_(plan.kept.size()) {
    for (const auto& work : plan_.work)
      if (work.cached) note(work);
  }

  /// Of what is kept at `position`, with that of all it is made of, and the variables among that; none where
  /// it takes long to say.
  std::optional<std::string> of(std::size_t position,
                                std::vector<std::shared_ptr<Variable>>& variables) const {
    Recipe whole;
    std::vector<std::size_t> order{position};
    Numbers number{{position, 0}};
    std::set<std::shared_ptr<Variable>> read;
    for (std::size_t next = 0; next < order.size(); ++next) {
      whole.add(plan_.kept[order[next]]);
      for (const auto& writing : made_[order[next]]) {
        if (length_of(*writing.work) + whole.text().size() > limits::longest_recipe) return std::nullopt;
        for (std::uint32_t k = 0; k < writing.work->input_count; ++k) {
          const auto& base = base_of(plan_.operand(*writing.work, k));
          if (base.kind == Kind::variable) read.insert(base.variable);
          if (base.kind == Kind::kept && number.emplace(base.position, order.size()).second)
            order.push_back(base.position);
        }
        add(whole, writing, number);
      }
    }
    variables.assign(read.begin(), read.end());
    return whole.text();
  }

 private:
  using Kind = plan::Base::Kind;
  /// A piece of work that writes to something kept, as one of its outputs.
  struct Writing {
    const plan::Work* work;
    std::uint32_t output;
  };

  const plan::Base& base_of(const plan::Address& address) const {
    return plan_.bases[static_cast<std::size_t>(address.base)];
  }

  void note(const plan::Work& work) {
    for (std::uint32_t o = 0; o < work.output_count; ++o) {
      const auto& base = base_of(plan_.operand(work, work.input_count + o));
      // What has no elements is kept nowhere.
      if (base.kind == Kind::kept) made_[base.position].push_back({&work, o});
    }
  }

  /// About how much there is to say of a piece of work.
  std::size_t length_of(const plan::Work& work) const {
    const auto members = work.kind == plan::Work::Kind::fusion ? plan_.fusions[work.index].members.size() : 1;
    return 64 * (work.operand_count() + members);
  }

  using Numbers = std::unordered_map<std::size_t, std::size_t>;

  void add(Recipe& recipe, const Writing& writing, const Numbers& number) const {
    const auto& work = *writing.work;
    recipe.add(work.kind);
    recipe.add(writing.output);
    if (work.kind == plan::Work::Kind::fusion)
      add(recipe, plan_.fusions[work.index]);
    else if (work.kind != plan::Work::Kind::copy)
      add(recipe, work.kind, plan_.calls[work.index]);
    for (std::uint32_t k = 0; k < work.input_count; ++k) add(recipe, plan_.operand(work, k), number);
    const auto& written = plan_.operand(work, work.input_count + writing.output);
    recipe.add(written.offset);
    recipe.add(written.layout);
  }

  void add(Recipe& recipe, const plan::Fusion& fusion) const {
    recipe.add(fusion.space.extents());
    recipe.add(fusion.members.size());
    for (const auto& member : fusion.members) {
      recipe.add(member.operation);
      recipe.add(member.kind);
      recipe.add(std::vector<std::int64_t>(member.operands.begin(), member.operands.end()));
      recipe.add(member.result);
    }
    for (const auto& output : fusion.outputs) recipe.add(output.value);
  }

  /// The form that an operation wants of an operand does not depend on the others.
  void add(Recipe& recipe, plan::Work::Kind kind, const plan::Call& call) const {
    const auto& request = call.request;
    recipe.add(call.operation);
    recipe.add(request.attributes);
    recipe.add(request.result.strides);
    recipe.add(request.prepared);
    recipe.add(call.on_host);
    if (kind == plan::Work::Kind::prepare) return;
    recipe.add(request.result);
    for (const auto& operand : request.operands) recipe.add(operand);
  }

  void add(Recipe& recipe, const plan::Address& address, const Numbers& number) const {
    const auto& base = base_of(address);
    recipe.add(base.kind);
    recipe.add(address.offset);
    recipe.add(address.layout);
    if (base.kind == Kind::variable) recipe.add(base.variable);
    if (base.kind == Kind::kept) recipe.add(number.at(base.position));
    if (base.kind != Kind::constant) return;
    if (base.constant->bytes() <= small)
      recipe.add(std::string(static_cast<const char*>(base.constant->raw()), base.constant->bytes()));
    else
      recipe.add(base.constant);
  }

  static constexpr std::size_t small = 64;  // bytes of a constant
  const plan::Plan& plan_;
  std::vector<std::vector<Writing>> made_;  // in their order
};

}  // namespace

std::vector<std::shared_ptr<KeptValue>> KeptValues::of(const plan::Plan& plan) {
  const Recipes recipes(plan);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto entry = by_recipe_.begin(); entry != by_recipe_.end();)
    entry = entry->second.expired() ? by_recipe_.erase(entry) : std::next(entry);
  std::vector<std::shared_ptr<KeptValue>> values;
  std::unordered_map<std::string, int> times;
  for (std::size_t i = 0; i < plan.kept.size(); ++i) {
    std::vector<std::shared_ptr<Variable>> variables;
    auto recipe = recipes.of(i, variables);
    // What a program makes twice it makes in two places: it may do so at the same time.
    if (recipe) *recipe += std::to_string(times[*recipe]++);
    auto value = recipe ? by_recipe_[*recipe].lock() : nullptr;
    if (!value) {
      value = std::make_shared<KeptValue>();
      value->memory = allocate_(plan.kept[i]);
      if (!value->memory) throw std::bad_alloc();
      value->variables = std::move(variables);
      value->is_shared = recipe.has_value();
      if (recipe) by_recipe_[*recipe] = value;
    }
    values.push_back(std::move(value));
  }
  return values;
}

KeptOfProgram::KeptOfProgram(std::shared_ptr<KeptValues> all, const plan::Plan& plan)
    : all_(std::move(all)),
      plan_(plan),
      values_(all_->of(plan)),
      versions_(plan.parameters.size()),
      stale_(values_.size()),
      to_make_(plan.work.size()) {
  for (std::size_t i = 0; i < plan.work.size(); ++i) {
    const auto& work = plan.work[i];
    if (!work.cached) continue;
    makings_.push_back({i, {}});
    for (auto k = work.input_count; k < work.operand_count(); ++k) {
      const auto& base = plan.bases[static_cast<std::size_t>(plan.operand(work, k).base)];
      if (base.kind == plan::Base::Kind::kept) makings_.back().positions.push_back(base.position);
    }
    for (auto position : makings_.back().positions) stale_[position] = true;
  }
  if (std::find(stale_.begin(), stale_.end(), false) != stale_.end())
    throw InternalError("something is kept that no work makes");
}

std::vector<std::pair<const void*, std::size_t>> KeptOfProgram::blocks() const {
  std::vector<std::pair<const void*, std::size_t>> blocks;
  for (std::size_t i = 0; i < values_.size(); ++i) blocks.emplace_back(memory(i), plan_.kept[i]);
  return blocks;
}

bool KeptOfProgram::is_current(const KeptValue& value) const {
  // What is this program's own is asked for where any of its parameters has changed.
  if (!value.is_made || !value.is_shared) return false;
  for (std::size_t i = 0; i < value.variables.size(); ++i)
    if (value.variables[i]->version() != value.versions[i]) return false;
  return true;
}

/// Nobody writes to a parameter while programs that read it run, so all of them see the same versions.
void KeptOfProgram::begin() {
  bool is_same = has_run_;
  for (std::size_t i = 0; i < versions_.size(); ++i) {
    const auto version = plan_.parameters[i]->version();
    is_same = is_same && versions_[i] == version;
    versions_[i] = version;
  }
  has_run_ = false;  // what a failing run leaves is not relied on
  nothing_to_make_ = is_same || makings_.empty();
  if (nothing_to_make_) return;
  const int self = static_cast<int>(getpid());
  std::unique_lock<std::mutex> lock(all_->mutex_);
  // A run that was going on when this process was forked goes on in the other one alone.
  all_->made_.wait(lock, [&] {
    return std::none_of(values_.begin(), values_.end(),
                        [&](const auto& value) { return value->maker == self; });
  });
  for (std::size_t i = 0; i < values_.size(); ++i) {
    stale_[i] = !is_current(*values_[i]);
    if (!stale_[i]) continue;
    auto& value = *values_[i];
    value.maker = self;
    value.is_made = false;
    value.versions.clear();
    for (const auto& variable : value.variables) value.versions.push_back(variable->version());
  }
  for (const auto& making : makings_)
    to_make_[making.work] = std::any_of(making.positions.begin(), making.positions.end(),
                                        [&](std::size_t position) { return stale_[position]; });
  nothing_to_make_ = std::none_of(stale_.begin(), stale_.end(), [](bool stale) { return stale; });
}

void KeptOfProgram::end(bool well) {
  has_run_ = well;
  if (nothing_to_make_) return;
  {
    const std::lock_guard<std::mutex> lock(all_->mutex_);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!stale_[i]) continue;
      values_[i]->maker = 0;
      values_[i]->is_made = well;
    }
  }
  all_->made_.notify_all();
}

}  // namespace reel
