// The benchmark of TMVA's recurrent networks: sequences of noisy histograms, signal or background? Trains a
// recurrent network, prints how well it tells them apart, draws its losses and its ROC curve, and writes it
// as a file that TMVA reads.
//
//   classify_sequences --cells rnn lstm gru --out /tmp
//   classify_sequences --read /tmp/lstm.weights.xml --out /tmp

#include <reel/plot.h>
#include <reel/reel.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <numeric>

#include "classify_sequences/training.h"

using namespace classify_sequences;

namespace {

struct Options {
  std::vector<std::string> cells{"lstm"};
  std::int64_t events = 10000;
  int epochs = 20, threads = 0;
  std::uint64_t seed = 1;
  bool float64 = false;
  std::string file, out = ".";
};

void declare(CLI::App& app, Options& options) {
  app.option_defaults()->always_capture_default();
  app.add_option("--cells", options.cells, "Recurrent layers to try")
      ->check(CLI::IsMember({"rnn", "lstm", "gru"}));
  app.add_option("--events", options.events, "Of each class")->check(CLI::Range(50, 1000000));
  app.add_option("--epochs", options.epochs, "At most")->check(CLI::Range(1, 10000));
  app.add_option("--threads", options.threads, "0: one for each core")->check(CLI::Range(0, 1024));
  app.add_option("--seed", options.seed, "Of the events, the first weights and the order of the batches");
  app.add_flag("--float64", options.float64, "Numbers of 64 bits instead of 32");
  app.add_option("--read", options.file, "A weights file of TMVA, tried on the new events: trains nothing")
      ->check(CLI::ExistingFile);
  app.add_option("--out", options.out, "Folder for pictures and weights")->check(CLI::ExistingDirectory);
}

/// The events of a training, those that tell when it is over, and those that tell how good it is.
struct Split {
  Events training, validation, test;
};

/// 80 % for training, 20 % of these for validation.
Split split(const Events& events) {
  const auto trained_on = events.count() * 8 / 10, validated_from = trained_on * 8 / 10;
  return {part_of(events, 0, validated_from), part_of(events, validated_from, trained_on),
          part_of(events, trained_on, events.count())};
}

std::vector<bool> is_signal(const Events& events) {
  std::vector<bool> is_signal;
  for (std::int64_t i = 0; i < events.count(); ++i) is_signal.push_back(events.y.at(i) > 0.5);
  return is_signal;
}

void draw_losses(const std::string& cell, const History& history, const std::string& path) {
  auto picture = reel::loss_picture({"binary cross-entropy", "nats"}, history.training, history.validation);
  picture.title = cell + " on sequences of histograms";
  reel::draw(picture, path);
}

void draw_roc_curves(const std::vector<std::pair<std::string, reel::RocCurve>>& curves,
                     const std::string& path) {
  auto picture = reel::roc_picture(curves);
  picture.title = "Signal and background as sequences of histograms";
  reel::draw(picture, path);
}

/// Tells how well a network tells the events of the test apart.
reel::RocCurve judge(reel::Model& model, const reel::TMVANetwork& network, const Events& test) {
  const auto answers = scores(model, network, test);
  const auto roc = reel::roc_curve(answers, is_signal(test));
  std::printf("  AUC on %lld new events: %.4f; the mean answer is %.6f\n",
              static_cast<long long>(test.count()), roc.area,
              std::accumulate(answers.begin(), answers.end(), 0.0) / static_cast<double>(answers.size()));
  return roc;
}

/// Reads a network that was written before, and judges it.
reel::RocCurve classify_with(const std::string& file, const Split& events, const Options& options) {
  std::printf("%s:\n", file.c_str());
  const auto element = events.test.x.element();
  reel::Model model(reel::Seed{options.seed}, reel::Device::cpu(options.threads), element);
  const reel::TMVANetwork network(reel::Scope(model, "network"), reel::read_tmva(file, element));
  return judge(model, network, events.test);
}

/// Trains one cell, and tells how well it tells the events of the test apart.
reel::RocCurve classify(const std::string& cell, const Split& events, const Options& options) {
  std::printf("%s:\n", cell.c_str());
  reel::Model model(reel::Seed{options.seed}, reel::Device::cpu(options.threads),
                    events.training.x.element());
  const reel::TMVANetwork network(reel::Scope(model, "network"), describe(cell));
  begin_in_scale(model, events.training);
  const auto history =
      train(model, network, events.training, events.validation, options.epochs, reel::Seed{options.seed});
  std::printf("  %lld steps in %.2f s, %.3f ms a step; kept the weights after epoch %zu\n",
              static_cast<long long>(history.steps), history.seconds,
              history.seconds / static_cast<double>(history.steps) * 1e3, history.best + 1);
  const auto roc = judge(model, network, events.test);
  const auto losses = options.out + "/" + cell + "_loss.svg",
             weights = options.out + "/" + cell + ".weights.xml";
  draw_losses(cell, history, losses);
  reel::write_tmva(weights, network);
  std::printf("  wrote %s and %s\n", losses.c_str(), weights.c_str());
  return roc;
}

void run(const Options& options) {
  const auto picture = options.out + "/roc.svg";
  reel::check_writable(picture);
  const auto start = std::chrono::steady_clock::now();
  const auto events =
      split(make_events(options.events, reel::Seed{options.seed},
                        options.float64 ? reel::ElementType::float64 : reel::ElementType::float32));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf(
      "Made %lld events of each class in %.1f s: %lld to train on, %lld for validation, %lld new.\n\n",
      static_cast<long long>(options.events), seconds.count(),
      static_cast<long long>(events.training.count()), static_cast<long long>(events.validation.count()),
      static_cast<long long>(events.test.count()));
  std::vector<std::pair<std::string, reel::RocCurve>> curves;
  if (!options.file.empty())
    curves.emplace_back(options.file, classify_with(options.file, events, options));
  else
    for (const auto& cell : options.cells) curves.emplace_back(cell, classify(cell, events, options));
  draw_roc_curves(curves, picture);
  std::printf("\nThe ROC curves are in %s.\n", picture.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tells sequences of noisy histograms apart, as in the tutorial of TMVA's recurrent networks.");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "classify_sequences: " << error.what() << "\n";
    return 1;
  }
}
