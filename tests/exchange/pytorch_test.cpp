// Files that PyTorch wrote (tests/exchange/pytorch/make_files.py), and those that it reads.

#include <reel/pytorch.h>
#include <reel/reel.h>
#include <reel/safetensors.h>

#include <cmath>
#include <cstdlib>

#include "catch.h"
#include "directory.h"
#include "memory_refusals.h"

using namespace reel;
using namespace reel::test;

namespace {

const std::string folder = std::string(REEL_SOURCE_DIR) + "/tests/exchange/pytorch/";

/// The largest difference between elements.
double distance(const Array& a, const Array& b) {
  REQUIRE(a.type() == b.type());
  double largest = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a.at(i) - b.at(i)));
  return largest;
}

/// Reads the weights of PyTorch's model, makes the same of the same input, and writes them for PyTorch.
template <class Forward>
void check(const std::string& name, Model& model, const PyTorchNames& names, const Forward& forward) {
  CAPTURE(name, to_string(names));
  load_pytorch(names, folder + name + ".safetensors");
  const auto values = read_safetensors(folder + name + ".values.safetensors");
  Function f(model, forward);
  const Array y = f(values.arrays.at("x"));
  CHECK(distance(y, values.arrays.at("y")) < 1e-6);

  const Directory directory;
  const char* kept = std::getenv("REEL_PYTORCH_FILES");  // for make_files.py --check
  const auto path = (kept ? std::string(kept) + "/" : directory / "") + name + ".safetensors";
  save_pytorch(names, path);
  const auto written = read_safetensors(path), original = read_safetensors(folder + name + ".safetensors");
  REQUIRE(written.arrays.size() == original.arrays.size());
  for (const auto& [tensor, array] : original.arrays) {
    CAPTURE(tensor);
    REQUIRE(written.arrays.count(tensor));
    if (tensor.find("bias_") == tensor.npos) CHECK(written.arrays.at(tensor) == array);
  }
  // What Reel wrote it reads as the same bits.
  std::vector<Array> before;
  for (const auto& parameter : model.parameters()) before.push_back(parameter.value());
  load_pytorch(names, path);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(model.parameters()[i].value() == before[i]);
}

GRU pytorch_gru(const Scope& in, std::int64_t inputs, std::int64_t hidden) {
  return GRU(in, inputs, hidden, Reset::after_product_with_bias);
}

template <class Cell>
void check_cell(const std::string& name, Model& model, const Cell& cell) {
  PyTorchNames names;
  names.add("", cell);
  check(name, model, names,
        [&](Tensor x) { return unroll(cell, x, cell.initial_state(x.extent(1))).outputs; });
}

}  // namespace

