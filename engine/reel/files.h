#pragma once
#include "model.h"

namespace reel {

/// Writes every parameter of `model` as XML: one <Layer Name> for each scope, in it one <Matrix Name Type
/// Rows Columns> for each parameter, its numbers in row-major order with as many digits as bring back the
/// same bits. Rank 1 is Rows x 1; other ranks carry their Shape. The file appears whole or not at all. Throws
/// FileError.
void save(const Model& model, const std::string& path);

/// Reads what save() wrote into a model with the same parameters; float32 numbers may be read into a float64
/// model. Throws FileError, and leaves the model as it was, for a matrix that is missing, not the model's, or
/// of another shape, for a bad number, and for a broken file.
void load(Model& model, const std::string& path);

/// Writes `text` to a temporary file beside `path`, and renames it. Throws FileError.
void write_whole(const std::string& path, const std::string& text);

}  // namespace reel
