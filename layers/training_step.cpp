#include <reel/record.h>
#include <reel/training_step.h>

#include <cmath>
#include <set>

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

/// Throws where somebody has set a learning rate that the optimiser does not have.
void check_rate_is_read(const Model& model, const std::string& memory, const Tape& tape) {
  for (const auto& state : model.states()) {
    if (state.name() != memory + "/learning_rate") continue;
    for (NodeId id = 0; id < tape.size(); ++id)
      if (tape.node(id).operation == &parameter_operation() &&
          tape.node(id).attributes.get<std::shared_ptr<Variable>>("variable") == state.variable())
        return;
    throw Error("[set_learning_rate] the optimiser has no learning rate of its own: groups have one each, " +
                memory + "/group 1/learning_rate and so on");
  }
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
  if (!optimiser) throw Error("[TrainingStep] the optimiser is empty");
  optimiser(used, model / memory);
  check_rate_is_read(model, memory, destination("TrainingStep", {loss}));
}

void set_learning_rate(const Scope& memory, double rate, bool is_recorded) {
  if (!(rate >= 0 && std::isfinite(rate)))
    throw Error("[set_learning_rate] a learning rate is 0 or more, and finite, not " + std::to_string(rate));
  auto& model = memory.model();
  if (is_recorded) model.parameter((memory / "learning_rate").path());
  memory.state("learning_rate", {}, rate).assign(Array(rate).cast(model.element()));
}

}  // namespace reel
