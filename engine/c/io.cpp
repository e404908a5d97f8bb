#include "engine/c/io.h"

#include <fmt/format.h>

#include "engine/c/adapt.h"
#include "engine/io/gguf.h"
#include "engine/io/npy.h"
#include "engine/io/npz.h"
#include "engine/io/safetensors.h"

namespace quern::c {

using Metadata = std::map<std::string, GGUFMetaData>;
template <>
struct ObjectOf<quern_gguf_metadata> : Holds<Metadata> {};

namespace {

using ArrayMap = std::unordered_map<std::string, array>;

ArrayMap array_map(quern_map_array m) { return to(std::type_identity<ArrayMap>(), m); }

StreamOrDevice stream(quern_stream s) { return to(std::type_identity<StreamOrDevice>(), s); }

/// The value of a kind, and how a message calls it.
template <typename T, typename Out>
int get_value(Out* out, quern_gguf_metadata m, const char* name, const char* kind) {
  return guard([&] {
    const auto found = get(m).find(&deref(name));
    const T* value = found == get(m).end() ? nullptr : std::get_if<T>(&found->second);
    if (!value) throw std::out_of_range(fmt::format("[get] the metadata {} is no {}", name, kind));
    store(out, *value);
  });
}

void set_value(quern_gguf_metadata m, const char* name, GGUFMetaData value) {
  get(m).insert_or_assign(&deref(name), std::move(value));
}

}  // namespace

}  // namespace quern::c

using namespace quern::c;

int quern_save(const char* file, quern_array a) {
  return guard([&] { quern::save(&deref(file), get(a)); });
}
int quern_load(quern_array* out, const char* file, quern_stream s) {
  return call<Op<const std::string&>(quern::load)>(out, file, s);
}

int quern_save_npz(const char* file, quern_map_array arrays, bool compressed) {
  return guard([&] { quern::save_npz(&deref(file), array_map(arrays), compressed); });
}
int quern_load_npz(quern_map_array* out, const char* file, quern_stream s) {
  return call<quern::load_npz>(out, file, s);
}

int quern_save_safetensors(const char* file, quern_map_array arrays, quern_map_string metadata) {
  return guard([&] {
    std::unordered_map<std::string, std::string> texts;
    if (metadata.object) texts = {get(metadata).begin(), get(metadata).end()};
    quern::save_safetensors(&deref(file), array_map(arrays), std::move(texts));
  });
}
int quern_load_safetensors(quern_map_array* arrays, quern_map_string* metadata, const char* file,
                           quern_stream s) {
  return guard([&] {
    deref(arrays), deref(metadata);
    auto [loaded, texts] = quern::load_safetensors(&deref(file), stream(s));
    store(arrays, loaded);
    store(metadata, Object<quern_map_string>(texts.begin(), texts.end()));
  });
}

int quern_gguf_metadata_new(quern_gguf_metadata* out) {
  return guard([&] { store(out, Metadata()); });
}
int quern_gguf_metadata_names(quern_vector_string* out, quern_gguf_metadata m) {
  return guard([&] {
    std::vector<std::string> names;
    for (const auto& entry : get(m)) names.push_back(entry.first);
    store(out, std::move(names));
  });
}
int quern_gguf_metadata_kind(quern_gguf_kind* out, quern_gguf_metadata m, const char* name) {
  return guard([&] {
    const auto found = get(m).find(&deref(name));
    // The variant's alternatives are in this order.
    deref(out) = found == get(m).end() ? QUERN_GGUF_NONE : quern_gguf_kind(found->second.index());
  });
}
int quern_gguf_metadata_get_array(quern_array* out, quern_gguf_metadata m, const char* name) {
  return get_value<array>(out, m, name, "array");
}
int quern_gguf_metadata_get_string(quern_string* out, quern_gguf_metadata m, const char* name) {
  return get_value<std::string>(out, m, name, "text");
}
int quern_gguf_metadata_get_strings(quern_vector_string* out, quern_gguf_metadata m,
                                    const char* name) {
  return get_value<std::vector<std::string>>(out, m, name, "list of texts");
}
int quern_gguf_metadata_set_array(quern_gguf_metadata m, const char* name, quern_array value) {
  return guard([&] { set_value(m, name, get(value)); });
}
int quern_gguf_metadata_set_string(quern_gguf_metadata m, const char* name, const char* value) {
  return guard([&] { set_value(m, name, std::string(&deref(value))); });
}
int quern_gguf_metadata_set_strings(quern_gguf_metadata m, const char* name,
                                    quern_vector_string value) {
  return guard([&] { set_value(m, name, get(value)); });
}
int quern_gguf_metadata_free(quern_gguf_metadata m) { return free_handle(m); }

int quern_save_gguf(const char* file, quern_map_array arrays, quern_gguf_metadata metadata) {
  return guard([&] {
    std::unordered_map<std::string, quern::GGUFMetaData> values;
    if (metadata.object) values = {get(metadata).begin(), get(metadata).end()};
    quern::save_gguf(&deref(file), array_map(arrays), std::move(values));
  });
}
int quern_load_gguf(quern_map_array* arrays, quern_gguf_metadata* metadata, const char* file,
                    quern_stream s) {
  return guard([&] {
    deref(arrays), deref(metadata);
    auto [loaded, values] = quern::load_gguf(&deref(file), stream(s));
    store(arrays, loaded);
    store(metadata, Metadata(values.begin(), values.end()));
  });
}
