#include "engine/c/transforms.h"

#include <fmt/format.h>

#include "engine/c/callback.h"
#include "engine/transforms/compile.h"
#include "engine/transforms/transforms.h"

namespace quern::c {

using CustomVjp = std::function<Arrays(const Arrays&, const Arrays&, const Arrays&)>;
using CustomJvp = std::function<Arrays(const Arrays&, const Arrays&, const std::vector<int>&)>;
using CustomVmap =
    std::function<std::pair<Arrays, std::vector<int>>(const Arrays&, const std::vector<int>&)>;

template <>
struct ObjectOf<quern_closure_value_and_grad> : Holds<ValueAndGradFn> {};
template <>
struct ObjectOf<quern_closure_vjp> : Holds<CustomVjp> {};
template <>
struct ObjectOf<quern_closure_jvp> : Holds<CustomJvp> {};
template <>
struct ObjectOf<quern_closure_vmap> : Holds<CustomVmap> {};

namespace {

constexpr size_t max_vmap_outputs = 256;

template <typename Handle>
std::optional<Object<Handle>> optional_of(Handle handle) {
  return handle.object ? std::optional(get(handle)) : std::nullopt;
}

}  // namespace

}  // namespace quern::c

using namespace quern::c;

int quern_closure_from(quern_closure* out, quern_function function, void* payload,
                       void (*destructor)(void* payload)) {
  return closure_from(out, function, payload, destructor, [](auto callback) {
    return [callback](const Arrays& inputs) { return callback(lent(inputs)); };
  });
}
int quern_closure_apply(quern_vector_array* out, quern_closure f, quern_vector_array inputs) {
  return guard([&] { store(out, get(f)(get(inputs))); });
}
int quern_closure_free(quern_closure f) { return free_handle(f); }

int quern_closure_value_and_grad_apply(quern_vector_array* values, quern_vector_array* gradients,
                                       quern_closure_value_and_grad f, quern_vector_array inputs) {
  return guard([&] { store(results(values, gradients), get(f)(get(inputs))); });
}
int quern_closure_value_and_grad_free(quern_closure_value_and_grad f) { return free_handle(f); }

int quern_closure_vjp_from(quern_closure_vjp* out, quern_vjp_function function, void* payload,
                           void (*destructor)(void* payload)) {
  return closure_from(out, function, payload, destructor, [](auto callback) {
    return [callback](const Arrays& primals, const Arrays& cotangents, const Arrays& outputs) {
      return callback(lent(primals), lent(cotangents), lent(outputs));
    };
  });
}
int quern_closure_vjp_free(quern_closure_vjp f) { return free_handle(f); }

int quern_closure_jvp_from(quern_closure_jvp* out, quern_jvp_function function, void* payload,
                           void (*destructor)(void* payload)) {
  return closure_from(out, function, payload, destructor, [](auto callback) {
    return
        [callback](const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums) {
          return callback(lent(primals), lent(tangents), argnums.data(), argnums.size());
        };
  });
}
int quern_closure_jvp_free(quern_closure_jvp f) { return free_handle(f); }

int quern_closure_vmap_from(quern_closure_vmap* out, quern_vmap_function function, void* payload,
                            void (*destructor)(void* payload)) {
  return closure_from(out, function, payload, destructor, [](auto callback) {
    return [callback](const Arrays& inputs, const std::vector<int>& axes) {
      std::vector<int> out_axes(max_vmap_outputs);
      Arrays outputs =
          callback(out_axes.data(), out_axes.size(), lent(inputs), axes.data(), axes.size());
      if (outputs.size() > max_vmap_outputs) {
        throw std::runtime_error(
            fmt::format("[vmap] the callback gave {} outputs; at most {} are possible",
                        outputs.size(), max_vmap_outputs));
      }
      out_axes.resize(outputs.size());
      return std::pair(std::move(outputs), std::move(out_axes));
    };
  });
}
int quern_closure_vmap_free(quern_closure_vmap f) { return free_handle(f); }

int quern_vjp(quern_vector_array* outputs, quern_vector_array* gradients, quern_closure f,
              quern_vector_array primals, quern_vector_array cotangents) {
  return guard([&] {
    store(results(outputs, gradients), quern::vjp(get(f), get(primals), get(cotangents)));
  });
}
int quern_jvp(quern_vector_array* outputs, quern_vector_array* output_tangents, quern_closure f,
              quern_vector_array primals, quern_vector_array tangents) {
  return guard([&] {
    store(results(outputs, output_tangents), quern::jvp(get(f), get(primals), get(tangents)));
  });
}

int quern_value_and_grad(quern_closure_value_and_grad* out, quern_closure f, const int* argnums,
                         size_t argnums_count) {
  return guard([&] {
    const auto positions = list(argnums, argnums_count).copy<std::vector<int>>();
    store(out, quern::value_and_grad(get(f), positions));
  });
}
int quern_grad(quern_closure* out, quern_closure f, const int* argnums, size_t argnums_count) {
  return guard([&] {
    const auto positions = list(argnums, argnums_count).copy<std::vector<int>>();
    store(out, [both = quern::value_and_grad(get(f), positions)](const Arrays& inputs) {
      return both(inputs).second;
    });
  });
}
int quern_vmap(quern_closure* out, quern_closure f, const int* in_axes, size_t in_axes_count,
               const int* out_axes, size_t out_axes_count) {
  return guard([&] {
    store(out, quern::vmap(get(f), list(in_axes, in_axes_count).copy<std::vector<int>>(),
                           list(out_axes, out_axes_count).copy<std::vector<int>>()));
  });
}
int quern_custom_function(quern_closure* out, quern_closure f, quern_closure_vjp vjp,
                          quern_closure_jvp jvp, quern_closure_vmap vmap) {
  return guard([&] {
    store(out,
          quern::custom_function(get(f), optional_of(vjp), optional_of(jvp), optional_of(vmap)));
  });
}
int quern_custom_vjp(quern_closure* out, quern_closure f, quern_closure_vjp vjp) {
  return guard([&] { store(out, quern::custom_vjp(get(f), get(vjp))); });
}
int quern_checkpoint(quern_closure* out, quern_closure f) {
  return guard([&] { store(out, quern::checkpoint(get(f))); });
}

int quern_compile(quern_closure* out, quern_closure f, bool shapeless) {
  return guard([&] { store(out, quern::compile(get(f), shapeless)); });
}
int quern_set_compile_mode(quern_compile_mode mode) {
  return guard([&] {
    static_assert(int(quern::CompileMode::enabled) == QUERN_COMPILE_ENABLED);
    if (mode < QUERN_COMPILE_DISABLED || mode > QUERN_COMPILE_ENABLED) {
      throw std::invalid_argument(fmt::format("[compile] {} is no mode", mode));
    }
    quern::set_compile_mode(quern::CompileMode(mode));
  });
}
