// Values, derivatives and second derivatives of every operation against PyTorch:
// pytorch/make_operation_references.py made the file.

#include "catch.h"
#include "references.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("operations have PyTorch's values and derivatives", "[pytorch]") {
  std::set<std::string> named, recorded;
  for (const auto& reference : read_references("pytorch/operations.txt")) {
    CHECK(check_reference(reference, recorded) == "");
    named.insert(reference.name);
  }
  for (const auto& entry : functions_by_name()) {
    INFO(entry.first << " has no reference");
    CHECK(named.count(entry.first));
  }
}
