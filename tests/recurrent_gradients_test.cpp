// Gradients of the recurrent layers against extrapolated differences, in float64 and on every device: by the
// input, the initial states, the weights and the biases, of all outputs and of the last state.

#include <reel/check_gradients.h>
#include <reel/reel.h>

#include "catch.h"
#include "devices.h"
#include "values.h"

using namespace reel;
using namespace reel::test;

namespace {

constexpr auto d = ElementType::float64;

struct Sizes {
  std::int64_t batch, input, hidden, steps;
};

/// A layer of a model: the outputs of all steps and the last state in one tensor, of the input sequence and
/// the initial states.
using Layer = std::function<Tensor(const Tensors&)>;

using Form = std::function<void(UnrollOptions&)>;
struct NamedForm {
  const char* name;
  Form form;
};
const std::vector<NamedForm> forms{
    {"unrolled", [](UnrollOptions&) {}},
    {"reverse", Reverse},
    {"recomputed", Recompute},
    {"expanded", Expanded},
    {"expanded, reverse", [](UnrollOptions& options) { options.expanded = options.reverse = true; }},
};

template <class Cell>
Layer unrolled(const Cell& cell, const Form& form) {
  return [=](const Tensors& in) {
    auto state = cell.initial_state(in[0].extent(1));
    std::size_t next = 1;
    structure::for_each_leaf(state, [&](Tensor& leaf) { leaf = in[next++]; });
    const auto result = unroll(cell, in[0], state, form);
    Tensors all{result.outputs};
    structure::for_each_leaf(result.state, [&](const Tensor& leaf) {
      all.push_back(reshape(leaf, {1, leaf.extent(0), leaf.extent(1)}));
    });
    return concat(all, 0);
  };
}

struct NamedCell {
  const char* name;
  int states;
  std::function<Layer(Model&, const Sizes&, const Form&)> make;
};
const std::vector<NamedCell> cells{
    {"RNN", 1,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(RNN(model / "cell", s.input, s.hidden), form);
     }},
    {"RNN of sigmoids", 1,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(RNN(model / "cell", s.input, s.hidden, sigmoid), form);
     }},
    {"LSTM", 2,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(LSTM(model / "cell", s.input, s.hidden), form);
     }},
    {"GRU, reset after the product", 1,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(GRU(model / "cell", s.input, s.hidden, Reset::after_product), form);
     }},
    {"GRU, reset after the product and a bias", 1,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(GRU(model / "cell", s.input, s.hidden, Reset::after_product_with_bias), form);
     }},
    {"GRU, reset before the product", 1,
     [](Model& model, const Sizes& s, const Form& form) {
       return unrolled(GRU(model / "cell", s.input, s.hidden, Reset::before_product), form);
     }},
};

/// Input sequence and initial states; gives the biases other values than the zeros they begin with.
std::vector<Array> draw(Model& model, const Sizes& s, int states, std::mt19937_64& random) {
  for (const auto& parameter : model.parameters())
    if (parameter.shape().rank() == 1) parameter.assign(random_array(parameter.value().type(), random));
  std::vector<Array> inputs{random_array({d, {s.steps, s.batch, s.input}}, random)};
  for (int i = 0; i < states; ++i) inputs.push_back(random_array({d, {s.batch, s.hidden}}, random));
  return inputs;
}

/// `check` with every cell, form and device.
void for_each_layer(const Sizes& sizes,
                    const std::function<void(Model&, const Layer&, const std::vector<Array>&)>& check) {
  // What is so small would be left to one thread.
  for (const auto& device : {Device::reference(), Device::cpu(1), divided_among(2)})
    for (const auto& cell : cells)
      for (const auto& form : forms) {
        INFO(cell.name << ", " << form.name << ", on " << describe(device));
        Model model(Seed{3}, device, d);
        std::mt19937_64 random(5);
        const auto layer = cell.make(model, sizes, form.form);
        check(model, layer, draw(model, sizes, cell.states, random));
      }
}

