#pragma once
#include <reel/plot.h>

#include <string>

namespace reel {

/// Writes to `script` what has gnuplot draw a picture as SVG on its standard output. Texts and numbers of the
/// picture stand in it in a way that gnuplot takes for nothing else.
void write_script(const Picture& picture, const std::string& script);

}  // namespace reel
