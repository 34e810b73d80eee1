#include <reel/training_step.h>

#include <cmath>
#include <set>
#include <utility>

namespace reel {

namespace {

/// The names of parameters on which the loss depends but which no update of `model` could change, joined by
/// commas.
std::string foreign_parameters(const Model& model, const Tensor& loss) {
  std::set<const Variable*> own;
  for (const auto& parameter : model.parameters()) own.insert(parameter.variable().get());
  for (const auto& state : model.states()) own.insert(state.variable().get());
  std::string names;
  const auto is_used = dependencies(loss);
  const auto& tape = loss.tape();
  for (NodeId id = 0; id < tape.size(); ++id) {
    const auto& node = tape.node(id);
    if (node.operation != &parameter_operation()) continue;
    const auto& variable = node.attributes.get<std::shared_ptr<Variable>>("variable");
    if (own.count(variable.get()) || !is_floating(node.type.element) || !is_used[id]) continue;
    names += (names.empty() ? "" : ", ") + variable->name();
  }
  return names;
}

/// The learning rate that is remembered under `memory`; none where there is none.
std::optional<Parameter> own_rate(const Scope& memory) {
  const auto name = (memory / "learning_rate").path();
  for (const auto& state : memory.model().states())
    if (state.name() == name) return state;
  return std::nullopt;
}

/// Those of groups, joined by commas, and where there are none a word that says so.
std::string rates_below(const Scope& memory) {
  std::string names;
  const std::string before = memory.path() + "/", ending = "/learning_rate";
  for (const auto& state : memory.model().states()) {
    const auto& name = state.name();
    const bool ends =
        name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
    if (ends && name.compare(0, before.size(), before) == 0) names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "nothing" : names;
}

}  // namespace

void record_training(Model& model, const Optimiser& optimiser, const std::string& memory, const Tensor& loss,
                     const TrainingOptions& options) {
  if (!loss.defined()) structure::refuse_absent("TrainingStep", "the loss", "");
  if (loss.rank() != 0 || !is_floating(loss.element()))
    refuse("TrainingStep", "the loss must be a floating scalar", {loss});
  if (loss.recorded() && !options.other_models_stay)
    if (const auto names = foreign_parameters(model, loss); !names.empty())
      refuse("TrainingStep",
             "the loss depends on parameters of another model, which this step does not train: " + names +
                 ". Make all layers in one model, or say OtherModelsStay",
             {loss});
  const auto& parameters = model.parameters();
  const auto gradients = gradients_or_absent(loss, {parameters.begin(), parameters.end()});
  std::vector<ParameterGradient> used;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (gradients[i].defined()) used.push_back({parameters[i], gradients[i]});
  if (used.empty()) refuse("TrainingStep", "the loss depends on no parameter of the model", {loss});
  structure::check_optimiser("TrainingStep", optimiser);
  optimiser(used, model / memory);
}

void structure::LearningRate::set(const Scope& memory, double rate) {
  if (!(rate >= 0 && std::isfinite(rate)))
    throw Error("[set_learning_rate] a learning rate is 0 or more, and finite, not " + std::to_string(rate));
  if (const auto known = own_rate(memory))
    known->assign(Array(rate).cast(memory.model().element()));
  else if (is_recorded)
    throw Error("[set_learning_rate] the optimiser has no learning rate of its own; there is " +
                rates_below(memory));
  else
    asked = rate;
}

void structure::LearningRate::take(const Scope& memory) {
  is_recorded = true;
  // Told once: the steps after that run.
  if (const auto rate = std::exchange(asked, std::nullopt)) set(memory, *rate);
}

}  // namespace reel
