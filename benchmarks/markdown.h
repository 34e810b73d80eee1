#pragma once
#include <string>
#include <vector>

#include "row.h"

namespace benchmarks {

/// The tables of the README, of what was measured. Throws std::runtime_error.
void write_markdown(const std::vector<Row>& rows, const std::string& machine, const std::string& path);

}  // namespace benchmarks
