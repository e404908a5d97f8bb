#include "engine/primitives/custom.h"
#include "engine/ops/shape.h"
#include "engine/transforms/transforms.h"

namespace quern {

namespace {

using Function = std::function<Arrays(const Arrays&)>;

Arrays call(const std::shared_ptr<const CustomFunction>& function, const Arrays& arguments) {
  Arrays operands = arguments, stopped;
  for (const array& a : arguments) stopped.push_back(stop_gradient(a));
  std::vector<Shape> shapes;
  std::vector<Dtype> dtypes;
  for (const array& output : function->fun(stopped)) {
    operands.push_back(output);
    shapes.push_back(output.shape());
    dtypes.push_back(output.dtype());
  }
  return array::make_arrays(std::move(shapes), dtypes,
                            make_pooled<Custom>(to_stream({}), function, int(arguments.size())),
                            std::move(operands));
}

}  // namespace

Function custom_function(
    Function fun,
    std::optional<std::function<Arrays(const Arrays&, const Arrays&, const Arrays&)>> fun_vjp,
    std::optional<std::function<Arrays(const Arrays&, const Arrays&, const std::vector<int>&)>>
        fun_jvp,
    std::optional<
        std::function<std::pair<Arrays, std::vector<int>>(const Arrays&, const std::vector<int>&)>>
        fun_vmap) {
  if (!fun_vjp && !fun_jvp && !fun_vmap) return fun;
  const auto function = std::make_shared<const CustomFunction>(
      CustomFunction{std::move(fun), std::move(fun_vjp), std::move(fun_jvp), std::move(fun_vmap)});
  return [function](const Arrays& arguments) { return call(function, arguments); };
}

Function custom_vjp(Function fun,
                    std::function<Arrays(const Arrays&, const Arrays&, const Arrays&)> fun_vjp) {
  return custom_function(std::move(fun), std::move(fun_vjp));
}

Function checkpoint(Function fun) {
  const auto again = [fun](const Arrays& primals, const Arrays& cotangents, const Arrays&) {
    // Not before the gradient has come this far.
    return vjp(fun, depends(primals, cotangents), cotangents).second;
  };
  return custom_function(fun, again);
}

}  // namespace quern