TEST_CASE("models trained in PyTorch give the same outputs, and go back", "[files][pytorch][for-pytorch]") {
  Model model(Seed{1});
  const auto at = [&](const std::string& name) { return model / name; };
  SECTION("RNN") {
    check_cell("rnn_tanh", model, RNN(at("a"), 3, 4));
    check_cell("rnn_relu", model, RNN(at("b"), 3, 4, relu));
  }
  SECTION("LSTM") {
    check_cell("lstm", model, LSTM(at("a"), 3, 4));
    check_cell("lstm_square", model, LSTM(at("b"), 3, 3));
  }
  SECTION("layers one on the other") {
    check_cell("lstm_deep", model,
               Stack(LSTM(at("a"), 3, 4), std::vector{LSTM(at("b"), 4, 4), LSTM(at("c"), 4, 4)}));
  }
  SECTION("projected, in both directions") {
    const auto both = [&](const std::string& name, std::int64_t inputs) {
      return Bidirectional(LSTM(at(name) / "forward", inputs, 4, ProjectedTo(2)),
                           LSTM(at(name) / "backward", inputs, 4, ProjectedTo(2)));
    };
    check_cell("lstm_projected", model, Stack(both("a", 3), both("b", 4)));
  }
  SECTION("GRU") { check_cell("gru", model, pytorch_gru(at("a"), 3, 4)); }
  SECTION("GRU in both directions") {
    const auto both = [&](const std::string& name, std::int64_t inputs) {
      return Bidirectional(pytorch_gru(at(name) / "forward", inputs, 4),
                           pytorch_gru(at(name) / "backward", inputs, 4));
    };
    check_cell("gru_both", model, Stack(both("a", 3), both("b", 8)));
  }
  SECTION("RNN in both directions") {
    const auto both = [&](const std::string& name, std::int64_t inputs) {
      return Bidirectional(RNN(at(name) / "forward", inputs, 4, relu),
                           RNN(at(name) / "backward", inputs, 4, relu));
    };
    check_cell("rnn_both", model, Stack(both("a", 3), both("b", 8)));
  }
  SECTION("single steps") {
    const Stack cells(RNN(at("a"), 3, 4), LSTM(at("b"), 4, 4), pytorch_gru(at("c"), 4, 4));
    PyTorchNames names;
    names.add_cell("rnn", std::get<0>(cells.parts));
    names.add_cell("lstm", std::get<1>(cells.parts));
    names.add_cell("gru", std::get<2>(cells.parts));
    check("steps", model, names,
          [&](Tensor x) { return unroll(cells, x, cells.initial_state(x.extent(1))).outputs; });
  }
  SECTION("with layers around it") {
    const Embedding embedding(at("embedding"), 7, 3);
    const LSTM encoder(at("encoder"), 3, 4);
    const LayerNorm norm(at("norm"), 4);
    const Linear head(at("head"), 4, 2);
    PyTorchNames names;
    names.add("embedding", embedding);
    names.add("encoder", encoder);
    names.add("norm", norm);
    names.add("head", head);
    check("tagger", model, names, [&](Tensor x) {
      return head(norm(unroll(encoder, embedding(x), encoder.initial_state(x.extent(1))).outputs));
    });
  }
}

TEST_CASE("PyTorch's weights are read into a model of float64", "[files][pytorch]") {
  Model model(Seed{1}, Device::cpu(), ElementType::float64);
  const RNN cell(model / "a", 3, 4);
  PyTorchNames names;
  names.add("", cell);
  load_pytorch(names, folder + "rnn_tanh.safetensors");
  const auto file = read_safetensors(folder + "rnn_tanh.safetensors");
  CHECK(cell.gate.W.value().at(1) == file.arrays.at("weight_ih_l0").at(3));
  CHECK(cell.gate.b.value().at(1) == file.arrays.at("bias_ih_l0").at(1) + file.arrays.at("bias_hh_l0").at(1));
}

TEST_CASE("cells of single steps have names without layers", "[files][pytorch]") {
  Model model(Seed{1});
  PyTorchNames names;
  names.add_cell("net.cell", pytorch_gru(model / "a", 3, 4));
  CHECK(to_string(names) ==
        "net.cell.weight_ih [12, 3]: a/reset/W, a/update/W, a/candidate/W transposed\n"
        "net.cell.weight_hh [12, 4]: a/reset/U, a/update/U, a/candidate/U transposed\n"
        "net.cell.bias_ih [12]: a/reset/b, a/update/b, a/candidate/b\n"
        "net.cell.bias_hh [12]: added to a/reset/b, added to a/update/b, a/candidate/state_bias\n");
}

