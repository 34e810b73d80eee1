#pragma once
#include <reel/model.h>

#include <string>

#include "vocabulary.h"

namespace char_lm {

/// What must be known to build a network before its weights can be read: in a text file beside them.
struct Description {
  std::int64_t embedding = 0, hidden = 0;
  Vocabulary vocabulary;
};

/// Writes the weights as XML to `path`, and the description to `path`.description. Throws reel::FileError.
void save_model(const reel::Model& model, const Description& description, const std::string& path);

/// Throws reel::FileError where save_model() would, but for want of room: better before the training than
/// after it.
void check_can_save(const std::string& path);

/// True for the text of a file that save_model wrote: nothing to train on.
bool is_saved_model(const std::string& text);

/// The description beside the weights in `path`. Throws UserError.
Description read_description(const std::string& path);

}  // namespace char_lm
