#pragma once
/// @file
/// @ingroup functions
/// Functions that are recorded once, and replayed.
#include <list>

#include "in_use.h"
#include "model.h"
#include "program.h"
#include "record.h"
#include "structure.h"

namespace REEL_PUBLIC reel {

namespace structure {

/// The parameter types of a callable, without references, as a tuple; `generic` where they are templates.
struct generic {};
template <class F, class = void>
struct ParametersOf {
  using type = generic;
};
template <class R, class... P>
struct ParametersOf<R (*)(P...)> {
  using type = std::tuple<std::decay_t<P>...>;
};
template <class R, class C, class... P>
struct ParametersOf<R (C::*)(P...) const> {
  using type = std::tuple<std::decay_t<P>...>;
};
template <class R, class C, class... P>
struct ParametersOf<R (C::*)(P...)> {
  using type = std::tuple<std::decay_t<P>...>;
};
template <class F>
struct ParametersOf<F, std::void_t<decltype(&F::operator())>> : ParametersOf<decltype(&F::operator())> {};

/// @cond
template <class F, class... Args>
struct RecordedArguments {
  using declared = typename ParametersOf<F>::type;
  using type =
      std::conditional_t<std::is_same_v<declared, generic>, std::tuple<rebound<Args, Tensor>...>, declared>;
};
/// @endcond

/// A type as a value.
template <class T>
struct Type {
  using type = T;
};

/// Its address tells one type from another.
template <class T>
inline char type_tag = 0;

}  // namespace structure

/// How many programs a function keeps, and how much memory for their values: those that were used last. The
/// one that was used last of all is kept in any case.
struct CacheLimits {
  std::size_t programs = 256;                ///< The most programs that are kept.
  std::size_t bytes = std::size_t{4} << 30;  ///< The most bytes of their values.
};

/// @cond
/// The programs of one function, one for each combination of argument types, least recently used last.
class ProgramCache {
 public:
  /// How many are kept unless it is said otherwise.
  static constexpr std::size_t capacity = CacheLimits().programs;
  /// Argument types and structure in numbers.
  using Key = std::vector<std::int64_t>;

  /// A program, and for which arguments it is.
  struct Entry {
    Key key;          ///< What its arguments are.
    Program program;  ///< What runs.
    /// The structure of the result, its tensors absent.
    std::shared_ptr<void> result;
  };

  /// The program for these arguments, which becomes the one used last; null where there is none.
  Entry* find(const Key& key);
  /// Adds a program, and lets go of those that are then beyond the limits.
  Entry& insert(Entry entry);
  /// How many are kept.
  std::size_t size() const { return entries_.size(); }
  /// Of the memory they work in, which is as much as the largest needs, and of all that they keep.
  std::size_t bytes() const;
  /// Lets go of what is beyond the limits, now and from now on.
  void set_limits(const CacheLimits& limits);
  /// Lets go of all of them.
  void clear();

 private:
  void keep_limits();

  CacheLimits limits_;
  std::list<Entry> entries_;
  std::map<Key, std::list<Entry>::iterator> by_key_;
};
/// @endcond

/// A call of a Function whose arguments have been handed in; see Function::stage().
template <class Result>
class StagedCall {
 public:
  /// Of a program, what was staged for it, and the structure of its result: made by Function::stage().
  StagedCall(Program program, std::shared_ptr<StagedArguments> arguments, std::shared_ptr<void> result)
      : program_(std::move(program)), arguments_(std::move(arguments)), result_(std::move(result)) {}

  /// The result, as of the Function; each call is a run.
  auto operator()() { return structured(program_.run(*arguments_), result_); }

  /// The arrays in the structure of the result.
  static auto structured(std::vector<Array> outputs, const std::shared_ptr<void>& result) {
    if constexpr (!std::is_void_v<Result>) {
      std::size_t next = 0;
      const auto take = [&](const Tensor&) { return std::move(outputs[next++]); };
      using HostResult = structure::rebound<Result, Array>;
      return structure::converted<HostResult>(*static_cast<const Result*>(result.get()), take);
    }
  }

