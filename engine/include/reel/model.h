#pragma once
/// @file
/// @ingroup functions
/// Models, their parameters and scopes.
#include <map>
#include <random>
#include <set>

#include "device.h"
#include "tensor.h"
#include "variable.h"

namespace REEL_PUBLIC reel {

class Model;

/// What every random choice of a model starts from.
struct Seed {
  std::uint64_t value = 0;  ///< Any number; each gives other choices.
};

/// The source of random numbers an initialiser draws from; its own for each parameter.
using Random = std::mt19937_64;
/// The first value of a parameter.
using Initialiser = std::function<Array(const TensorType&, Random&)>;

/// A named value of a model. A handle, copied freely; used as a tensor it is read when the program runs.
class Parameter {
 public:
  Parameter() = default;
  /// The handle of a variable.
  explicit Parameter(std::shared_ptr<Variable> variable);
  /// The parameter as a tensor, recorded where it is used.
  operator Tensor() const { return Tensor(leaf_); }

  /// Its whole name in the model: "cell/forget/W".
  const std::string& name() const { return variable_->name(); }
  /// Its extents.
  const Shape& shape() const { return variable_->type().shape; }
  /// Its value as it is now, in the host's memory. To be asked for again once a program may have written it.
  const Array& value() const { return variable_->read(); }
  /// Sets its value. Throws Error where the type differs.
  void assign(const Array& value) const;
  /// Where its value lives; null of a default-constructed one.
  const std::shared_ptr<Variable>& variable() const { return variable_; }

 private:
  std::shared_ptr<Variable> variable_;
  std::shared_ptr<const Leaf> leaf_;
};

/// A place in a model under which parameters are made: "cell/forget". A handle, copied freely.
class Scope {
 public:
  /// The place `path` of `model`, which must outlive it; "" is the model's root.
  Scope(Model& model, std::string path) : model_(&model), path_(std::move(path)) {}
  /// The place `name` below this one.
  Scope operator/(const std::string& name) const {
    return {*model_, path_.empty() ? name : path_ + "/" + name};
  }
  /// Where it is, without the model: "cell/forget".
  const std::string& path() const { return path_; }
  /// The model it is a place in.
  Model& model() const { return *model_; }

  /// Makes a parameter of the model's element type: trained, and written to weight files. Throws Error where
  /// there is one of that name, while a function is being recorded (layers are made outside of it), and for a
  /// name that would not come back from a file: one that is not UTF-8, or holds a control character or
  /// another that XML cannot, or an empty part ("cell//W").
  Parameter parameter(const std::string& name, const Shape& shape, const Initialiser& initialiser) const;
  /// So that the error for extents that are no shape names the parameter.
  Parameter parameter(const std::string& name, std::initializer_list<std::int64_t> extents,
                      const Initialiser& initialiser) const;
  /// A value that updates may write but that is no weight, such as an optimiser's memory: the one of that
  /// name, or a new one whose elements are `value`. Throws Error where the one of that name is a parameter or
  /// has another shape or type, and for a name that parameter() would refuse.
  /// @{
  Parameter state(const std::string& name, const Shape& shape, double value) const;
  Parameter state(const std::string& name, std::initializer_list<std::int64_t> extents, double value) const;
  /// @}
  /// One of any element type, such as a counter.
  Parameter state(const std::string& name, const TensorType& type, double value) const;

 private:
  Model* model_;
  std::string path_;
};

/// Owns every parameter, by name, on one device.
class Model {
 public:
  /// `element` is the type of its parameters and of the literals in its functions: float32 or float64.
  explicit Model(Seed seed, Device device = Device::cpu(), ElementType element = ElementType::float32);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// The place `name` at the model's root.
  Scope operator/(const std::string& name) { return {*this, name}; }

  /// All parameters, in the order in which they were made.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// The parameter or the state of that name. Throws Error where there is none.
  Parameter parameter(const std::string& name) const;
  /// Values that are no weights, in the order in which they were made.
  const std::vector<Parameter>& states() const { return states_; }

  /// `wish`, or "wish 2", "wish 3", ...: a first part of a name that this has not returned before.
  std::string unused_name(const std::string& wish);

  /// What its random choices start from.
  std::uint64_t seed() const { return seed_.value; }
  /// The number of runs that drew random values, failed ones included: an int64 scalar.
  const std::shared_ptr<Variable>& run_counter() const { return run_; }
  /// Where its parameters live and its programs run.
  const Device& device() const { return device_; }
  /// The type of its parameters' elements, float32 or float64.
  ElementType element() const { return element_; }

 private:
  friend class Scope;
  friend class Provisional;
  Parameter make(const std::string& name, Array value, bool is_state);
  Random random_for(const std::string& name) const;

  Seed seed_;
  Device device_;
  ElementType element_;
  std::vector<Parameter> parameters_, states_;
  struct Named {
    Parameter value;
    bool is_state;
  };
  std::map<std::string, Named> by_name_;
  std::shared_ptr<Variable> run_ = std::make_shared<Variable>("run", Array(std::int64_t{0}), true);
  std::set<std::string> returned_;  // by unused_name()
};

/// @cond
/// Takes back what is made in a model during its life, parameters and states, unless it is told to keep it.
class Provisional {
 public:
  /// Of `model`, which must outlive it.
  explicit Provisional(Model& model)
      : model_(model), parameters_(model.parameters_.size()), states_(model.states_.size()) {}
  ~Provisional();
  Provisional(const Provisional&) = delete;
  Provisional& operator=(const Provisional&) = delete;

  /// What was made so far stays.
  void keep() { kept_ = true; }

 private:
  Model& model_;
  std::size_t parameters_, states_;  // made before
  bool kept_ = false;
};
/// @endcond

/// Records that `parameter` gets `value` after the run; see update() in structural.h.
void update(const Parameter& parameter, const Tensor& value);

}  // namespace reel
