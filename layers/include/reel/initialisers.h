#pragma once
/// @file
/// @ingroup layers
/// First values of parameters.
#include <reel/model.h>

namespace REEL_PUBLIC reel {

/// Every element `value`.
Initialiser constant_init(double value);
/// Uniform in [low, high).
Initialiser uniform_init(double low, double high);
/// Uniform in +-sqrt(6 / (rows + columns)) of a matrix [rows, columns] (Glorot and Bengio 2010, equation 16).
/// For other ranks the last axis counts as columns and the product of the rest as rows.
Initialiser glorot_uniform();
/// A matrix with orthonormal rows or columns, whichever are fewer: the Q of a normal random matrix, with the
/// signs of R's diagonal (Saxe et al. 2014; Mezzadri 2007). Throws Error for other ranks than 2.
Initialiser orthogonal();

}  // namespace reel