 private:
  Program program_;
  std::shared_ptr<StagedArguments> arguments_;
  std::shared_ptr<void> result_;  // its structure
};

/// A function of tensors, recorded and compiled at the first call and replayed after that.
///
///     Function predict(model, [&](Tensor x) { return head(x); });
///     Array y = predict(x);
///
/// It takes arrays, C++ numbers (inputs of each run: a floating one becomes a scalar of the model's element
/// type, an int int32, a wider or unsigned one int64), and tuples, vectors, arrays or structs of them; the
/// function gets tensors in the same structure. It returns arrays in the structure of the result: the
/// caller's copies. Whatever else the function uses is fixed when it is recorded. One program is kept for
/// each combination of argument types.
///
/// Further arguments of the constructor are options: Function f(model, g, CheckFinite).
///
/// One thread at a time, or it is an Error; several threads may use one model through a Function each, as
/// long as none of them writes to it, as a TrainingStep does. Calls throw what the function throws while it
/// is recorded, MemoryError where there is no memory for the recording, the program, what its operations work
/// in or a result, and RunError. Then the model is as it was, without what the function would have made in
/// it, and the function may be called again.
template <class F>
class Function {
 public:
  /// `model` must outlive it.
  template <class... Options>
  Function(Model& model, F f, const Options&... options) : model_(&model), f_(std::move(f)) {
    (options(options_), ...);
  }

  /// The result for these arguments, in arrays; the first call with such types records and compiles.
  template <class... Args>
  auto operator()(const Args&... args) {
    return with_entry(
        [](auto& entry, const auto& arrays, auto result) {
          using Result = typename decltype(result)::type;
          return StagedCall<Result>::structured(entry.program.run(arrays), entry.result);
        },
        args...);
  }

  /// The same, with the result written into `result`, arrays in its structure: those that have the right
  /// types already are used again, so that nothing is allocated. An exception leaves them with any value.
  /// Throws Error where one of them is an argument.
  template <class Result, class... Args>
  void into(Result& result, const Args&... args) {
    with_entry(
        [&](auto& entry, const auto& arrays, auto type) {
          using Recorded = typename decltype(type)::type;
          static_assert(std::is_same_v<Result, structure::rebound<Recorded, Array>>,
                        "the arrays to write into have the structure of what the function returns");
          run_into<Recorded>(entry, arrays, result);
        },
        args...);
  }

  /// A call in two halves: copies the arguments now, and begins to bring them to the device, which goes on
  /// while other calls compute; what it returns is called for the result.
  ///
  ///     auto next = step.stage(batch(0));
  ///     for (int i = 1; i <= n; ++i) {
  ///       auto now = std::move(next);
  ///       if (i < n) next = step.stage(batch(i));
  ///       Array loss = now();
  ///     }
  ///
  /// Throws what a call throws before it runs.
  template <class... Args>
  auto stage(const Args&... args) {
    return with_entry(
        [](auto& entry, const auto& arrays, auto result) {
          using Result = typename decltype(result)::type;
          return StagedCall<Result>(entry.program, entry.program.stage(arrays), entry.result);
        },
        args...);
  }

  /// The Program for arguments like these, recorded where there is none yet: to explain() it, or for runs
  /// whose results are written into given arrays. It stays whole when the function no longer keeps it.
  template <class... Args>
  auto program(const Args&... args) {
    return with_entry([](auto& entry, const auto&, auto) { return entry.program; }, args...);
  }

  /// Arrays in the structure of the result for arguments like these, of no meaning: to be written into.
  template <class... Args>
  auto result_like(const Args&... args) {
    return with_entry(
        [](auto& entry, const auto&, auto type) {
          using Result = typename decltype(type)::type;
          return structure::converted<structure::rebound<Result, Array>>(
              *static_cast<const Result*>(entry.result.get()), [](const Tensor&) { return Array(); });
        },
        args...);
  }

  /// Where the time of calls with these arguments goes, a Profile; see Program::profile().
  template <class... Args>
  auto profile(const Args&... args) {
    return with_entry(
        [](auto& entry, const auto& arrays, auto) {
          std::vector<Array> copies;
          for (const auto* array : arrays) copies.push_back(*array);
          return entry.program.profile(copies);
        },
        args...);
  }

