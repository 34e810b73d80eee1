// Programs that must not compile. Each `expect` is a part of the one line in which the compiler says why;
// there are no other errors.

#include <reel/reel.h>

using namespace reel;

struct Unnamed {
  Tensor h, c;
};

Array numbers(std::int64_t count) { return Array(Shape{count, 1}, ElementType::float32); }

// expect: REEL_MEMBERS(...) in it; an Array comes in
void state_without_members(Model& model) {
  Function f(model, [](Tensor x) {
    const auto cell = [](const Tensor& xt, const Unnamed& s) { return Unnamed{s.h + xt, s.c}; };
    return unroll(cell, x, Unnamed{zeros({1}), zeros({1})}).state.h;
  });
  f(numbers(3));
}

// expect: or a pair {output, next state}; structs name their members by REEL_MEMBERS(...)
void output_without_members(Model& model) {
  Function f(model, [](Tensor x) {
    const auto cell = [](const Tensor& xt, const Tensor& s) { return std::pair(Unnamed{xt, s}, s); };
    return unroll(cell, x, zeros({1})).state;
  });
  f(numbers(3));
}

// expect: or a struct that names its members by REEL_MEMBERS(...) in it
void result_without_members(Model& model) {
  Function f(model, [](Tensor x) { return Unnamed{x, x}; });
  f(numbers(3));
}

// expect: hand in Arrays, such as the result of an earlier call
void state_of_tensors(Model& model, const LSTM& lstm) {
  Function f(model, [&](Tensor x, LSTMState s) { return unroll(lstm, x, s).outputs; });
  f(numbers(3), lstm.initial_state(1));
}

// expect: such as Array(numbers) of a vector of numbers
void vector_of_numbers(Model& model) {
  Function f(model, [](Tensor x) { return x; });
  f(std::vector<float>{1, 2});
}

// expect: an argument has another structure than the function declares
void vector_of_numbers_to_explain(Model& model) {
  Function f(model, [](Tensor x) { return x; });
  f.program(std::vector<double>{1, 2});
  f.profile(std::vector<double>{1, 2});
}

// expect: for a struct or tuple of Tensors one of Arrays
void array_for_a_struct(Model& model) {
  Function f(model, [](LSTMState s) { return s.h; });
  f(numbers(3));
}

// expect: the function takes another number of arguments
void one_argument_too_many(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor x) { return mean(x); });
  step(numbers(3), numbers(3));
}

// expect: with one step of the input and the state in the structures that the unroll was given
void cell_without_a_state(Model& model) {
  Function f(model,
             [](Tensor x) { return unroll([](const Tensor& xt) { return xt; }, x, zeros({1})).state; });
  f(numbers(3));
}

// expect: a cell returns its next state, of the type of the initial one
void three_results(Model& model) {
  Function f(model, [](Tensor x) {
    return unroll([](const Tensor& xt, const Tensor& s) { return std::tuple(xt, s, s); }, x, zeros({1}))
        .state;
  });
  f(numbers(3));
}

// expect: a training function returns its loss
void training_result_without_members(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor x) { return Unnamed{mean(x), x}; });
  step(numbers(3));
}

// expect: a training function returns its loss
void training_result_led_by_a_structure(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor x) { return std::pair(LSTMState{mean(x), x}, x); });
  step(numbers(3));
}

// expect: a training function returns its loss
void training_result_of_a_vector(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor x) { return std::vector<Tensor>{mean(x), x}; });
  step(numbers(3));
}

// expect: a training function returns its loss
void training_without_a_result(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor x) { mean(x); });
  step(numbers(3));
}

// expect: a training function returns its loss
void training_result_on_the_host(Model& model) {
  TrainingStep step(model, SGD{0.1}, [](Tensor) { return Array(1.0f); });
  step(numbers(3));
}

// expect: an Array comes in as an argument of the function
void state_of_arrays(Model& model, const LSTM& lstm) {
  Function f(model, [&](Tensor x) {
    return unroll(lstm, x, LSTMStateOf<Array>{numbers(3), numbers(3)}).outputs;
  });
  f(numbers(3));
}

// expect: what runs over whole sequences has no steps
void stream_of_both_directions(Model& model, const GRU& gru) {
  const Bidirectional both(gru, gru);
  Stream stream(model, both, both.initial_state(1));
  stream.step(numbers(3));
}

// expect: put a Zoneout around each of its cells
void zoneout_of_both_directions(Model& model, const GRU& gru) {
  const Zoneout zoned(Bidirectional(gru, gru), 0.1);
  Function f(model, [&](Tensor x) { return unroll(zoned, x, zoned.initial_state(1)).outputs; });
  f(numbers(3));
}
