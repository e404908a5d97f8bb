#include "models/adapters/module_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "models/edit_distance.h"
#include "models/error.h"

namespace quern::models {

namespace {

int first_layer(const DecoderSpec& spec, int num_layers) {
  const int count = int(spec.layers.size());
  if (num_layers == -1) return 0;
  if (num_layers >= 1 && num_layers <= count) return count - num_layers;
  throw ModelError(
      fmt::format("[adapter] num_layers is {}, but the model has {} layers", num_layers, count),
      fmt::format("Choose between 1 and {} layers, or -1 for all.", count));
}

bool means(const std::string& key, const AdaptableModule& module,
           const std::optional<PlaceInLayers>& place, int first, const DecoderSpec& spec) {
  if (place && place->layer >= first && matches_whole(place->path, key)) return true;
  const bool whole = place ? key.starts_with(spec.layers_name + ".") : !key.starts_with('*');
  return whole && matches_whole(module.path, key);
}

/// What keys could say instead.
std::vector<std::string> possible_keys(const std::vector<AdaptableModule>& modules,
                                       const DecoderSpec& spec, int first) {
  std::set<std::string> keys;
  for (const AdaptableModule& module : modules) {
    const auto place = place_in_layers(module.path, spec);
    if (!place) keys.insert(module.path);
    if (place && place->layer >= first) keys.insert(place->path);
  }
  return {keys.begin(), keys.end()};
}

[[noreturn]] void fail_unmatched(const std::vector<std::string>& keys,
                                 const std::vector<std::string>& possible) {
  std::vector<std::string> parts;
  for (const std::string& key : keys) {
    parts.push_back(
        fmt::format("\"{}\" (nearest are {})", key, fmt::join(nearest(key, possible), ", ")));
  }
  throw ModelError(fmt::format("[adapter] no module of the chosen layers, nor outside the layers, "
                               "is meant by {}",
                               fmt::join(parts, "; ")),
                   "Correct the keys, or choose more layers.");
}

}  // namespace

std::optional<PlaceInLayers> place_in_layers(const std::string& path, const DecoderSpec& spec) {
  const std::string prefix = spec.layers_name + ".";
  if (!path.starts_with(prefix)) return std::nullopt;
  PlaceInLayers place{0, ""};
  const char* end_of_path = path.data() + path.size();
  const auto [end, error] = std::from_chars(path.data() + prefix.size(), end_of_path, place.layer);
  if (error != std::errc() || end == end_of_path || *end != '.') return std::nullopt;
  place.path.assign(end + 1, end_of_path);
  return place;
}

bool matches_whole(std::string_view text, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  while (true) {
    const size_t next = pattern.find('*');
    const std::string_view piece = pattern.substr(0, next);
    if (next == std::string_view::npos) return text.ends_with(piece);
    const size_t at = text.find(piece);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + piece.size());
    pattern.remove_prefix(next + 1);
  }
}

std::vector<std::string> nearest(const std::string& name, const std::vector<std::string>& among) {
  constexpr size_t shown = 3;
  std::vector<std::pair<size_t, std::string>> found;
  for (const std::string& other : among) found.emplace_back(edit_distance(name, other), other);
  std::sort(found.begin(), found.end());
  found.resize(std::min(found.size(), shown));
  std::vector<std::string> names;
  for (auto& [distance, other] : found) names.push_back(std::move(other));
  return names;
}

std::vector<AdaptableModule> chosen_modules(const std::vector<AdaptableModule>& modules,
                                            const DecoderSpec& spec, const AdapterConfig& config) {
  const int first = first_layer(spec, config.num_layers);
  std::set<std::string> unmatched;
  if (config.keys) unmatched.insert(config.keys->begin(), config.keys->end());
  std::vector<AdaptableModule> chosen;
  for (const AdaptableModule& module : modules) {
    const auto place = place_in_layers(module.path, spec);
    bool meant = !config.keys && place && place->layer >= first;
    for (const std::string& key : config.keys.value_or(std::vector<std::string>())) {
      if (!means(key, module, place, first, spec)) continue;
      meant = true;
      unmatched.erase(key);
    }
    if (meant) chosen.push_back(module);
  }
  if (!unmatched.empty())
    fail_unmatched({unmatched.begin(), unmatched.end()}, possible_keys(modules, spec, first));
  if (chosen.empty()) {
    throw ModelError("[adapter] the keys are an empty list: nothing would be changed",
                     "Name some modules, or leave the keys out for all inside the layers.");
  }
  return chosen;
}

void describe_choice(const std::vector<AdaptableModule>& chosen,
                     const std::vector<AdaptableModule>& modules, const DecoderSpec& spec,
                     AdapterConfig& config) {
  const int count = int(spec.layers.size());
  int first = count - 1;
  std::set<std::string> keys, paths;
  for (const AdaptableModule& module : chosen) {
    const auto place = place_in_layers(module.path, spec);
    if (place) first = std::min(first, place->layer);
    keys.insert(place ? place->path : module.path);
    paths.insert(module.path);
  }
  config.num_layers = std::max(1, count - first);
  config.keys = std::vector(keys.begin(), keys.end());
  std::set<std::string> meant;
  for (const AdaptableModule& module : chosen_modules(modules, spec, config))
    meant.insert(module.path);
  if (meant != paths) config.keys = std::vector(paths.begin(), paths.end());
}

}  // namespace quern::models
