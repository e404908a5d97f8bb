#pragma once

#include <concepts>
#include <functional>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// What compile does with a function.
enum class CompileMode {
  disabled,     ///< nothing: it is called as it is
  no_simplify,  ///< it is recorded and run again from the record
  no_fuse,      ///< ... after removing what is computed twice or for nothing
  enabled,      ///< ... and fusing elementwise operations into one pass over memory
};

/// A function that records the graph of `fun` when it is first called with arrays of certain shapes
/// and dtypes, and from then on builds it from the record, without calling `fun`: which must depend
/// on nothing but its inputs. Arrays that it captures, and what it computes from them alone, are
/// taken as they are at the time. With `shapeless` one record, of the first call's, serves all
/// shapes with the same number of axes; it throws when an operation in it is bound to a shape.
///
/// May be called from several threads, and in other transforms. `fun` must not evaluate.
std::function<Arrays(const Arrays&)> compile(std::function<Arrays(const Arrays&)> fun,
                                             bool shapeless = false);

/// The same; the record belongs to the function and is found again when compile is called anew.
std::function<Arrays(const Arrays&)> compile(Arrays (*fun)(const Arrays&), bool shapeless = false);

template <typename F>
requires std::convertible_to<F, Arrays (*)(const Arrays&)> &&(!std::is_pointer_v<std::decay_t<F>>)
    std::function<Arrays(const Arrays&)> compile(F&& fun, bool shapeless = false) {
  return compile(static_cast<Arrays (*)(const Arrays&)>(fun), shapeless);
}

/// For the whole process, from the next call of a compiled function on. The environment variable
/// QUERN_DISABLE_COMPILE, when set, makes `disabled` the mode at the start.
void set_compile_mode(CompileMode mode);
void disable_compile();
void enable_compile();

}  // namespace quern
