#include "engine/c/containers.h"

#include <fmt/format.h>

#include "engine/c/adapt.h"

using namespace quern::c;

namespace {

template <typename Vector>
const auto& element(Vector v, size_t index) {
  const auto& values = get(v);
  if (index < values.size()) return values[index];
  throw std::out_of_range(
      fmt::format("[get] there is no element {} in a list of {}", index, values.size()));
}

template <typename Map>
const auto& value(Map m, const char* name) {
  const auto& values = get(m);
  const auto found = values.find(&deref(name));
  if (found != values.end()) return found->second;
  throw std::out_of_range(fmt::format("[get] there is no {} in a map of {}", name, values.size()));
}

template <typename Map>
int names(quern_vector_string* out, Map m) {
  return guard([&] {
    std::vector<std::string> keys;
    for (const auto& entry : get(m)) keys.push_back(entry.first);
    store(out, std::move(keys));
  });
}

}  // namespace

int quern_string_from(quern_string* out, const char* text) {
  return guard([&] { store(out, &deref(text)); });
}
int quern_string_data(const char** out, quern_string s) {
  return guard([&] { deref(out) = get(s).c_str(); });
}
int quern_string_size(size_t* out, quern_string s) {
  return guard([&] { deref(out) = get(s).size(); });
}
int quern_string_free(quern_string s) { return free_handle(s); }

int quern_vector_array_new(quern_vector_array* out) {
  return guard([&] { store(out, {}); });
}
int quern_vector_array_from(quern_vector_array* out, const quern_array* arrays, size_t size) {
  return guard([&] {
    quern::Arrays values;
    for (size_t i = 0; i < size; ++i) values.push_back(get((&deref(arrays))[i]));
    store(out, std::move(values));
  });
}
int quern_vector_array_append(quern_vector_array v, quern_array a) {
  return guard([&] { get(v).push_back(get(a)); });
}
int quern_vector_array_size(size_t* out, quern_vector_array v) {
  return guard([&] { deref(out) = get(v).size(); });
}
int quern_vector_array_get(quern_array* out, quern_vector_array v, size_t index) {
  return guard([&] { store(out, element(v, index)); });
}
int quern_vector_array_set(quern_vector_array* out, quern_vector_array from) {
  return guard([&] { store(out, get(from)); });
}
int quern_vector_array_free(quern_vector_array v) { return free_handle(v); }

int quern_vector_string_new(quern_vector_string* out) {
  return guard([&] { store(out, {}); });
}
int quern_vector_string_append(quern_vector_string v, const char* text) {
  return guard([&] { get(v).emplace_back(&deref(text)); });
}
int quern_vector_string_size(size_t* out, quern_vector_string v) {
  return guard([&] { deref(out) = get(v).size(); });
}
int quern_vector_string_get(const char** out, quern_vector_string v, size_t index) {
  return guard([&] { deref(out) = element(v, index).c_str(); });
}
int quern_vector_string_free(quern_vector_string v) { return free_handle(v); }

int quern_map_array_new(quern_map_array* out) {
  return guard([&] { store(out, Object<quern_map_array>()); });
}
int quern_map_array_insert(quern_map_array m, const char* name, quern_array a) {
  return guard([&] { get(m).insert_or_assign(&deref(name), get(a)); });
}
int quern_map_array_get(quern_array* out, quern_map_array m, const char* name) {
  return guard([&] { store(out, value(m, name)); });
}
int quern_map_array_contains(bool* out, quern_map_array m, const char* name) {
  return guard([&] { deref(out) = get(m).contains(&deref(name)); });
}
int quern_map_array_names(quern_vector_string* out, quern_map_array m) { return names(out, m); }
int quern_map_array_free(quern_map_array m) { return free_handle(m); }

int quern_map_string_new(quern_map_string* out) {
  return guard([&] { store(out, Object<quern_map_string>()); });
}
int quern_map_string_insert(quern_map_string m, const char* name, const char* text) {
  return guard([&] { get(m).insert_or_assign(&deref(name), &deref(text)); });
}
int quern_map_string_get(quern_string* out, quern_map_string m, const char* name) {
  return guard([&] { store(out, value(m, name)); });
}
int quern_map_string_contains(bool* out, quern_map_string m, const char* name) {
  return guard([&] { deref(out) = get(m).contains(&deref(name)); });
}
int quern_map_string_names(quern_vector_string* out, quern_map_string m) { return names(out, m); }
int quern_map_string_free(quern_map_string m) { return free_handle(m); }
