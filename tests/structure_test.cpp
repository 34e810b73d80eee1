// The arrows of the design: examples -> layers -> ops -> engine, and an engine that knows no operation by
// name but the structural ones, and no layer.

#include <reel/ops.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "catch.h"

namespace fs = std::filesystem;

namespace {

const fs::path root = REEL_SOURCE_DIR;

struct Source {
  std::string name, text;
};

/// Sources under a folder, comments taken out.
std::vector<Source> sources(const std::string& folder) {
  std::vector<Source> found;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream file(entry.path());
    std::string text, line;
    while (std::getline(file, line)) text += line.substr(0, line.find("//")) + "\n";
    found.push_back({entry.path().lexically_relative(root).string(), text});
  }
  return found;
}

std::set<std::string> headers(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(root / folder / "include/reel"))
    names.insert(entry.path().filename().string());
  return names;
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex expression(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

/// The functions and operations declared in the engine's vocabulary.
std::set<std::string> structural_names() {
  std::ifstream file(root / "engine/include/reel/structural.h");
  std::stringstream text;
  text << file.rdbuf();
  std::set<std::string> names;
  for (const auto& name : matches(text.str(), R"(\b(\w+)_operation\(\))")) names.insert(name);
  for (const auto& name : matches(text.str(), R"(\bTensor (\w+)\()")) names.insert(name);
  return names;
}

}  // namespace

TEST_CASE("includes point one way") {
  const std::vector<std::string> folders{"engine", "ops", "layers"};
  // Libraries of their own on top of them, of which none includes another.
  std::vector<std::string> parts;
  for (const auto& entry : fs::directory_iterator(root / "layers"))
    if (fs::exists(entry.path() / "CMakeLists.txt"))
      parts.push_back("layers/" + entry.path().filename().string());
  std::set<std::string> allowed;
  const auto check = [&](const Source& source, const std::set<std::string>& others) {
    for (const auto& included : matches(source.text, R"(#include <reel/([^>]+)>)")) {
      INFO(source.name << " includes <reel/" << included << ">");
      CHECK((allowed.count(included) || others.count(included)));
    }
  };
  const auto is_of_a_part = [&](const Source& source) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](const auto& part) { return source.name.rfind(part + "/", 0) == 0; });
  };
  for (const auto& folder : folders) {
    for (const auto& name : headers(folder)) allowed.insert(name);
    for (const auto& source : sources(folder))
      if (!is_of_a_part(source)) check(source, {});
  }
  for (const auto& part : parts)
    for (const auto& source : sources(part)) check(source, headers(part));
  // Nor by a relative path.
  for (const auto& folder : folders)
    for (const auto& source : sources(folder))
      for (const auto& included : matches(source.text, R"(#include "([^"]+)\")")) {
        INFO(source.name << " includes \"" << included << "\"");
        CHECK(included.find("..") == std::string::npos);
      }
}

TEST_CASE("private headers are included by their own folder alone") {
  const std::vector<std::string> folders{"engine", "ops", "layers"};
  for (const auto& folder : folders)
    for (const auto& source : sources(folder))
      for (const auto& included : matches(source.text, R"(#include [<"]([\w/]+\.h)[>"])"))
        for (const auto& other : folders) {
          if (other == folder || included.rfind("reel/", 0) == 0) continue;
          INFO(source.name << " includes " << included << " of " << other);
          CHECK(!fs::exists(root / other / included));
        }
}

TEST_CASE("a folder of the engine includes only those before it on the way of a computation") {
  const std::vector<std::string> way{"tape", "record", "gradients", "passes",
                                     "plan", "run",    "model",     "checks"};
  const auto place_of = [&](const std::string& folder) {
    return std::find(way.begin(), way.end(), folder) - way.begin();
  };
  int includes = 0;
  for (const auto& source : sources("engine")) {
    const auto folder = source.name.substr(7, source.name.find('/', 7) - 7);
    // What stands at the engine's root, and public headers, include none of them.
    const auto own = folder == "include" || folder.find('.') != std::string::npos ? -1 : place_of(folder);
    CHECK(own < static_cast<std::ptrdiff_t>(way.size()));
    for (const auto& included : matches(source.text, R"(#include "(\w+)/)")) {
      INFO(source.name << " includes a header of " << included);
      CHECK(place_of(included) <= own);
      ++includes;
    }
  }
  CHECK(includes > 100);
}

namespace {

/// The engine's file that an include of another one names, "" where it is none of the engine's.
std::string included_file(const std::string& by, const std::string& name) {
  for (const auto& candidate : {fs::path(by).parent_path() / name, fs::path("engine") / name,
                                fs::path("engine/include") / name, fs::path("ops/include") / name})
    if (fs::exists(root / candidate)) return candidate.lexically_normal().string();
  return "";
}

/// All that a file includes, and what that includes.
void add_includes(const std::string& file, std::set<std::string>& seen) {
  if (!seen.insert(file).second) return;
  std::ifstream stream(root / file);
  std::stringstream text;
  text << stream.rdbuf();
  for (const auto& name : matches(text.str(), R"(#include [<"]([\w/]+\.h)[>"])"))
    if (const auto found = included_file(file, name); !found.empty()) add_includes(found, seen);
}

}  // namespace

TEST_CASE("what comes before running neither includes nor names anything of a device") {
  const std::regex of_devices(R"(engine/run/|(cpu_kernel|device|program|function|model)\.h$)");
  const std::regex name(
      R"(\b(cpu|Cpu\w*|cuda|Cuda\w*|gpu|xsimd|Device\w*|Backend|Runner|Team|Cluster|threads?)\b)");
  std::set<std::string> files;
  for (const auto* folder : {"tape", "record", "gradients", "passes", "plan"})
    for (const auto& source : sources(std::string("engine/") + folder)) add_includes(source.name, files);
  add_includes("engine/include/reel/operation.h", files);
  CHECK(files.size() > 100);
  for (const auto& file : files) {
    INFO(file << " is included");
    CHECK(!std::regex_search(file, of_devices));
  }
  for (const auto& source : sources("engine")) {
    if (files.count(source.name) == 0) continue;
    std::smatch found;
    const bool names = std::regex_search(source.text, found, name);
    INFO(source.name << " names " << (names ? found.str() : ""));
    CHECK(!names);
  }
}

TEST_CASE("public headers are declared for their folder, and included by those behind it") {
  // A public header belongs to the folder that has its source. Tape and recording are one in this.
  const std::vector<std::string> way{"tape", "record", "gradients", "passes",
                                     "plan", "run",    "model",     "checks"};
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < way.size(); ++i)
    for (const auto& source : sources("engine/" + way[i]))
      if (fs::path(source.name).extension() == ".cpp")
        places.emplace(fs::path(source.name).stem().string(), i);
  int includes = 0;
  for (std::size_t i = 0; i < way.size(); ++i)
    for (const auto& source : sources("engine/" + way[i]))
      for (const auto& name : matches(source.text, R"(#include <reel/(\w+)\.h>)")) {
        const auto known = places.find(name);
        if (known == places.end()) continue;
        ++includes;
        INFO(source.name << " includes <reel/" << name << ".h>, of " << way[known->second]);
        CHECK(known->second <= std::max<std::size_t>(i, 1));
      }
  CHECK(includes > 50);
}