TEST_CASE("parameters of one name in two models are two, and one under two names is one",
          "[files][pytorch]") {
  const Directory directory;
  const auto path = directory / "x";
  Model one(Seed{1}), other(Seed{2});
  PyTorchNames names;
  const RNN cell(one / "rnn", 3, 4);
  names.add("one", cell);
  names.add("other", RNN(other / "rnn", 3, 4));
  const auto values = [](const Model& model) {
    std::vector<Array> values;
    for (const auto& parameter : model.parameters()) values.push_back(parameter.value());
    return values;
  };
  one.parameter("rnn/b").assign(Array({4}, std::vector<float>{1, 2, 3, 4}));
  const auto of_one = values(one), of_other = values(other);
  CHECK(of_one != of_other);
  save_pytorch(names, path);
  for (const auto* model : {&one, &other})
    for (const auto& parameter : model->parameters()) parameter.assign(Array(parameter.value().type(), 7));
  load_pytorch(names, path);
  CHECK(values(one) == of_one);
  CHECK(values(other) == of_other);

  PyTorchNames shared;
  shared.add("encoder", cell);
  shared.add("decoder", cell);
  save_pytorch(shared, path);
  load_pytorch(shared, path);
  CHECK(values(one) == of_one);
  auto file = read_safetensors(path);
  file.arrays["decoder.bias_ih_l0"].data<float>()[2] = 0;
  write_safetensors(path, file);
  CHECK_THROWS_WITH(load_pytorch(shared, path),
                    ContainsSubstring("decoder.bias_ih_l0 gives rnn/b other values"));
  CHECK(values(one) == of_one);
}

TEST_CASE("a bias of which another tensor has but a part is refused", "[files][pytorch]") {
  const Directory directory;
  const auto path = directory / "x";
  Model model(Seed{1});
  const RNN cell(model / "rnn", 3, 4);
  PyTorchNames names;
  names.add("rnn", cell);
  names.add("bias", cell.gate.b);
  cell.gate.b.assign(Array({4}, std::vector<float>{1, -0.0f, 3, 4}));
  const auto before = cell.gate.b.value();
  save_pytorch(names, path);
  load_pytorch(names, path);
  CHECK(cell.gate.b.value() == before);
  CHECK(std::signbit(cell.gate.b.value().at(1)));
  auto file = read_safetensors(path);
  file.arrays["rnn.bias_hh_l0"].data<float>()[2] = 1;
  write_safetensors(path, file);
  CHECK_THROWS_WITH(load_pytorch(names, path),
                    "[load_pytorch] " + path +
                        ": a bias_hh other than 0 is added to rnn/b, which another tensor has by itself");
  CHECK(cell.gate.b.value() == before);
}

TEST_CASE("what does not fit PyTorch's names is refused, and nothing is read", "[files][pytorch]") {
  const Directory directory;
  Model model(Seed{1});
  const auto refuse = [&](const PyTorchNames& names, const std::string& file, const std::string& reason) {
    std::vector<Array> before;
    for (const auto& parameter : model.parameters()) before.push_back(parameter.value());
    CHECK_THROWS_AS(load_pytorch(names, file), FileError);
    CHECK_THROWS_WITH(load_pytorch(names, file), ContainsSubstring(file) && ContainsSubstring(reason));
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(model.parameters()[i].value() == before[i]);
  };
  PyTorchNames names;
  SECTION("a GRU without the bias beside its reset product") {
    names.add("", GRU(model / "a", 3, 4));
    refuse(names, folder + "gru.safetensors", "Reset::after_product_with_bias");
    auto file = read_safetensors(folder + "gru.safetensors");
    for (int i = 8; i < 12; ++i) file.arrays["bias_hh_l0"].data<float>()[i] = 0;
    write_safetensors(directory / "gru", file);
    CHECK_NOTHROW(load_pytorch(names, directory / "gru"));
  }
  SECTION("a tensor that is missing") {
    names.add("rnn", RNN(model / "a", 3, 4));
    refuse(names, folder + "rnn_tanh.safetensors", "is of no layer that was named");
    CHECK_THROWS_WITH(load_pytorch(names, folder + "rnn_tanh.safetensors", {"*"}),
                      ContainsSubstring("tensor rnn.weight_ih_l0 is missing"));
  }
  SECTION("tensors of other layers") {
    names.add("head", Linear(model / "head", 4, 2));
    refuse(names, folder + "tagger.safetensors", "tensor embedding.weight is of no layer");
    CHECK_NOTHROW(load_pytorch(names, folder + "tagger.safetensors", {"embedding.*", "encoder.*", "norm.*"}));
  }
  SECTION("another shape") {
    names.add("", RNN(model / "a", 4, 4));
    refuse(names, folder + "rnn_tanh.safetensors", "weight_ih_l0 has shape [4, 3] and must have [4, 4]");
  }
  SECTION("another type") {
    names.add("", RNN(model / "a", 3, 4));
    auto file = read_safetensors(folder + "rnn_tanh.safetensors");
    auto& bias = file.arrays["bias_ih_l0"];
    bias = bias.cast(ElementType::float64);
    write_safetensors(directory / "rnn", file);
    refuse(names, directory / "rnn", "bias_ih_l0 is float64, and the model float32");
    bias = bias.cast(ElementType::int32);
    write_safetensors(directory / "rnn", file);
    refuse(names, directory / "rnn", "bias_ih_l0 is int32");
  }
}

