// Values of every operation against NumPy: numpy/make_references.py made the files.

#include <reel/ops.h>

#include "catch.h"
#include "references.h"

using namespace reel;
using namespace reel::test;

TEST_CASE("operations give NumPy's values", "[numpy]") {
  std::set<std::string> named, recorded;
  for (const char* section : {"elementwise", "reductions", "index_maps", "gathers", "products", "integers"})
    for (const auto& reference : read_references(std::string("numpy/") + section + ".txt")) {
      CHECK(check_reference(reference, recorded) == "");
      named.insert(reference.name);
    }
  for (const auto& entry : functions_by_name()) {
    INFO(entry.first << " has no reference");
    CHECK(named.count(entry.first));
  }
  // A new operation is tested by its own samples; that NumPy has not been asked yet is worth a word, no more.
  const std::set<std::string> elsewhere{
      "parameter", "constant",       "uniform",         "print",
      "shift",     "scaled_adjoint", "divided_adjoint", "absorbing_product"};
  for (const auto* operation : operations())
    if (operation->has_value() && operation->kind != Kind::projection && !elsewhere.count(operation->name) &&
        !recorded.count(operation->name))
      WARN("operation " << operation->name << " has no reference");
}
