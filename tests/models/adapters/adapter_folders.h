#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "tests/fixtures.h"
#include "tests/models/model_folder.h"

namespace quern::tests {

/// The names of the trainings in the fixtures.
std::vector<std::string> trainings();
std::filesystem::path training(const std::string& name);

/// A folder with a training's adapter as mlx-lm leaves it. tensors: initial or final.
void write_fixture_adapter(const ModelFolder& folder, const std::string& name,
                           const std::string& tensors = "final");

/// Tensors of a safetensors file.
nn::Parameters read_parameters(const std::filesystem::path& file);
void write_parameters(const std::filesystem::path& file, const nn::Parameters& parameters);

}  // namespace quern::tests
