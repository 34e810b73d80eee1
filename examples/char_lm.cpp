// A language model of characters: an LSTM learns to predict the next character of any text files, beside an
// n-gram model counted on the same ones.
//
//   char_lm . --save /tmp/model.xml
//   char_lm . --start /tmp/model.xml --minutes 5
//   char_lm . --minutes 60 --checkpoint /tmp/training.checkpoint     (again, to go on after an interruption)

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "char_lm/corpus.h"
#include "char_lm/ngram.h"
#include "char_lm/sampler.h"
#include "char_lm/saved_model.h"
#include "char_lm/training.h"
#include "char_lm/utf8.h"

using namespace char_lm;

namespace {

struct Options {
  std::vector<std::string> paths;
  std::int64_t hidden = 192, embedding = 64;
  Training training;
  double temperature = 0.7;
  int samples = 3, sample_length = 400;
  std::string prompt, save, device = "cpu";
};

/// A check of a number; whether it is one CLI11 finds out. Its own checks of sign show the largest double
/// there is as the end of the range.
CLI::Validator number_that(bool (*fits)(double), const std::string& rule) {
  const auto check = [=](const std::string& text) {
    return fits(std::strtod(text.c_str(), nullptr)) ? "" : "'" + text + "' must be a number " + rule;
  };
  return CLI::Validator(check, "");
}

void declare(CLI::App& app, Options& options) {
  const auto positive = number_that([](double x) { return x > 0; }, "above 0");
  const auto not_negative = number_that([](double x) { return x >= 0; }, "from 0");
  auto& training = options.training;
  app.add_option("PATH", options.paths, "Text files, and folders of them")->required();
  app.option_defaults()->always_capture_default();
  app.add_option("--hidden", options.hidden, "Size of the LSTM")->check(positive);
  app.add_option("--embedding", options.embedding, "Size of the vector of a character")->check(positive);
  app.add_option("--batch", training.batch, "Streams read side by side")->check(positive);
  app.add_option("--time", training.time, "Characters of a stream in one step")->check(positive);
  app.add_option("--minutes", training.minutes, "Longest training time; 0: no bound")->check(not_negative);
  app.add_option("--steps", training.steps, "Most training steps; 0: no bound")->check(not_negative);
  app.add_option("--learning-rate", training.learning_rate, "Highest rate of Adam")->check(positive);
  app.add_option("--seed", training.seed, "Of the first weights and of the samples");
  app.add_option("--samples", options.samples, "How many to print")->check(not_negative);
  app.add_option("--sample-length", options.sample_length, "Most characters of a sample")->check(positive);
  app.add_option("--temperature", options.temperature, "Of the samples; lower is safer")->check(positive);
  app.add_option("--prompt", options.prompt, "What a sample begins with");
  app.add_option("--save", options.save, "File for the weights (XML); a .description is written beside it");
  app.add_option("--checkpoint", training.checkpoint,
                 "File in which the training is kept, and from which it goes on where it is there");
  app.add_option("--device", options.device, "cpu, cuda, or cuda:1 and so on");
  app.add_option("--start", training.start, "Weights that --save wrote, to start from");
}

/// The sizes and the vocabulary of the model to start from, or of a new one.
Description describe(const CLI::App& app, const Options& options, const Corpus& corpus) {
  if (options.training.start.empty())
    return {options.embedding, options.hidden, Vocabulary::of(corpus.training)};
  auto description = read_description(options.training.start);
  const auto expect = [&](const char* option, std::int64_t asked, std::int64_t found) {
    if (app.count(option) > 0 && asked != found)
      throw UserError("the model in '" + options.training.start + "' has " + option + " " +
                      std::to_string(found) + ", not " + std::to_string(asked));
  };
  expect("--embedding", options.embedding, description.embedding);
  expect("--hidden", options.hidden, description.hidden);
  return description;
}

void check_enough(const std::vector<Symbol>& training, const Corpus& corpus, const Options& options) {
  const auto least = static_cast<std::size_t>(options.training.time * options.training.batch);
  if (training.size() < least)
    throw UserError("too little text: " + std::to_string(character_count(corpus.training)) +
                    " characters to train on, and a step reads " + std::to_string(least) +
                    " (--batch times --time)");
  if (character_count(corpus.validation) == 0)
    throw UserError("too little text: nothing is left to validate on");
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

void print_corpus(const Corpus& corpus, const Vocabulary& vocabulary) {
  const auto training = character_count(corpus.training), validation = character_count(corpus.validation);
  const auto files = corpus.one_file ? 1 : corpus.training.size() + corpus.validation.size();
  std::printf("Read %s, %s.\n", counted(files, "file").c_str(),
              counted(training + validation, "character").c_str());
  std::printf(
      "Held out for validation: %s, %s.\n",
      corpus.one_file ? "the last tenth of the file" : counted(corpus.validation.size(), "file").c_str(),
      counted(validation, "character").c_str());
  if (corpus.left_out > 0)
    std::printf("Left out as binary, unreadable or saved models: %s.\n",
                counted(corpus.left_out, "file").c_str());
  std::printf("Vocabulary: %s, and symbols for the end of a file and for other bytes.\n",
              counted(vocabulary.bytes().size(), "byte").c_str());
}

void print_model(const reel::Model& model, const Description& description, const Options& options) {
  std::int64_t count = 0;
  for (const auto& parameter : model.parameters()) count += parameter.shape().size();
  std::printf("Model: embedding %lld, LSTM %lld, linear; %lld weights%s%s.\n\n",
              static_cast<long long>(description.embedding), static_cast<long long>(description.hidden),
              static_cast<long long>(count), options.training.start.empty() ? "" : ", starting from ",
              options.training.start.c_str());
}

void print_comparison(double lstm, double ngram, std::size_t characters) {
  std::printf("\nBits per character on all %zu characters of validation:\n", characters);
  std::printf("  n-gram (%d preceding characters)  %.3f\n", NGram::context_length, ngram);
  std::printf("  LSTM                             %.3f\n", lstm);
  if (!std::isfinite(lstm))
    std::printf("The LSTM has diverged: try a lower --learning-rate.\n");
  else if (lstm == ngram)
    std::printf("They are equal.\n");
  else
    std::printf("The %s is lower, by %.3f.\n", lstm < ngram ? "LSTM" : "n-gram model",
                std::abs(lstm - ngram));
}

void print_interruption(const Ending& ending, const Training& training) {
  std::printf("Interrupted after step %lld. ", static_cast<long long>(ending.steps));
  if (training.checkpoint.empty())
    std::printf("With --checkpoint FILE it could go on from there.\n");
  else if (!ending.checkpoint_failure.empty())
    std::printf("It cannot go on from there.\n");
  else
    std::printf("The same command goes on from there, with %s.\n", training.checkpoint.c_str());
}

/// Trains, and writes what is best so far to the file asked for. What could not be written in the end, or
/// nothing.
std::string train_and_save(reel::Model& model, const Network& network, const std::vector<Symbol>& text,
                           Scorer& scorer, const Description& description, const Options& options) {
  std::function<void()> save;
  if (!options.save.empty()) save = [&] { save_model(model, description, options.save); };
  Writing keep("the model", save);
  Ending ending;
  {
    const reel::Interrupts interrupts;
    ending = train(model, network, text, scorer, options.training, keep);
  }
  if (ending.was_interrupted) print_interruption(ending, options.training);
  if (keep.is_there()) std::printf("Saved the model to %s.\n", options.save.c_str());
  return keep.failure().empty() ? ending.checkpoint_failure : keep.failure();
}

void print_samples(reel::Model& model, const Network& network, const Vocabulary& vocabulary,
                   const Options& options) {
  Sampler sampler(model, network, vocabulary, options.temperature, options.training.seed);
  for (int number = 1; number <= options.samples; ++number) {
    const auto text = options.prompt + sampler.sample(options.prompt, options.sample_length);
    std::printf("\n---- Sample %d ", number);
    for (int i = 0; i < 60; ++i) std::printf("-");
    std::printf("\n%s\n", printable(text).c_str());
  }
}

void run(const CLI::App& app, const Options& options) {
  if (options.training.minutes == 0 && options.training.steps == 0)
    throw UserError("--minutes and --steps are both 0: one must bound the training");
  if (!options.save.empty()) check_can_save(options.save);
  if (!options.training.checkpoint.empty()) reel::check_writable(options.training.checkpoint);
  const auto corpus = read_corpus(options.paths, is_saved_model);
  const auto description = describe(app, options, corpus);
  const auto& vocabulary = description.vocabulary;
  print_corpus(corpus, vocabulary);
  const auto training = vocabulary.symbols(corpus.training);
  const auto validation = vocabulary.symbols(corpus.validation);
  check_enough(training, corpus, options);

  reel::Model model(reel::Seed{options.training.seed}, reel::Device::named(options.device));
  const Network network(model, vocabulary.size(), description.embedding, description.hidden);
  if (!options.training.start.empty()) reel::load(model, options.training.start);
  print_model(model, description, options);

  Scorer scorer(model, network, validation);
  const auto failure = train_and_save(model, network, training, scorer, description, options);
  const NGram ngram(training, vocabulary.size());
  print_comparison(scorer.full(), bits_per_character(ngram, validation), character_count(corpus.validation));
  print_samples(model, network, vocabulary, options);
  if (!failure.empty()) throw UserError(failure);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains an LSTM to predict the next character of text files, and compares it with an n-gram.");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    run(app, options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "char_lm: " << error.what() << "\n";
    return 1;
  }
}
