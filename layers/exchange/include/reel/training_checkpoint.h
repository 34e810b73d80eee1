#pragma once
/// @file
/// @ingroup training
/// Trainings that go on where they were interrupted.
#include <reel/part.h>
#include <reel/safetensors.h>
#include <reel/structure.h>

#include <algorithm>
#include <optional>

namespace REEL_PUBLIC reel {

namespace structure {

/// Whether a type tells a checkpoint itself what is to be kept of it: `value.keep_in(checkpoint, name)`.
template <class T, class Checkpoint, class = void>
inline constexpr bool keeps_itself = false;
template <class T, class Checkpoint>
inline constexpr bool keeps_itself<
    T, Checkpoint,
    std::void_t<decltype(std::declval<T&>().keep_in(std::declval<Checkpoint&>(), std::string()))>> = true;

}  // namespace structure

/// All that a training needs to go on where it was, in one file: the parameters of a model, its states (what
/// the optimiser remembers, and states carried from batch to batch), the number of its runs, from which
/// random choices follow, and the variables that it is told to keep. A training that goes on from it takes
/// the same steps, bit for bit, as one that was never interrupted.
///
///     TrainingCheckpoint checkpoint(model, "training.checkpoint");
///     std::int64_t epoch = 0;
///     checkpoint.keep("epoch", epoch);
///     checkpoint.keep("best", best);
///     if (checkpoint.resume()) std::cout << "Goes on in epoch " << epoch << "\n";
///     for (; epoch < 20; ++epoch) {
///       checkpoint.save();
///       for (const auto& batch : shuffled_batches(n, 100, Seed{1}, epoch)) step(...);
///     }
///
/// The file is a safetensors file: arrays "parameter/cell/W", "state/optimiser/learning_rate", "kept/epoch",
/// which other programs can read too. Each save() replaces it as a whole, so that a program killed at any
/// moment finds the file of the last save().
class TrainingCheckpoint {
 public:
  /// `model`, and whatever is kept, must outlive it.
  TrainingCheckpoint(Model& model, std::string path) : model_(&model), path_(std::move(path)) {}

  /// Keeps a variable: it is written by save() and set by resume(). Numbers (no long double) and vectors of
  /// them, bool, std::string in UTF-8, Array, maps of Arrays by name, structures and tuples of Arrays (such
  /// as a state), Random, and what has a member keep_in(checkpoint, name) that keeps its parts, as
  /// BestWeights and EarlyStopping have. Throws Error for a name that is kept already.
  template <class T>
  void keep(const std::string& name, T& value);

  /// What must be the same when the training goes on, such as the size of a batch: resume() throws FileError
  /// where the file has another value.
  void expect(const std::string& name, const std::string& value);

  /// The name of the file.
  const std::string& path() const { return path_; }
  /// Something to read for people: free text in the file.
  void set_note(std::string note) { note_ = std::move(note); }
  /// It as set_note() or resume() set it last.
  const std::string& note() const { return note_; }

  /// Writes the file. Throws FileError where it cannot be written; the one before is then still there.
  void save() const;
  /// Sets the model, what is kept and the note to what they were when the file was written; false where there
  /// is none. To be called once layers and training steps are made, before the first step. Throws FileError,
  /// and leaves all as it was, where the file is none of a checkpoint, or of a model with other parameters,
  /// states, types or another seed, or keeps other variables. Where it is of another optimiser the first
  /// TrainingStep throws Error; of the same one with other numbers the rate is the file's, and all others are
  /// the program's: see expect().
  bool resume();

 private:
  /// What sets a variable, once everything was found in a file; empty where what was found does not fit it.
  using Setter = std::function<void()>;
  /// A variable, or an array or text of one: how it is put into a file's content under its name, and taken
  /// out of it. Names that were taken are noted.
  struct Kept {
    std::function<void(Safetensors&, const std::string& name)> write;
    std::function<Setter(const Safetensors&, const std::string& name, std::set<std::string>& taken)> read;
  };
  /// What an Array that was found does to a variable.
  using FromArray = std::function<Setter(const Array&)>;
  using FromText = std::function<Setter(const std::string&)>;

  void add(const std::string& name, Kept kept);
  /// How variables are kept.
  template <class Value>
  static Kept found_in(std::map<std::string, Value> Safetensors::*place, std::function<Value()> get,
                       std::function<Setter(const Value&)> set);
  static Kept array(std::function<Array()> get, FromArray set);
  static Kept arrays(std::map<std::string, Array>& arrays);
  static Kept text(std::function<std::string()> get, FromText set);
  static Kept random(Random& random);
  template <class T>
  static Kept numbers(T& value);
  template <class T>
  static Kept structure_of(T& value);
  template <class T>
  static Kept kept(T& value);

  Safetensors content() const;
  void check_header(const Safetensors& content, const std::string& where) const;
  std::vector<Setter> setters_of_model(const Safetensors& content, std::set<std::string>& taken,
                                       const std::string& where);

