#include "engine/nn/module.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "engine/io/safetensors.h"
#include "engine/ops/cast.h"

namespace quern::nn {

namespace {

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// Names of the first map that the second lacks.
std::vector<std::string> names_without(const Parameters& some, const Parameters& others) {
  std::vector<std::string> names;
  for (const auto& [name, value] : some) {
    if (!others.count(name)) names.push_back(name);
  }
  return names;
}

void require_same(const Parameters& weights, const Parameters& parameters) {
  if (const auto extra = names_without(weights, parameters); !extra.empty()) {
    throw std::invalid_argument(fmt::format("[load_weights] {} arrays are not in the module: {}",
                                            extra.size(), fmt::join(extra, ", ")));
  }
  if (const auto missing = names_without(parameters, weights); !missing.empty()) {
    throw std::invalid_argument(fmt::format("[load_weights] {} parameters are missing: {}",
                                            missing.size(), fmt::join(missing, ", ")));
  }
  for (const auto& [name, value] : parameters) {
    const array& given = weights.at(name);
    if (given.shape() == value.shape()) continue;
    throw std::invalid_argument(fmt::format("[load_weights] {} has shape {}, the module's {}", name,
                                            to_string(given.shape()), to_string(value.shape())));
  }
}

}  // namespace

Arrays values_of(const Parameters& parameters) {
  Arrays values;
  values.reserve(parameters.size());
  for (const auto& [name, value] : parameters) values.push_back(value);
  return values;
}

Parameters with_values(const Parameters& names, const Arrays& values) {
  if (names.size() != values.size()) {
    throw std::invalid_argument(
        fmt::format("[with_values] {} arrays for {} names", values.size(), names.size()));
  }
  Parameters result;
  size_t next = 0;
  for (const auto& [name, value] : names) result.emplace_hint(result.end(), name, values[next++]);
  return result;
}

Parameter::Parameter(Module& owner, std::string name, array value, Role role)
    : array(std::move(value)), owner_(&owner) {
  if (name.empty() || name.find('.') != std::string::npos) {
    throw std::invalid_argument(
        fmt::format("[Module] \"{}\" cannot name a parameter: it is empty or has a dot", name));
  }
  for (const Module::Member& member : owner.members_) {
    if (member.name != name) continue;
    throw std::invalid_argument(fmt::format("[Module] has a parameter \"{}\" already", name));
  }
  owner.members_.push_back({std::move(name), this, role, false});
}

Parameter::~Parameter() {
  std::erase_if(owner_->members_, [&](const auto& member) { return member.value == this; });
}

Parameter& Parameter::operator=(const Parameter& other) {
  return *this = static_cast<const array&>(other);
}

Parameter& Parameter::operator=(const array& value) {
  array::operator=(value);
  return *this;
}

ChildSlot::ChildSlot(Module& owner, std::string name) : owner_(&owner), name_(std::move(name)) {
  for (const Module::Place& place : owner.places_) {
    if (place.name != name_) continue;
    throw std::invalid_argument(fmt::format("[Module] has a child \"{}\" already", name_));
  }
  owner.places_.push_back({name_, this});
}

ChildSlot::~ChildSlot() {
  std::erase_if(owner_->places_, [&](const auto& place) { return place.slot == this; });
}

void ChildSlot::refuse() const {
  throw std::invalid_argument(
      fmt::format("[Module] the place \"{}\" does not take a module of that type", name_));
}

void Module::visit(const std::string& prefix, const Visit& fun) const {
  fun(prefix, *this);
  for (const Place& place : places_) place.slot->module().visit(joined(prefix, place.name), fun);
}

Parameters Module::collect(const std::function<bool(const Module&, const Member&)>& keep,
                           const Map& map) const {
  Parameters result;
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Member& member : module.members_) {
      if (!keep(module, member)) continue;
      result.insert_or_assign(joined(prefix, member.name),
                              map ? map(*member.value) : array(*member.value));
    }
  });
  return result;
}

Parameters Module::parameters() const {
  return collect([](const Module&, const Member& member) { return member.is_parameter(); });
}

Parameters Module::trainable_parameters() const {
  return collect([](const Module&, const Member& member) { return member.is_trainable(); });
}

Parameters Module::state() const {
  return collect([](const Module&, const Member&) { return true; });
}

Parameters Module::filter_and_map(const Filter& filter, const Map& map) const {
  return collect([&](const Module& module,
                     const Member& member) { return filter(module, member.name, *member.value); },
                 map);
}

Module& Module::update(const Parameters& parameters, bool strict) {
  if (strict) {
    if (const auto extra = names_without(parameters, state()); !extra.empty()) {
      throw std::invalid_argument(
          fmt::format("[update] the module has no {}", fmt::join(extra, ", ")));
    }
  }
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Member& member : module.members_) {
      const auto found = parameters.find(joined(prefix, member.name));
      if (found != parameters.end()) *member.value = found->second;
    }
  });
  return *this;
}

