#pragma once
#include <reel/files.h>
#include <reel/initialisers.h>

#include "catch.h"
#include "directory.h"
#include "models.h"

/// A weight file, and what it is damaged for.
namespace reel::test {

/// A parameter of every rank that the format treats in its own way, also one without elements.
inline void make_parameters(Model& model) {
  const auto cell = model / "cell" / "forget";
  cell.parameter("W", {2, 3}, glorot_uniform());
  cell.parameter("b", {3}, glorot_uniform());
  (model / "head").parameter("kernel", {2, 3, 2}, glorot_uniform());
  (model / "head").parameter("scale", {}, glorot_uniform());
  (model / "head").parameter("nothing", {0, 4}, glorot_uniform());
}

/// What make_parameters() makes, with small numbers that every test can name.
inline const std::string known_file = R"(<?xml version="1.0"?>
<Model Format="1">
  <Layer Name="cell/forget">
    <Matrix Name="W" Type="float32" Rows="2" Columns="3">
1 2 3
4 5 6.5
</Matrix>
    <Matrix Name="b" Type="float32" Rows="3" Columns="1">
7
8
9
</Matrix>
  </Layer>
  <Layer Name="head">
    <Matrix Name="kernel" Type="float32" Rows="6" Columns="2" Shape="2 3 2">
0 1
2 3
4 5
6 7
8 9
10 11
</Matrix>
    <Matrix Name="scale" Type="float32" Rows="1" Columns="1" Shape="">
-0.25
</Matrix>
    <Matrix Name="nothing" Type="float32" Rows="0" Columns="4">
</Matrix>
  </Layer>
</Model>
)";

/// Loads `text`, which must be refused and change nothing; the message must name the file and hold `reason`.
inline void check_refused(const std::string& text, const std::string& reason,
                          ElementType element = ElementType::float32) {
  const Directory directory;
  const auto path = directory / "weights.xml";
  write(path, text);
  Model model(Seed{1}, Device::cpu(), element);
  make_parameters(model);
  const auto before = values(model);
  CAPTURE(reason, text);
  try {
    load(model, path);
    FAIL("it was loaded");
  } catch (const FileError& error) {
    CHECK_THAT(error.what(), ContainsSubstring(path));
    CHECK_THAT(error.what(), ContainsSubstring(reason));
  }
  CHECK(values(model) == before);
}

}  // namespace reel::test