  Model* model_;
  std::string path_, note_;
  std::map<std::string, Kept> kept_;
};

/// Reads parameters out of a checkpoint into a model, such as an encoder, and tells what was taken; see
/// load(). Nothing else of the checkpoint is looked at.
LoadReport load_from_checkpoint(Model& model, const std::string& path, const Part& part = {});

namespace structure {

/// A number, or a vector of them, as an array: whole numbers as int64, others as float64.
template <class T>
using StoredAs = std::conditional_t<std::is_same_v<T, bool>, bool,
                                    std::conditional_t<std::is_integral_v<T>, std::int64_t, double>>;
template <class T>
Array stored(const T& value) {
  if constexpr (is_vector<T>)
    return Array(std::vector<StoredAs<typename T::value_type>>(value.begin(), value.end()));
  else
    return Array(static_cast<StoredAs<T>>(value));
}

/// Whether a number that was stored is one of T.
template <class T>
bool is_one_of(StoredAs<T> number) {
  return static_cast<StoredAs<T>>(static_cast<T>(number)) == number || number != number;
}

/// The value that was stored; absent where it is none of T.
template <class T>
std::optional<T> from_stored(const Array& array) {
  using Number = typename std::conditional_t<is_vector<T>, T, std::vector<T>>::value_type;
  if (array.element() != element_type_of<StoredAs<Number>> || array.shape().rank() != (is_vector<T> ? 1 : 0))
    return std::nullopt;
  const auto* numbers = array.data<StoredAs<Number>>();
  if (!std::all_of(numbers, numbers + array.size(), is_one_of<Number>)) return std::nullopt;
  if constexpr (is_vector<T>)
    return T(numbers, numbers + array.size());
  else
    return static_cast<T>(*numbers);
}

template <class T>
inline constexpr bool is_number_kept = std::is_arithmetic_v<T> && !std::is_same_v<T, long double>;
template <class T>
inline constexpr bool is_numbers = is_number_kept<T>;
template <class T>
inline constexpr bool is_numbers<std::vector<T>> = is_number_kept<T> && !std::is_same_v<T, bool>;

}  // namespace structure

template <class T>
TrainingCheckpoint::Kept TrainingCheckpoint::numbers(T& value) {
  return array([&value] { return structure::stored(value); },
               [&value](const Array& array) -> Setter {
                 auto found = structure::from_stored<T>(array);
                 if (!found) return nullptr;
                 return [&value, found = std::move(*found)]() mutable { value = std::move(found); };
               });
}

/// Its parts are looked for at each write and read: a vector may have others by then.
template <class T>
TrainingCheckpoint::Kept TrainingCheckpoint::structure_of(T& value) {
  return {[&value](Safetensors& content, const std::string& file_name) {
            const auto paths = structure::paths_of(value);
            std::size_t part = 0;
            structure::for_each_leaf(
                value, [&](auto& leaf) { kept(leaf).write(content, file_name + "/" + paths[part++]); });
          },
          [&value](const Safetensors& content, const std::string& file_name,
                   std::set<std::string>& taken) -> Setter {
            const auto paths = structure::paths_of(value);
            std::vector<Setter> setters;
            structure::for_each_leaf(value, [&](auto& leaf) {
              setters.push_back(kept(leaf).read(content, file_name + "/" + paths[setters.size()], taken));
            });
            for (const auto& set : setters)
              if (!set) return nullptr;
            return [setters] {
              for (const auto& set : setters) set();
            };
          }};
}

template <class T>
TrainingCheckpoint::Kept TrainingCheckpoint::kept(T& value) {
  if constexpr (std::is_same_v<T, Array>) {
    return array(
        [&value] { return value; },
        [&value](const Array& array) { return [&value, array]() mutable { value = std::move(array); }; });
  } else if constexpr (std::is_same_v<T, std::map<std::string, Array>>) {
    return arrays(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return text(
        [&value] { return value; },
        [&value](const std::string& text) { return [&value, text]() mutable { value = std::move(text); }; });
  } else if constexpr (std::is_same_v<T, Random>) {
    return random(value);
  } else if constexpr (structure::is_numbers<T>) {
    return numbers(value);
  } else {
    constexpr bool is_structure = !structure::is_leaf<T>;
    static_assert(is_structure,
                  "a checkpoint keeps numbers that are no long double, texts, Arrays, Random, structures of "
                  "them, and what has a member "
                  "keep_in(checkpoint, name)");
    if constexpr (is_structure) return structure_of(value);
  }
}

template <class T>
void TrainingCheckpoint::keep(const std::string& name, T& value) {
  if constexpr (structure::keeps_itself<T, TrainingCheckpoint>)
    value.keep_in(*this, name);
  else
    add(name, kept(value));
}

}  // namespace reel
