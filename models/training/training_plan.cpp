#include "models/training/training_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "models/error.h"

namespace quern::models {

namespace {

using nlohmann::json;

const std::map<std::string, Supervise> supervisions = {
    {"assistant_turns", Supervise::assistant_turns},
    {"last_turn", Supervise::last_turn},
    {"everything", Supervise::everything}};

/// Settings of mlx-lm that say how its program runs, or where it reports to.
/// Also what a training's own file says besides.
constexpr const char* passed_over[] = {
    "train",  "test",  "test_batches",          "report_to",         "project_name",
    "config", "wandb", "clear_cache_threshold", "model_fingerprint", "data_fingerprint"};

/// Settings of mlx-lm that would train something else than what happens here.
constexpr std::pair<const char*, const char*> refused[] = {
    {"hf_dataset", "Download the data and name its file or folder as data."}};

constexpr const char* changeable[] = {"model",          "data",
                                      "adapter_path",   "iters",
                                      "epochs",         "steps_per_report",
                                      "steps_per_eval", "val_batches",
                                      "save_every",     "early_stopping_patience",
                                      "skip_bad_rows",  "grad_checkpoint"};

template <typename T>
struct Named {
  const char* name;
  T TrainingPlan::*value;
};
constexpr Named<std::filesystem::path> paths[] = {
    {"model", &TrainingPlan::model},
    {"data", &TrainingPlan::data},
    {"adapter_path", &TrainingPlan::out},
    {"resume_adapter_file", &TrainingPlan::initial_adapter}};
constexpr Named<bool> switches[] = {{"pack", &TrainingPlan::pack},
                                    {"drop_long", &TrainingPlan::drop_long},
                                    {"skip_bad_rows", &TrainingPlan::skip_bad_rows}};

struct NamedFeature {
  const char* name;
  std::string FeatureNames::*value;
};
constexpr NamedFeature features_by_name[] = {{"chat_feature", &FeatureNames::messages},
                                             {"prompt_feature", &FeatureNames::prompt},
                                             {"completion_feature", &FeatureNames::completion},
                                             {"text_feature", &FeatureNames::text},
                                             {"chosen_feature", &FeatureNames::chosen},
                                             {"rejected_feature", &FeatureNames::rejected}};

json take(json& from, const char* name) {
  json value = from.value(name, json());
  from.erase(name);
  return value;
}

[[noreturn]] void refuse(const std::string& source, const char* name, const json& value,
                         const std::string& wanted) {
  throw ModelError(
      fmt::format("[train] {}: {} is {}, but must be {}", source, name, value.dump(), wanted),
      "Correct the value or leave it out.");
}

}  // namespace

json TrainingPlan::to_json() const {
  json out = options.to_json();
  for (const auto& [name, value] : paths) out[name] = (this->*value).string();
  for (const auto& [name, value] : switches) out[name] = this->*value;
  for (const auto& [name, value] : features_by_name) out[name] = features.*value;
  for (const auto& [name, value] : supervisions) {
    if (value == supervise) out["supervise"] = name;
  }
  out["valid_fraction"] = valid_fraction;
  return out;
}

void TrainingPlan::update(json given, const std::string& source) {
  if (!given.is_object()) refuse(source, "the whole", given, "an object of settings");
  for (const char* name : passed_over) given.erase(name);
  for (const auto& [name, advice] : refused) {
    if (const json found = take(given, name); !found.is_null() && found != false) {
      throw ModelError(fmt::format("[train] {}: {} is {}, which this program cannot do", source,
                                   name, found.dump()),
                       advice);
    }
  }
  const auto text = [&](const char* name, auto& value) {
    const json found = take(given, name);
    if (found.is_null()) return;
    if (!found.is_string()) refuse(source, name, found, "a text");
    value = found.get<std::string>();
  };
  for (const auto& [name, value] : paths) text(name, this->*value);
  for (const auto& [name, value] : features_by_name) text(name, features.*value);
  for (const auto& [name, value] : switches) {
    const json found = take(given, name);
    if (found.is_null()) continue;
    if (!found.is_boolean()) refuse(source, name, found, "true or false");
    this->*value = found.get<bool>();
  }
  // mlx-lm: whether the prompt is not learnt.
  if (const json mask = take(given, "mask_prompt"); !mask.is_null()) {
    if (!mask.is_boolean()) refuse(source, "mask_prompt", mask, "true or false");
    supervise = mask.get<bool>() ? Supervise::assistant_turns : Supervise::everything;
  }
  if (const json found = take(given, "supervise"); !found.is_null()) {
    const auto known = found.is_string() ? supervisions.find(found) : supervisions.end();
    if (known == supervisions.end())
      refuse(source, "supervise", found, "assistant_turns, last_turn or everything");
    supervise = known->second;
  }
  if (const json found = take(given, "valid_fraction"); !found.is_null()) {
    if (!found.is_number() || found.get<double>() < 0 || found.get<double>() >= 1)
      refuse(source, "valid_fraction", found, "a number from 0 to less than 1");
    valid_fraction = found.get<double>();
  }
  options.update(given, source);
}

void refuse_changes(const json& begun, const json& now) {
  for (const auto& [name, was] : begun.items()) {
    const json is = now.value(name, json());
    if (was == is || std::count(std::begin(changeable), std::end(changeable), name) > 0) continue;
    if (name == "data_fingerprint" || name == "model_fingerprint") {
      const char* what = name == "data_fingerprint" ? "data" : "model";
      throw ModelError(
          fmt::format("[train] the {} is not what the training began with: {}", what,
                      now.value(what, "")),
          fmt::format("Bring the {} back as it was, or begin another training.", what));
    }
    throw ModelError(fmt::format("[train] {} was {} when the training began, and is {} now", name,
                                 was.dump(), is.dump()),
                     "Go on with the settings it began with, or begin another training.");
  }
}

}  // namespace quern::models
