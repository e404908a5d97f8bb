#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/training/trainer.h"

namespace quern::models {

/// What a checkpoint holds: the trainer's state, and what the run around it wants to remember.
struct TrainingCheckpoint {
  TrainerState state;
  nlohmann::json run = nlohmann::json::object();
};

/// Writes one safetensors file, "parameters/NAME" and "optimizer/NAME" with the rest as metadata:
/// whole or not at all. Throws std::runtime_error, naming the file and the system's reason.
void save_checkpoint(const std::filesystem::path& file, const TrainingCheckpoint& checkpoint);

/// Reads it again, memory-mapped. like: a state of the training that is to go on. Throws
/// ModelError: no such file, damaged, of another version, or of other parameters than `like` has.
TrainingCheckpoint load_checkpoint(const std::filesystem::path& file, const TrainerState& like);

}  // namespace quern::models
