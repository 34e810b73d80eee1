#include "writing.h"

#include <reel/error.h>

#include <cstdio>

namespace char_lm {

void Writing::operator()() {
  if (!write_) return;
  try {
    write_();
    is_written_ = true;
    failure_.clear();
  } catch (const reel::Error& error) {
    failure_ = what_ + " could not be written: " + error.what();
    std::fprintf(stderr, "\nchar_lm: %s. The training goes on, and it is tried again.\n", failure_.c_str());
  }
}

}  // namespace char_lm