  /// How many programs have been recorded and are kept.
  std::size_t program_count() const { return cache_.size(); }
  /// The bytes of their values: the memory they work in by turns, and what they keep of parameters. What is
  /// shared with other functions is counted in each.
  std::size_t program_bytes() const { return cache_.bytes(); }
  /// Keeps no more than that from now on; CacheLimits{} is what holds at first. Throws Error where another
  /// thread uses the function, as forget_programs() does.
  void keep_programs(const CacheLimits& limits) {
    const Using use(in_use_, "Function");
    cache_.set_limits(limits);
  }
  /// Lets go of all programs and their memory; the next call records anew.
  void forget_programs() {
    const Using use(in_use_, "Function");
    cache_.clear();
  }

 private:
  template <class Result>
  static constexpr bool returns_tensors = [] {
    if constexpr (std::is_void_v<Result>)
      return true;
    else
      return structure::is_of_tensors<Result>;
  }();

  /// Whether it can be called with these; one line of the compiler's says what is wrong where it cannot.
  template <class... Args>
  static constexpr bool accepts() {
    using structure::is_of_arrays;
    using Arguments = typename structure::RecordedArguments<F, Args...>::type;
    constexpr bool are_arrays = (is_of_arrays<Args> && ...);
    constexpr bool is_number_right = std::tuple_size_v<Arguments> == sizeof...(Args);
    static_assert(are_arrays,
                  "a Function is called with Arrays, C++ numbers, and tuples, vectors or structs with "
                  "REEL_MEMBERS(...) of them; a Tensor or a state of Tensors belongs to a recording: hand in "
                  "Arrays, such as the result of an earlier call");
    static_assert(is_number_right, "the function takes another number of arguments");
    if constexpr (are_arrays && is_number_right) {
      constexpr bool matches = structure::Matches<Arguments, std::tuple<Args...>>::value;
      static_assert(
          matches,
          "an argument has another structure than the function declares: for a Tensor hand in one Array, "
          "such as Array(numbers) of a vector of numbers; for a struct or tuple of Tensors one of Arrays");
      return matches;
    }
    return false;
  }

  template <class Recorded, class Result>
  void run_into(ProgramCache::Entry& entry, const std::vector<const Array*>& arrays, Result& result) {
    std::size_t count = 0;
    structure::for_each_leaf(result, [&](Array& leaf) {
      ++count;
      for (const auto* argument : arrays)
        if (argument == &leaf) throw Error("[Function] an argument cannot be a result of the same call");
    });
    results_.resize(count);
    const auto exchange = [&] {
      std::size_t next = 0;
      structure::for_each_leaf(result, [&](Array& leaf) { std::swap(leaf, results_[next++]); });
    };
    exchange();
    try {
      entry.program.run(arrays, results_);
    } catch (...) {
      results_.resize(count);
      exchange();
      throw;
    }
    if (count == results_.size()) return exchange();
    // A vector in it has another length than before.
    result = StagedCall<Recorded>::structured(std::exchange(results_, {}), entry.result);
  }

  /// `then` of the entry for these arguments, the arrays they are, and the type of the function's result.
  template <class Then, class... Args>
  auto with_entry(const Then& then, const Args&... args) {
    if constexpr (accepts<Args...>()) {
      using Arguments = typename structure::RecordedArguments<F, Args...>::type;
      using Result = std::decay_t<decltype(std::apply(f_, std::declval<Arguments&>()))>;
      static_assert(
          returns_tensors<Result>,
          "a recorded function returns tensors: a Tensor, a tuple, vector or array of them, or a struct "
          "that names its members by REEL_MEMBERS(...) in it");
      if constexpr (returns_tensors<Result>) {
        const Using use(in_use_, "Function");
        std::list<Array> numbers;  // the C++ numbers as arrays
        arrays_.clear();
        auto& entry = find_or_record<Arguments, Result>(arrays_, numbers, args...);
        return then(entry, arrays_, structure::Type<Result>{});
      }
    }
  }

