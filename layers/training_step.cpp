#include <reel/record.h>
#include <reel/training_step.h>

#include <set>
#include <utility>

#include "learning_rates.h"
#include "optimiser_memory.h"

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
  const auto scope = model / memory;
  const auto found = remembered_under(scope);
  optimiser(used, scope);
  check_memory(found, asked_for_on(destination("TrainingStep", {loss}), scope), used, scope);
}

void structure::LearningRate::set(const Scope& memory, double rate) {
  check_learning_rate("set_learning_rate", rate);
  const auto own = (memory / "learning_rate").path();
  std::string others;
  for (const auto& known : learning_rates(memory)) {
    if (known.name() == own) return known.assign(Array(rate).cast(memory.model().element()));
    others += (others.empty() ? "" : ", ") + known.name();
  }
  if (is_recorded)
    throw Error("[set_learning_rate] the optimiser has no learning rate of its own; there is " +
                (others.empty() ? "nothing" : others));
  asked = rate;
}

void structure::LearningRate::take(const Scope& memory) {
  is_recorded = true;
  // Told once: the steps after that run.
  if (const auto rate = std::exchange(asked, std::nullopt)) set(memory, *rate);
}

}  // namespace reel
