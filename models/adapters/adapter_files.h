#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/adapters/adapter_config.h"
#include "models/config/config_reader.h"
#include "models/weights/weights.h"

namespace quern::models {

constexpr const char* mlx_adapter_file = "adapters.safetensors";
constexpr const char* peft_adapter_file = "adapter_model.safetensors";

/// Both.
std::vector<std::string> adapter_files();

/// The tensors of an adapter's file. Throws ModelError when there is none or it is damaged or
/// empty.
Weights read_tensors(const std::filesystem::path& file);

/// Writes adapter_config.json and the tensors, each whole or not at all. Makes the folder. Throws
/// ModelError.
void write_adapter(const std::filesystem::path& folder, const nlohmann::json& config,
                   const std::string& tensors_name, std::unordered_map<std::string, array> tensors);

/// What mlx-lm needs of a config to read an adapter; a training adds its own keys.
nlohmann::json mlx_config(const AdapterConfig& config);

}  // namespace quern::models