TEST_CASE("what PyTorch has no module for is refused, and the names stay as they were", "[pytorch]") {
  Model model(Seed{1});
  const auto at = [&](const std::string& name) { return model / name; };
  PyTorchNames names;
  names.add("head", Linear(at("head"), 4, 2));
  const auto before = to_string(names);
  const auto refuse = [&](const auto& part, const std::string& reason) {
    CHECK_THROWS_WITH(names.add("net", part), "[PyTorchNames] net: " + reason);
    CHECK(to_string(names) == before);
  };
  const std::string alike = "the layers of one module are alike in PyTorch, and ";
  SECTION("cells") {
    refuse(LSTM(at("a"), 3, 4, Peepholes), "PyTorch's LSTM has no peepholes, and a has");
    refuse(LSTM(at("b"), 3, 4, CoupledGates), "PyTorch's LSTM has no coupled gates, and b has");
    refuse(LSTM(at("c"), 3, 4, Normalised), "PyTorch's LSTM has no normalisation, and c has");
    refuse(LSTM(at("d"), 3, 4, ProjectedTo(4)),
           "PyTorch's LSTM is projected to fewer units than it has, and d to all 4");
    CHECK_NOTHROW(PyTorchNames().add("net", LSTM(at("e"), 3, 4, ProjectedTo(3))));
    refuse(GRU(at("f"), 3, 4, Reset::before_product),
           "PyTorch's GRU resets after the product, and f before it");
    refuse(RNN(at("g"), 0, 4), "PyTorch's layers have inputs and units, and g has 0 and 4");
    refuse(pytorch_gru(at("h"), 3, 0), "PyTorch's layers have inputs and units, and h has 3 and 0");
    refuse(LSTM(at("i"), 3, 0), "PyTorch's layers have inputs and units, and i has 3 and 0");
  }
  SECTION("activations") {
    const auto no = [&](const std::string& name, const RNN::Activation& activation) {
      refuse(RNN(at(name), 3, 4, activation),
             "PyTorch's RNN has tanh or relu, and " + name + " another activation");
    };
    no("a", sigmoid);
    no("b", [](const Tensor& x) { return x; });
    no("c", [](const Tensor& x) { return tanh(2 * x); });
    no("d", [](const Tensor& x) { return 2 * tanh(x); });
    no("e", [](const Tensor&) { return Tensor(1.0f); });
    no("f", [](const Tensor&) { return Tensor(); });
    no("g", [](const Tensor&) { return zeros({1, 4}); });
    no("h", [](const Tensor& x) { return leaky_relu(x); });
    CHECK_NOTHROW(PyTorchNames().add("", RNN(at("i"), 3, 4, [](const Tensor& x) { return relu(x); })));
  }
  SECTION("an activation is looked at while another recording goes on") {
    const RNN cell(at("a"), 3, 4, relu);
    Function f(model, [&](Tensor x) {
      PyTorchNames within;
      within.add("", cell);
      CHECK(within.tensors().size() == 4);
      return 2 * x;
    });
    CHECK(f(Array(3.0f)).at(0) == 6);
  }
  SECTION("layers that differ") {
    refuse(Stack(LSTM(at("a"), 3, 4), GRU(at("b"), 4, 4)), alike + "a is LSTM of 4 units, b GRU of 4 units");
    refuse(std::vector{RNN(at("c"), 3, 4), RNN(at("d"), 4, 5)},
           alike + "c is RNN of 4 units with tanh, d RNN of 5 units with tanh");
    refuse(Stack(RNN(at("e"), 3, 4), RNN(at("f"), 4, 4, relu)),
           alike + "e is RNN of 4 units with tanh, f RNN of 4 units with relu");
    refuse(Stack(LSTM(at("g"), 3, 4, ProjectedTo(2)), LSTM(at("h"), 2, 4)),
           alike + "g is LSTM of 4 units projected to 2, h LSTM of 4 units");
    refuse(Stack(LSTM(at("i"), 3, 4, ProjectedTo(2)), LSTM(at("j"), 2, 4, ProjectedTo(3))),
           alike + "i is LSTM of 4 units projected to 2, j LSTM of 4 units projected to 3");
    refuse(Bidirectional(RNN(at("k"), 3, 4), RNN(at("l"), 3, 4, relu)),
           alike +
               "k is RNN of 4 units with tanh in both directions, l RNN of 4 units with relu in both "
               "directions");
    // The last of three: what was gone through before it is not kept.
    refuse(std::vector{RNN(at("m"), 3, 4), RNN(at("n"), 4, 4), RNN(at("o"), 4, 5)},
           alike + "m is RNN of 4 units with tanh, o RNN of 5 units with tanh");
  }
  SECTION("layers of one direction and of both") {
    const auto both = [&](const std::string& name, std::int64_t inputs) {
      return Bidirectional(LSTM(at(name) / "forward", inputs, 4), LSTM(at(name) / "backward", inputs, 4));
    };
    refuse(Stack(both("a", 3), LSTM(at("b"), 8, 4)),
           alike + "a/forward is LSTM of 4 units in both directions, b LSTM of 4 units");
    refuse(Stack(LSTM(at("c"), 3, 4), both("d", 4)),
           alike + "c is LSTM of 4 units, d/forward LSTM of 4 units in both directions");
    refuse(Stack(both("e", 3), both("f", 4)),
           "f/forward takes 4 inputs, and in its place in PyTorch it takes 8");
  }
  SECTION("inputs that the layer below does not give") {
    refuse(Stack(LSTM(at("a"), 3, 4), LSTM(at("b"), 5, 4)),
           "b takes 5 inputs, and in its place in PyTorch it takes 4");
    refuse(std::vector{LSTM(at("c"), 3, 4, ProjectedTo(2)), LSTM(at("d"), 4, 4, ProjectedTo(2))},
           "d takes 4 inputs, and in its place in PyTorch it takes 2");
    refuse(Bidirectional(RNN(at("e"), 3, 4), RNN(at("f"), 2, 4)),
           "f takes 2 inputs, and in its place in PyTorch it takes 3");
  }
  SECTION("no layers") {
    refuse(std::vector<LSTM>(), "a module of PyTorch has one layer or more, and this none");
    CHECK_NOTHROW(PyTorchNames().add("net", Stack(LSTM(at("a"), 3, 4), std::vector<LSTM>())));
  }
  SECTION("single steps") {
    const auto no = [&](const auto& cell, const std::string& reason) {
      CHECK_THROWS_WITH(names.add_cell("net", cell), "[PyTorchNames] net: " + reason);
      CHECK(to_string(names) == before);
    };
    no(LSTM(at("a"), 3, 4, ProjectedTo(2)), "PyTorch's LSTMCell is not projected, and a is");
    no(RNN(at("b"), 3, 4, sigmoid), "PyTorch's RNN has tanh or relu, and b another activation");
  }
  SECTION("layers without parameters") {
    refuse(LayerNorm(), "the LayerNorm has no parameters");
    refuse(Parameter(), "the parameter is absent");
  }
  SECTION("parameters from outside that do not fit") {
    LSTM lstm(at("a"), 3, 4);
    const auto forget = lstm.forget;
    for (const auto& other : {Gate(at("b"), 3, 5), Gate(at("c"), 2, 4), Gate()}) {
      lstm.forget = other;
      refuse(lstm, "the parameters of a do not make up one cell");
    }
    lstm.forget = forget;
    lstm.projection = at("d").parameter("P", {4, 2}, constant_init(0));
    refuse(lstm, "the parameters of a do not make up one cell");
    RNN rnn(at("e"), 3, 4);
    rnn.gate.W = rnn.gate.b;
    refuse(rnn, "the parameters of e do not make up one cell");
    auto gru = pytorch_gru(at("f"), 3, 4);
    gru.state_bias = Parameter();
    refuse(gru, "the parameters of f do not make up one cell");
    Linear linear(at("g"), 3, 4);
    linear.weight = linear.bias;
    CHECK_THROWS_WITH(names.add("net", linear), "[PyTorchNames] net.weight: parameter g/bias is no matrix");
    CHECK(to_string(names) == before);
  }
}

