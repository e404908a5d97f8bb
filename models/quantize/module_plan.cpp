#include "models/quantize/module_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "models/error.h"

namespace quern::models {

namespace {

struct Recipe {
  std::string_view name;
  int low, high;
};

constexpr Recipe recipes[] = {
    {"mixed_2_6", 2, 6}, {"mixed_3_4", 3, 4}, {"mixed_3_6", 3, 6}, {"mixed_4_6", 4, 6}};

constexpr std::string_view never_quantized[] = {"norm", "conv", "wpe", "position_embeddings"};
constexpr std::string_view routers[] = {".gate", ".router", ".shared_expert_gate", ".router.layer"};
constexpr std::string_view value_projections[] = {"v_proj", "v_a_proj", "v_b_proj", "down_proj"};

/// Of a mixture of experts; an MLP's own gate is called gate_proj.
bool is_router(const std::string& path) {
  return std::any_of(std::begin(routers), std::end(routers),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

/// Whether some part of the text matches, "*" standing for any letters.
bool matches(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  while (true) {
    const size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    const size_t found = text.find(piece, at);
    if (found == std::string_view::npos) return false;
    if (star == std::string_view::npos) return true;
    at = found + piece.size();
    pattern.remove_prefix(star + 1);
  }
}

const Recipe& find_recipe(const std::string& name) {
  const auto found = std::find_if(std::begin(recipes), std::end(recipes),
                                  [&](const Recipe& r) { return r.name == name; });
  if (found == std::end(recipes)) {
    throw ModelError(fmt::format("[convert] there is no recipe \"{}\"", name),
                     fmt::format("Choose one of {}.", fmt::join(recipe_names(), ", ")));
  }
  return *found;
}

std::optional<int> layer_of(const std::string& path) {
  constexpr std::string_view part = "layers.";
  const size_t at = path.find(part);
  if (at == std::string::npos) return std::nullopt;
  int layer = 0;
  const char* first = path.data() + at + part.size();
  const auto [end, error] = std::from_chars(first, path.data() + path.size(), layer);
  return error == std::errc() ? std::optional(layer) : std::nullopt;
}

void check(const Quantization& q) {
  const nlohmann::json json = {
      {"quantization", {{"group_size", q.group_size}, {"bits", q.bits}, {"mode", q.mode}}}};
  read_quantization(ConfigReader(json, "convert"));
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes) names.emplace_back(recipe.name);
  return names;
}

Quantization default_quantization(const std::string& mode) {
  const nlohmann::json json = {{"quantization", {{"mode", mode}}}};
  if (mode == "affine") return {64, 4, mode};
  return *read_quantization(ConfigReader(json, "convert")).global;
}

void check_plan(const QuantizationPlan& plan) {
  if (plan.quantization) check(*plan.quantization);
  for (const ModuleRule& rule : plan.rules) {
    if (rule.quantization) check(*rule.quantization);
  }
  if (plan.recipe.empty()) return;
  find_recipe(plan.recipe);
  if (plan.quantization && plan.quantization->mode != "affine") {
    throw ModelError(fmt::format("[convert] recipe {} mixes bits, which mode \"{}\" does not have",
                                 plan.recipe, plan.quantization->mode),
                     "Choose mode affine, or no recipe.");
  }
}

bool has_more_bits(const std::string& path, int num_layers) {
  const auto layer = layer_of(path);
  const bool carries =
      std::any_of(std::begin(value_projections), std::end(value_projections),
                  [&](std::string_view part) { return path.find(part) != std::string::npos; });
  if (!layer || !carries) return false;
  const int eighth = num_layers / 8;
  return *layer < eighth || *layer >= 7 * num_layers / 8 || (*layer - eighth) % 3 == 2;
}

std::optional<Quantization> quantization_of(const QuantizationPlan& plan, const std::string& path,
                                            int in, int num_layers) {
  for (const std::string_view part : never_quantized) {
    if (path.find(part) != std::string::npos) return std::nullopt;
  }
  auto found = plan.quantization;
  if (!plan.recipe.empty()) {
    const Recipe& recipe = find_recipe(plan.recipe);
    found = plan.quantization.value_or(Quantization{});
    const bool high = path == "lm_head" || has_more_bits(path, num_layers);
    found->bits = high ? recipe.high : recipe.low;
  }
  if (found && is_router(path)) found = Quantization{64, 8, "affine"};
  for (const ModuleRule& rule : plan.rules) {
    if (matches(path, rule.pattern)) found = rule.quantization;
  }
  return found && in % found->group_size == 0 && int64_t(in) * found->bits % 32 == 0 ? found
                                                                                     : std::nullopt;
}

}  // namespace quern::models
