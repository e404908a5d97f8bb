#include "models/training/training_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "engine/io/atomic_file.h"
#include "engine/io/safetensors.h"
#include "models/adapters/module_choice.h"
#include "models/config/config_reader.h"
#include "models/error.h"
#include "models/weights/checkpoint_writer.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kept_checkpoints = 2;
constexpr size_t shard_bytes = size_t(5) << 30;

void write_text(const fs::path& file, const std::string& text) {
  AtomicFile out(file);
  out.write(text.data(), text.size());
  out.commit();
}

/// What AtomicFile had not finished when the program ended.
void remove_unfinished(const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> unfinished;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".part") unfinished.push_back(entry.path());
  }
  for (const fs::path& file : unfinished) fs::remove(file);
}

/// The modules' paths within their layers, which is all that mlx-lm's `keys` can say.
json keys_of(const TrainableModel& model, const nn::Parameters& parameters) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : parameters) {
    if (!name.ends_with(".lora_a")) continue;
    const std::string path = name.substr(0, name.rfind('.'));
    const auto place = place_in_layers(path, model.files().spec);
    keys.push_back(place ? place->path : path);
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

json adapter_config_of(const TrainableModel& model, const nn::Parameters& parameters,
                       const TrainingOptions& options) {
  json config = options.to_json();
  config["model"] = model.files().path.string();
  if (options.adapter.kind == AdapterConfig::Kind::full) {
    config.erase("lora_parameters");
  } else {
    json& lora = config["lora_parameters"];
    lora["keys"] = keys_of(model, parameters);
    lora["scale"] = options.adapter.multiplier();
    lora.erase("rank_stabilized");
  }
  return config;
}

/// A folder that LanguageModel::load takes.
void write_model(const fs::path& to, const TrainableModel& model,
                 const nn::Parameters& parameters) {
  const fs::path& from = model.files().path;
  if (!fs::equivalent(from, to)) {
    constexpr std::string_view kinds[] = {".json", ".txt", ".model", ".tiktoken", ".jinja"};
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
      const std::string kind = entry.path().extension().string();
      if (!entry.is_regular_file() || std::count(std::begin(kinds), std::end(kinds), kind) == 0)
        continue;
      if (entry.path().filename() != "training.json") {
        fs::copy_file(entry.path(), to / entry.path().filename(),
                      fs::copy_options::overwrite_existing);
      }
    }
  }
  int64_t count = 0;
  for (const auto& [name, value] : parameters) count += int64_t(value.size());
  write_checkpoint(to, OrderedTensors(parameters.begin(), parameters.end()), count, shard_bytes,
                   {});
}

}  // namespace

TrainingFolder::TrainingFolder(fs::path path, json settings)
    : path_(std::move(path)), settings_(std::move(settings)) {}

TrainingFolder TrainingFolder::create(const fs::path& path, const json& settings) {
  try {
    for (const char* part : {"training.json", "checkpoints", "adapters.safetensors"}) {
      if (!fs::exists(path / part)) continue;
      throw ModelError(fmt::format("[train] {}: holds a training already", path.string()),
                       "Go on with it (--resume), or choose another folder.");
    }
    fs::create_directories(path / "checkpoints");
    write_text(path / "training.json", settings.dump(2) + "\n");
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& e) {
    throw ModelError(fmt::format("[train] {}: {}", path.string(), e.what()),
                     "Choose a folder that can be written to.");
  }
  return TrainingFolder(path, settings);
}

TrainingFolder TrainingFolder::open(const fs::path& path) {
  if (!fs::exists(path / "training.json")) {
    throw ModelError(fmt::format("[train] {}: holds no training that could go on", path.string()),
                     "Begin one without --resume.");
  }
  remove_unfinished(path);
  return TrainingFolder(path, read_json_object(path / "training.json", "train"));
}

void TrainingFolder::log(const json& report) {
  std::ofstream out(path_ / "metrics.jsonl", std::ios::app);
  out << report.dump() + "\n" << std::flush;
  if (out) return;
  throw ModelError(fmt::format("[train] {}: cannot be written", (path_ / "metrics.jsonl").string()),
                   "Free some space, then go on with --resume.");
}

void TrainingFolder::forget_after(int64_t iteration) {
  std::ifstream in(path_ / "metrics.jsonl");
  if (!in) return;
  std::string kept, line;
  while (std::getline(in, line)) {
    const json report = json::parse(line, nullptr, false);
    // A line that the last crash cut off is none.
    if (report.is_object() && report.value("iteration", int64_t(0)) <= iteration)
      kept += line + "\n";
  }
  write_text(path_ / "metrics.jsonl", kept);
}

std::vector<std::pair<int64_t, fs::path>> TrainingFolder::checkpoints() const {
  std::vector<std::pair<int64_t, fs::path>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_ / "checkpoints")) {
    if (entry.path().extension() != ".safetensors") continue;
    const std::string stem = entry.path().stem().string();
    int64_t steps = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), steps);
    if (error == std::errc() && end == stem.data() + stem.size()) found.emplace_back(steps, entry);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<fs::path> TrainingFolder::last_checkpoint() const {
  const auto all = checkpoints();
  if (all.empty()) return std::nullopt;
  return all.back().second;
}

void TrainingFolder::save(const TrainingCheckpoint& checkpoint) {
  const fs::path file =
      path_ / "checkpoints" / fmt::format("{:07}.safetensors", checkpoint.state.iteration);
  try {
    save_checkpoint(file, checkpoint);
  } catch (const std::exception& e) {
    const auto last = last_checkpoint();
    throw ModelError(
        fmt::format("[train] the checkpoint after {} steps was not saved: {}",
                    checkpoint.state.iteration, e.what()),
        last ? fmt::format("The one after {} steps is whole: free some space, then go on with "
                           "--resume.",
                           std::stoll(last->stem().string()))
             : "Free some space, then begin again.");
  }
  const auto all = checkpoints();
  for (size_t i = 0; i + kept_checkpoints < all.size(); ++i) fs::remove(all[i].second);
}

void TrainingFolder::save_result(const TrainableModel& model, const nn::Parameters& parameters,
                                 const TrainingOptions& options, bool is_last) {
  const fs::path to = is_last ? path_ / "last" : path_;
  try {
    fs::create_directories(to);
    if (model.is_from_scratch()) return write_model(to, model, parameters);
    save_safetensors((to / "adapters.safetensors").string(), {parameters.begin(), parameters.end()},
                     {{"format", "mlx"}});
    write_text(to / "adapter_config.json",
               adapter_config_of(model, parameters, options).dump(2) + "\n");
  } catch (const std::exception& e) {
    throw ModelError(fmt::format("[train] the result was not saved: {}", e.what()),
                     "The checkpoints are whole: free some space, then go on with --resume.");
  }
}

}  // namespace quern::models