/// A weighted sum of what a layer gives, its derived gradients, and its slopes as they are measured. Subjects
/// are the inputs and behind them the parameters.
class Loss {
 public:
  Loss(Model& model, const Layer& layer, std::vector<Array> inputs)
      : parameters_(model.parameters()), inputs_(std::move(inputs)) {
    Tape tape(d);
    const Recording recording(tape);
    Tensors arguments;
    for (const auto& input : inputs_) arguments.push_back(tape.argument(input.type()));
    const auto y = layer(arguments);
    std::mt19937_64 random(7);
    const auto loss = sum(y * constant(random_array({d, y.shape()}, random)));
    Tensors subjects = arguments;
    subjects.insert(subjects.end(), parameters_.begin(), parameters_.end());
    value_.emplace(compile(tape, {loss}, model.device()));
    gradients_ = compile(tape, gradients(loss, subjects), model.device()).run(inputs_);
  }

  /// What the loss changes by when a subject goes along `direction`, as derived and as measured agree.
  void check(std::size_t subject, const Array& direction) {
    double derived = 0, length = 0;
    for (std::int64_t i = 0; i < direction.size(); ++i) {
      derived += gradients_[subject].at(i) * direction.at(i);
      length += direction.at(i) * direction.at(i);
    }
    INFO((is_input(subject) ? "input " + std::to_string(subject) : parameter(subject).name()));
    CHECK(derived / std::sqrt(length) ==
          Approx(slope(subject, direction, std::sqrt(length))).epsilon(1e-8).margin(1e-9));
  }

  const std::vector<Array>& gradients_by_subject() const { return gradients_; }

 private:
  bool is_input(std::size_t subject) const { return subject < inputs_.size(); }
  const Parameter& parameter(std::size_t subject) const { return parameters_[subject - inputs_.size()]; }

  /// Along the direction made one long: central differences, extrapolated.
  double slope(std::size_t subject, const Array& direction, double length) {
    const auto at = is_input(subject) ? inputs_[subject] : parameter(subject).value();
    const auto value = [&](double step) {
      auto moved = at;
      for (std::int64_t i = 0; i < at.size(); ++i) moved.data<double>()[i] += step * direction.at(i) / length;
      set(subject, moved);
      return value_->run(inputs_)[0].item();
    };
    const auto difference = [&](double step) { return (value(step) - value(-step)) / (2 * step); };
    constexpr double h = 2e-3;
    const double extrapolated = (4 * difference(h / 2) - difference(h)) / 3;
    set(subject, at);
    return extrapolated;
  }

  void set(std::size_t subject, const Array& value) {
    if (is_input(subject))
      inputs_[subject] = value;
    else
      parameter(subject).assign(value);
  }

  std::vector<Parameter> parameters_;
  std::vector<Array> inputs_, gradients_;
  std::optional<Program> value_;
};

/// Each subject by itself along one direction in which all elements take part, which an error of any of them
/// would change, and along some elements alone.
void check_along_directions(Model& model, const Layer& layer, const std::vector<Array>& inputs) {
  Loss loss(model, layer, inputs);
  std::mt19937_64 random(11);
  for (std::size_t subject = 0; subject < loss.gradients_by_subject().size(); ++subject) {
    const auto& type = loss.gradients_by_subject()[subject].type();
    loss.check(subject, random_array(type, random));
    for (int i = 0; i < 2; ++i) {
      Array one(type);
      one.data<double>()[random() % type.shape.size()] = 1;
      loss.check(subject, one);
    }
  }
}

}  // namespace

TEST_CASE("gradients of RNN, LSTM and GRU by every element of input, weights, biases and initial states") {
  for (const auto& sizes : {Sizes{1, 1, 1, 1}, Sizes{2, 3, 4, 5}, Sizes{5, 4, 7, 3}}) {
    INFO("batch " << sizes.batch << ", input " << sizes.input << ", hidden " << sizes.hidden);
    for_each_layer(sizes, [](Model& model, const Layer& layer, const std::vector<Array>& inputs) {
      const auto check = check_gradients(model, layer, inputs);
      INFO(to_string(check));
      CHECK(check.passes(1e-9));
    });
  }
}

// Element by element these would take minutes: there are 8,000 of them.
TEST_CASE("gradients of RNN, LSTM and GRU of up to 64 sequences and 20 units, along random directions") {
  for (const auto& sizes : {Sizes{64, 10, 20, 5}, Sizes{16, 7, 13, 4}, Sizes{1, 10, 20, 1}}) {
    INFO("batch " << sizes.batch << ", input " << sizes.input << ", hidden " << sizes.hidden);
    for_each_layer(sizes, check_along_directions);
  }
}
