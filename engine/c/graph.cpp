#include "engine/c/graph.h"

#include <sstream>

#include "engine/c/adapt.h"
#include "engine/graph/print_graph.h"

using namespace quern::c;

namespace {

int print(void (*printer)(std::ostream&, quern::NodeNamer, const Arrays&), quern_string* out,
          quern_vector_array outputs, quern_map_array names) {
  return guard([&] {
    quern::NodeNamer namer;
    if (names.object) {
      for (const auto& [name, a] : get(names)) namer.set_name(a, name);
    }
    std::ostringstream text;
    printer(text, std::move(namer), get(outputs));
    store(out, text.str());
  });
}

}  // namespace

int quern_print_graph(quern_string* out, quern_vector_array outputs, quern_map_array names) {
  return print(quern::print_graph, out, outputs, names);
}
int quern_export_to_dot(quern_string* out, quern_vector_array outputs, quern_map_array names) {
  return print(quern::export_to_dot, out, outputs, names);
}
