#include "engine/c/export.h"

#include "engine/c/callback.h"
#include "engine/transforms/export.h"

namespace quern::c {

using KwargsFunction = std::function<Arrays(const Args&, const Kwargs&)>;

template <>
struct ObjectOf<quern_closure_kwargs> : Holds<KwargsFunction> {};
template <>
struct ObjectOf<quern_exporter> : Holds<std::shared_ptr<FunctionExporter>> {};
template <>
struct ObjectOf<quern_imported_function> : Holds<ImportedFunction> {};

namespace {

Kwargs kwargs_of(quern_map_array m) {
  return m.object ? to(std::type_identity<Kwargs>(), m) : Kwargs();
}

std::string metadata_of(const char* text) { return text ? text : ""; }

template <typename Function>
void new_exporter(quern_exporter* out, const char* file, const Function& function, bool shapeless,
                  const char* metadata) {
  store(out, std::make_shared<FunctionExporter>(
                 exporter(&deref(file), function, shapeless, metadata_of(metadata))));
}

}  // namespace

}  // namespace quern::c

using namespace quern::c;

int quern_closure_kwargs_from(quern_closure_kwargs* out, quern_kwargs_function function,
                              void* payload, void (*destructor)(void* payload)) {
  return closure_from(out, function, payload, destructor, [](auto callback) {
    return [callback](const quern::Args& args, const quern::Kwargs& kwargs) {
      Object<quern_map_array> named(kwargs.begin(), kwargs.end());
      return callback(lent(args), quern_map_array{&named});
    };
  });
}
int quern_closure_kwargs_free(quern_closure_kwargs f) { return free_handle(f); }

int quern_exporter_new(quern_exporter* out, const char* file, quern_closure f, bool shapeless,
                       const char* metadata) {
  return guard([&] { new_exporter(out, file, get(f), shapeless, metadata); });
}
int quern_exporter_new_kwargs(quern_exporter* out, const char* file, quern_closure_kwargs f,
                              bool shapeless, const char* metadata) {
  return guard([&] { new_exporter(out, file, get(f), shapeless, metadata); });
}
int quern_exporter_apply(quern_exporter e, quern_vector_array args) {
  return guard([&] { (*get(e))(get(args)); });
}
int quern_exporter_apply_kwargs(quern_exporter e, quern_vector_array args, quern_map_array kwargs) {
  return guard([&] { (*get(e))(get(args), kwargs_of(kwargs)); });
}
int quern_exporter_close(quern_exporter e) {
  return guard([&] { get(e)->close(); });
}
int quern_exporter_free(quern_exporter e) { return free_handle(e); }

int quern_export_function(const char* file, quern_closure f, quern_vector_array args,
                          bool shapeless, const char* metadata) {
  return guard([&] {
    quern::export_function(&deref(file), get(f), get(args), shapeless, metadata_of(metadata));
  });
}

int quern_import_function(quern_imported_function* out, const char* file) {
  return guard([&] { store(out, quern::import_function(&deref(file))); });
}
int quern_imported_function_apply(quern_vector_array* out, quern_imported_function f,
                                  quern_vector_array args) {
  return guard([&] { store(out, get(f)(get(args))); });
}
int quern_imported_function_apply_kwargs(quern_vector_array* out, quern_imported_function f,
                                         quern_vector_array args, quern_map_array kwargs) {
  return guard([&] { store(out, get(f)(get(args), kwargs_of(kwargs))); });
}
int quern_imported_function_metadata(quern_string* out, quern_imported_function f) {
  return guard([&] { store(out, get(f).metadata()); });
}
int quern_closure_from_imported(quern_closure* out, quern_imported_function f) {
  return guard([&] {
    store(out, Closure([function = get(f)](const Arrays& inputs) { return function(inputs); }));
  });
}
int quern_imported_function_free(quern_imported_function f) { return free_handle(f); }
