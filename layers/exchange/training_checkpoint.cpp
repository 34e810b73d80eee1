#include <reel/characters.h>
#include <reel/memory.h>
#include <reel/training_checkpoint.h>
#include <reel/whole_file.h>

#include <filesystem>
#include <sstream>

namespace reel {

namespace {

const std::string kind = "reel checkpoint", version = "1";
const std::string parameter_prefix = "parameter/", state_prefix = "state/", kept_prefix = "kept/",
                  run_name = "run";

const char* const checkpoint_function = "TrainingCheckpoint";

/// What messages begin with: "[TrainingCheckpoint] x.checkpoint".
std::string where_of(const char* function, const std::string& path) {
  return "[" + std::string(function) + "] " + path;
}

bool begins_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

/// An array of a file. Throws FileError where there is none of the name.
const Array& array_of(const Safetensors& content, const std::string& name, const std::string& where) {
  const auto found = content.arrays.find(name);
  if (found == content.arrays.end()) throw FileError(where + ": " + name + " is missing");
  return found->second;
}

const std::string& text_of(const Safetensors& content, const std::string& name, const std::string& where) {
  const auto found = content.texts.find(name);
  if (found == content.texts.end()) throw FileError(where + ": " + name + " is missing");
  return found->second;
}

void check_kind(const Safetensors& content, const std::string& where) {
  if (!content.texts.count("format") || text_of(content, "format", where) != kind)
    throw FileError(where + " is no checkpoint");
  const auto& found = text_of(content, "version", where);
  if (found != version)
    throw FileError(where + " is a checkpoint of version " + shown(found) + "; this Reel reads " + version);
}

/// Sets a parameter, a state or the count of runs to what was found. Throws FileError where it is of another
/// type.
std::function<void()> setter_of(const Parameter& parameter, const Array& found, const std::string& name,
                                const std::string& where) {
  const auto& type = parameter.variable()->type();
  if (found.type() != type)
    throw FileError(where + ": " + name + " is " + to_string(found.type()) + " and must be " +
                    to_string(type));
  return [parameter, found] { parameter.assign(found); };
}

/// The state of a model that an array of a file is of. An optimiser makes its own when it is recorded: until
/// then they are made here.
Parameter state_of(Model& model, const std::string& file_name, const TensorType& type,
                   const std::string& where) {
  const auto name = file_name.substr(state_prefix.size());
  const auto slash = name.rfind('/');
  const Scope scope(model, slash == name.npos ? "" : name.substr(0, slash));
  try {
    return scope.state(slash == name.npos ? name : name.substr(slash + 1), type, 0);
  } catch (const Error& error) {
    throw FileError(where + ": " + in_one_line(file_name) + ": " + in_one_line(error.what()));
  }
}

Safetensors read_checkpoint(const std::string& path, const char* function) {
  const auto where = where_of(function, path);
  auto content = parse_safetensors(read_bytes(path, function), where);
  check_kind(content, where);
  return content;
}

/// Whether a text is one that Random writes: its words, and in some libraries which of them comes next.
/// Reading it, the library believes what it says.
bool is_state_of_random(const std::string& text) {
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  std::size_t count = 0;
  std::uint64_t last = 0;
  while (stream >> last) ++count;
  constexpr auto words = Random::state_size;
  return stream.eof() && (count == words || (count == words + 1 && last <= words));
}

}  // namespace

void TrainingCheckpoint::add(const std::string& name, Kept kept) {
  // What is kept as a map of arrays takes all that is below its name.
  const auto is_below = [](const std::string& a, const std::string& b) { return begins_with(a, b + "/"); };
  for (const auto& known : kept_)
    if (known.first == name || is_below(known.first, name) || is_below(name, known.first))
      throw Error(where_of(checkpoint_function, path_) + ": something is kept as '" + known.first +
                  "' already, beside which nothing is kept as '" + name + "'");
  kept_.emplace(name, std::move(kept));
}

/// One array or text, under its name among those of a file.
template <class Value>
TrainingCheckpoint::Kept TrainingCheckpoint::found_in(std::map<std::string, Value> Safetensors::*place,
                                                      std::function<Value()> get,
                                                      std::function<Setter(const Value&)> set) {
  return {
      [=](Safetensors& content, const std::string& file_name) { (content.*place)[file_name] = get(); },
      [=](const Safetensors& content, const std::string& file_name, std::set<std::string>& taken) -> Setter {
        const auto found = (content.*place).find(file_name);
        if (found == (content.*place).end()) return nullptr;
        taken.insert(file_name);
        return set(found->second);
      }};
}

TrainingCheckpoint::Kept TrainingCheckpoint::array(std::function<Array()> get, FromArray set) {
  return found_in(&Safetensors::arrays, std::move(get), std::move(set));
}

TrainingCheckpoint::Kept TrainingCheckpoint::text(std::function<std::string()> get, FromText set) {
  return found_in(&Safetensors::texts, std::move(get), std::move(set));
}

/// With their number under the name itself, so that a file without the map is not one with an empty map.
TrainingCheckpoint::Kept TrainingCheckpoint::arrays(std::map<std::string, Array>& arrays) {
  return {[&arrays](Safetensors& content, const std::string& file_name) {
            content.arrays[file_name] = structure::stored(arrays.size());
            for (const auto& [key, array] : arrays) content.arrays[file_name + "/" + key] = array;
          },
          [&arrays](const Safetensors& content, const std::string& file_name,
                    std::set<std::string>& taken) -> Setter {
            const auto count = content.arrays.find(file_name);
            if (count == content.arrays.end()) return nullptr;
            taken.insert(file_name);
            std::map<std::string, Array> found;
            const auto prefix = file_name + "/";
            for (auto item = content.arrays.lower_bound(prefix);
                 item != content.arrays.end() && begins_with(item->first, prefix); ++item) {
              found.emplace(item->first.substr(prefix.size()), item->second);
              taken.insert(item->first);
            }
            if (structure::from_stored<std::size_t>(count->second) != found.size()) return nullptr;
            return [&arrays, found = std::move(found)]() mutable { arrays = std::move(found); };
          }};
}

TrainingCheckpoint::Kept TrainingCheckpoint::random(Random& random) {
  const auto get = [&random] {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << random;
    return text.str();
  };
  return text(get, [&random](const std::string& text) -> Setter {
    if (!is_state_of_random(text)) return nullptr;
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    Random value;
    if (!(stream >> value)) return nullptr;
    return [&random, value] { random = value; };
  });
}

void TrainingCheckpoint::expect(const std::string& name, const std::string& value) {
  const auto place = where_of(checkpoint_function, path_) + ": " + kept_prefix + name;
  add(name, text([value] { return value; },
                 [value, place](const std::string& found) -> Setter {
                   if (found != value)
                     throw FileError(place + " is " + shown(found) + " and must be " + shown(value));
                   return [] {};
                 }));
}

Safetensors TrainingCheckpoint::content() const {
  Safetensors content;
  content.texts = {
      {"format", kind}, {"version", version}, {"seed", std::to_string(model_->seed())}, {"note", note_}};
  for (const auto& parameter : model_->parameters())
    content.arrays[parameter_prefix + parameter.name()] = parameter.value();
  for (const auto& state : model_->states()) content.arrays[state_prefix + state.name()] = state.value();
  content.arrays[run_name] = model_->run_counter()->read();
  for (const auto& [name, kept] : kept_) kept.write(content, kept_prefix + name);
  return content;
}

void TrainingCheckpoint::save() const {
  const auto where = where_of(checkpoint_function, path_);
  needing_memory_for(where,
                     [&] { write_whole(path_, format_safetensors(content(), where), checkpoint_function); });
}

void TrainingCheckpoint::check_header(const Safetensors& content, const std::string& where) const {
  const auto& seed = text_of(content, "seed", where);
  if (seed != std::to_string(model_->seed()))
    throw FileError(where + " is of a model with seed " + in_one_line(seed) + "; this one has " +
                    std::to_string(model_->seed()) + ", and would make other random choices");
  for (const auto& parameter : model_->parameters())
    array_of(content, parameter_prefix + parameter.name(), where);
  for (const auto& state : model_->states()) array_of(content, state_prefix + state.name(), where);
}

std::vector<TrainingCheckpoint::Setter> TrainingCheckpoint::setters_of_model(const Safetensors& content,
                                                                             std::set<std::string>& taken,
                                                                             const std::string& where) {
  std::vector<Setter> setters;
  for (const auto& parameter : model_->parameters()) {
    const auto name = parameter_prefix + parameter.name();
    setters.push_back(setter_of(parameter, array_of(content, name, where), name, where));
    taken.insert(name);
  }
  for (const auto& [name, array] : content.arrays) {
    if (!begins_with(name, state_prefix)) continue;
    setters.push_back(setter_of(state_of(*model_, name, array.type(), where), array, name, where));
    taken.insert(name);
  }
  setters.push_back(
      setter_of(Parameter(model_->run_counter()), array_of(content, run_name, where), run_name, where));
  taken.insert(run_name);
  return setters;
}

bool TrainingCheckpoint::resume() {
  // A path with a zero byte is refused where it is read; the system would look for what stands before it.
  const bool is_path = path_.find('\0') == path_.npos;
  if (std::error_code error; is_path && !std::filesystem::exists(path_, error) && !error) return false;
  const auto where = where_of(checkpoint_function, path_);
  const auto content = read_checkpoint(path_, checkpoint_function);
  check_header(content, where);
  Provisional made(*model_);
  std::set<std::string> taken{"format", "version", "seed", "note"};
  auto setters = setters_of_model(content, taken, where);
  for (const auto& [name, kept] : kept_) {
    setters.push_back(kept.read(content, kept_prefix + name, taken));
    if (!setters.back())
      throw FileError(where + ": " + kept_prefix + name +
                      " is missing, or of another kind than what is kept");
  }
  const auto refuse = [&](const std::string& name) {
    if (!taken.count(name)) throw FileError(where + ": " + in_one_line(name) + " is none of this training");
  };
  for (const auto& item : content.arrays) refuse(item.first);
  for (const auto& item : content.texts) refuse(item.first);
  // Everything has been found: nothing can fail from here on.
  for (const auto& set : setters) set();
  note_ = text_of(content, "note", where);
  made.keep();
  return true;
}

LoadReport load_from_checkpoint(Model& model, const std::string& path, const Part& part) {
  const char* function = "load_from_checkpoint";
  const auto where = where_of(function, path);
  const auto content = read_checkpoint(path, function);
  PartChoice choice(model, part, where);
  std::vector<std::function<void()>> setters;
  for (const auto& [name, array] : content.arrays) {
    if (!begins_with(name, parameter_prefix)) continue;
    const auto own_name = name.substr(parameter_prefix.size());
    if (const auto parameter = choice.wants(own_name))
      setters.push_back(setter_of(*parameter, array, own_name, where));
  }
  choice.check_patterns();
  for (const auto& set : setters) set();
  return choice.report();
}

}  // namespace reel
