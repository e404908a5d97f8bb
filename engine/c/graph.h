#ifndef QUERN_C_GRAPH_H
#define QUERN_C_GRAPH_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The graph below arrays as text, and for Graphviz: engine/graph/print_graph.h. `names` is
 * optional: what to call the arrays in it. */
int quern_print_graph(quern_string* out, quern_vector_array outputs, quern_map_array names);
int quern_export_to_dot(quern_string* out, quern_vector_array outputs, quern_map_array names);

#ifdef __cplusplus
}
#endif

#endif
