#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "engine/graph/eval.h"

namespace quern {

// Functions of functions. They run the given function once, on arrays that record what is done to
// them, and build new graph from the record; so they compose in any order, and cost no evaluation.

/// Outputs of `fun` at the primals, and the gradients of the primals given the outputs' cotangents
/// (one per output that stop_gradient did not make, of its shape). Throws std::invalid_argument
/// when counts or shapes do not fit, or an operation has no gradient.
std::pair<Arrays, Arrays> vjp(const std::function<Arrays(const Arrays&)>& fun,
                              const Arrays& primals, const Arrays& cotangents);
std::pair<array, array> vjp(const std::function<array(const array&)>& fun, const array& primal,
                            const array& cotangent);

/// Outputs of `fun` at the primals, and the outputs' tangents given the primals' (one each, of
/// their shapes).
std::pair<Arrays, Arrays> jvp(const std::function<Arrays(const Arrays&)>& fun,
                              const Arrays& primals, const Arrays& tangents);
std::pair<array, array> jvp(const std::function<array(const array&)>& fun, const array& primal,
                            const array& tangent);

/// What value_and_grad returns for a function of several outputs: these, the first of which is the
/// value, and the gradients.
using ValueAndGradFn = std::function<std::pair<Arrays, Arrays>(const Arrays&)>;
/// The same for a function of one output.
using SimpleValueAndGradFn = std::function<std::pair<array, Arrays>(const Arrays&)>;

/// A function that returns the outputs of `fun` and the gradients of its first output, a scalar,
/// with respect to the arguments in `argnums`.
ValueAndGradFn value_and_grad(const std::function<Arrays(const Arrays&)>& fun,
                              const std::vector<int>& argnums);
ValueAndGradFn value_and_grad(const std::function<Arrays(const Arrays&)>& fun, int argnum = 0);
SimpleValueAndGradFn value_and_grad(const std::function<array(const Arrays&)>& fun,
                                    const std::vector<int>& argnums);
SimpleValueAndGradFn value_and_grad(const std::function<array(const Arrays&)>& fun, int argnum = 0);
std::function<std::pair<array, array>(const array&)> value_and_grad(
    const std::function<array(const array&)>& fun);

/// The gradients alone.
std::function<Arrays(const Arrays&)> grad(const std::function<array(const Arrays&)>& fun,
                                          const std::vector<int>& argnums);
std::function<Arrays(const Arrays&)> grad(const std::function<array(const Arrays&)>& fun,
                                          int argnum = 0);
std::function<array(const array&)> grad(const std::function<array(const array&)>& fun);

/// A function that does to each element along an axis of its inputs (in_axis; -1: the whole input
/// goes to all) what `fun` does to one, all at a time; its outputs carry the axis at out_axis (-1:
/// the output must not depend on a mapped input).
std::function<array(const array&)> vmap(const std::function<array(const array&)>& fun,
                                        int in_axis = 0, int out_axis = 0);
std::function<array(const array&, const array&)> vmap(
    const std::function<array(const array&, const array&)>& fun, int in_axis_a = 0,
    int in_axis_b = 0, int out_axis = 0);
/// No axes at all mean 0 for all.
std::function<Arrays(const Arrays&)> vmap(const std::function<Arrays(const Arrays&)>& fun,
                                          const std::vector<int>& in_axes = {},
                                          const std::vector<int>& out_axes = {});

/// `fun` with its own derivatives or batching instead of those of its operations. fun_vjp(primals,
/// cotangents, outputs) returns a gradient per primal; fun_jvp(primals, tangents, argnums) a
/// tangent per output; fun_vmap(inputs, axes) the outputs and where their extra axes are.
std::function<Arrays(const Arrays&)> custom_function(
    std::function<Arrays(const Arrays&)> fun,
    std::optional<std::function<Arrays(const Arrays&, const Arrays&, const Arrays&)>> fun_vjp =
        std::nullopt,
    std::optional<std::function<Arrays(const Arrays&, const Arrays&, const std::vector<int>&)>>
        fun_jvp = std::nullopt,
    std::optional<
        std::function<std::pair<Arrays, std::vector<int>>(const Arrays&, const std::vector<int>&)>>
        fun_vmap = std::nullopt);

/// custom_function with only fun_vjp.
std::function<Arrays(const Arrays&)> custom_vjp(
    std::function<Arrays(const Arrays&)> fun,
    std::function<Arrays(const Arrays&, const Arrays&, const Arrays&)> fun_vjp);

/// `fun` whose inner results are not kept for its gradient but computed again when it needs them:
/// memory for time.
std::function<Arrays(const Arrays&)> checkpoint(std::function<Arrays(const Arrays&)> fun);

}  // namespace quern
