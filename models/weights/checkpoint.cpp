#include "models/weights/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "models/config/config_reader.h"
#include "models/error.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;

constexpr const char* download_again = "The download is damaged or incomplete: download it again.";

[[noreturn]] void fail(const fs::path& file, const std::string& message,
                       const std::string& advice = download_again) {
  throw ModelError(fmt::format("[weights] {}: {}", file.string(), message), advice);
}

/// The first few of some names, and how many there are.
std::string some_of(const std::vector<std::string>& names) {
  const auto shown = std::min(names.size(), size_t(5));
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + long(shown), ", "));
  if (shown < names.size()) text += fmt::format(", ... ({} in all)", names.size());
  return text;
}

/// Tensor name to the name of its shard.
std::map<std::string, std::string> read_index(const fs::path& index) {
  const nlohmann::json json = read_json_object(index, "weights");
  const auto map = json.find("weight_map");
  if (map == json.end() || !map->is_object()) fail(index, "weight_map is not an object");
  std::map<std::string, std::string> out;
  for (const auto& [tensor, shard] : map->items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : std::string();
    // A shard lies in the model's folder: an index must not lead anywhere else.
    if (name.empty() || fs::path(name).filename() != fs::path(name)) {
      fail(index, fmt::format("weight_map names {} for {}, which is not a file name",
                              shard.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
                              tensor));
    }
    out[tensor] = name;
  }
  return out;
}

std::vector<fs::path> model_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("model") && name.ends_with(".safetensors")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// A file that PyTorch pickled: the first one, empty when there is none.
fs::path pickled_file(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    for (const char* extension : {".bin", ".pt", ".pth", ".ckpt"}) {
      if (entry.path().extension() == extension) return entry.path();
    }
  }
  return {};
}

}  // namespace

void Checkpoint::add(const fs::path& file) {
  try {
    files_.emplace_back(file);
  } catch (const std::exception& e) {
    throw ModelError(e.what(), download_again);
  }
  for (const auto& [name, tensor] : files_.back().tensors()) {
    if (tensor.stored_type == "F8_E5M2") {
      fail(file,
           fmt::format("holds {} as {}, which cannot be computed with", name, tensor.stored_type),
           "Choose another version of the model.");
    }
    const auto [it, added] = file_of_.emplace(name, files_.size() - 1);
    if (!added) {
      fail(file, fmt::format("holds {}, and so does {}", name,
                             files_[it->second].path().filename().string()));
    }
  }
}

Checkpoint Checkpoint::open(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    fail(folder, "is not a folder", "Choose the folder that holds the model's files.");
  }
  Checkpoint out;
  out.folder_ = folder;
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::exists(single)) {
    out.add(single);
  } else if (fs::exists(index)) {
    const auto shard_of = read_index(index);
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : shard_of) shards.insert(shard);
    std::vector<std::string> missing;
    for (const std::string& shard : shards) {
      if (!fs::exists(folder / shard)) missing.push_back(shard);
    }
    if (!missing.empty()) {
      fail(folder, fmt::format("{} of {} weight files are missing: {}", missing.size(),
                               shards.size(), some_of(missing)));
    }
    for (const std::string& shard : shards) out.add(folder / shard);
    std::vector<std::string> absent;
    for (const auto& [tensor, shard] : shard_of) {
      const auto it = out.file_of_.find(tensor);
      if (it == out.file_of_.end() || out.files_[it->second].path().filename() != shard) {
        absent.push_back(tensor + " (" + shard + ")");
      }
    }
    if (!absent.empty()) {
      fail(index, "names tensors that are not in their files: " + some_of(absent));
    }
  } else {
    for (const fs::path& file : model_files(folder)) out.add(file);
  }
  if (out.file_of_.empty()) {
    if (const fs::path pickled = pickled_file(folder); !pickled.empty()) {
      fail(pickled,
           "is a PyTorch pickle: a program that runs when it is opened, so it is not opened here",
           "Choose a version of the model that is published as safetensors or GGUF.");
    }
    fail(folder,
         "holds no weights: no model.safetensors, no index of shards, no model*.safetensors",
         "Choose a model that is published as safetensors, or download it again.");
  }
  return out;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> out;
  for (const auto& [name, file] : file_of_) out.push_back(name);
  return out;
}

const Checkpoint::Tensor* Checkpoint::find(const std::string& name) const {
  const auto it = file_of_.find(name);
  return it == file_of_.end() ? nullptr : &files_[it->second].tensors().at(name);
}

array Checkpoint::load(const std::string& name) const {
  return files_[file_of_.at(name)].load(name);
}

Weights Checkpoint::weights() const {
  Weights weights;
  for (const auto& [name, file] : file_of_) weights.emplace(name, files_[file].load(name));
  return weights;
}

}  // namespace quern::models