TEST_CASE("public headers are free of xtensor, but for the one that converts") {
  for (const auto* folder : {"engine", "ops", "layers"})
    for (const auto& source : sources(folder)) {
      if (source.name.find("/reel/") == std::string::npos || source.name == "engine/include/reel/xtensor.h")
        continue;
      INFO(source.name);
      CHECK(source.text.find("#include <xt") == std::string::npos);
      CHECK(source.text.find("#include <xsimd") == std::string::npos);
    }
}

TEST_CASE("the engine names no operation outside the structural ones") {
  const auto structural = structural_names();
  const auto engine = sources("engine");
  int forbidden = 0;
  for (const auto* operation : reel::operations()) {
    if (structural.count(operation->name)) continue;
    ++forbidden;
    // As a function that is not the standard library's, an operation object, or a string.
    const std::regex used("(^|[^:\\w.>])" + operation->name + "\\s*\\(|\\b" + operation->name +
                          "_operation|\"" + operation->name + "\"");
    for (const auto& source : engine) {
      INFO(source.name << " names " << operation->name);
      CHECK(
          (source.text.find(operation->name) == std::string::npos || !std::regex_search(source.text, used)));
    }
  }
  CHECK(forbidden > 15);
}

TEST_CASE("neither engine nor operations name a layer") {
  std::set<std::string> layers;
  for (const auto& source : sources("layers/include/reel"))
    for (const auto& name : matches(source.text, R"(\n(?:struct|class) (\w+)[^\w<])")) layers.insert(name);
  CHECK(layers.count("LSTM"));
  for (const auto* folder : {"engine", "ops"})
    for (const auto& source : sources(folder)) {
      std::set<std::string> named;
      for (const auto& word : matches(source.text, R"((\w+))"))
        if (layers.count(word)) named.insert(word);
      INFO(source.name);
      CHECK(named == std::set<std::string>());
    }
}
