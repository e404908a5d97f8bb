#include "models/adapters/module_parameters.h"

#include <fmt/format.h>

#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

std::map<std::string, Shape> parameter_shapes(const AdaptableModule& module, int rank, bool dora) {
  const Shape& of = module.shape;
  std::map<std::string, Shape> shapes;
  switch (module.kind) {
    case AdaptableModule::Kind::linear:
      shapes = {{"lora_a", {of[1], rank}}, {"lora_b", {rank, of[0]}}};
      break;
    case AdaptableModule::Kind::embedding:
      shapes = {{"lora_a", {of[0], rank}}, {"lora_b", {rank, of[1]}}};
      break;
    case AdaptableModule::Kind::experts:
      shapes = {{"lora_a", {of[0], rank, of[2]}}, {"lora_b", {of[0], of[1], rank}}};
      break;
  }
  if (dora) shapes["m"] = Shape(of.begin(), of.end() - 1);
  return shapes;
}

LowRankUpdate update_of(const AdaptableModule& module, const nn::Parameters& parameters, int rank,
                        bool dora, float multiplier) {
  const auto shapes = parameter_shapes(module, rank, dora);
  const auto find = [&](const char* part) -> const array& {
    const std::string name = module.path + "." + part;
    const Shape& shape = shapes.at(part);
    const auto found = parameters.find(name);
    const bool fits = found != parameters.end() && found->second.shape() == shape &&
                      issubdtype(found->second.dtype(), floating);
    if (fits) return found->second;
    throw ModelError(found == parameters.end()
                         ? fmt::format("[adapter] {} {} is missing", name, to_string(shape))
                         : fmt::format("[adapter] {} is {} {}, needed is a float {}", name,
                                       dtype_name(found->second.dtype()),
                                       to_string(found->second.shape()), to_string(shape)),
                     "The adapter was made for another model, or with another rank.");
  };
  LowRankUpdate update = [&]() -> LowRankUpdate {
    const array& a = find("lora_a");
    const array& b = find("lora_b");
    switch (module.kind) {
      case AdaptableModule::Kind::linear:
        return {.down = swapaxes(a, 0, 1), .up = swapaxes(b, 0, 1)};
      case AdaptableModule::Kind::embedding:
        return {.down = b, .up = a};
      case AdaptableModule::Kind::experts:
        return {.down = a, .up = b};
    }
    __builtin_unreachable();
  }();
  update.scale = multiplier;
  if (dora) update.magnitude = find("m");
  return update;
}

}  // namespace quern::models
