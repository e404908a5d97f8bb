#include "models/training/training_checkpoint.h"

#include <fmt/format.h>

#include "engine/io/safetensors.h"
#include "models/error.h"

namespace quern::models {

namespace {

using nlohmann::json;

constexpr int version = 1;
constexpr const char* metadata_key = "quern.training";
constexpr std::string_view parameters_prefix = "parameters/", optimizer_prefix = "optimizer/";
constexpr const char* advice =
    "Remove the file to go on from the checkpoint before it, or begin the training again.";

json facts_of(const TrainingCheckpoint& checkpoint) {
  const TrainerState& state = checkpoint.state;
  const DataPosition& position = state.position;
  return {{"version", version},
          {"iteration", state.iteration},
          {"trained_tokens", state.trained_tokens},
          {"skipped_steps", state.skipped_steps},
          {"loss_scale", state.loss_scale},
          {"steps_at_loss_scale", state.steps_at_loss_scale},
          {"position",
           {{"epoch", position.epoch}, {"window", position.window}, {"batch", position.batch}}},
          {"run", checkpoint.run}};
}

void read_facts(const json& facts, TrainingCheckpoint& checkpoint) {
  if (facts.at("version") != version) {
    throw ModelError(
        fmt::format("[checkpoint] is of version {}, not {}", facts.at("version").dump(), version),
        advice);
  }
  TrainerState& state = checkpoint.state;
  facts.at("iteration").get_to(state.iteration);
  facts.at("trained_tokens").get_to(state.trained_tokens);
  facts.at("skipped_steps").get_to(state.skipped_steps);
  facts.at("loss_scale").get_to(state.loss_scale);
  facts.at("steps_at_loss_scale").get_to(state.steps_at_loss_scale);
  const json& position = facts.at("position");
  position.at("epoch").get_to(state.position.epoch);
  position.at("window").get_to(state.position.window);
  position.at("batch").get_to(state.position.batch);
  checkpoint.run = facts.at("run");
}

/// The tensors of a part, which must be those of `like`.
nn::Parameters read_part(const SafetensorsFile& file, std::string_view prefix,
                         const nn::Parameters& like) {
  nn::Parameters part;
  for (const auto& [name, value] : like) {
    const std::string stored = std::string(prefix) + name;
    const auto found = file.tensors().find(stored);
    if (found == file.tensors().end() || found->second.shape != value.shape() ||
        found->second.dtype != value.dtype()) {
      throw ModelError(
          fmt::format("[checkpoint] {}: {} {}, but this training has it with shape {}",
                      file.path().string(), name,
                      found == file.tensors().end()
                          ? std::string("is missing")
                          : fmt::format("has shape {}", to_string(found->second.shape)),
                      to_string(value.shape())),
          "Go on with the model and the settings that the training began with.");
    }
    part.emplace(name, file.load(stored));
  }
  return part;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& file, const TrainingCheckpoint& checkpoint) {
  std::unordered_map<std::string, array> tensors;
  for (const auto& [name, value] : checkpoint.state.parameters)
    tensors.emplace(std::string(parameters_prefix) + name, value);
  for (const auto& [name, value] : checkpoint.state.optimizer)
    tensors.emplace(std::string(optimizer_prefix) + name, value);
  save_safetensors(file.string(), std::move(tensors),
                   {{metadata_key, facts_of(checkpoint).dump()}});
}

TrainingCheckpoint load_checkpoint(const std::filesystem::path& file, const TrainerState& like) {
  const auto wrong = [&](const std::string& what) {
    return ModelError(fmt::format("[checkpoint] {}: {}", file.string(), what), advice);
  };
  try {
    const SafetensorsFile stored(file);
    const auto facts = stored.metadata().find(metadata_key);
    if (facts == stored.metadata().end()) throw wrong("is no checkpoint of a training");
    TrainingCheckpoint checkpoint;
    read_facts(json::parse(facts->second), checkpoint);
    checkpoint.state.parameters = read_part(stored, parameters_prefix, like.parameters);
    checkpoint.state.optimizer = read_part(stored, optimizer_prefix, like.optimizer);
    return checkpoint;
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& e) {
    throw wrong(e.what());
  }
}

}  // namespace quern::models