Module& Module::apply(const Map& map, const Filter& filter) {
  return update(collect(
      [&](const Module& module, const Member& member) {
        return filter ? filter(module, member.name, *member.value) : member.is_parameter();
      },
      map));
}

Module& Module::set_dtype(Dtype dtype, const std::function<bool(Dtype)>& predicate) {
  return apply([&](const array& a) {
    const bool convert = predicate ? predicate(a.dtype()) : issubdtype(a.dtype(), floating);
    return convert ? astype(a, dtype) : a;
  });
}

NamedModules Module::children() const {
  NamedModules all;
  for (const Place& place : places_) all.emplace_back(place.name, &place.slot->module());
  return all;
}

NamedModules Module::leaf_modules() const {
  NamedModules leaves;
  for (const auto& [name, child] : children()) {
    if (child->places_.empty()) leaves.emplace_back(name, child);
    for (const auto& [below, leaf] : child->leaf_modules()) {
      leaves.emplace_back(joined(name, below), leaf);
    }
  }
  return leaves;
}

NamedModules Module::named_modules() {
  NamedModules all{{"", this}};
  for (const auto& [name, child] : children()) {
    for (const auto& [below, module] : child->named_modules()) {
      all.emplace_back(below.empty() ? name : joined(name, below), module);
    }
  }
  return all;
}

std::vector<Module*> Module::modules() {
  std::vector<Module*> all;
  for (const auto& [name, module] : named_modules()) all.push_back(module);
  return all;
}

Module& Module::apply_to_modules(const std::function<void(const std::string& name, Module&)>& fun) {
  for (const auto& [name, module] : named_modules()) fun(name, *module);
  return *this;
}

Module& Module::update_modules(const std::map<std::string, std::shared_ptr<Module>>& modules,
                               bool strict) {
  std::map<std::string, ChildSlot*> slots;
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Place& place : module.places_) slots[joined(prefix, place.name)] = place.slot;
  });
  if (strict) {
    for (const auto& [name, module] : modules) {
      if (slots.count(name)) continue;
      throw std::invalid_argument(fmt::format("[update_modules] there is no module {}", name));
    }
  }
  // Inner places first: replacing a module ends the places within it.
  for (auto named = modules.rbegin(); named != modules.rend(); ++named) {
    const auto slot = slots.find(named->first);
    if (slot != slots.end()) slot->second->replace(named->second);
  }
  return *this;
}

void Module::require_names(const std::vector<std::string>& keys, bool recurse) const {
  std::set<std::string> names;
  visit("", [&](const std::string& prefix, const Module& module) {
    if (!recurse && !prefix.empty()) return;
    for (const Member& member : module.members_) names.insert(member.name);
    for (const Place& place : module.places_) names.insert(place.name);
  });
  for (const std::string& key : keys) {
    if (!names.count(key))
      throw std::out_of_range(fmt::format("[freeze] no module has \"{}\"", key));
  }
}

Module& Module::set_frozen(bool frozen, bool recurse, const std::vector<std::string>& keys,
                           bool strict) {
  if (strict) require_names(keys, recurse);
  for (const auto& [name, module] : recurse ? named_modules() : NamedModules{{"", this}}) {
    for (Member& member : module->members_) {
      if (keys.empty() || std::count(keys.begin(), keys.end(), member.name)) member.frozen = frozen;
    }
  }
  return *this;
}

Module& Module::freeze(bool recurse, const std::vector<std::string>& keys, bool strict) {
  return set_frozen(true, recurse, keys, strict);
}

Module& Module::unfreeze(bool recurse, const std::vector<std::string>& keys, bool strict) {
  return set_frozen(false, recurse, keys, strict);
}

Module& Module::train(bool mode) {
  for (Module* module : modules()) module->set_training_mode(mode);
  return *this;
}

Module& Module::load_weights(const std::filesystem::path& file, bool strict) {
  const auto [arrays, metadata] = load_safetensors(file.string());
  return load_weights(Parameters(arrays.begin(), arrays.end()), strict);
}

Module& Module::load_weights(const Parameters& weights, bool strict) {
  if (strict) require_same(weights, parameters());
  return update(weights, false);
}

void Module::save_weights(const std::filesystem::path& file) const {
  if (file.extension() != ".safetensors") {
    throw std::invalid_argument(
        fmt::format("[save_weights] {} does not end in .safetensors", file.string()));
  }
  const Parameters all = parameters();
  save_safetensors(file.string(), {all.begin(), all.end()});
}

}  // namespace quern::nn