TEST_CASE("tensors of one name, and of none of PyTorch's, are refused whole", "[pytorch]") {
  Model model(Seed{1});
  const Linear head(model / "head", 4, 2);
  const LSTM cell(model / "cell", 3, 4);
  const LayerNorm norm(model / "norm", 2);
  PyTorchNames names;
  // The last tensor of each is there already: those before it are not kept.
  names.add("head.bias", head.bias);
  names.add("net.bias_hh_l0", cell.input.b);
  const auto before = to_string(names);
  CHECK_THROWS_WITH(names.add("head", head), "[PyTorchNames] there is a tensor head.bias already");
  CHECK_THROWS_WITH(names.add("head", norm), "[PyTorchNames] there is a tensor head.bias already");
  CHECK_THROWS_WITH(names.add("net", cell), "[PyTorchNames] there is a tensor net.bias_hh_l0 already");
  CHECK_THROWS_WITH(names.add("net", std::vector{cell}),
                    "[PyTorchNames] there is a tensor net.bias_hh_l0 already");
  for (const char* name : {"", ".", ".a", "a.", "a..b"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(names.add(name, head.bias),
                      ContainsSubstring("\"" + std::string(name) + "\", which has an empty part"));
  }
  CHECK_THROWS_WITH(names.add("a..b", head), ContainsSubstring("\"a..b.weight\", which has an empty part"));
  CHECK(to_string(names) == before);
}

TEST_CASE("names of PyTorch's tensors stand in messages in one line", "[files][pytorch]") {
  const Directory directory;
  const auto path = directory / "weights.safetensors";
  write_safetensors(path, {{{"a\nb", Array(1.0f)}}, {}});
  CHECK_THROWS_WITH(load_pytorch(PyTorchNames(), path),
                    "[load_pytorch] " + path + ": tensor a?b is of no layer that was named");
}

TEST_CASE("PyTorch's weights for which there is no memory are refused as that", "[files][pytorch][slow]") {
  const Directory directory;
  const auto path = directory / "weights.safetensors";
  Model model(Seed{1});
  const LSTM cell(model / "cell", 30, 40);
  PyTorchNames names;
  names.add("lstm", cell);
  CHECK(refusals_for_memory(path, [&] { save_pytorch(names, path); }) > 5);
  const auto before = cell.input.W.value();
  CHECK(refusals_for_memory(path, [&] { load_pytorch(names, path); }) > 5);
  CHECK(cell.input.W.value() == before);
}
