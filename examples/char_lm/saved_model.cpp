#include "saved_model.h"

#include <reel/files.h>

#include <sstream>

namespace char_lm {

namespace {

const std::string first_line = "What char_lm must know to build its network:\n";

std::string description_path(const std::string& path) { return path + ".description"; }

std::string text_of(const Description& description) {
  std::ostringstream text;
  text << first_line << "embedding " << description.embedding << "\nhidden " << description.hidden
       << "\nbytes";
  for (int byte : description.vocabulary.bytes()) text << ' ' << byte;
  text << '\n';
  return text.str();
}

/// Bytes are written once each and in order.
bool is_next_byte(int byte, const std::vector<unsigned char>& bytes) {
  return byte >= 0 && byte < 256 && (bytes.empty() || byte > bytes.back());
}

std::string text_beside(const std::string& name) {
  try {
    return reel::read_whole(name);
  } catch (const reel::FileError& error) {
    throw UserError(error.what() + std::string("; --save writes it beside a model"));
  }
}

}  // namespace

void save_model(const reel::Model& model, const Description& description, const std::string& path) {
  reel::write_whole(description_path(path), text_of(description));
  reel::save(model, path);
}

void check_can_save(const std::string& path) {
  reel::check_writable(description_path(path));
  reel::check_writable(path);
}

bool is_saved_model(const std::string& text) {
  const auto start = text.substr(0, 64);
  return start.rfind(first_line, 0) == 0 ||
         (start.rfind("<?xml", 0) == 0 && start.find("<Model Format=") != std::string::npos);
}

Description read_description(const std::string& path) {
  const auto name = description_path(path);
  std::istringstream file(text_beside(name));
  std::string line;
  std::getline(file, line);
  std::string embedding_word, hidden_word, bytes_word;
  std::int64_t embedding = 0, hidden = 0;
  file >> embedding_word >> embedding >> hidden_word >> hidden >> bytes_word;
  std::vector<unsigned char> bytes;
  int byte = 0;
  while (file >> byte && is_next_byte(byte, bytes)) bytes.push_back(static_cast<unsigned char>(byte));
  const bool whole = line + "\n" == first_line && file.eof() && !bytes.empty() && embedding > 0 && hidden > 0;
  if (!whole || embedding_word != "embedding" || hidden_word != "hidden" || bytes_word != "bytes")
    throw UserError("'" + name + "' is not the description of a model");
  return {embedding, hidden, Vocabulary(std::move(bytes))};
}

}  // namespace char_lm
