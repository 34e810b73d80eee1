#pragma once
/// @file
/// @ingroup files
/// Weights in readable files.
#include "part.h"
#include "whole_file.h"

namespace REEL_PUBLIC reel {

/// Writes every parameter of `model` as XML: one element `Layer` with a `Name` for each scope,
/// in it one element `Matrix` with `Name`, `Type`, `Rows` and `Columns` for each parameter, its numbers in
/// row-major order with as many digits as bring back the same bits. Rank 1 is Rows x 1, rank 2 is Rows x
/// Columns; other ranks carry their Shape. The file appears whole or not at all, as write_whole() says.
/// Throws FileError, and MemoryError where there is none for it.
void save(const Model& model, const std::string& path);

/// Reads what save() wrote into a model with the same parameters; float32 numbers may be read into a float64
/// model. Of what save() would not write only this is let through: comments between elements, other white
/// space, quotes and line ends, a byte order mark, character references, another order, a Shape of rank 1 or
/// 2, and numbers with other digits or exponents, such as 007, 1e5 or 1e-400, which is 0. Throws FileError,
/// and leaves the model as it was, for a matrix that is missing, not the model's, or of another shape, for a
/// bad number, for an element, an attribute or text that means nothing there or stands there twice, for what
/// is not well-formed XML in UTF-8, and for all but regular files; MemoryError likewise.
void load(Model& model, const std::string& path);

/// Reads a part of such a file, such as an encoder, into a model that need not be the one that was saved, and
/// tells what was taken. Of the part are FileErrors a matrix of another shape or type than the model's of
/// that name, which may be excepted, and a pattern that no name matches; else as load() of it all.
///
///     std::cout << to_string(load(model, "model.xml", Part{{"*"}, {"head/*"}}));
LoadReport load(Model& model, const std::string& path, const Part& part);

}  // namespace reel