  /// Collects the arguments, and the program for them.
  template <class Arguments, class Result, class... Args>
  ProgramCache::Entry& find_or_record(std::vector<const Array*>& arrays, std::list<Array>& numbers,
                                      const Args&... args) {
    // A generic function gets other types, and may return others, where the structures of its arguments
    // differ.
    auto& key = key_;
    key.assign(1, reinterpret_cast<std::intptr_t>(&structure::type_tag<Arguments>));
    (structure::append_lengths(args, key), ...);
    (collect(args, arrays, numbers, key), ...);
    if (auto* entry = cache_.find(key)) return *entry;
    const auto given = std::tie(args...);
    return needing_memory(
        [&]() -> ProgramCache::Entry& { return record_program<Arguments, Result>(given, arrays, key); },
        [&] {
          return "[Function] of arguments (" + to_string(types_of(arrays)) +
                 "): the memory to record it is not to be had";
        });
  }

  template <class Arg>
  void collect(const Arg& arg, std::vector<const Array*>& arrays, std::list<Array>& numbers,
               ProgramCache::Key& key) const {
    structure::for_each_leaf(arg, [&](const auto& leaf) {
      using Leaf = std::decay_t<decltype(leaf)>;
      if constexpr (std::is_same_v<Leaf, Array>) {
        arrays.push_back(&leaf);
      } else {
        if constexpr (std::is_floating_point_v<Leaf>)
          numbers.push_back(Array(double(leaf)).cast(model_->element()));
        else if constexpr (std::is_same_v<Leaf, bool>)
          numbers.emplace_back(leaf);
        else if constexpr (std::is_signed_v<Leaf> && sizeof(Leaf) <= sizeof(std::int32_t))
          numbers.emplace_back(static_cast<std::int32_t>(leaf));
        else
          numbers.emplace_back(static_cast<std::int64_t>(leaf));
        arrays.push_back(&numbers.back());
      }
      key.push_back(static_cast<std::int64_t>(arrays.back()->element()));
      key.push_back(arrays.back()->shape().rank());
      key.insert(key.end(), arrays.back()->shape().begin(), arrays.back()->shape().end());
    });
  }

  /// What errors call each array: "argument 1", or of a structure "argument 1.c".
  template <class... Args>
  static std::vector<std::string> argument_names(const std::tuple<const Args&...>& given) {
    std::vector<std::string> names;
    std::size_t next = 0;
    std::apply(
        [&](const auto&... arg) {
          (structure::append_paths(arg, "argument " + std::to_string(next++), names), ...);
        },
        given);
    return names;
  }

  template <class Arguments, class Result, class Given>
  ProgramCache::Entry& record_program(const Given& given, const std::vector<const Array*>& arrays,
                                      const ProgramCache::Key& key) {
    Provisional made(*model_);
    Tape tape(model_->element());
    tape.set_random_source(model_->seed(), model_->run_counter());
    Recording recording(tape);
    std::size_t next = 0;
    const auto names = argument_names(given);
    const auto argument = [&](const auto&) {
      const auto position = next++;
      return tape.argument(arrays[position]->type(), names[position]);
    };
    Arguments arguments{};
    structure::convert_each(given, arguments, argument,
                            std::make_index_sequence<std::tuple_size_v<Arguments>>{});
    Tensors outputs;
    std::shared_ptr<void> result;
    if constexpr (std::is_void_v<Result>) {
      std::apply(f_, arguments);
    } else {
      auto structured = std::make_shared<Result>(std::apply(f_, arguments));
      const auto tensors = structure::tensors_of(*structured);
      structure::check_present("Function", "the result", tensors);
      for (const auto& leaf : structure::flatten(tensors)) outputs.push_back(bring(tape, leaf, "Function"));
      structure::for_each_leaf(*structured, [](auto& leaf) { leaf = std::decay_t<decltype(leaf)>(); });
      result = std::move(structured);
    }
    auto program = compile(tape, outputs, model_->device(), options_);
    auto& entry = cache_.insert({key, std::move(program), std::move(result)});
    made.keep();
    return entry;
  }

  Model* model_;
  F f_;
  CompileOptions options_;
  ProgramCache cache_;
  InUse in_use_;
  // Of the call in progress, so that one call after the other takes no memory for them.
  std::vector<const Array*> arrays_;
  ProgramCache::Key key_;
  std::vector<Array> results_;
};

/// Of a callable, whose type is the function's.
template <class F, class... Options>
Function(Model&, F, const Options&...) -> Function<F>;

}  // namespace reel
