#include <reel/model.h>
#include <reel/record.h>
#include <reel/structural.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "model/names.h"

namespace reel {

Parameter::Parameter(std::shared_ptr<Variable> variable) : variable_(std::move(variable)) {
  Leaf leaf;
  leaf.shape = shape();
  leaf.element = value().element();
  leaf.label = "parameter " + name();
  leaf.outermost = true;
  leaf.place = [variable = variable_](Tape& tape, const TensorType&) {
    return tape.parameter(variable).id();
  };
  leaf_ = std::make_shared<const Leaf>(std::move(leaf));
}

void Parameter::assign(const Array& value) const {
  if (value.type() != variable_->type())
    throw Error("[assign] parameter " + name() + " is " + to_string(variable_->type()) + ", not " +
                to_string(value.type()));
  // In place: programs are bound to this memory.
  std::memcpy(variable_->overwrite().raw(), value.raw(), value.bytes());
}

namespace {

std::string beginning(const std::string& name) { return "[Model] parameter " + name + ": "; }

Shape shape_of(const std::string& name, std::initializer_list<std::int64_t> extents) {
  try {
    return Shape(extents);
  } catch (const RecordError& broken) {
    throw Error(beginning(name) + broken.rule());
  }
}

/// The first value, as `make` makes it; where there is no memory for it, the error names the parameter.
template <class F>
Array made_for(const std::string& name, const TensorType& type, F&& make) {
  const auto text = beginning(name);
  try {
    check_addressable(type);
    auto value = make();
    if (value.moved_from()) throw Error(text + "its initialiser returns an array that was moved from");
    return value;
  } catch (const RecordError& rule) {
    throw Error(text + rule.rule());
  } catch (const MemoryError& error) {
    throw MemoryError(text + error.what());
  } catch (const std::bad_alloc&) {
    throw MemoryError(text + "the memory to work out " + to_string(type) + " is not to be had");
  }
}

}  // namespace

Parameter Scope::parameter(const std::string& name, const Shape& shape,
                           const Initialiser& initialiser) const {
  const auto full_name = checked_name((*this / name).path());
  if (Recording::innermost())
    throw Error(
        "[Model] parameter " + full_name +
        " would be made while a function is recorded, and again for every other shape: make layers outside "
        "of it, and use them in it");
  auto random = model_->random_for(full_name);
  const TensorType type{model_->element(), shape};
  auto value = made_for(full_name, type, [&] { return initialiser(type, random); });
  if (value.type() != type)
    throw Error("[initialiser] of " + full_name + " returned " + to_string(value.type()) + " for " +
                to_string(type));
  return model_->make(full_name, std::move(value), false);
}

Parameter Scope::parameter(const std::string& name, std::initializer_list<std::int64_t> extents,
                           const Initialiser& initialiser) const {
  return parameter(name, shape_of((*this / name).path(), extents), initialiser);
}

Parameter Scope::state(const std::string& name, std::initializer_list<std::int64_t> extents,
                       double value) const {
  return state(name, shape_of((*this / name).path(), extents), value);
}

Parameter Scope::state(const std::string& name, const Shape& shape, double value) const {
  return state(name, TensorType{model_->element(), shape}, value);
}

Parameter Scope::state(const std::string& name, const TensorType& type, double value) const {
  const auto full_name = checked_name((*this / name).path());
  if (const auto known = model_->by_name_.find(full_name);
      known != model_->by_name_.end() && known->second.is_state) {
    const auto& state = known->second.value;
    const auto& is = state.variable()->type();
    if (is.shape != type.shape)
      throw Error("[state] " + full_name + " has shape " + to_string(is.shape) + ", not " +
                  to_string(type.shape));
    if (is != type) throw Error("[state] " + full_name + " is " + to_string(is) + ", not " + to_string(type));
    return state;
  }
  auto values = made_for(full_name, type, [&] { return Array(type, value); });
  return model_->make(full_name, std::move(values), true);
}

Model::Model(Seed seed, Device device, ElementType element)
    : seed_(seed), device_(device), element_(element) {
  if (!is_floating(element)) throw Error("[Model] parameters are float32 or float64");
}

Parameter Model::parameter(const std::string& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) throw Error("[Model] has no parameter " + name);
  return found->second.value;
}

Parameter Model::make(const std::string& name, Array value, bool is_state) {
  if (by_name_.count(name)) throw Error("[Model] there is a parameter " + name + " already");
  const Parameter parameter(std::make_shared<Variable>(name, std::move(value)));
  by_name_[name] = {parameter, is_state};
  (is_state ? states_ : parameters_).push_back(parameter);
  return parameter;
}

Provisional::~Provisional() {
  if (kept_) return;
  const auto take_back = [&](std::vector<Parameter>& list, std::size_t before) {
    for (auto i = before; i < list.size(); ++i) model_.by_name_.erase(list[i].name());
    list.resize(std::min(before, list.size()));
  };
  take_back(model_.parameters_, parameters_);
  take_back(model_.states_, states_);
}

std::string Model::unused_name(const std::string& wish) {
  std::string name = wish;
  for (int count = 2; !returned_.insert(name).second; ++count) name = wish + " " + std::to_string(count);
  return name;
}

/// A parameter's first value depends on the seed and its name alone, not on what was made before it.
Random Model::random_for(const std::string& name) const {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(seed_.value),
                                   static_cast<std::uint32_t>(seed_.value >> 32)};
  for (unsigned char letter : name) words.push_back(letter);
  std::seed_seq sequence(words.begin(), words.end());
  return Random(sequence);
}

void update(const Parameter& parameter, const Tensor& value) { update(parameter.variable(), value); }

}  // namespace reel
